#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What cannot go on is told to its sender: traceroute sees routers, path MTU discovery works, and
# what has no way, no neighbour or no listener fails at once.
#
#   h1: a 10.0.1.11 fd00:1::11 --one-- edge --two, MTU 1400-- inner --three-- d 10.0.3.14 fd00:3::14
#   h2: c 10.0.1.13 fd00:1::13 --'             `-- b 10.0.2.12 fd00:2::12 (h2)                 (h2)
. "$(dirname "$0")/lib.sh"
story icmp 2

subnet() { # NETWORK VERSION CIDR
	as red make subnet "\"network_id\":\"$1\",\"ip_version\":$2,\"cidr\":\"$3\""
}
interface() { # ROUTER MEMBERS
	as red api PUT "/v2.0/routers/$1/add_router_interface" "{$2}" >/dev/null
}
routes() { # ROUTER "DESTINATION NEXTHOP"...
	local router=$1 list='' pair
	shift
	for pair; do list="$list${list:+,}{\"destination\":\"${pair% *}\",\"nexthop\":\"${pair#* }\"}"; done
	as red api PUT "/v2.0/routers/$router" "{\"router\":{\"routes\":[$list]}}" >/dev/null
}
one=$(as red make network '"name":"one"')
two=$(as red make network '"name":"two","mtu":1400')
three=$(as red make network '"name":"three"')
edge=$(as red make router '"name":"edge"') inner=$(as red make router '"name":"inner"')
for n in 1 2; do
	[ $n = 1 ] && network=$one || network=$two
	interface "$edge" "\"subnet_id\":\"$(subnet "$network" 4 10.0.$n.0/24)\""
	interface "$edge" "\"subnet_id\":\"$(subnet "$network" 6 fd00:$n::/64)\""
done
interface "$inner" "\"subnet_id\":\"$(subnet "$three" 4 10.0.3.0/24)\""
interface "$inner" "\"subnet_id\":\"$(subnet "$three" 6 fd00:3::/64)\""
between=$(as red make port "\"network_id\":\"$two\",\"fixed_ips\":[{\"ip_address\":\"10.0.2.2\"},{\"ip_address\":\"fd00:2::2\"}]")
interface "$inner" "\"port_id\":\"$between\""
routes "$edge" '10.0.3.0/24 10.0.2.2' 'fd00:3::/64 fd00:2::2'
routes "$inner" '10.0.1.0/24 10.0.2.1' 'fd00:1::/64 fd00:2::1'

a=$(place a h1 "$one" '10.0.1.11/24 fd00:1::11/64' 10.0.1.1 fd00:1::1) || exit 1
place b h2 "$two" '10.0.2.12/24 fd00:2::12/64' 10.0.2.1 fd00:2::1 >/dev/null || exit 1
place c h2 "$one" '10.0.1.13/24 fd00:1::13/64' 10.0.1.1 fd00:1::1 >/dev/null || exit 1
place d h2 "$three" '10.0.3.14/24 fd00:3::14/64' 10.0.3.1 fd00:3::1 >/dev/null || exit 1
check 'a reaches b' reaches a 10.0.2.12
check 'a reaches b by IPv6' reaches a fd00:2::12
check 'a reaches d through two routers' reaches a 10.0.3.14
check 'a reaches d through two routers by IPv6' reaches a fd00:3::14

told() { # SOURCE PATTERN ADDRESS [OPTION...]: a ping is answered with what matches
	local source=$1 pattern=$2 address=$3 output
	shift 3
	output=$(N "$source" ping -n -c 2 -i 0.2 -W 1 "$@" "$address" 2>&1)
	grep -Eq -- "$pattern" <<<"$output" || { echo "no '$pattern' in:"; echo "$output"; return 1; }
}
check 'a TTL of 1 shows the first router' told a 'From 10\.0\.1\.1 .*Time to live exceeded' 10.0.3.14 -t 1
check 'a TTL of 2 shows the second, as it is seen from the first' \
	told a 'From 10\.0\.2\.2 .*Time to live exceeded' 10.0.3.14 -t 2
check 'a TTL of 3 gets there' reaches a 10.0.3.14 -t 3
check 'a hop limit of 1 shows the first router' told a 'From fd00:1::1 .*Time exceeded' fd00:3::14 -t 1
check 'a hop limit of 2 shows the second' told a 'From fd00:2::2 .*Time exceeded' fd00:3::14 -t 2
check 'told, and counted as dropped' drops_grow h1 "$a" ttl-exceeded told a exceeded 10.0.3.14 -t 1

check 'no route is told' told a 'From 10\.0\.1\.1 .*Destination Net Unreachable' 172.16.0.1
check 'no route is told, IPv6' told a 'From fd00:1::1 .*Destination unreachable: No route' 2001:db8::1
check 'nobody with the address is told' told a 'From 10\.0\.1\.1 .*Destination Host Unreachable' 10.0.2.99
check 'nobody with the address is told, IPv6' \
	told a 'From fd00:1::1 .*Destination unreachable: Address unreachable' fd00:2::99
refused() { # SOURCE ADDRESS PORT [u]: the other end says at once that nobody listens
	N "$1" timeout 5 /usr/bin/python3 -c '
import socket, sys
address, port, udp = sys.argv[1], int(sys.argv[2]), len(sys.argv) > 3
family = socket.AF_INET6 if ":" in address else socket.AF_INET
sock = socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
sock.settimeout(3)
try:
    sock.connect((address, port))
    sock.send(b"?")
    sock.recv(1)
except ConnectionRefusedError:
    sys.exit(0)
sys.exit("not refused")' "${@:2}"
}
check 'a router refuses TCP' refused a 10.0.1.1 22
check 'a router refuses UDP' refused a 10.0.1.1 53 u
check 'a router refuses UDP at its far address' refused a 10.0.2.1 53 u
check 'a router refuses TCP by IPv6' refused a fd00:1::1 22
check 'a router refuses UDP by IPv6' refused a fd00:1::1 53 u
check 'a workload on another host refuses UDP itself' refused a 10.0.2.12 53 u
check 'a workload on another host refuses UDP itself, IPv6' refused a fd00:2::12 53 u
forged() { # what is not the port's to say is not answered
	ip -n "$CLOUD-a" addr add 10.0.1.77/24 dev eth0
	! told a 'From' 172.16.0.1 -I 10.0.1.77
	local result=$?
	ip -n "$CLOUD-a" addr del 10.0.1.77/24 dev eth0
	return $result
}
check 'a forged source hears nothing' drops_grow h1 "$a" source-ip forged

# The kernel keeps what it was told as an exception of its route.
path_mtu() { # SOURCE ADDRESS MTU
	N "$1" ip route get "$2" | grep -q "mtu $3 " || { N "$1" ip route get "$2"; return 1; }
}
forget() {
	N a ip route flush cache
	N a ip -6 route flush cache
}
check 'the workload of the smaller network has its MTU' [ "$(device b eth0 mtu)" = 1400 ]
check 'the largest packet of the smaller network passes' reaches a 10.0.2.12 -M do -s 1372
check 'one byte more: fragmentation needed' \
	told a 'From 10\.0\.1\.1 .*Frag needed and DF set \(mtu = 1400\)' 10.0.2.12 -M do -s 1373
check 'the sender knows the path now' path_mtu a 10.0.2.12 1400
check 'and keeps to it' told a 'message too long, mtu=1400' 10.0.2.12 -M do -s 1373
check 'one byte more of IPv6: packet too big' \
	told a 'From fd00:1::1 .*Packet too big: mtu=1400' fd00:2::12 -M do -s 1353
check 'the sender knows the IPv6 path now' path_mtu a fd00:2::12 1400
forget
check 'without "do not fragment" the sender learns to fragment' reaches a 10.0.2.12 -M dont -s 1400
check 'so it does with large datagrams' reaches a 10.0.2.12 -s 4000
check 'so it does with IPv6' reaches a fd00:2::12 -s 4000

# TCP that was promised larger segments than the path carries: super-packets, told by segment size.
forget
N b ip route replace default via 10.0.2.1 advmss 1410
N b ip -6 route replace default via fd00:2::1 advmss 1390
stream=$(dirname "$0")/stream.py
carries() { # FROM TO ADDRESS
	local file=$CLOUD_DIR/payload
	head -c 8388608 /dev/urandom >"$file"
	N "$2" timeout 20 "$stream" take 5000 >"$file.received" &
	cloud_wait 2 listening "$2" 5000
	N "$1" timeout 20 "$stream" give "$3" 5000 <"$file"
	wait $!
	cmp "$file" "$file.received"
}
promised() { # ADDRESS of c, in the same network, which lets on to take segments of 1460 bytes
	ip -n "$CLOUD-c" route replace 10.0.1.0/24 dev eth0 src 10.0.1.13 advmss 1460
	carries a c "$1"
}
check 'TCP adapts to the path' drops_grow h1 "$a" too-big carries a b 10.0.2.12
check 'by what it was told' path_mtu a 10.0.2.12 1400
check 'TCP adapts to the path, IPv6' drops_grow h1 "$a" too-big carries a b fd00:2::12
check 'by what it was told, IPv6' path_mtu a fd00:2::12 1400

# Inside one network nobody but the destination can say it. A veth takes four bytes more than its MTU.
ip -n "$CLOUD-a" link set eth0 mtu 1500
check 'too big for the network: the destination says so' \
	told a 'From 10\.0\.1\.13 .*Frag needed and DF set \(mtu = 1450\)' 10.0.1.13 -M do -s 1423
check 'too big for the network: the destination says so, IPv6' \
	told a 'From fd00:1::13 .*Packet too big: mtu=1450' fd00:1::13 -M do -s 1403
forget
check 'TCP adapts to the network' drops_grow h1 "$a" too-big promised 10.0.1.13
story_told
