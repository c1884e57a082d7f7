#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Broadcast and multicast reach every port of their network once, no other, and not the sender.
#
#   h1: a (sends) b     h2: c d     h3: e     all of network red
#   h3: x                                     of another network on the same router
. "$(dirname "$0")/lib.sh"
story broadcast 3

red=$(as red make network '"name":"red"')
other=$(as red make network '"name":"other"')
for v in "$red 4 10.0.1.0/24" "$red 6 fd00:1::/64" "$other 4 10.0.2.0/24" "$other 6 fd00:2::/64"; do
	read -r network version cidr <<<"$v"
	as red make subnet "\"network_id\":\"$network\",\"ip_version\":$version,\"cidr\":\"$cidr\"" >/dev/null
done
place a h1 "$red" '10.0.1.11/24 fd00:1::11/64' >/dev/null || exit 1
place b h1 "$red" '10.0.1.12/24 fd00:1::12/64' >/dev/null || exit 1
place c h2 "$red" '10.0.1.13/24 fd00:1::13/64' >/dev/null || exit 1
place d h2 "$red" '10.0.1.14/24 fd00:1::14/64' >/dev/null || exit 1
place e h3 "$red" '10.0.1.15/24 fd00:1::15/64' >/dev/null || exit 1
place x h3 "$other" '10.0.2.16/24 fd00:2::16/64' >/dev/null || exit 1
check 'the network works' reaches a 10.0.1.15

listen=$(dirname "$0")/listen.py
hear() { # ADDRESS: sends five datagrams from a, then sets $heard for everyone
	local name
	local -A pids
	for name in a b c d e x; do
		(cloud_exec $name "$listen" 30:5 udp 7777 239.1.2.3 ff02::1234) >"$CLOUD_DIR/heard-$name" &
		pids[$name]=$!
	done
	for name in a b c d e x; do cloud_wait 20 grep -q ready "$CLOUD_DIR/heard-$name"; done
	N a /usr/bin/python3 - "$1" <<-'END'
		import socket, sys
		family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
		sock = socket.socket(family, socket.SOCK_DGRAM)
		sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
		sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
		for flag, level in ((socket.IP_MULTICAST_LOOP, socket.IPPROTO_IP), (socket.IPV6_MULTICAST_LOOP, socket.IPPROTO_IPV6)):
		    if (family == socket.AF_INET6) == (level == socket.IPPROTO_IPV6):
		        sock.setsockopt(level, flag, 0)
		for n in range(5):
		    sock.sendto(b"hello", (sys.argv[1], 7777))
	END
	# Those are to hear it, however long it takes; who has not when they have hears nothing.
	wait "${pids[b]}" "${pids[c]}" "${pids[d]}" "${pids[e]}"
	kill "${pids[a]}" "${pids[x]}" 2>/dev/null
	wait "${pids[a]}" "${pids[x]}"
	heard=$(for name in a b c d e x; do printf '%s=%s ' $name "$(tail -n 1 "$CLOUD_DIR/heard-$name")"; done)
}
# A sender's own kernel gives it its broadcasts, once; multicasts only when asked to.
wanted='a=5 b=5 c=5 d=5 e=5 x=0 '
hear 255.255.255.255
check_equal 'limited broadcast' "$wanted" "$heard"
hear 10.0.1.255
check_equal 'broadcast of the subnet' "$wanted" "$heard"
wanted='a=0 b=5 c=5 d=5 e=5 x=0 '
hear 239.1.2.3
check_equal 'multicast, IPv4' "$wanted" "$heard"
hear ff02::1234
check_equal 'multicast, IPv6' "$wanted" "$heard"

# The last port of a host gone, the host is no longer copied to.
port=$(api GET '/v2.0/ports?name=e' | get ports 0 id)
api DELETE "/v2.0/ports/$port" >/dev/null
sleep 0.5
before=$(device h3 u0 stats64 rx bytes)
N a ping -n -b -c 20 -i 0.01 -s 1400 -W 0.2 10.0.1.255 >/dev/null 2>&1
after=$(device h3 u0 stats64 rx bytes)
check 'a host without ports of the network is sent no copy' test $((after - before)) -lt 20000
story_told
