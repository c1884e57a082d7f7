#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Where would this packet go? Trace says it, and the packets do it; where they are dropped, the
# hosts count the reason that trace names.
#
#   h1: a 10.0.1.11 fd00:1::11 ---.             h2: b 10.0.2.12 fd00:2::12
#       c 10.0.1.13 ---------------router ------'   d 10.0.1.14 ---'
. "$(dirname "$0")/lib.sh"
story trace 2

weft() { # ARGUMENT...
	N control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret "$@"
}
# The ends of the journey, a line each: result host port-name reason.
ends() { # PORT PACKET
	weft trace "$@" -f value -c result -c host -c name -c reason | sed 's/  */ /g; s/ *$//'
}

subnet() { # NETWORK VERSION CIDR
	as red make subnet "\"network_id\":\"$1\",\"ip_version\":$2,\"cidr\":\"$3\""
}
set_port() { # PORT MEMBERS
	api PUT "/v2.0/ports/$1" "{\"port\":{$2}}"
}
one=$(as red make network '"name":"one"')
two=$(as red make network '"name":"two"')
router=$(as red make router '"name":"edge"')
for id in $(subnet "$one" 4 10.0.1.0/24) $(subnet "$one" 6 fd00:1::/64) \
	$(subnet "$two" 4 10.0.2.0/24) $(subnet "$two" 6 fd00:2::/64); do
	as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$id\"}" >/dev/null
done
a=$(place a h1 "$one" '10.0.1.11/24 fd00:1::11/64' 10.0.1.1 fd00:1::1) || exit 1
b=$(place b h2 "$two" '10.0.2.12/24 fd00:2::12/64' 10.0.2.1 fd00:2::1) || exit 1
c=$(place c h1 "$one" '10.0.1.13/24' 10.0.1.1) || exit 1
d=$(place d h2 "$one" '10.0.1.14/24' 10.0.1.1) || exit 1

check 'routed to another host: ping' reaches a 10.0.2.12
check_equal 'routed to another host: trace' 'delivered h2 b' "$(ends a 'icmp 10.0.2.12')"
text=$(weft trace a 'tcp 10.0.1.11:40000 -> 10.0.2.12:80')
check_match 'the guard tells what it allowed' "^  guard +.* may send from 10\.0\.1\.11  \[port $a\]$" "$text"
check_match 'the route has its row' '^  route +10\.0\.2\.12 by 10\.0\.2\.0/24: .*  \[route [0-9]+/10\.0\.2\.0/24\]$' "$text"
check_match 'the tunnel names the host' '^  => sent by tunnel to host h2$' "$text"
check_match 'the other host takes it up' '^host h2, from host h1, by tunnel$' "$text"
check_match 'TTL less by one router' 'ttl 63' "$(weft trace a 'icmp 10.0.2.12' -f json)"
check_equal 'the last line says it' "delivered to port b ($b) on host h2" "$(tail -n 1 <<<"$text")"
check 'IPv6: ping' reaches a fd00:2::12
check_equal 'IPv6: trace' 'delivered h2 b' "$(ends a 'icmp fd00:2::12')"
check_equal 'IPv6 with ports' 'delivered h2 b' "$(ends a 'udp [fd00:1::11]:9 -> [fd00:2::12]:53')"
check_equal 'same network, same host' 'delivered h1 c' "$(ends a 'icmp 10.0.1.13')"
check_equal 'the gateway answers' 'answered h1 a' "$(ends a 'icmp 10.0.1.1')"
check_equal 'ARP is answered on the spot' 'answered h1 a' "$(ends a 'arp 10.0.1.14')"
check_equal 'so is ND' 'answered h1 a' "$(ends a 'nd fd00:1::1')"
check_equal 'the agent has DHCP' 'agent h1' "$(ends a dhcp)"
check_equal 'a broadcast: each copy' $'delivered h1 c\ndelivered h2 d' "$(ends a 'udp 255.255.255.255:9' | sort)"
check_equal 'trace says what a raw frame does' 'dropped h1 a ethertype' \
	"$(ends a 'hex 020000000001 020000000002 1234 00000000000000000000')"

# What trace says is dropped, the host drops, and counts for the same reason.
dropped() { # WHAT REASON ADDRESS [PING OPTION...]
	local what=$1 reason=$2 address=$3
	shift 3
	check_equal "$what: trace" "$reason" "$(weft trace a "icmp $address ${TRACE_MORE:-}" -f value -c reason)"
	check "$what: counted" drops_grow h1 "$a" "$reason" unreached a "$address" "$@"
}
dropped 'no route' no-route 172.16.0.1
dropped 'nobody has the address' no-neighbour 10.0.2.99
TRACE_MORE='from 02:00:00:00:00:01' check_equal 'a stranger source MAC' source-mac \
	"$(weft trace a 'icmp 10.0.2.12 from 02:00:00:00:00:01 to 02:00:00:00:00:02' -f value -c reason)"
check_equal 'a forged source' source-ip "$(weft trace a 'icmp 10.0.1.99 -> 10.0.2.12' -f value -c reason)"

as red api PUT "/v2.0/routers/$router" '{"router":{"routes":[{"destination":"192.168.50.0/24","nexthop":"10.0.2.12"}]}}' >/dev/null
set_port "$b" '"allowed_address_pairs":[{"ip_address":"192.168.50.0/24"}]' >/dev/null
check_equal 'a static route leads there' 'delivered h2 b' "$(ends a 'icmp 192.168.50.1')"
as red api PUT "/v2.0/routers/$router" '{"router":{"routes":[]}}' >/dev/null
dropped 'the route is taken away' no-route 192.168.50.1

as red api PUT "/v2.0/routers/$router" '{"router":{"admin_state_up":false}}' >/dev/null
gone() { ! N a ping -n -c 1 -W 0.3 10.0.2.12; }
check 'the router goes down' cloud_wait 5 gone
dropped 'a router that is down' router-down 10.0.2.12
as red api PUT "/v2.0/routers/$router" '{"router":{"admin_state_up":true}}' >/dev/null

set_port "$b" '"admin_state_up":false' >/dev/null
check 'the receiver goes down' cloud_wait 5 gone
check_equal 'a receiver that is down: trace, on its host' 'dropped h2 b port-down' "$(ends a 'icmp 10.0.2.12')"
check 'and counted there' drops_grow h2 "$b" port-down unreached a 10.0.2.12
set_port "$b" '"admin_state_up":true' >/dev/null

agent h1 POST /v1/detach "{\"port\":\"$c\"}" >/dev/null
down() { [ "$(weft port show c -f value -c status)" = DOWN ]; }
check 'a detached port is not ACTIVE' cloud_wait 10 down
check_equal 'but its address is still answered for, and no host takes the packet' 'dropped h1 a unknown-unicast' \
	"$(ends a 'icmp 10.0.1.13')"
check_equal 'an address that nobody has is asked for in vain' $'dropped h1 a arp-unknown\nunsent h1' \
	"$(ends a 'icmp 10.0.1.99')"
check_match 'nor anything to send by' "^weft: port 'c': is not wired" "$(weft trace c 'icmp 10.0.1.11' 2>&1)"
check_match 'what is no packet' "^weft: port 'a': packet: " "$(weft trace a 'carrier pigeon' 2>&1)"

# Trace says what the host was told, also when nobody can hear it.
cloud_stop agent-h2
quiet() { [ "$(weft host show h2 -f value -c alive)" = false ]; }
check 'an agent ends' cloud_wait 15 quiet
check_match 'trace warns of what it cannot know' 'note +the host is not alive' "$(weft trace a 'icmp 10.0.2.12')"
check_match 'nor which connections it has' 'which connections it has is not known \(host h2: is not connected\)' \
	"$(weft trace a 'icmp 10.0.2.12')"
check_equal 'and goes on: so do packets' 'delivered h2 b' "$(ends a 'icmp 10.0.2.12')"
check 'without the agent' reaches a 10.0.2.12

refused() { ! api GET '/weft/v1/hosts/h1/rows?snapshot=1'; }
check 'a member may not read rows' as red refused
check "nor is an agent's token the administrator's" as agent refused
story_told
