#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What style a program can see: format, pairs of .c and .h, sizes, licence lines, READMEs.
. test/check/tree.sh

formatted() { # FOLDER
	local files
	files=$(tree_files "$1/*.c" "$1/*.h" "$1/**/*.c" "$1/**/*.h" | sort -u)
	# shellcheck disable=SC2086
	[ -z "$files" ] || clang-format-14 --dry-run -Werror $files
}

# main.c, tests, benches, fuzzers and programs for the kernel stand alone; everything else is a pair. The commands of
# the command line are a table, and their prototypes one page: cmd.h.
pairs() { # ROOM
	local file header first bad=0
	for file in $(tree_files "$1/*.c" "$1/**/*.c" | sort -u); do
		case $file in *_test.c | *_bench.c | *_fuzz.c | */main.c | *.bpf.c | test/*) continue ;; esac
		header=${file%.c}.h
		case $file in cli/cmd_*) header=cli/cmd.h ;; esac
		if [ ! -e "$header" ]; then
			echo "$file has no $header"
			bad=1
			continue
		fi
		first=$(sed -n 's/^#include ["<]\([^">]*\)[">].*/\1/p' "$file" | head -n 1)
		[ "$first" = "$header" ] || { echo "$file includes $first before $header"; bad=1; }
	done
	return $bad
}

shorter() { # LINES FILE...
	local limit=$1
	shift
	awk -v limit="$limit" '{ n[FILENAME]++ }
		END { for (f in n) if (n[f] > limit) { print f ": " n[f] " lines, at most " limit; bad = 1 }
			exit bad }' "$@" </dev/null
}

pragma_once() {
	local file bad=0
	for file in $(tree_files '*.h'); do
		grep -q '^#pragma once$' "$file" || { echo "no #pragma once: $file"; bad=1; }
	done
	return $bad
}

# What is loaded into the kernel, or shared with it, may go where the kernel goes.
licence() {
	local file wanted bad=0
	for file in $(tree_files '*.c' '*.h' '*.sh' '*.py'); do
		case $file in
		abi/* | datapath/* | *.bpf.c) wanted='GPL-2.0-only OR BSD-2-Clause' ;;
		*) wanted='Apache-2.0' ;;
		esac
		head -n 2 "$file" | grep -q "SPDX-License-Identifier: $wanted" ||
			{ echo "no licence line '$wanted': $file"; bad=1; }
	done
	return $bad
}

readmes() {
	local folder lines bad=0
	for folder in $(tree_files '*/*' | cut -d/ -f1 | sort -u | grep -v '^\.'); do
		if [ ! -e "$folder/README.md" ]; then
			echo "no $folder/README.md"
			bad=1
			continue
		fi
		lines=$(wc -l <"$folder/README.md")
		[ "$lines" -ge 5 ] && [ "$lines" -le 60 ] || { echo "$folder/README.md: $lines lines"; bad=1; }
	done
	return $bad
}

# Folders that the guides name must be there.
links() { # FILE
	local path bad=0
	for path in $(grep -oE '\]\([^)#]+\)' "$1" | sed 's/^](//; s/)$//' | grep -v '://'); do
		[ -e "$(dirname "$1")/$path" ] || { echo "$1 points to $path"; bad=1; }
	done
	return $bad
}

# Files that ARCHITECTURE.md walks through: whole paths, or ends of paths where a room was named.
walks() {
	local path bad=0 all
	all=$(tree_files)
	for path in $(grep -oE '`[a-z_/0-9.]+\.[ch]`' ARCHITECTURE.md | tr -d '`' | sort -u); do
		grep -qE "(^|/)$path$" <<<"$all" || { echo "ARCHITECTURE.md walks through $path"; bad=1; }
	done
	return $bad
}

executable() {
	local file bad=0
	for file in $(tree_files '*.sh' '*.py'); do
		head -n 1 "$file" | grep -q '^#!' || continue
		[ -x "$file" ] || { echo "not executable: $file"; bad=1; }
		case $(head -n 1 "$file") in
		*/bash | *'bash '*) bash -n "$file" || bad=1 ;;
		*/sh | *'/sh '*) sh -n "$file" || bad=1 ;;
		esac
	done
	return $bad
}

for room in $(tree_files '*.c' '*.h' | cut -d/ -f1 | sort -u); do
	check "$room: clang-format" formatted "$room"
	[ "$room" = test ] || check "$room: every .c has its .h and includes it first" pairs "$room"
done
check 'no source file above 800 lines' shorter 800 $(tree_files '*.c' '*.sh' '*.py')
# abi/map.h is one page by design; a stage of the data plane is code, though it is included.
check 'no header above 150 lines' shorter 150 $(tree_files '*.h' | grep -v '^abi/map.h$\|^datapath/')
check 'no stage above 500 lines' shorter 500 $(tree_files 'datapath/*.h')
check 'every header has #pragma once' pragma_once
check 'licence lines' licence
check 'a README in each folder' readmes
for guide in README.md ARCHITECTURE.md CONTRIBUTING.md; do
	check "$guide: what it points to is there" links $guide
done
check 'ARCHITECTURE.md walks through files that are there' walks
check 'ARCHITECTURE.md is below 400 lines' shorter 400 ARCHITECTURE.md
check 'scripts are executable and parse' executable
tests_end
