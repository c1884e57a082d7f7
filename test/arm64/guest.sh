# SPDX-License-Identifier: Apache-2.0
# A guest with Debian's arm64 kernel, for what only a kernel can say: which programs its verifier
# accepts, and what its JIT makes of the packet tables.
# shellcheck shell=bash

guest_program() { # ROOT SYSROOT PROGRAM NAME
	local library
	cp "$3" "$1/bin/$4" || return
	for library in $(sysroot_libraries "$2" "$3"); do
		mkdir -p "$1$(dirname "$library")" && cp -L "$2$library" "$1$library" || return
	done
}

# `env NAME=VALUE... [qemu -L SYSROOT] PROGRAM [TABLE]`: the guest has no need of qemu.
guest_test() { # ROOT SYSROOT NAME WORD...
	local root=$1 sysroot=$2 name=$3 table=
	shift 3
	while [ $# -gt 2 ]; do shift; done
	if [ ! -x "$2" ]; then # it has a table
		table=/$(basename "$2")
		cp "$2" "$root/" || return
		set -- "$2" "$1"
	fi
	guest_program "$root" "$sysroot" "$2" "$name" &&
		echo "$name $name $table | awk -f /tap.awk name=$name" >>"$root/suites"
}

# Suites are lines of the guest's /suites: NAME COMMAND.
guest_suites() { # ROOT SYSROOT
	local name command words
	aarch64-linux-gnu-gcc "--sysroot=$2" -O2 -Wall -Werror "$repo/test/kernels/load.c" -o "$work/load" \
		-lbpf -lelf -lz && guest_program "$1" "$2" "$work/load" load || return
	cp "$BUILD/datapath/weft.bpf.o" "$1/" || return
	echo "programs-weft load /weft.bpf.o /weft.bpf.o local_v4=0x0201630a local_v6_high=1" \
		"local_v6_low=1 vxlan_ifindex=2 uplink_ifindex=3" >"$1/suites"
	while IFS=$'\t' read -r name command; do
		read -ra words <<<"$command"
		guest_test "$1" "$2" "$name" "${words[@]}" || return
	done < <(meson introspect --tests "$BUILD" | "$repo/test/kernels/tests.py" kernel)
}

guest_make() { # SYSROOT KERNEL FOLDER ARCHIVE
	local root=$work/root
	rm -rf "$root"
	mkdir -p "$root"/{bin,proc,sys,dev/net,tmp} || return
	cp "$1/bin/busybox" "$root/bin/" && cp "$here/init" "$repo/test/kernels/tap.awk" "$root/" &&
		cp "$2/$(kernel_module_files "$2" tun)" "$root/tun.ko" && guest_suites "$root" "$1" || return
	mknod "$root/dev/console" c 5 1
	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$3"
}

# Pointer authentication as the architecture has it takes QEMU six sevenths of its time.
guest_tests() { # SERIES
	local package folder log=$work/kernel.console
	export KERNEL_ARCH=arm64 APT_CONFIG=$work/apt/conf
	package=$(kernel_package "$1")
	[ -n "$package" ] || { skipped "$1" 'apt offers no such kernel'; return; }
	folder=$(kernel_fetch "$package" "$work/cache") || { failed "$1" "$package cannot be fetched"; return; }
	guest_make "$work/sysroot" "$folder" "$work/initramfs" || { failed "$1" 'the guest cannot be made'; return; }
	rm -f "$log"
	timeout -k 5 "${GUEST_LIMIT:-600}" qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on -smp 2 -m 3072 -nodefaults \
		-no-user-config -display none -no-reboot -kernel "$folder"/boot/vmlinuz-* -initrd "$work/initramfs" \
		-append 'console=ttyAMA0 panic=-1 oops=panic loglevel=1' -serial "file:$log"
	result_tell "$1" "$log" "$log"
}
