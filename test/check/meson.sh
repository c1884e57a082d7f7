#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One suite of meson's tests, counted by TAP points: test/check/meson.sh SUITE
set -u
suite=$1
report=$BUILD/meson-logs/testlog.junit.xml
rm -f "$report"
meson test -C "$BUILD" --no-rebuild --print-errorlogs --suite "$suite"
status=$?
[ -e "$report" ] || exit 1
/usr/bin/python3 test/check/junit.py "$report" || exit 1
exit $status
