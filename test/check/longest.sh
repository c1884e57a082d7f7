#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The ten longest files and functions, and the shape of all functions together.
. test/check/tree.sh

functions=$(tree_files '*.c' '*.h' | xargs awk -f test/check/functions.awk | sort -rn)

median() {
	printf '%s\n' "$functions" | awk '{ n[NR] = $1 }
		END { printf "%d functions: median %d lines, 95 %% below %d\n", NR,
			n[int(NR / 2) + 1], n[int(NR * 0.05) + 1] + 1 }'
}

too_long() {
	printf '%s\n' "$functions" | awk '$1 > 120 { print; bad = 1 } END { exit bad }'
}

echo 'longest files'
tree_files '*.c' '*.h' '*.sh' '*.py' | xargs wc -l | grep -v ' total$' | sort -rn | head -n 10
echo 'longest functions'
printf '%s\n' "$functions" | head -n 10
median
echo
check 'functions were found' test "$(printf '%s\n' "$functions" | wc -l)" -gt 50
check 'no function above 120 lines' too_long
tests_end
