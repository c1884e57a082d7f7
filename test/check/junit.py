# SPDX-License-Identifier: Apache-2.0
"""Counts the test points of meson's JUnit report and names what failed or was skipped."""
import sys
import xml.etree.ElementTree as tree

passed = failed = skipped = 0
for suite in tree.parse(sys.argv[1]).iter("testsuite"):
    for case in suite.iter("testcase"):
        name = f"{suite.get('name')} {case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
            print(f"FAIL {name}")
        elif skip is not None:
            skipped += 1
            print(f"skip {name}: {case.findtext('system-out') or 'says no reason'}")
        else:
            passed += 1
print(f"{passed} passed, {failed} failed, {skipped} skipped")
sys.exit(failed != 0)
