#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A workload that forges: no frame leaves its port with an address that is not its own, and every
# forgery is counted for what it is.
#
#   h1: a 10.0.1.11 fd00:1::11 (forges)     h2: b 10.0.1.12 fd00:1::12 (listens)
#       c 10.0.1.13 (unguarded)                 the underlay's control namespace forges tunnel packets
. "$(dirname "$0")/lib.sh"
story spoof 2

mac=02:00:00:00:01
network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
as red make subnet "\"network_id\":\"$network\",\"ip_version\":6,\"cidr\":\"fd00:1::/64\"" >/dev/null
settle() { # NAME HOST LAST MEMBERS
	local port
	port=$(make_port "$network" "$2" "10.0.1.$3 fd00:1::$3" "\"mac_address\":\"$mac:$3\"${4:+,$4}") &&
		workload "$1" && attach "$2" "$port" "$1" && addresses "$1" "10.0.1.$3/24 fd00:1::$3/64" &&
		cloud_wait 10 port_active "$port" || failed "$1 becomes ACTIVE"
	eval "$1=$port"
}
settle a h1 11
settle b h2 12
settle c h1 13 '"port_security_enabled":false'
let_in "$b" || exit 1 # c is in no group
check 'the honest way works' reaches a 10.0.1.12

frames=$(dirname "$0")/frame.py
listen=$(dirname "$0")/listen.py
to_b="dst=$mac:12"

# Sends three frames from a and says whether the counter moved and how many of them b received.
forge() { # REASON LAYER...
	local reason=$1 before after out=$CLOUD_DIR/heard
	shift
	before=$(drops h1 "$a" "$reason")
	N b "$listen" 0.7 frames eth0 forged >"$out" &
	cloud_wait 3 grep -q ready "$out"
	N a "$frames" -n 3 eth0 "$@" raw:hex=666f72676564 # "forged"
	wait $!
	after=$(drops h1 "$a" "$reason")
	[ "$((after - before))" = 3 ] && [ "$(tail -n 1 "$out")" = 0 ] || {
		echo "$reason: $before, then $after; received: $(tail -n 1 "$out")"
		agent h1 GET "/v1/ports/$a/stats"
		return 1
	}
}
udp=udp:sport=9,dport=9999
check 'another source MAC' forge source-mac "eth:src=$mac:66,$to_b" ip4:src=10.0.1.11,dst=10.0.1.12 $udp
check 'the MAC of a neighbour' forge source-mac "eth:src=$mac:13,$to_b" ip4:src=10.0.1.13,dst=10.0.1.12 $udp
check 'another source address, IPv4' forge source-ip "eth:src=$mac:11,$to_b" ip4:src=10.0.1.66,dst=10.0.1.12 $udp
check 'another source address, IPv6' forge source-ip "eth:src=$mac:11,$to_b" ip6:src=fd00:1::66,dst=fd00:1::12 $udp
check 'ARP for the address of another' forge arp-spoof "eth:src=$mac:11,dst=ff:ff:ff:ff:ff:ff" arp:op=2,sip=10.0.1.13,tip=10.0.1.12
check 'ARP with the MAC of another' forge arp-spoof "eth:src=$mac:11,dst=ff:ff:ff:ff:ff:ff" arp:op=2,sha=$mac:66,sip=10.0.1.11,tip=10.0.1.12
check 'neighbour advertisement for the address of another' forge nd-spoof "eth:src=$mac:11,dst=33:33:00:00:00:01" ip6:src=fd00:1::11,dst=ff02::1 na:target=fd00:1::13,mac=$mac:11
check 'router advertisement' forge router-advertisement "eth:src=$mac:11,dst=33:33:00:00:00:01" ip6:src=fd00:1::11,dst=ff02::1 ra
check 'DHCP server, IPv4' forge dhcp-server "eth:src=$mac:11,$to_b" ip4:src=10.0.1.11,dst=10.0.1.12 udp:sport=67,dport=68
check 'DHCP server, IPv6' forge dhcp-server "eth:src=$mac:11,$to_b" ip6:src=fd00:1::11,dst=fd00:1::12 udp:sport=547,dport=546
check 'a VLAN tag' forge vlan-tag "eth:src=$mac:11,$to_b" vlan:id=7 ip4:src=10.0.1.11,dst=10.0.1.12 $udp
check 'an unknown ethertype' forge ethertype "eth:src=$mac:11,$to_b,type=0x88b5"
check 'a header cut short' forge malformed "eth:src=$mac:11,$to_b" ip4:src=10.0.1.11,dst=10.0.1.12,vihl=0x4f
check 'a length that lies' forge malformed "eth:src=$mac:11,$to_b" ip4:src=10.0.1.11,dst=10.0.1.12,len=9000 $udp

heard() { # FROM LAYER...: how many of three frames b received
	local from=$1 out=$CLOUD_DIR/heard
	shift
	N b "$listen" 10:3 frames eth0 forged >"$out" &
	cloud_wait 3 grep -q ready "$out"
	N "$from" "$frames" -n 3 eth0 "$@" raw:hex=666f72676564
	wait $!
	tail -n 1 "$out"
}
check_equal 'what is its own passes' 3 "$(heard a "eth:src=$mac:11,$to_b" ip4:src=10.0.1.11,dst=10.0.1.12 $udp)"
check_equal 'a port without port security sends as it likes' 3 \
	"$(heard c "eth:src=$mac:13,$to_b" ip4:src=10.0.1.66,dst=10.0.1.12 $udp)"
api PUT "/v2.0/ports/$a" '{"port":{"allowed_address_pairs":[{"ip_address":"10.0.1.66"}]}}' >/dev/null
pair() { [ "$(heard a "eth:src=$mac:11,$to_b" ip4:src=10.0.1.66,dst=10.0.1.12 $udp)" = 3 ]; }
check 'an allowed address pair passes' cloud_wait 5 pair
api PUT "/v2.0/ports/$a" '{"port":{"allowed_address_pairs":[]}}' >/dev/null
sleep 0.5
check 'and no longer when it is taken away' forge source-ip "eth:src=$mac:11,$to_b" ip4:src=10.0.1.66,dst=10.0.1.12 $udp

# A tunnel packet from a machine that is no host: identity is only as good as the guest list.
vni=$(api GET "/v2.0/networks/$network" | get network provider:segmentation_id)
inner="0200000001120200000001130800450000220000400040110000" # Ethernet and the head of an IPv4 packet
inner="${inner}0a00010d0a00010c0009270f000e0000666f72676564"
vxlan=$(printf '08000000%06x00' "$vni")
before=$(agent h2 GET /v1/drops)
N b "$listen" 1 frames eth0 forged >"$CLOUD_DIR/heard" &
cloud_wait 3 grep -q ready "$CLOUD_DIR/heard"
gateway=$(N control ip neigh show 10.99.0.1 | sed 's/.*lladdr \([0-9a-f:]*\).*/\1/')
own=$(device control u0 address)
N control "$frames" -n 3 u0 "eth:src=$own,dst=$gateway" ip4:src=10.99.0.2,dst=10.99.2.2 \
	udp:sport=50000,dport=4789 "raw:hex=$vxlan$inner"
wait $!
check_equal 'a tunnel packet from a stranger is not delivered' 0 "$(tail -n 1 "$CLOUD_DIR/heard")"
check_match 'and counted' unknown-peer "$(agent h2 GET /v1/drops)"
check_no_match 'which it was not before' unknown-peer "$before"
story_told
