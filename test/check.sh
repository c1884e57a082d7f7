#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make check: builds the tree twice, runs every suite, counts.
#
#   test/check.sh [NAME ...]     all suites, or these alone; `test/check.sh -l` lists them
#
# A suite is a program whose last line is `N passed, N failed, N skipped` (test/lib.sh): the
# files of test/check/, the meson suites through test/check/meson.sh, and the stories of
# test/net and test/api. Its whole output goes to build-check/log/NAME.log; failures and
# skips are shown. A suite that passes nothing is red, so is one that ends without counting.
set -u
cd "$(dirname "$0")/.." || exit 1
exec </dev/null
export LC_ALL=C.UTF-8 BUILD=$PWD/build-check BUILD_CLANG=$PWD/build-clang
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export G_SLICE=always-malloc # what GLib keeps in slices never looks lost
LOGS=$BUILD/log
total_passed=0 total_failed=0 total_skipped=0 red=

# Seconds a suite may take before it is stopped; no suite needs a tenth of it.
limit=400

run() { # NAME COMMAND...
	local name=$1 log=$LOGS/$1.log start=$SECONDS status passed failed skipped note=
	shift
	timeout -k 30 $limit "$@" >"$log" 2>&1
	status=$?
	read -r passed failed skipped < <(awk '
		/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { line = $1 " " $3 " " $5 }
		END { print line == "" ? "0 0 0" : line }' "$log")
	if [ $status = 124 ] || [ $status = 137 ]; then
		failed=$((failed + 1)) note="stopped after $limit s"
	elif [ $((passed + failed + skipped)) = 0 ]; then
		failed=1 note="ended with status $status and counted nothing"
	elif [ $((passed + failed)) = 0 ]; then
		failed=1 note='only skips'
	elif [ $status != 0 ] && [ "$failed" = 0 ]; then
		failed=1 note="ended with status $status"
	fi
	printf '%-20s %4d passed %3d failed %3d skipped  %3d s%s\n' "$name" "$passed" "$failed" \
		"$skipped" $((SECONDS - start)) "${note:+  ($note)}"
	grep -h '^skip ' "$log" | sed "s/^/    /"
	if [ "$failed" != 0 ]; then
		red="$red $name"
		echo "    ---- $log"
		{ grep -n '^FAIL ' "$log" | head -n 20; echo ...; tail -n 60 "$log"; } | sed 's/^/    /'
	fi
	total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed))
	total_skipped=$((total_skipped + skipped))
	[ "$failed" = 0 ]
}

end() {
	[ -z "$red" ] || echo "red:$red"
	echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
	[ $total_failed = 0 ]
	exit
}

stories() {
	local file
	for file in test/net/*.sh test/api/*.sh test/api/*.py; do
		case $file in */lib.sh | */cloud.sh | */lib.py) continue ;; esac
		[ -x "$file" ] && echo "$file"
	done
}

name_of() { # FILE
	local name=${1##*/}
	case $1 in test/api/*) name=api-${name#api_} ;; test/net/*) name=net-$name ;; esac
	echo "${name%.*}"
}

wanted() { # NAME
	[ ${#only[@]} = 0 ] && return 0
	local name
	for name in "${only[@]}"; do
		[ "$name" = "$1" ] && return 0
	done
	return 1
}

only=("$@")
meson_suites='unit law packets kernel fuzz sim'
if [ "${1-}" = -l ]; then
	for file in test/check/*.sh $(stories); do name_of "$file"; done | grep -vx "meson\|tree"
	printf '%s\n' $meson_suites
	exit
fi

mkdir -p "$LOGS"
if ! test/install.sh build test >"$LOGS/install.log" 2>&1; then
	tail -n 20 "$LOGS/install.log"
	red=' install' total_failed=1
	end
fi
limit=1500 run build test/check/build.sh # twice the whole tree, on whatever machine
[ -x "$BUILD/controller/weftd" ] || end # nothing to try

for file in test/check/*.sh; do
	name=$(name_of "$file")
	case $name in build | meson | tree) continue ;; esac
	wanted "$name" && run "$name" "$file"
	[ "$name" = longest ] && wanted longest && sed -n '/^longest/,/^$/p' "$LOGS/longest.log"
done
for suite in $meson_suites; do
	wanted "$suite" && run "$suite" test/check/meson.sh "$suite"
done
for file in $(stories); do
	name=$(name_of "$file")
	wanted "$name" && run "$name" "$file"
done
end
