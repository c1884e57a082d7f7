#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How long the control plane takes: weftd on SQLite (every reply durable), two hosts on a routed
# underlay as in test/net/cloud.sh, one client that keeps its connection. And what an idle host costs.
#
#   test/bench/latency.sh [PORTS [OPTION ...]]      default 200; options of the agents
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../net/cloud.sh"
cloud_use wl /run/weft-latency
trap cloud_down EXIT
trap 'exit 1' INT TERM HUP
count=${1:-200}
shift $(($# > 0))

# What an idle host costs: the kernel's maps, and what no other process shares with its agent.
memory() { # HOST
	local maps own
	maps=$(agent "$1" GET /metrics | awk '/^weft_agent_map_bytes/ { n += $NF } END { print n }')
	own=$(awk '/^[0-9a-f]+-/ { own = !/bpf-map/ } /^Private/ && own { n += $2 } END { print n * 1024 }' \
		"/proc/$(cat "$CLOUD_DIR/pid/agent-$1")/smaps")
	awk -v maps="$maps" -v own="$own" 'BEGIN { printf "%-42s %.1f MiB: maps %.1f, agent %.1f\n",
		"memory of an idle host", (maps + own) / 1048576, maps / 1048576, own / 1048576 }'
}

cloud_up 2 && cloud_weftd --quota all=-1 && cloud_agent 1 "$@" && cloud_agent 2 "$@" || exit 1
memory h1
network=$(make network '"name":"bench"') || exit 1
make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.0.0/16\"" >/dev/null || exit 1
place peer h2 "$network" 10.0.255.250/16 >/dev/null || exit 1
for n in $(seq "$count"); do
	ip netns add "$CLOUD-w$n"
done
/usr/bin/python3 "$here/latency.py" "$CLOUD" "$count" "$network" "$CLOUD_LISTEN" "$CLOUD_RUN/h1/agent.sock" 10.0.255.250
