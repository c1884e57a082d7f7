#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The hosts' tunnel addresses are IPv6. First the underlay has jumbo frames, then it is made an
# ordinary one under networks that were made for more: what is too big is told so.
#
#   h1 fd99:1::2: a 10.0.1.11 fd00:1::11, big, MTU 8930    s 10.0.2.11 fd00:2::11, small, MTU 1400
#   h2 fd99:2::2: b 10.0.1.12 fd00:1::12, big              d 10.0.3.12 fd00:3::12, deep, MTU 1430
#   g (h2) forwards what a sends to e (h1), 10.9.0.1
#   router: big, small and deep
. "$(dirname "$0")/lib.sh"
CLOUD_UNDERLAY=6 STORY_MTU=9000
story underlay6 2

check_equal 'the hosts have IPv6 addresses' 'fd99:1::2 fd99:2::2' \
	"$(for n in 0 1; do api GET '/v2.0/hosts?sort_key=name&sort_dir=asc' | get hosts $n tunnel_ip; done | paste -sd' ')"
network() { # NAME NUMBER [MEMBERS]
	local id
	id=$(as red make network "\"name\":\"$1\"${3:+,$3}") || return
	for version in "4 10.0.$2.0/24" "6 fd00:$2::/64"; do
		as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$(as red make subnet \
			"\"network_id\":\"$id\",\"ip_version\":${version% *},\"cidr\":\"${version#* }\"")\"}" >/dev/null
	done
	echo "$id"
}
router=$(as red make router '"name":"r"')
big=$(network big 1) small=$(network small 2 '"mtu":1400') deep=$(network deep 3 '"mtu":1430')
check_equal 'a network has the MTU that the tunnel leaves' 8930 "$(api GET "/v2.0/networks/$big" | get network mtu)"
too_big() {
	! as red make network '"name":"toobig","mtu":8931' >/dev/null 2>&1
}
check 'and not one byte more' too_big

a=$(place a h1 "$big" '10.0.1.11/24 fd00:1::11/64' 10.0.1.1 fd00:1::1) || exit 1
place b h2 "$big" '10.0.1.12/24 fd00:1::12/64' 10.0.1.1 fd00:1::1 >/dev/null || exit 1
place s h1 "$small" '10.0.2.11/24 fd00:2::11/64' 10.0.2.1 fd00:2::1 >/dev/null || exit 1
place d h2 "$deep" '10.0.3.12/24 fd00:3::12/64' 10.0.3.1 fd00:3::1 >/dev/null || exit 1

for to in 10.0.1.12 fd00:1::12; do
	check "a reaches b ($to)" reaches a "$to"
	header=$([[ $to = *:* ]] && echo 48 || echo 28)
	check "with the largest packet ($to)" reaches a "$to" -M do -s $((8930 - header))
done
check 'b reaches a' reaches b fd00:1::11
check 'routed, to another host and MTU' reaches s fd00:3::12 -M do -s $((1400 - 48))
check 'routed, IPv4' reaches s 10.0.3.12 -M do -s $((1400 - 28))
check 'the tunnel is IPv6' eval "N h1 timeout 5 tcpdump -c 1 -n -i u0 'ip6 and udp port 4789' 2>/dev/null | grep -q . & sleep 0.5; reaches a fd00:1::12; wait \$!"

stream=$(dirname "$0")/stream.py
head -c 20000000 /dev/urandom >"$CLOUD_DIR/random"
# All bytes arrive, and the sender's device saw packets far larger than the wire's.
transfer() { # FROM TO ADDRESS BYTES-A-PACKET
	local packets bytes
	packets=$(device "$1" eth0 stats64 tx packets) bytes=$(device "$1" eth0 stats64 tx bytes)
	N "$2" timeout 20 "$stream" take 5000 >"$CLOUD_DIR/received" & local taker=$!
	cloud_wait 5 listening "$2" 5000
	N "$1" timeout 20 "$stream" give "$3" 5000 <"$CLOUD_DIR/random"
	wait $taker
	cmp "$CLOUD_DIR/random" "$CLOUD_DIR/received" || return
	packets=$(($(device "$1" eth0 stats64 tx packets) - packets))
	bytes=$(($(device "$1" eth0 stats64 tx bytes) - bytes))
	echo "$packets packets, $bytes bytes"
	[ $((bytes / packets)) -gt "$4" ]
}
check 'TCP in big segments, IPv4, jumbo underlay' transfer a b 10.0.1.12 12000
check 'TCP in big segments, IPv6, jumbo underlay' transfer a b fd00:1::12 12000
check 'TCP routed to another MTU' transfer s d fd00:3::12 3000

# What a workload forwards came out of one tunnel and goes into another.
g=$(place g h2 "$big" '10.0.1.14/24') && e=$(place e h1 "$big" '10.0.1.15/24') || exit 1
api PUT "/v2.0/ports/$g" '{"port":{"port_security_enabled":false,"security_groups":[]}}' >/dev/null
let_in "$e" || exit 1 # g is in no group
api PUT "/v2.0/ports/$e" '{"port":{"allowed_address_pairs":[{"ip_address":"10.9.0.1"}]}}' >/dev/null
N g sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
ip -n "$CLOUD-e" addr add 10.9.0.1/32 dev lo
ip -n "$CLOUD-a" route add 10.9.0.1 via 10.0.1.14
ip -n "$CLOUD-g" route add 10.9.0.1 via 10.0.1.15
ip -n "$CLOUD-e" route add 10.0.1.11 via 10.0.1.14
check 'a workload forwards out of a tunnel into one' reaches a 10.9.0.1 -t 2
check 'TCP, too' transfer a e 10.9.0.1 1500

# The underlay is an ordinary one from here on.
for n in 1 2; do
	ip -n "$CLOUD-r" link set "h$n" mtu 1500
	ip -n "$CLOUD-h$n" link set u0 mtu 1500
done
told() { # SOURCE PATTERN ADDRESS [OPTION...]: a ping is answered with what matches
	local source=$1 pattern=$2 address=$3 output
	shift 3
	output=$(N "$source" ping -n -c 2 -i 0.2 -W 1 "$@" "$address" 2>&1)
	grep -Eqi -- "$pattern" <<<"$output" || { echo "no '$pattern' in:"; echo "$output"; return 1; }
}
check 'what is too big is told what would fit, IPv4' cloud_wait 5 told a 'mtu *= *1430' 10.0.1.12 -M do -s 3000
check 'what is too big is told what would fit, IPv6' cloud_wait 5 told a 'mtu *[=:] *1430' fd00:1::12 -M do -s 3000
check 'that passes' reaches a 10.0.1.12 -M do -s $((1430 - 28))
check 'and with IPv6' reaches a fd00:1::12 -M do -s $((1430 - 48))
check 'both were counted as dropped' [ "$(drops h1 "$a" too-big)" -ge 2 ]
check 'TCP finds its size, IPv4' transfer a b 10.0.1.12 1500
check 'TCP finds its size, IPv6' transfer a b fd00:1::12 1500
check 'and back, IPv6' transfer b a fd00:1::11 1500
check 'a network of the right size is as it was' reaches s fd00:3::12 -M do -s $((1400 - 48))

# An agent started anew carries on; so does one whose maps are gone.
ping_begin a fd00:1::12 -i 0.05
cloud_stop agent-h1 KILL
cloud_agent 1
sleep 0.5
ping_end
check_match 'a restarted agent disturbs no ping' ' 0% packet loss' "$(cat "$CLOUD_DIR/ping")"
story_told
