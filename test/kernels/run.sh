#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make check-kernels: boots Debian's kernels in QEMU and asks them what only they can say.
#
#   test/kernels/run.sh [SERIES ...]     default: 6.1 6.12
#
# Nothing is installed: a kernel is unpacked below the build folder, and the guest's root is an
# archive of this machine's own programs. QEMU interprets (TCG): a stock kernel does not boot
# everywhere under nested KVM, and it is fast enough. The guest's words come by its second serial
# line, its kernel's by the first; both are kept in BUILD/kernels/log.
set -u
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
export LC_ALL=C.UTF-8 BUILD=${BUILD:-$repo/build}
work=$BUILD/kernels
. "$repo/test/lib.sh"
. "$here/kernel.sh"
. "$here/image.sh"
. "$here/result.sh"

# Seconds for the whole life of a guest, and for one suite in it: five times what they take.
guest_limit=${GUEST_LIMIT:-900}
suite_limit=${SUITE_LIMIT:-200}
modules='veth vxlan sch_ingress cls_bpf act_bpf tun dummy bridge'
stories=${STORIES:-clsact l2 l3 icmp dhcp spoof isolation broadcast tap}
programs='bash sh ls mknod cat cut cp rm mv ln mkdir mktemp mount umount date sleep seq sort head
	tail tr tee wc uname id env dirname basename timeout stty chmod touch cmp find grep sed mawk awk
	dmesg sync ip tc bridge ss nsenter sysctl ping curl busybox modprobe ps kill xargs md5sum
	tcpdump dhclient udhcpc install chown'

# What the verifier takes for constant. A switch that is off hides what is behind it.
settings() { # SERIES
	local decap=1
	[ "$(printf '%s\n6.3\n' "$1" | sort -V | head -n 1)" = "$1" ] && decap=0
	echo "local_v4=0x0201630a local_v6_high=1 local_v6_low=1 vxlan_ifindex=2 uplink_ifindex=3" \
		"has_decap_l3=$decap capture=1"
}

# A suite line for the guest: NAME COMMAND.
suite() {
	echo "$1 $suite_limit $2" >>"$root/etc/suites"
}

suite_programs() { # SERIES
	local object objects more
	objects=$(find "$BUILD" \( -path "$work" -o -path "$BUILD/arm64" \) -prune -o -name '*.bpf.o' -print)
	[ -n "$objects" ] || { failed "$1: programs" 'the build made no *.bpf.o'; return; }
	# shellcheck disable=SC2046
	cc -O2 -Wall -Werror "$here/load.c" -o "$work/load" $(pkg-config --cflags --libs libbpf) ||
		{ failed "$1: programs" 'load.c does not compile'; return; }
	image_program "$root" "$work/load" && image_file "$root" $objects || return
	for object in $objects; do
		more=
		[ "$(basename "$object")" = weft.bpf.o ] && more="$object $(settings "$1")"
		suite "programs-$(basename "$object" .bpf.o)" "$work/load $object $more"
	done
}

suite_packets() { # SERIES
	local name command word found=
	while IFS=$'\t' read -r name command; do
		found=yes
		for word in $command; do
			if [ -x "$word" ] && [ -f "$word" ]; then
				image_program "$root" "$word"
			elif [ -e "$word" ]; then
				image_file "$root" "$word"
			fi
		done
		suite "$name" "$command | awk -f $here/tap.awk name=$name"
	done < <(meson introspect --tests "$BUILD" | "$here/tests.py" kernel)
	[ -n "$found" ] || skipped "$1: packet tables" 'the build has no tests of the suite kernel'
}

suite_stories() { # SERIES
	local name program
	for program in controller/weftd agent/weft-agent cli/weft; do
		[ -x "$BUILD/$program" ] && image_program "$root" "$BUILD/$program" && continue
		skipped "$1: stories" "$program is not built"
		return
	done
	image_python "$root" json,ctypes,platform,signal,socket,struct,fcntl,random,time,ipaddress || return
	for name in $stories; do
		suite "net-$name" "test/net/$name.sh"
	done
}

# The guest's root in $root, its archive in $work/SERIES.initramfs.
image_make() { # SERIES KERNEL FOLDER
	local file module version
	root=$work/root
	version=$(kernel_version "$2")
	rm -rf "$root"
	mkdir -p "$root"/{etc,proc,sys,dev,run,tmp,root,var/lib,usr/bin,usr/sbin,usr/lib,usr/lib64} \
		"$root$BUILD" "$root$repo"
	for file in bin sbin lib lib64; do ln -s "usr/$file" "$root/$file"; done
	# shellcheck disable=SC2086
	image_program "$root" $programs &&
		image_file "$root" /usr/lib/locale/C.utf8 /etc/passwd /etc/group || return
	cp -r "$repo/test" "$root$repo/" && cp "$here/guest.sh" "$root/init" || return
	for module in $modules; do
		for file in $(kernel_module_files "$2" "$module"); do
			mkdir -p "$root/$(dirname "$file")" && cp "$2/$file" "$root/$file" || return
		done
	done
	cp "$2/lib/modules/$version"/modules.{builtin,order}* "$root/lib/modules/$version/" || return
	depmod -b "$root" "$version" || return
	echo "export REPO=$repo BUILD=$BUILD" >"$root/etc/environment"
	: >"$root/etc/suites"
	suite_programs "$1" && suite_packets "$1" && suite_stories "$1" || return
	image_pack "$root" "$work/$1.initramfs"
}

boot() { # SERIES KERNEL FOLDER
	timeout -k 5 "$guest_limit" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 3072 \
		-nodefaults -no-user-config -display none -no-reboot -kernel "$2"/boot/vmlinuz-* \
		-initrd "$work/$1.initramfs" -append 'console=ttyS0 panic=-1 oops=panic loglevel=5' \
		-serial "file:$work/log/$1.console" -serial "file:$work/log/$1.result"
}

ask_kernel() { # SERIES
	local series=$1 package folder
	package=$(kernel_package "$series")
	if [ -z "$package" ] || ! folder=$(kernel_fetch "$package" "$work/cache" 2>/dev/null); then
		kernel_lists_update
		package=$(kernel_package "$series")
		[ -n "$package" ] || { skipped "$series" 'apt offers no such kernel'; return; }
		folder=$(kernel_fetch "$package" "$work/cache") ||
			{ failed "$series" "$package cannot be fetched"; return; }
	fi
	image_make "$series" "$folder" || { failed "$series" 'the guest cannot be made'; return; }
	rm -f "$work/log/$series".*
	boot "$series" "$folder"
	result_tell "$series" "$work/log/$series.result" "$work/log/$series.console"
}

mkdir -p "$work/log" "$work/cache"
for series in "${@:-6.1 6.12}"; do
	for one in $series; do ask_kernel "$one"; done
done
tests_end
