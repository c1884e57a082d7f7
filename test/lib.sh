# SPDX-License-Identifier: Apache-2.0
# The one way shell tests count. A test is a command with a name; a suite ends with
# `N passed, N failed, N skipped` as its last line and is red when any failed.
# shellcheck shell=bash

tests_passed=0 tests_failed=0 tests_skipped=0

passed() { # NAME
	tests_passed=$((tests_passed + 1))
	echo "ok   $1"
}

failed() { # NAME [REASON]
	tests_failed=$((tests_failed + 1))
	echo "FAIL $1${2:+: $2}"
}

skipped() { # NAME REASON
	tests_skipped=$((tests_skipped + 1))
	echo "skip $1: $2"
}

# Runs COMMAND; its output is shown, indented, only when it fails.
check() { # NAME COMMAND...
	local name=$1 output
	shift
	if output=$("$@" 2>&1 </dev/null); then
		passed "$name"
	else
		failed "$name" "$*"
		[ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/       /'
		return 1
	fi
}

# The opposite: COMMAND must fail.
check_not() { # NAME COMMAND...
	local name=$1 output
	shift
	if output=$("$@" 2>&1 </dev/null); then
		failed "$name" "succeeded: $*"
		[ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/       /'
		return 1
	fi
	passed "$name"
}

check_equal() { # NAME WANTED GOT
	if [ "$2" = "$3" ]; then
		passed "$1"
	else
		failed "$1" "wanted '$2', got '$3'"
		return 1
	fi
}

check_match() { # NAME PATTERN (extended regular expression) TEXT
	if printf '%s\n' "$3" | grep -Eq -- "$2"; then
		passed "$1"
	else
		failed "$1" "no match for '$2' in: $3"
		return 1
	fi
}

check_no_match() { # NAME PATTERN TEXT
	if ! printf '%s\n' "$3" | grep -Eq -- "$2"; then
		passed "$1"
	else
		failed "$1" "'$2' matches: $3"
		return 1
	fi
}

# Prints the count line; false when something failed.
tests_end() {
	echo "$tests_passed passed, $tests_failed failed, $tests_skipped skipped"
	[ "$tests_failed" = 0 ]
}
