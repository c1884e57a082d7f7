# SPDX-License-Identifier: Apache-2.0
# TAP, as GLib's tests print it, to the lines of test/lib.sh.
/^# *SKIP|^1\.\.0/ { print "skip " name ": " $0; skipped++; next }
/^ *ok / && /# *SKIP/ { sub(/^ *ok [0-9]* */, ""); print "skip " $0; skipped++; next }
/^ *ok / { sub(/^ *ok [0-9]* */, ""); print "ok   " $0; passed++; next }
/^ *not ok / && /# *TODO/ { next }
/^ *not ok / { sub(/^ *not ok [0-9]* */, ""); print "FAIL " $0; failed++; next }
{ print "       " $0 }
END {
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}
