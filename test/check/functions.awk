# SPDX-License-Identifier: Apache-2.0
# Prints `LINES FILE:LINE NAME` for each function of C files in Linux style: the body is from a
# `{` to a `}` alone in the first column; tables and structs open on their own line's end.
FNR == 1 { start = 0 }
/^[A-Za-z_].*\(/ && !/;$/ { signature = $0; line = FNR }
/^\{$/ { start = FNR }
/^\}$/ && start {
	name = signature
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	print FNR - start - 1, FILENAME ":" line, name
	start = 0
}
