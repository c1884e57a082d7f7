#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make fuzz: searches with libFuzzer, each fuzzer for SECONDS (default 60).
#
#   test/fuzz/run.sh [SECONDS [NAME ...]]
#
# What it learns stays in build-fuzz/corpus/NAME, and keep.sh puts the best of it where it begins
# next time. An input that fails is written to build-fuzz/found/NAME-*: mend the cause and put the
# file into test/fuzz/corpus/NAME.
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh
seconds=${1:-60}
[ $# -gt 0 ] && shift
names=${*:-packet walk attr sync dhcp4 dhcp6 template http}
build=build-fuzz
if [ ! -e $build/build.ninja ]; then
	CC=clang-19 meson setup $build -Db_sanitize=address,undefined -Db_lundef=false \
		-Dc_args=-fsanitize=fuzzer-no-link -Dbuildtype=debugoptimized >/dev/null || exit 1
fi
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1

# What keep.sh has kept, as files again.
recall() { # NAME
	local line number=0
	[ -e "test/fuzz/corpus/$1/learnt.lines" ] || return 0
	while read -r line; do
		base64 -d <<<"$line" >"$build/corpus/$1/learnt-$((number += 1))"
	done <"test/fuzz/corpus/$1/learnt.lines"
}

search() { # NAME
	local program
	ninja -C $build "$(ninja -C $build -t targets all | sed -n "s#^\([^:]*/$1_fuzz\): .*#\1#p")" || return
	program=$(find $build -type f -name "$1_fuzz")
	mkdir -p "$build/corpus/$1" "$build/found"
	recall "$1"
	"$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
		-artifact_prefix="$build/found/$1-" "$build/corpus/$1" \
		$([ -d "test/fuzz/corpus/$1" ] && echo "test/fuzz/corpus/$1")
}

for name in $names; do
	check "$name: $seconds s of search find nothing" search "$name"
done
tests_end
