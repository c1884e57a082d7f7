#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One router, four networks whose subnets are of two address scopes and of none: it routes inside a
# scope, and nothing between them.
#
#   h1: a 10.1.0.11 (scope one)   h2: b 10.2.0.12 (scope one)   h2: c 10.3.0.13 (scope two)
#   h1: d 10.4.0.14 (no scope)
. "$(dirname "$0")/lib.sh"
story scopes 2

scope() { # NAME: prints its id
	api POST /v2.0/address-scopes "{\"address_scope\":{\"name\":\"$1\",\"ip_version\":4}}" | get address_scope id
}
join() { # NETWORK-NAME SUBNET-BODY: a network with a leg of the router; its id is in $NAME
	local id subnet
	id=$(make network "\"name\":\"$1\"") && subnet=$(make subnet "\"network_id\":\"$id\",\"ip_version\":4,$2") &&
		api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$subnet\"}" >/dev/null
	eval "$1=$id"
}
pool() { # PREFIX SCOPE: prints its id
	make subnetpool "\"name\":\"p\",\"prefixes\":[\"$1\"],\"default_prefixlen\":24,\"address_scope_id\":\"$2\""
}
move() { # SCOPE-JSON: the pool of c's network
	api PUT "/v2.0/subnetpools/$p3" "{\"subnetpool\":{\"address_scope_id\":$1}}" >/dev/null
}
closes() { cloud_wait 5 unreached "$@"; }

one=$(scope one) two=$(scope two) router=$(make router '"name":"r"')
p1=$(pool 10.1.0.0/16 "$one") p2=$(pool 10.2.0.0/16 "$one") p3=$(pool 10.3.0.0/16 "$two")
join n1 "\"subnetpool_id\":\"$p1\""
join n2 "\"subnetpool_id\":\"$p2\""
join n3 "\"subnetpool_id\":\"$p3\""
join n4 '"cidr":"10.4.0.0/24"'
a=$(place a h1 "$n1" 10.1.0.11/24 10.1.0.1)
b=$(place b h2 "$n2" 10.2.0.12/24 10.2.0.1)
c=$(place c h2 "$n3" 10.3.0.13/24 10.3.0.1)
d=$(place d h1 "$n4" 10.4.0.14/24 10.4.0.1)
[ -n "$a" ] && [ -n "$b" ] && [ -n "$c" ] && [ -n "$d" ] || exit 1

check 'each reaches its gateway' reaches a 10.1.0.1
check 'in each scope' reaches c 10.3.0.1
check 'inside a scope it is routed' reaches a 10.2.0.12
check 'back, too' reaches b 10.1.0.11
check 'to another scope there is no route' drops_grow h1 "$a" no-route unreached a 10.3.0.13
check 'nor from it' drops_grow h2 "$c" no-route unreached c 10.1.0.11
check 'nor from a scope to none' drops_grow h2 "$b" no-route unreached b 10.4.0.14
check 'nor back' drops_grow h1 "$d" no-route unreached d 10.2.0.12
move "\"$one\""
check 'a pool that moves into the scope takes its networks along' reaches a 10.3.0.13
check 'from there, too' reaches c 10.2.0.12
check 'and is still no way to those without' unreached c 10.4.0.14
move null
check 'out of it, they are among those without' reaches c 10.4.0.14
check 'and the scope is closed to them' closes a 10.3.0.13
check 'which goes on inside' reaches a 10.2.0.12
cloud_stop weftd KILL
cloud_weftd --mtu 1500
check 'a restart changes nothing' reaches a 10.2.0.12
check 'nor opens anything' unreached d 10.1.0.11
story_told
