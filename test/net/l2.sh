#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One network over two hosts: who can talk, how large, and that the answer is the right one.
#
#   h1: a 10.0.1.11 fd00:1::11     h2: c 10.0.1.13 fd00:1::13
#       b 10.0.1.12 fd00:1::12
. "$(dirname "$0")/lib.sh"
story l2 2

network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
as red make subnet "\"network_id\":\"$network\",\"ip_version\":6,\"cidr\":\"fd00:1::/64\"" >/dev/null
a=$(place a h1 "$network" '10.0.1.11/24 fd00:1::11/64') || exit 1
b=$(place b h1 "$network" '10.0.1.12/24 fd00:1::12/64') || exit 1
c=$(place c h2 "$network" '10.0.1.13/24 fd00:1::13/64') || exit 1

check 'same host, IPv4' reaches a 10.0.1.12
check 'same host, IPv6' reaches a fd00:1::12
check 'other host, IPv4' reaches a 10.0.1.13
check 'other host, IPv6' reaches a fd00:1::13
check 'other host, the other way, IPv4' reaches c 10.0.1.11
check 'other host, the other way, IPv6' reaches c fd00:1::11

no_loss_no_copies() { # FROM ADDRESS
	local output
	output=$(N "$1" ping -n -c 100 -i 0.005 -W 1 "$2")
	grep -q '100 received, 0% packet loss' <<<"$output" && ! grep -q DUP <<<"$output" ||
		{ echo "$output" | tail -n 4; return 1; }
}
check 'a hundred pings, none lost, none twice' no_loss_no_copies a 10.0.1.13

neighbour_is() { # WORKLOAD ADDRESS PORT
	local mac
	mac=$(api GET "/v2.0/ports/$3" | get port mac_address)
	ip -n "$CLOUD-$1" neigh show "$2" | grep -q "lladdr $mac" ||
		{ echo "wanted $mac"; ip -n "$CLOUD-$1" neigh show; return 1; }
}
check 'ARP gives the MAC of the port, same host' neighbour_is a 10.0.1.12 "$b"
check 'ARP gives the MAC of the port, other host' neighbour_is a 10.0.1.13 "$c"
check 'ND gives the MAC of the port, other host' neighbour_is a fd00:1::13 "$c"

check_equal 'the workload has the MTU of the network' 1450 "$(device a eth0 mtu)"
check 'the largest packet passes, IPv4' reaches a 10.0.1.13 -M do -s 1422
check 'the largest packet passes, IPv6' reaches a fd00:1::13 -M do -s 1402
check 'fragments pass, IPv4' reaches a 10.0.1.13 -s 9000
check 'fragments pass, IPv6' reaches a fd00:1::13 -s 9000

stream=$(dirname "$0")/stream.py
carries() { # FROM TO ADDRESS: eight megabytes arrive as they were, super-packets and all
	local sum file=$CLOUD_DIR/payload
	head -c 8388608 /dev/urandom >"$file"
	N "$2" timeout 20 "$stream" take 5000 >"$file.received" &
	cloud_wait 2 listening "$2" 5000
	N "$1" timeout 20 "$stream" give "$3" 5000 <"$file"
	wait $!
	cmp "$file" "$file.received"
}
check 'TCP carries what it was given, same host' carries a b 10.0.1.12
check 'TCP carries what it was given, other host, IPv4' carries a c 10.0.1.13
check 'TCP carries what it was given, other host, IPv6' carries c a fd00:1::11

check 'an address nobody has is not answered, and counted' drops_grow h1 "$a" arp-unknown unreached a 10.0.1.99
check 'an IPv6 address nobody has is not answered, and counted' drops_grow h1 "$a" nd-unknown unreached a fd00:1::99

# Who asks too early is answered when the address is known, not when it asks again (here after a
# minute): the row of a new port may be on its own host before it is on another.
early() { # FROM ADDRESS: without an answer within 20 s it fails
	N "$1" ping -n -c 1 -w 20 -i 0.2 "$2" >"$CLOUD_DIR/early-$2" 2>&1 &
}
answered() { grep -q ' 1 received' "$CLOUD_DIR/early-$1"; }
for family in ipv4 ipv6; do N a sysctl -qw net.$family.neigh.eth0.retrans_time_ms=60000; done
unknown=$(drops h1 "$a" arp-unknown) unknown6=$(drops h1 "$a" nd-unknown)
early a 10.0.1.77
early a fd00:1::77
asked() {
	[ "$(drops h1 "$a" arp-unknown)" -gt "$unknown" ] && [ "$(drops h1 "$a" nd-unknown)" -gt "$unknown6" ]
}
check 'two ask for addresses that are not there yet' cloud_wait 10 asked
place late h2 "$network" '10.0.1.77/24 fd00:1::77/64' >/dev/null || exit 1
check 'and are answered when they are, IPv4' cloud_wait 20 answered 10.0.1.77
check 'and are answered when they are, IPv6' cloud_wait 20 answered fd00:1::77

counted() {
	agent h1 GET "/v1/ports/$a/stats" | /usr/bin/python3 -c '
import json, sys
stats = json.load(sys.stdin)["counters"]
sys.exit(not (stats["tx_packets"] > 100 and stats["rx_packets"] > 100 and stats["tx_bytes"] > 8388608))'
}
check 'packets and bytes are counted' counted

# A device begins with a filter, and changes over to tcx when it is quiet (kernel 6.6).
on_tcx() { # HOST PORT: a link of ours, and no filter any more
	local name
	name=wf$(tr -d - <<<"$2" | cut -c 1-11)
	[ -e "$CLOUD_RUN/$1/bpf/link_$(ip -n "$CLOUD-$1" -o link show "$name" | cut -d: -f1)" ] &&
		! N "$1" tc filter show dev "$name" ingress | grep -q weft
}
if [ "$(uname -r | cut -d. -f1)" -ge 7 ] || [[ $(uname -r) =~ ^6\.([6-9]|[1-9][0-9]) ]]; then
	d=$(place d h1 "$network" '10.0.1.14/24') || exit 1
	check_not 'a new port does not wait for tcx' on_tcx h1 "$d"
	ping_begin d 10.0.1.13 -i 0.005
	check 'it changes over to tcx' cloud_wait 15 on_tcx h1 "$d"
	ping_end
	check_match '... and no packet is lost or doubled' ' 0% packet loss' "$(grep -v DUP "$CLOUD_DIR/ping")"
else
	skipped 'a new port changes over to tcx' 'the kernel has no tcx'
fi
story_told
