# SPDX-License-Identifier: Apache-2.0
# Debian's kernels, downloaded and unpacked but never installed. A kernel is named by the first
# numbers of its version (6.1, 6.12); the newest cloud kernel that apt offers is taken.
# KERNEL_ARCH says for which machine (amd64), APT_CONFIG may name another apt.
# shellcheck shell=bash

# Prints the newest package of kernel SERIES, empty when apt has none.
kernel_package() { # SERIES
	apt-cache pkgnames "linux-image-$1." | grep -E "^linux-image-[0-9.]+.*-cloud-${KERNEL_ARCH:-amd64}\$" |
		sort -V | tail -n 1
}

# Package lists may be missing on a bare machine, or name versions that are gone by now.
kernel_lists_update() {
	apt-get update -qq >/dev/null
}

# Unpacks PACKAGE below CACHE, once, and prints its folder: boot/ and lib/modules/.
kernel_fetch() { # PACKAGE CACHE
	local package=$1 folder=$2/$1
	[ ! -e "$folder/unpacked" ] || { echo "$folder"; return; }
	rm -rf "$folder"
	mkdir -p "$folder" || return
	(cd "$folder" && apt-get download -qq "$package" 2>apt.log) || { cat "$folder/apt.log" >&2; return 1; }
	dpkg-deb -x "$folder/$package"_*.deb "$folder" || return
	rm "$folder/$package"_*.deb
	[ -e "$folder/lib/modules" ] || { mkdir -p "$folder/lib" && ln -s ../usr/lib/modules "$folder/lib/"; }
	depmod -b "$folder" "$(kernel_version "$folder")" 2>/dev/null || return
	touch "$folder/unpacked"
	echo "$folder"
}

kernel_version() { # FOLDER
	ls "$1/lib/modules"
}

# The files of MODULE and of all it needs, relative to FOLDER. Nothing for built-in ones.
kernel_module_files() { # FOLDER MODULE
	modprobe -d "$1" -S "$(kernel_version "$1")" --show-depends "$2" |
		sed -n "s|^insmod $1/||p" | cut -d ' ' -f 1
}
