# SPDX-License-Identifier: Apache-2.0
# A story: one file, its topology drawn on top, everything it made gone at its end, even when it
# fails half way. Source this, call `story NAME HOSTS`, then check things; the rest is by trap.
# shellcheck shell=bash

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/cloud.sh"

# A cloud of HOSTS hosts, weftd and agents running. NAME makes it this story's own. $STORY_MTU is
# the underlay's, when set.
story() { # NAME HOSTS [AGENT OPTION...]
	local n hosts=$2
	cloud_use "wt-$1-$$" "$(mktemp -d "/tmp/weft-$1.XXXXXX")"
	KEEP_LOGS=${BUILD:-$cloud_repo/build}/log/$1.logs
	mkdir -p "$(dirname "$KEEP_LOGS")"
	story_started=
	trap story_end EXIT
	trap 'exit 1' INT TERM HUP
	shift 2
	cloud_up "$hosts" "${STORY_MTU:-1500}" || exit 1
	# A story may have controllers of its own.
	if declare -F story_weftd >/dev/null; then story_weftd; else cloud_weftd --mtu "${STORY_MTU:-1500}"; fi || exit 1
	for n in $(seq "$hosts"); do
		cloud_agent "$n" "$@" || exit 1
	done
	story_started=yes
}

# Called at the story's last line; without it the story counts as broken off.
story_told() {
	story_told=yes
}

story_end() {
	local pids kernel
	trap - EXIT INT TERM HUP
	[ -n "$story_started" ] || failed 'the cloud starts'
	[ "${story_told:-}" = yes ] || failed 'the story is told to its end'
	pids=$(cat "$CLOUD_DIR"/pid/* 2>/dev/null)
	kernel=$(cloud_kernel)
	check 'no sanitizer report' no_report
	if [ $tests_failed != 0 ]; then
		for file in "$CLOUD_DIR"/log/*; do
			echo "---- ${file##*/}"
			tail -n 15 "$file"
		done
	fi
	cloud_down
	# shellcheck disable=SC2086
	check 'nothing is left behind' cloud_wait 5 cloud_leftovers $pids || cloud_leftovers $pids
	# Programs and maps are freed some time after the last that held them.
	check 'nothing is left in the kernel' cloud_wait 10 kernel_gone "$kernel" || kernel_gone "$kernel"
	tests_end
	exit $?
}

kernel_gone() { # LINES
	cloud_kernel_gone <<<"$1"
}

no_report() {
	! grep -hE -A 12 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$CLOUD_DIR"/log/*
}

# True when SOURCE gets an answer from ADDRESS; OPTIONS go to ping.
reaches() { # SOURCE ADDRESS [OPTION...]
	local source=$1 address=$2
	shift 2
	cloud_wait 3 N "$source" ping -n -c 1 -W 1 "$@" "$address"
}

# True when three pings all stay unanswered.
unreached() { # SOURCE ADDRESS [OPTION...]
	local source=$1 address=$2
	shift 2
	! N "$source" ping -n -c 3 -i 0.2 -W 0.5 "$@" "$address"
}

# A ping in the background; what it says is in $CLOUD_DIR/ping after ping_end. The shell has its
# background jobs ignore SIGINT, on which ping would count: it is given back.
ping_begin() { # SOURCE ADDRESS [OPTION...]
	local source=$1 address=$2
	shift 2
	(cloud_exec "$source" env --default-signal=INT ping -n "$@" "$address") >"$CLOUD_DIR/ping" 2>&1 &
	story_ping=$!
}

ping_end() {
	kill -INT $story_ping
	wait $story_ping
	true
}

# True when WORKLOAD listens on TCP PORT.
listening() { # WORKLOAD PORT
	N "$1" ss -Hltn "sport = :$2" | grep -q .
}

# A number of drops of PORT for a reason named in abi/drop.h.
drops() { # HOST PORT REASON
	agent "$1" GET "/v1/ports/$2/stats" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin).get("drops", {}).get(sys.argv[1], 0))' "$3"
}

# COMMAND must raise the drop counter REASON of PORT.
drops_grow() { # HOST PORT REASON COMMAND...
	local host=$1 port=$2 reason=$3 before
	shift 3
	before=$(drops "$host" "$port" "$reason")
	"$@" || return
	[ "$(drops "$host" "$port" "$reason")" -gt "$before" ] ||
		{ echo "$reason stays $before"; agent "$host" GET "/v1/ports/$port/stats"; return 1; }
}
