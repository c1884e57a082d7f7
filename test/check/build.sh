#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# gcc with sanitizers (what the suites run) and clang; both with -Werror.
. test/lib.sh

configure() { # FOLDER COMPILER OPTIONS...
	local folder=$1 compiler=$2
	shift 2
	[ -e "$folder/build.ninja" ] || CC=$compiler meson setup "$folder" "$@"
}

check 'gcc with ASan and UBSan: configure' configure "$BUILD" gcc \
	-Dwerror=true -Db_sanitize=address,undefined -Doptimization=1
check 'gcc with ASan and UBSan: build' ninja -C "$BUILD"
check 'clang: configure' configure "$BUILD_CLANG" clang-19 -Dwerror=true -Dbuildtype=debug
check 'clang: build' ninja -C "$BUILD_CLANG"
tests_end
