#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the controller costs with many ports: memory a port, creation by eight clients and in bulk
# (every reply durable), a GET beside it, pages of lists. A weftd of its own, on loopback.
#
#   test/bench/control.sh [PORTS]      default 100000
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 "$here/control.py" "$here/../../build/controller/weftd" "$folder" "${1:-100000}"
