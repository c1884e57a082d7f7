#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who may see whom: every header compiles alone with its own room's view and nothing more, and
# a header of a room that may not be seen cannot be included, however it is spelled.
. test/check/tree.sh

headers_alone() { # ROOM
	local header flags bad=0
	flags=$(tree_flags "$1")
	for header in $(tree_headers "$1"); do
		# shellcheck disable=SC2086
		printf '#include "%s"\n' "$header" | gcc $flags -Wall -Wextra -Wno-unused-parameter -Werror \
			-fsyntax-only -x c - || { echo "does not compile alone: $header"; bad=1; }
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
	local room=$1 seen=" $* " other header output flags tried=0
	flags=$(tree_flags "$room")
	for other in $(tree_rooms | cut -d' ' -f1); do
		case $seen in *" $other "*) continue ;; esac
		header=$(tree_headers "$other" | head -n 1)
		[ -n "$header" ] || continue
		tried=$((tried + 1))
		# shellcheck disable=SC2086
		if output=$(printf '#include "%s"\n' "$header" | gcc $flags -fsyntax-only -x c - 2>&1); then
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
tests_end
