#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The programs fit the stack of every kernel that users have: kernels before 6.10 count frames more
# coarsely than this one, so that its own verifier would not say (test/kernels asks the others).
. test/check/tree.sh

while IFS= read -r line; do
	case $line in
	ok\ *) passed "${line#ok }" ;;
	*) failed "${line#FAIL }" 'too much for kernel 6.1' ;;
	esac
done < <(/usr/bin/python3 test/check/stack.py llvm-objdump-19 "$BUILD/datapath/weft.bpf.o")
tests_end
