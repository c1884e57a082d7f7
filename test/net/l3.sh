#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A router between two networks, there on every host: neighbours, static routes, its own addresses.
#
#   h1: a 10.0.1.11 fd00:1::11 ---.             h2: b 10.0.2.12 fd00:2::12
#       c 10.0.2.13 fd00:2::13 ----router ------'   (b also owns 192.168.50.1, by a static route)
. "$(dirname "$0")/lib.sh"
story l3 2

subnet() { # NETWORK VERSION CIDR
	as red make subnet "\"network_id\":\"$1\",\"ip_version\":$2,\"cidr\":\"$3\""
}
interface() { # add|remove SUBNET
	as red api PUT "/v2.0/routers/$router/$1_router_interface" "{\"subnet_id\":\"$2\"}"
}
set_router() { # MEMBERS
	as red api PUT "/v2.0/routers/$router" "{\"router\":{$1}}"
}
one=$(as red make network '"name":"one"')
two=$(as red make network '"name":"two"')
one4=$(subnet "$one" 4 10.0.1.0/24) one6=$(subnet "$one" 6 fd00:1::/64)
two4=$(subnet "$two" 4 10.0.2.0/24) two6=$(subnet "$two" 6 fd00:2::/64)
router=$(as red make router '"name":"edge"')
for id in $one4 $one6 $two4 $two6; do interface add "$id" >/dev/null; done

a=$(place a h1 "$one" '10.0.1.11/24 fd00:1::11/64' 10.0.1.1 fd00:1::1) || exit 1
b=$(place b h2 "$two" '10.0.2.12/24 fd00:2::12/64' 10.0.2.1 fd00:2::1) || exit 1
c=$(place c h1 "$two" '10.0.2.13/24 fd00:2::13/64' 10.0.2.1 fd00:2::1) || exit 1

check 'routed to another host, IPv4' reaches a 10.0.2.12
check 'routed to another host, IPv6' reaches a fd00:2::12
check 'routed on the same host, IPv4' reaches a 10.0.2.13
check 'routed on the same host, IPv6' reaches a fd00:2::13
check 'the other way, IPv4' reaches b 10.0.1.11
check 'the other way, IPv6' reaches b fd00:1::11
check 'the gateway answers ping, IPv4' reaches a 10.0.1.1
check 'the gateway answers ping, IPv6' reaches a fd00:1::1
check "the router's far address answers ping, IPv4" reaches a 10.0.2.1
check "the router's far address answers ping, IPv6" reaches a fd00:2::1
check 'the largest packet passes' reaches a 10.0.2.12 -M do -s 1422
check 'fragments pass' reaches a 10.0.2.12 -s 6000

check_match 'one router takes one from the TTL' 'ttl=63' "$(N a ping -n -c 1 -W 1 10.0.2.12)"
check_match 'one router takes one from the hop limit' 'ttl=63' "$(N a ping -n -c 1 -W 1 fd00:2::12)"
check 'a TTL that runs out is counted' drops_grow h1 "$a" ttl-exceeded unreached a 10.0.2.12 -t 1
check 'no route: dropped and counted' drops_grow h1 "$a" no-route unreached a 172.16.0.1
check 'nobody has the address: dropped and counted' drops_grow h1 "$a" no-neighbour unreached a 10.0.2.99

api PUT "/v2.0/ports/$b" '{"port":{"allowed_address_pairs":[{"ip_address":"192.168.50.0/24"}]}}' >/dev/null
ip -n "$CLOUD-b" addr add 192.168.50.1/32 dev lo
check 'without the static route nobody answers' unreached a 192.168.50.1
set_router '"routes":[{"destination":"192.168.50.0/24","nexthop":"10.0.2.12"}]' >/dev/null
check 'a static route leads to another host' reaches a 192.168.50.1
check 'and to it from the same network' reaches c 192.168.50.1
set_router '"routes":[]' >/dev/null
gone() { ! N a ping -n -c 1 -W 0.3 192.168.50.1; }
check 'the static route is taken away' cloud_wait 5 gone

# An established flow must not outlive what allowed it.
N a ping -n -i 0.05 -q 10.0.2.12 >/dev/null & flow=$!
interface remove "$two4" >/dev/null
stopped() { ! N a ping -n -c 1 -W 0.3 10.0.2.12; }
check 'an interface taken away stops an established flow' cloud_wait 5 stopped
check 'IPv6 goes on beside it' reaches a fd00:2::12
interface add "$two4" >/dev/null
# The gateway has a new MAC, and a workload keeps the old one as long as its kernel likes.
for name in b c; do ip -n "$CLOUD-$name" neigh flush dev eth0; done
check 'and given back lets it pass' reaches a 10.0.2.12
set_router '"admin_state_up":false' >/dev/null
check 'a router that is down passes nothing' cloud_wait 5 stopped
set_router '"admin_state_up":true' >/dev/null
check 'and up again passes' reaches a 10.0.2.12
kill $flow

api PUT "/v2.0/ports/$b" '{"port":{"admin_state_up":false}}' >/dev/null
check 'a port that is down receives nothing' cloud_wait 5 stopped
api PUT "/v2.0/ports/$b" '{"port":{"admin_state_up":true}}' >/dev/null
check 'a port that is up again receives' reaches a 10.0.2.12
story_told
