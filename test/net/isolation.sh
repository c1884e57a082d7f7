#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two tenants with equal addresses and equal MACs, on the same hosts, each with its own router.
#
#   red:  h1: ra 10.0.1.11     h2: rb 10.0.1.12, rc 10.0.2.13     (router between)
#   blue: h1: ba 10.0.1.11     h2: bb 10.0.1.12, bc 10.0.2.13     h1: bd 10.0.1.50 (blue alone)
. "$(dirname "$0")/lib.sh"
story isolation 2

tenant() { # NAME LETTER
	local t=$1 l=$2 n1 n2 s1 s2 router mac=02:00:00:00:01
	n1=$(as "$t" make network '"name":"front"') n2=$(as "$t" make network '"name":"back"')
	s1=$(as "$t" make subnet "\"network_id\":\"$n1\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"")
	s2=$(as "$t" make subnet "\"network_id\":\"$n2\",\"ip_version\":4,\"cidr\":\"10.0.2.0/24\"")
	router=$(as "$t" make router '"name":"r"')
	as "$t" api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$s1\"}" >/dev/null
	as "$t" api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$s2\"}" >/dev/null
	settle "${l}a" h1 "$n1" 10.0.1.11 $mac:11 10.0.1.1
	settle "${l}b" h2 "$n1" 10.0.1.12 $mac:12 10.0.1.1
	settle "${l}c" h2 "$n2" 10.0.2.13 $mac:13 10.0.2.1
	[ "$1" = red ] || settle "${l}d" h1 "$n1" 10.0.1.50 $mac:50 10.0.1.1
	network=$n1
}
settle() { # NAME HOST NETWORK ADDRESS MAC GATEWAY
	local port
	port=$(make_port "$3" "$2" "$4" "\"mac_address\":\"$5\"") && workload "$1" &&
		attach "$2" "$port" "$1" && addresses "$1" "$4/24" "$6"
	cloud_wait 10 port_active "$port" || failed "$1 becomes ACTIVE"
	eval "$1=$port"
}
serve() { # WORKLOAD NAME
	mkdir -p "$CLOUD_DIR/$1"
	echo "$2" >"$CLOUD_DIR/$1/index.html"
	cloud_start "httpd-$1" "$1" busybox httpd -f -p 80 -h "$CLOUD_DIR/$1"
}
ask() { # WORKLOAD ADDRESS
	N "$1" curl -s --connect-timeout 3 --retry 5 --retry-connrefused "http://$2/"
}

tenant red r
red=$network
tenant blue b
blue=$network
for letter in r b; do
	for n in b c; do serve $letter$n "$letter$n"; done
done

check_equal 'red reaches red, same network' rb "$(ask ra 10.0.1.12)"
check_equal 'blue reaches blue, same network' bb "$(ask ba 10.0.1.12)"
check_equal 'red reaches red, routed' rc "$(ask ra 10.0.2.13)"
check_equal 'blue reaches blue, routed' bc "$(ask ba 10.0.2.13)"
same() { # COMMAND... prints NAME twenty times, both tenants in turn
	local n
	for n in $(seq 10); do
		[ "$(ask ra 10.0.1.12)$(ask ba 10.0.1.12)$(ask ra 10.0.2.13)$(ask ba 10.0.2.13)" = rbbbrcbc ] || return 1
	done
}
check 'forty connections in turn, none goes astray' same
check 'blue reaches an address that only blue has' reaches ba 10.0.1.50
check 'red does not, and the drop is counted' drops_grow h1 "$ra" arp-unknown unreached ra 10.0.1.50
# Even with the right MAC in hand: the VNI is in every key.
ip -n "$CLOUD-ra" neigh replace 10.0.1.50 lladdr 02:00:00:00:01:50 dev eth0 nud permanent
check 'nor with its MAC known' drops_grow h1 "$ra" unknown-unicast unreached ra 10.0.1.50
check 'red does not reach it through its router' unreached rc 10.0.1.50

check 'red sees its network' as red api GET /v2.0/networks/$red
check_not 'red does not see the network of blue' as red api GET /v2.0/networks/$blue
as red api DELETE "/v2.0/networks/$blue" >/dev/null
check 'nor can it delete it' api GET "/v2.0/networks/$blue"
check_not 'a wrong token is refused' as wrong api GET /v2.0/networks
story_told
