#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who may see whom: every header compiles alone with its own room's view and nothing more, and
# a header of a room that may not be seen cannot be included, however it is spelled.
. test/check/tree.sh

# Compiles one include, as seen from ROOM. Not from the top folder, where "" would find every room.
include() { # ROOM HEADER
	# shellcheck disable=SC2046
	printf '#include "%s"\n' "$2" | (cd / && gcc $(tree_flags "$1") -Wall -Wextra \
		-Wno-unused-parameter -Wno-unused-function -Werror -fsyntax-only -x c -)
}

headers_alone() { # ROOM
	local header bad=0
	for header in $(tree_headers "$1"); do
		include "$1" "$header" || { echo "does not compile alone: $header"; bad=1; }
	done
	return $bad
}

# The same for the kernel; what only one of the two worlds has is in env/.
headers_alone_for_kernel() {
	local header bad=0
	for header in $(tree_headers abi) $(tree_headers datapath | grep -v '^datapath/env/native'); do
		printf '#include "%s"\n#include "%s"\n' datapath/env/bpf.h "$header" | (cd / && clang-19 -target bpf -O2 \
			-std=gnu17 -I"$BUILD/inc/datapath" -idirafter "/usr/include/$(gcc -print-multiarch)" \
			-Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function \
			-Wno-missing-field-initializers -fsyntax-only -x c -) ||
			{ echo "does not compile alone for the kernel: $header"; bad=1; }
	done
	return $bad
}

# The include farm of the build holds what the table allows, and itself.
farm_agrees() { # ROOM SEEN...
	local wanted got
	wanted=$(printf '%s\n' "$@" | sort | tr '\n' ' ')
	got=$(ls "$BUILD/inc/$1" | sort | tr '\n' ' ')
	[ "$wanted" = "$got" ] || { echo "the table allows: $wanted"; echo "the build gives: $got"; return 1; }
}

# Tries to include one header of each forbidden room; each must fail, and only for that.
forbidden_fail() { # ROOM SEEN...
	local room=$1 seen=" $* " other header output tried=0
	for other in $(tree_rooms | cut -d' ' -f1); do
		case $seen in *" $other "*) continue ;; esac
		header=$(tree_headers "$other" | head -n 1)
		[ -n "$header" ] || continue
		tried=$((tried + 1))
		if output=$(include "$room" "$header" 2>&1); then
			echo "$room can include $header"
			return 1
		fi
		case $output in *"$header: No such file"*) ;; *) echo "$output"; return 1 ;; esac
	done
	[ $tried -gt 0 ]
}

no_escape() { # ROOM
	! grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"(\.|/|[^"]*\.\./)' \
		$(tree_files "$1/*.c" "$1/*.h" "$1/**/*.c" "$1/**/*.h") /dev/null
}

no_unknown_room() {
	local room bad=0
	for room in $(ls "$BUILD/inc"); do
		[ -d "$room" ] || continue # foreseen, not yet inhabited
		tree_rooms | grep -q "^$room\( \|$\)" || { echo "not in ARCHITECTURE.md: $room"; bad=1; }
	done
	return $bad
}

check 'every room of the build stands in ARCHITECTURE.md' no_unknown_room
while read -r room seen; do
	[ -n "$(tree_files "$room/*.c" "$room/*.h")" ] || continue
	check "$room: sees what the table says" farm_agrees "$room" $seen
	check "$room: headers compile alone" headers_alone "$room"
	check "$room: a forbidden header cannot be included" forbidden_fail "$room" $seen
	check "$room: no include by another way" no_escape "$room"
done < <(tree_rooms)
check 'datapath: headers compile alone for the kernel' headers_alone_for_kernel
tests_end
