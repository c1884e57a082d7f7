#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the meson tests of a suite, a line each: name, tab, command for a shell.

    meson introspect --tests BUILD | tests.py SUITE
"""

import json
import shlex
import sys

for test in json.load(sys.stdin):
    if any(suite.split(':')[-1] == sys.argv[1] for suite in test['suite']):
        words = [f'{name}={value}' for name, value in test['env'].items()] + test['cmd']
        name = test['name'].replace('/', '-').replace(' ', '-')
        print(name, shlex.join(['env', *words]), sep='\t')
