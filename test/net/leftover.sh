#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ports come and go on living hosts, and when they have gone the hosts are as they were: devices, hooks,
# entries of every table, neighbours, routes, addresses. (What a whole cloud leaves is every story's end.)
#
#   h1: a 10.0.1.11 stays, x 10.0.1.21 goes     h2: b 10.0.1.12 stays, y 10.0.2.22 goes
. "$(dirname "$0")/lib.sh"
story leftover 2
check 'what the cloud has in the kernel is known' test "$(cloud_kernel | wc -l)" -gt 50
check_not 'the end of a story would see what is left' kernel_gone "$(cloud_kernel)"

network=$(as red make network '"name":"red"')
first=$(as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"")
router=$(as red make router '"name":"r"')
as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$first\"}" >/dev/null
place a h1 "$network" 10.0.1.11/24 10.0.1.1 >/dev/null || exit 1
place b h2 "$network" 10.0.1.12/24 10.0.1.1 >/dev/null || exit 1
reaches a 10.0.1.12 || exit 1

# Everything of HOST that a port could leave behind, as text. Counters, caches and generations are
# of the host, and connections have their own clock: they are looked at by what they say.
picture() { # HOST
	picture_lines "$1" | sort -u
}
picture_lines() {
	local pin host=$1 name
	for pin in "$CLOUD_RUN/$host"/bpf/*; do
		name=${pin##*/}
		# A port's first program may be a filter, and become a link when it is quiet.
		case $name in link_* | clsact_*) echo "hook ${name#*_}"; continue ;; esac
		[ -L "$pin" ] && continue
		case $name in
		*.debug | generation | flow | conn | fragment | port_stats | drops | host_stats | budget | port_conns | punt) continue ;;
		esac
		bpftool -j map dump pinned "$pin" 2>/dev/null | /usr/bin/python3 -c '
import json, sys
for entry in json.load(sys.stdin):
    value = entry.get("value", [])
    if any(byte != "0x00" for byte in value):
        print("entry", sys.argv[1], "".join(b[2:] for b in entry["key"]), "".join(b[2:] for b in value))' "$name"
	done
	N "$host" ip -o link show | awk '{ print "device", $2 }'
	N "$host" ip -o addr show | awk '{ print "address", $2, $4 }'
	N "$host" ip route show table all | sed 's/^/route /'
	N "$host" ip neigh show | awk '{ print "neighbour", $1, $3, $5 }'
	N "$host" tc qdisc show | sed 's/^/qdisc /'
}
settle() { # both hosts have applied the last revision
	local want
	want=$(api GET /v2.0/networks >/dev/null; agent h1 GET /v1/status | get revision)
	[ "$(agent h2 GET /v1/status | get revision)" = "$want" ]
}
cloud_wait 5 settle
picture h1 >"$CLOUD_DIR/h1.before"
picture h2 >"$CLOUD_DIR/h2.before"
check 'the picture shows ports' grep -q '^entry port ' "$CLOUD_DIR/h1.before"
check 'and where others are' grep -q '^entry location ' "$CLOUD_DIR/h2.before"

other=$(as red make network '"name":"other"')
second=$(as red make subnet "\"network_id\":\"$other\",\"ip_version\":4,\"cidr\":\"10.0.2.0/24\"")
as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$second\"}" >/dev/null
x=$(place x h1 "$network" 10.0.1.21/24 10.0.1.1) || exit 1
y=$(place y h2 "$other" 10.0.2.22/24 10.0.2.1) || exit 1
check 'ports that came reach each other' reaches x 10.0.2.22
check 'and those that were there' reaches x 10.0.1.12
check_not 'the picture of h1 has changed' eval 'picture h1 | cmp -s - "$CLOUD_DIR/h1.before"'
check_not 'the picture of h2 has changed' eval 'picture h2 | cmp -s - "$CLOUD_DIR/h2.before"'
check 'their connections are known' eval 'agent h1 GET "/v1/flows?port=$x" | grep -q 10.0.2.22'

as red api DELETE "/v2.0/ports/$x" >/dev/null
as red api DELETE "/v2.0/ports/$y" >/dev/null
as red api PUT "/v2.0/routers/$router/remove_router_interface" "{\"subnet_id\":\"$second\"}" >/dev/null
as red api DELETE "/v2.0/networks/$other" >/dev/null
same() { # HOST
	picture "$1" | diff "$CLOUD_DIR/$1.before" -
}
for host in h1 h2; do
	check "$host is as it was" cloud_wait 10 same $host || same $host
done
check 'the workload has no device any more' eval '! ip -n "$CLOUD-x" link show eth0'
check 'those that stay reach each other' reaches a 10.0.1.12

# Connections of a port that has gone are swept within seconds, before its slot is anybody else's.
slots_of_conns() { # HOST: slots that connections are of
	bpftool -j map dump pinned "$CLOUD_RUN/$1/bpf/conn" | /usr/bin/python3 -c '
import json, sys
print(*sorted({int.from_bytes(bytes(int(b, 16) for b in e["key"][:4]), "little") for e in json.load(sys.stdin)}))'
}
slots_of_ports() {
	agent "$1" GET /v1/ports | /usr/bin/python3 -c '
import json, sys
print(*sorted(p["slot"] for p in json.load(sys.stdin)["ports"] if p.get("slot")))'
}
swept() { # HOST
	local slot
	for slot in $(slots_of_conns "$1"); do
		slots_of_ports "$1" | grep -qw "$slot" || return 1
	done
}
for host in h1 h2; do check "$host: no connection of a port that is gone" cloud_wait 15 swept $host; done
story_told
