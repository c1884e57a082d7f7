#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Odd packets of real tools: what is large arrives whole, what is wrong is dropped, and `weft drops`
# has its name. The underlay is jumbo.
#
#   h1: a 10.0.1.11 fd00:1::11 --one, MTU 1450-- r --two-- d 10.0.2.14 (h2)
#       c 10.0.1.13 (unguarded)      |
#       e 10.0.3.11 --.              b 10.0.1.12 fd00:1::12 (h2)
#                     big, MTU 8950 -- f 10.0.3.12 (h2)
. "$(dirname "$0")/lib.sh"
STORY_MTU=9000
story odd 2

mac=02:00:00:00:01
subnet() { # NETWORK VERSION CIDR
	as red make subnet "\"network_id\":\"$1\",\"ip_version\":$2,\"cidr\":\"$3\""
}
one=$(as red make network '"name":"one","mtu":1450') two=$(as red make network '"name":"two","mtu":1450')
big=$(as red make network '"name":"big"')
router=$(as red make router '"name":"r"')
inside=$(subnet "$one" 4 10.0.1.0/24) outside=$(subnet "$two" 4 10.0.2.0/24)
subnet "$one" 6 fd00:1::/64 >/dev/null
subnet "$big" 4 10.0.3.0/24 >/dev/null
for id in "$inside" "$outside"; do
	as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$id\"}" >/dev/null
done
settle() { # NAME HOST LAST [MEMBERS]: a workload of network one
	local port
	port=$(make_port "$one" "$2" "10.0.1.$3 fd00:1::$3" "\"name\":\"$1\",\"mac_address\":\"$mac:$3\"${4:+,$4}") &&
		workload "$1" && attach "$2" "$port" "$1" && addresses "$1" "10.0.1.$3/24 fd00:1::$3/64" 10.0.1.1 &&
		cloud_wait 10 port_active "$port" || failed "$1 becomes ACTIVE"
}
settle a h1 11
settle b h2 12
settle c h1 13 '"port_security_enabled":false'
place d h2 "$two" 10.0.2.14/24 10.0.2.1 >/dev/null || exit 1
place e h1 "$big" 10.0.3.11/24 >/dev/null || exit 1
place f h2 "$big" 10.0.3.12/24 >/dev/null || exit 1
check 'a reaches b' reaches a 10.0.1.12
check 'a reaches b by IPv6' reaches a fd00:1::12
check 'a reaches d by the router' reaches a 10.0.2.14
gateway=$(N a ip neigh show 10.0.1.1 | sed 's/.*lladdr \([0-9a-f:]*\).*/\1/')

# ------------------------------------------------------------------ large

# Three pings of SIZE, all answered.
pings() { # SOURCE ADDRESS SIZE [OPTION...]
	local source=$1 address=$2 size=$3 output
	shift 3
	output=$(N "$source" ping -n -c 3 -i 0.2 -W 3 -s "$size" "$@" "$address" 2>&1)
	grep -q ' 3 received' <<<"$output" || { echo "$output"; return 1; }
}
check 'pings of 60 KB in pieces' pings a 10.0.1.12 61440
check 'pings of 60 KB in pieces, IPv6' pings a fd00:1::12 61440
check 'pings of 60 KB in pieces, routed' pings a 10.0.2.14 61440
check 'pings of 60 KB in jumbo pieces' pings e 10.0.3.12 61440
check 'the largest ping that IPv4 has' pings a 10.0.1.12 65507
check 'a jumbo packet of exactly the MTU' pings e 10.0.3.12 8922 -M do
check_not 'and not of one byte more' pings e 10.0.3.12 8923 -M do
check_match 'the network of 8950 has that MTU' 8950 "$(api GET "/v2.0/networks/$big" | get network mtu)"

# TCP of super-packets: what arrives is what was sent.
transfer() { # SOURCE SINK ADDRESS BYTES
	local sum
	N "$2" timeout 20 /usr/bin/python3 -c '
import hashlib, socket
server = socket.create_server(("", 7000))
print("ready", flush=True)
sock, h = server.accept()[0], hashlib.md5()
while piece := sock.recv(1 << 18):
    h.update(piece)
print(h.hexdigest())' >"$CLOUD_DIR/sum" &
	cloud_wait 5 grep -q ready "$CLOUD_DIR/sum"
	sum=$(N "$1" timeout 20 /usr/bin/python3 -c '
import hashlib, random, socket, sys
data = random.Random(1).randbytes(int(sys.argv[2]))
sock = socket.create_connection((sys.argv[1], 7000))
sock.sendall(data)
print(hashlib.md5(data).hexdigest())' "$3" "$4")
	wait $!
	[ -n "$sum" ] && [ "$(tail -n 1 "$CLOUD_DIR/sum")" = "$sum" ] || { echo "sent $sum"; cat "$CLOUD_DIR/sum"; return 1; }
}
check 'super-packets of TCP across the tunnel' transfer a b 10.0.1.12 20000000
check 'super-packets of jumbo segments' transfer e f 10.0.3.12 20000000
check 'super-packets through the router' transfer a d 10.0.2.14 20000000

# ------------------------------------------------------- fragments, reversed

odd=$(dirname "$0")/odd.py
# The last fragment first: b is handed the datagram all the same, whole.
reversed() { # SOURCE TARGET
	local out=$CLOUD_DIR/whole
	N b timeout 10 /usr/bin/python3 -c '
import socket, sys
sock = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 9999))
print("ready", flush=True)
print(sock.recv(9000) == bytes(range(256)) * 16)' "$2" >"$out" &
	cloud_wait 5 grep -q ready "$out"
	[ "$(N a "$odd" pieces eth0 $mac:12 "$1" "$2")" -ge 3 ] || return
	wait $!
	grep -q True "$out" || { cat "$out"; return 1; }
}
check 'fragments out of order' reversed 10.0.1.11 10.0.1.12
check 'fragments out of order, IPv6' reversed fd00:1::11 fd00:1::12

# -------------------------------------------------------------------- named

dropped() { # PORT REASON: as the command line has it
	N h1 "$CLOUD_BIN/cli/weft" --url "$(cloud_url)" --token admin-secret --agent "$CLOUD_RUN/h1/agent.sock" \
		drops -f value -c name -c reason -c packets | awk -v n="$1" -v r="$2" '$1 == n && $2 == r { print $3; f = 1 }
		END { if (!f) print 0 }'
}
# COMMAND makes `weft drops` of PORT grow by three of REASON.
named() { # PORT REASON COMMAND...
	local port=$1 reason=$2 before after
	shift 2
	before=$(dropped "$port" "$reason")
	"$@" >"$CLOUD_DIR/tool" 2>&1
	after=$(dropped "$port" "$reason")
	[ "$((after - before))" -ge 3 ] || { echo "$port $reason: $before, then $after"; cat "$CLOUD_DIR/tool"; return 1; }
}
from_a() { # CASE [MAC]
	N a "$odd" "$1" eth0 "${2:-$mac:12}" 10.0.1.11 "${3:-10.0.1.12}"
}
from_a6() { # CASE
	N a "$odd" "$1" eth0 $mac:12 fd00:1::11 fd00:1::12
}
check 'scapy: a double tag' named a vlan-tag from_a qinq
check 'scapy: LLC' named a ethertype from_a llc
check 'scapy: a fragment over the TCP header' named a fragment from_a overlap
check 'scapy: an IPv6 fragment over the transport header' named a fragment from_a6 overlap6
check 'scapy: a datagram of more than 64 KB' named a fragment from_a long
check 'scapy: source routing' named a ip-options from_a source-route
check 'scapy: routing header type 0' named a extension-headers from_a6 routing-0
check 'scapy: seven extension headers' named a extension-headers from_a6 many-headers
check 'scapy: a jumbogram' named a malformed from_a6 jumbogram
check 'scapy: cut in the UDP header' named a malformed from_a cut
check 'scapy: neighbour discovery in an atomic fragment' named a nd-spoof from_a6 atomic-nd
check 'scapy: a ping of the router with a wrong header checksum' named a malformed from_a wrong-sum "$gateway" 10.0.1.1
check 'hping3: SYNs cut into tiny fragments' named a fragment N a hping3 -q -S -f -p 80 -c 3 -i u50000 10.0.1.12
check 'hping3: the land attack' named a source-ip N a hping3 -q -S -a 10.0.1.12 -s 80 -k -p 80 -c 3 -i u50000 10.0.1.12
check 'scapy: a martian for the router' \
	named c martian N c "$odd" plain eth0 "$gateway" 127.0.0.1 10.0.2.14
check 'hping3: somebody else' named a source-ip N a hping3 -q --udp -a 192.0.2.7 -p 9 -c 3 -i u50000 10.0.1.12
check 'nping: loose source route' \
	named a ip-options N a nping --send-ip --icmp -c 3 --delay 50ms --ip-options 'L 10.0.1.12' 10.0.1.12
check 'nping: TTL 1 through the router' named a ttl-exceeded N a nping --send-ip --udp --ttl 1 -c 3 --delay 50ms 10.0.2.14

# ------------------------------------------------------ odd, and in order

check 'ping with record route' pings a 10.0.1.12 56 -R
check 'ping with timestamps' pings a 10.0.1.12 56 -T tsonly
check 'ping with record route through the router' pings a 10.0.2.14 56 -R
heard() { # CASE: how many of three frames b received
	local out=$CLOUD_DIR/heard
	N b "$(dirname "$0")/listen.py" 2 frames eth0 odd >"$out" &
	cloud_wait 3 grep -q ready "$out"
	from_a "$1"
	wait $!
	[ "$(tail -n 1 "$out")" = 3 ] || { cat "$out"; return 1; }
}
check 'UDP without a checksum arrives' heard no-checksum
# The kernel counts a wrong header sum where it finds it: at the receiver.
wrong_sums() {
	N b nstat -asz IpExtInCsumErrors IpInHdrErrors | awk '/^Ip/ { sum += $2 } END { print sum }'
}
left_to_receiver() {
	local before after
	before=$(wrong_sums)
	from_a wrong-sum
	sleep 0.3
	after=$(wrong_sums)
	[ "$((after - before))" -ge 3 ] || { echo "$before, then $after"; return 1; }
}
check 'a wrong header checksum is found by the receiver' left_to_receiver
check 'an atomic fragment is answered like any other ping' N a timeout 15 /usr/bin/python3 -c '
import sys
from scapy.all import *
conf.verb = 0
eth = Ether(src=get_if_hwaddr("eth0"), dst=sys.argv[1])
ping = eth / IPv6(src="fd00:1::11", dst="fd00:1::12") / IPv6ExtHdrFragment(id=7) / ICMPv6EchoRequest(id=5, seq=1)
sys.exit(srp1(ping, iface="eth0", timeout=5) is None)' $mac:12
check 'after all of it a reaches b' reaches a 10.0.1.12
story_told
