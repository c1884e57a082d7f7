# SPDX-License-Identifier: Apache-2.0
# What the checks of the source tree share: its files, its rooms, and who sees whom.
# shellcheck shell=bash
. test/lib.sh
BUILD=${BUILD:-$PWD/build-check}

# Files of the tree, also those not yet added, with these endings.
tree_files() { # PATTERN...
	git ls-files -co --exclude-standard -- "$@" | while read -r file; do
		[ -e "$file" ] && echo "$file"
	done
}

# The rooms that exist, as `ROOM SEEN SEEN...`: ARCHITECTURE.md's table is the law, and
# rooms.sh proves that the build keeps it.
tree_rooms() {
	sed -n 's/^| `\([a-z]*\)` | sees \(.*\) |$/\1 \2/p' ARCHITECTURE.md | tr -d '`,' |
		while read -r room seen; do
			[ "$seen" = nothing ] && seen=
			[ -d "$room" ] && echo "$room $seen"
		done
}

tree_headers() { # ROOM
	tree_files "$1/*.h" "$1/**/*.h" | sort -u
}

# Flags that a file of ROOM is compiled with, its view of the house included.
tree_flags() { # ROOM
	echo "-std=gnu17 -D_GNU_SOURCE -DWEFT_VERSION=\"\" -I$BUILD/inc/$1 \
		$(pkg-config --cflags glib-2.0 jansson libmicrohttpd libcurl sqlite3 gnutls libbpf \
			libnl-route-3.0 yaml-0.1)"
}
