# SPDX-License-Identifier: Apache-2.0
# Debian's arm64 development packages, unpacked into a folder and never installed: an apt of its
# own with its own state works out and downloads them, so this machine's packages, and the
# foreign architectures it knows, stay as they are.
# shellcheck shell=bash

# The libraries that the build needs here, there; and a shell for the guest.
sysroot_packages() { # PACKAGES.TXT
	echo libc6-dev busybox-static
	sed -nE 's/^build (lib[^ ]*-dev|linux-libc-dev|zlib1g-dev)$/\1/p' "$1" | grep -v '^libclang'
}

sysroot_apt() { # WORK ARGUMENT...
	local work=$1
	shift
	mkdir -p "$work"/apt/{state/lists/partial,cache/archives/partial,log} && touch "$work/apt/status"
	cat >"$work/apt/conf" <<-END
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
		Dir::State "$work/apt/state";
		Dir::State::status "$work/apt/status";
		Dir::Cache "$work/apt/cache";
		Dir::Log "$work/apt/log";
	END
	APT_CONFIG=$work/apt/conf apt-get -qq "$@"
}

# A link to /lib/x means the sysroot's, not this machine's.
sysroot_links() { # FOLDER
	local link target
	find "$1" -type l -lname '/*' | while read -r link; do
		target=$(readlink "$link")
		ln -sfnr "$1$target" "$link" || return
	done
}

# Makes WORK/sysroot, anew when PACKAGES changed.
sysroot_make() { # WORK PACKAGES
	local work=$1 folder=$1/sysroot package name
	[ "$(cat "$folder.packages" 2>/dev/null)" != "$2" ] || return 0
	rm -rf "$folder" "$folder.packages"
	mkdir -p "$folder"/usr/{bin,sbin,lib} || return
	for name in bin sbin lib; do ln -s "usr/$name" "$folder/$name"; done
	# shellcheck disable=SC2086
	sysroot_apt "$work" update && sysroot_apt "$work" install -y --download-only $2 >/dev/null || return
	for package in "$work"/apt/cache/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$package" | tar -x -C "$folder" --keep-directory-symlink || return
	done
	sysroot_links "$folder" || return
	rm -rf "$work/apt/cache/archives"
	echo "$2" >"$folder.packages"
}

# The libraries that PROGRAM loads, as the sysroot's own loader finds them, without the sysroot.
sysroot_libraries() { # SYSROOT PROGRAM
	qemu-aarch64-static -L "$1" "$1/lib/ld-linux-aarch64.so.1" --list "$2" |
		sed "s|$1||" | grep -oE '/lib/[^ ]+' | sort -u
}
