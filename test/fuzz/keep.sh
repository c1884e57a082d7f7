#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Keeps what the searches of run.sh have learnt: the fewest inputs that reach what all reach, the
# shortest first, BYTES of them at most, a line of base64 each, as test/fuzz/corpus/NAME/learnt.lines.
#
#   test/fuzz/keep.sh BYTES NAME ...
set -eu
cd "$(dirname "$0")/../.."
bytes=$1
shift
for name in "$@"; do
	few=build-fuzz/few/$name keep=test/fuzz/corpus/$name/learnt.lines
	rm -rf "$few" && mkdir -p "$few" "${keep%/*}"
	"$(find build-fuzz -type f -name "${name}_fuzz")" -merge=1 "$few" "build-fuzz/corpus/$name" >/dev/null 2>&1
	find "$few" -type f -printf '%s %f\n' | sort -n | while read -r size file; do
		bytes=$((bytes - (size + 2) / 3 * 4 - 1))
		[ $bytes -lt 0 ] && break
		base64 -w0 "$few/$file" && echo
	done >"$keep"
	echo "$name: $(wc -l <"$keep") of $(find "$few" -type f | wc -l) inputs, $(stat -c %s "$keep") bytes"
done
