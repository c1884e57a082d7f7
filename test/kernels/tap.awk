# SPDX-License-Identifier: Apache-2.0
# TAP, as GLib's tests print it, to the lines of test/lib.sh.
function title() {
	sub(/^ *(not )?ok [0-9]* *(- )?/, "")
	return $0
}
/^1\.\.0/ { print "skip " name ": " $0; skipped++; next }
/^ *ok / && /# *SKIP/ { title(); sub(/ *# *SKIP */, ": "); print "skip " $0; skipped++; next }
/^ *ok / { print "ok   " title(); passed++; next }
/^ *not ok / && /# *TODO/ { next }
/^ *not ok / { print "FAIL " title(); failed++; next }
{ print "       " $0 }
END {
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}
