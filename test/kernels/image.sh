# SPDX-License-Identifier: Apache-2.0
# The guest's root folder: single programs of the machine with the libraries they need, at the
# paths they have here, so that the tree's stories run in the guest as they are.
# shellcheck shell=bash

# Copies files and folders into ROOT under the same path; symbolic links become what they mean.
image_file() { # ROOT PATH...
	local root=$1 path
	shift
	for path in "$@"; do
		[ -e "$root$path" ] && continue
		mkdir -p "$root$(dirname "$path")" && cp -rL "$path" "$root$path" || return
	done
}

image_libraries() { # ROOT PROGRAM...: ldd says nothing of use about a static one
	local root=$1
	shift
	# shellcheck disable=SC2046
	image_file "$root" $(ldd "$@" 2>/dev/null | grep -oE '(^|[[:space:]])/[^ :]+ ' | sort -u)
}

# Programs by name or absolute path.
image_program() { # ROOT PROGRAM...
	local root=$1 name path paths=()
	shift
	for name in "$@"; do
		path=$(type -P "$name") || { echo "$name is not installed" >&2; return 1; }
		paths+=("$path")
	done
	image_file "$root" "${paths[@]}" && image_libraries "$root" "${paths[@]}"
}

# Python with the modules that IMPORTS (comma separated) need.
image_python() { # ROOT IMPORTS
	local root=$1 files
	image_program "$root" /usr/bin/python3 || return
	files=$(/usr/bin/python3 -c "
import sys, encodings.idna, $2
for module in list(sys.modules.values()):
    for path in (getattr(module, '__file__', None), getattr(module, '__cached__', None)):
        if path and path.startswith('/usr/lib/'):
            print(path)") || return
	# shellcheck disable=SC2086
	image_file "$root" $files
	# shellcheck disable=SC2046
	image_libraries "$root" $(echo "$files" | grep '\.so$')
}

# ROOT as the compressed archive that a kernel unpacks into its first file system.
image_pack() { # ROOT FILE
	(cd "$1" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$2"
}
