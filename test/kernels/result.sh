# SPDX-License-Identifier: Apache-2.0
# What a guest said, counted: lines of test/lib.sh between `@ begin SUITE` and `@ end SUITE STATUS`.
# shellcheck shell=bash

# Counts what the guest told. Shown are failures with what follows them, skips, the verifier's
# figures, and a line for each suite; the rest is in the log.
result_tell_suites() { # GUEST RESULTS
	local line suite='' counted='' passed failures=0 skips status shown=
	while IFS= read -r line; do
		case $line in
		'@ kernel '*) echo "     $1: ${line#@ }" ;;
		'@ begin '*) suite=${line#@ begin } counted='' failures=0 shown= ;;
		'@ end '*)
			status=${line##* }
			if [ -z "$counted" ]; then
				failed "$1: $suite" "ended with status $status and counted nothing"
			elif [ "$status" = 124 ]; then
				failed "$1: $suite" 'stopped at its limit'
			elif [ "$status" != 0 ] && [ "$failures" = 0 ]; then
				failed "$1: $suite" "ended with status $status"
			elif [ $((passed + failures)) = 0 ]; then
				failed "$1: $suite" 'only skips'
			fi
			echo "     $1: $suite: ${counted:-no count}"
			suite=
			;;
		*' passed, '*' failed, '*' skipped')
			read -r passed _ failures _ skips _ <<<"$line"
			tests_passed=$((tests_passed + passed)) counted=$line shown=
			tests_failed=$((tests_failed + failures)) tests_skipped=$((tests_skipped + skips))
			;;
		*)
			case $line in
			FAIL\ *) shown=yes ;;
			ok\ *) shown= ;;
			esac
			case $suite$shown/$line in
			*yes/* | programs-*/ok* | */skip\ *)
				echo "$line" | sed -E "s/^(ok  |FAIL|skip) /\\1 $1: $suite: /" ;;
			esac
			;;
		esac
	done < <(tr -d '\r' <"$2")
	[ -z "$suite" ] || failed "$1: $suite" 'the guest ended in the middle of it'
}

# Neither trace nor warning in the kernel's own words.
result_kernel_calm() { # CONSOLE
	! grep -aE 'BUG:|WARNING:|Oops|Call Trace|rcu.*stall|Kernel panic|Out of memory' "$1"
}

# All that is to be counted of a guest that has ended: its suites, its end, its kernel.
result_tell() { # GUEST RESULTS CONSOLE
	[ -e "$2" ] && result_tell_suites "$1" "$2"
	check "$1: the guest lived to its end" grep -qa '^@ done' "$2" || tail -n 20 "$3"
	check "$1: nothing alarming in the kernel's log" result_kernel_calm "$3"
}
