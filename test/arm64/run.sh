#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make check-arm64: builds the tree for arm64 and runs under qemu-user what needs no kernel of that
# kind: unit tests, laws and the native packet tables. The programs for the kernel and the tables
# through BPF_PROG_TEST_RUN run in a guest with Debian's arm64 kernel (suite kernel).
#
#   test/arm64/run.sh [SUITE ...]     default: unit law packets kernel
set -u
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
cd "$repo" || exit
export LC_ALL=C.UTF-8
work=${BUILD:-$repo/build}/arm64
BUILD=$work/build
. "$repo/test/lib.sh"
. "$here/sysroot.sh"
. "$repo/test/kernels/kernel.sh"
. "$repo/test/kernels/result.sh"
. "$here/guest.sh"

cross_file() { # FILE SYSROOT
	local tools=$2/usr/lib/aarch64-linux-gnu
	cat >"$1" <<-END
		[binaries]
		c = ['aarch64-linux-gnu-gcc', '--sysroot=$2']
		ar = 'aarch64-linux-gnu-ar'
		strip = 'aarch64-linux-gnu-strip'
		pkgconfig = 'pkg-config'
		clang-19 = ['clang-19', '-idirafter', '$2/usr/include/aarch64-linux-gnu']
		exe_wrapper = ['qemu-aarch64-static', '-L', '$2']

		[properties]
		sys_root = '$2'
		pkg_config_libdir = ['$tools/pkgconfig', '$2/usr/share/pkgconfig']

		[host_machine]
		system = 'linux'
		cpu_family = 'aarch64'
		cpu = 'aarch64'
		endian = 'little'
	END
}

configure() {
	cross_file "$work/cross.ini" "$work/sysroot"
	[ -e "$BUILD/build.ninja" ] || meson setup --cross-file "$work/cross.ini" "$BUILD" "$repo"
}

is_arm64() {
	local program path
	for program in weftd weft-agent weft; do
		path=$(find "$BUILD" -type f -name "$program")
		[ -n "$path" ] || { echo "no $program"; return 1; }
		readelf -h "$path" | grep -q 'Machine: *AArch64' || { readelf -h "$path"; return 1; }
	done
}

# A meson suite, counted by its TAP points as test/check/meson.sh counts them.
tests() { # SUITE
	local log=$work/$1.log counts p f s
	BUILD=$BUILD timeout 900 "$repo/test/check/meson.sh" "$1" >"$log" 2>&1
	counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
	echo "     $1: ${counts:-counted nothing, see $log}"
	grep -E '^(FAIL|skip) ' "$log" | sed -E "s/^(FAIL|skip) /\\1 $1: /"
	[ -n "$counts" ] || { tail -n 20 "$log"; failed "$1" 'counted nothing'; return; }
	read -r p _ f _ s _ <<<"$counts"
	tests_passed=$((tests_passed + p)) tests_failed=$((tests_failed + f)) tests_skipped=$((tests_skipped + s))
	[ "$f" = 0 ] || tail -n 40 "$log"
}

mkdir -p "$work"
check 'the sysroot is made' sysroot_make "$work" "$(sysroot_packages test/packages.txt | xargs)" &&
	check 'the build is configured' configure &&
	check 'the tree builds' ninja --quiet -C "$BUILD" || { tests_end; exit; }
check 'the programs are for arm64' is_arm64
for suite in "${@:-unit law packets kernel}"; do
	for one in $suite; do
		case $one in
		kernel) guest_tests "${SERIES:-6.1}" ;;
		*) tests "$one" ;;
		esac
	done
done
tests_end
