#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Captures of a port before and after the data plane's work, read by tcpdump and tshark; nothing
# of them stays. h2 hooks its programs as kernels before 6.6 do.
#
#   h1 (tcx): a 10.0.1.11, c 10.0.1.13        h2 (clsact): b 10.0.1.12, d 10.0.2.14 behind a router
. "$(dirname "$0")/lib.sh"
story capture 2
cloud_stop agent-h2
cloud_agent 2 --attach clsact

one=$(as red make network '"name":"one"')
two=$(as red make network '"name":"two"')
first=$(as red make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"")
second=$(as red make subnet "\"network_id\":\"$two\",\"ip_version\":4,\"cidr\":\"10.0.2.0/24\"")
router=$(as red make router '"name":"r"')
for subnet in "$first" "$second"; do
	as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$subnet\"}" >/dev/null
done
a=$(place a h1 "$one" 10.0.1.11/24 10.0.1.1) || exit 1
b=$(place b h2 "$one" 10.0.1.12/24 10.0.1.1) || exit 1
place c h1 "$one" 10.0.1.13/24 10.0.1.1 >/dev/null || exit 1
place d h2 "$two" 10.0.2.14/24 10.0.2.1 >/dev/null || exit 1
reaches a 10.0.1.12 && reaches a 10.0.2.14 && reaches a 10.0.1.13 || exit 1

# capture NAME HOST PORT OPTION...: in the background into $CLOUD_DIR/NAME.pcapng
capture() {
	local name=$1 host=$2 port=$3
	shift 3
	("$CLOUD_BIN/cli/weft" --agent "$CLOUD_RUN/$host/agent.sock" capture "$port" -w "$CLOUD_DIR/$name.pcapng" "$@") \
		>"$CLOUD_DIR/$name.out" 2>"$CLOUD_DIR/$name.err" </dev/null &
	eval "capture_$name=\$!"
	# the file has its interfaces: the capture is on
	cloud_wait 10 test -s "$CLOUD_DIR/$name.pcapng" || { echo "$name does not capture"; cat "$CLOUD_DIR/$name.err"; }
}
end() { # NAME
	eval "kill -TERM \$capture_$1 2>/dev/null; wait \$capture_$1"
}
dump() { # NAME [EXPRESSION]: without times
	tcpdump -nn -e -t -r "$CLOUD_DIR/$1.pcapng" ${2:+"$2"} 2>/dev/null
}
fields() { # NAME FILTER FIELD...
	local name=$1 filter=$2 field options=
	shift 2
	for field in "$@"; do options="$options -e $field"; done
	# shellcheck disable=SC2086
	tshark -n -r "$CLOUD_DIR/$name.pcapng" -Y "$filter" -T fields -E separator=' ' $options 2>/dev/null
}
idle() { # HOST: no capture, and the usual programs on every device
	local host=$1
	agent "$host" GET /metrics | grep -q '^weft_watchers{what="capture"} 0' || return
	[ "$(hooked "$host")" = "$(eval "echo \"\$usual_$host\"")" ]
}
# Ids of the programs that are hooked to devices of HOST. By filter or by link: the agent begins with
# the one and changes to the other when it is quiet.
hooked() {
	{
		N "$1" bpftool -j net | /usr/bin/python3 -c '
import json, sys
for e in json.load(sys.stdin)[0]["tc"]: print(e.get("prog_id", e.get("id")))' 2>/dev/null
		tcx_programs "$1"
	} | sort -un | tr '\n' ' '
}
# tcx is younger than bpftool: by the pins of links.
tcx_programs() {
	local pin
	for pin in "$CLOUD_RUN/$1"/bpf/link_*; do
		[ -e "$pin" ] && bpftool -j link show pinned "$pin" | get prog_id
	done
}
usual_h1=$(hooked h1) usual_h2=$(hooked h2)
check 'the programs of h1 are known' test -n "${usual_h1// /}"
check 'the programs of h2 are known' test -n "${usual_h2// /}"

capture both h1 a
check_not 'while one captures other programs run' test "$(hooked h1)" = "$usual_h1"
N a ping -n -c 2 -i 0.2 -W 1 10.0.1.12 >/dev/null
sleep 0.5
end both
check_equal 'tcpdump: as sent, twice' 2 "$(dump both 'icmp[0] = 8 and src host 10.0.1.11' | wc -l)"
check_equal 'tcpdump: in the tunnel, both ways, twice' 4 "$(dump both 'udp port 4789' | grep -A 1 VXLAN | grep -c 'ICMP echo')"
check_equal 'tshark: the points are named' 'a before-sent a after-sent a before-received a after-received' \
	"$(fields both 'icmp.seq == 1' frame.interface_name | tr '\n' ' ' | sed 's/ $//')"
check_match 'tshark: with port and device' "port $a, device wf${a:0:8}.*: as the port has sent it" \
	"$(fields both 'icmp.seq == 1' frame.interface_description | head -n 1)"
check_equal 'what left is wrapped, what came is unwrapped' '8 10.99.1.2,10.0.1.11 0 10.99.2.2,10.0.1.12 0 10.0.1.12' \
	"$(fields both 'icmp.seq == 1 && frame.interface_name != "a before-sent"' icmp.type ip.src | tr '\n' ' ' | sed 's/ $//')"
check_equal 'directions: out twice, in twice' 2211 \
	"$(fields both 'icmp.seq == 1' frame.packet_flags_direction | sed 's/.*\(.\)$/\1/' | tr -d '\n')"
check 'times are of today' /usr/bin/python3 -c 'import sys, time; assert abs(float(sys.argv[1]) - time.time()) < 60' \
	"$(fields both 'icmp.seq == 1' frame.time_epoch | head -n 1)"
check_equal 'the client says how many' "weft: $(fields both frame frame.number | wc -l) packets" "$(cat "$CLOUD_DIR/both.err")"
check 'afterwards all is as before' cloud_wait 3 idle h1

# Routed, on the receiver's host, by clsact.
capture routed h2 d
N a ping -n -c 1 -W 1 10.0.2.14 >/dev/null
sleep 0.5
end routed
check_equal 'routed: the sender has decremented TTL already' '63 63' \
	"$(fields routed 'icmp.type == 8 && frame.interface_name == "d after-received"' ip.ttl) $(fields routed 'icmp.type == 8 && frame.interface_name == "d before-received"' ip.ttl | cut -d , -f 2)"
check_equal 'routed: the answer leaves with TTL less by one' '64 63' \
	"$(fields routed 'icmp.type == 0 && frame.interface_name == "d before-sent"' ip.ttl) $(fields routed 'icmp.type == 0 && frame.interface_name == "d after-sent"' ip.ttl | cut -d , -f 2)"
check 'clsact: afterwards all is as before' cloud_wait 3 idle h2

# On one host: no tunnel; ARP is answered on the spot.
N c ip neigh flush dev eth0
capture local h1 c --after
N c ping -n -c 1 -W 1 10.0.1.11 >/dev/null
sleep 0.5
end local
check_equal 'on one host: an ARP answer, the request out, the answer in' \
	'1 c after-received arp 2 c after-sent icmp 3 c after-received icmp' \
	"$(fields local 'arp || icmp' frame.number frame.interface_name frame.protocols | sed 's/eth:ethertype:.*\(arp\|icmp\).*/\1/' | tr '\n' ' ' | sed 's/ $//')"

# Chosen ones, so many, cut.
capture count h1 a --before --count 3 --snaplen 60 icmp host 10.0.1.12
N a ping -n -c 1 -W 1 10.0.1.13 >/dev/null
N a ping -n -c 3 -i 0.2 -W 1 10.0.1.12 >/dev/null
ended() { ! kill -0 "$capture_count" 2>/dev/null; }
check 'a capture ends by itself' cloud_wait 5 ended
wait "$capture_count"
check_equal 'with so many packets' 3 "$(tcpdump -nn -r "$CLOUD_DIR/count.pcapng" 2>/dev/null | grep -c ' IP ')"
check_equal 'of those that were asked for' '' "$(dump count 'host 10.0.1.13')"
check_match 'cut, and their length is told' '^(60 98,?)+$' "$(fields count 'frame.interface_name == "a before-sent"' frame.cap_len frame.len | head -n 1)"
tcp() { # a says hello to c
	N c timeout 5 busybox nc -l -p "$1" >/dev/null </dev/null &
	cloud_wait 3 listening c "$1"
	echo hello | N a timeout 3 busybox nc 10.0.1.13 "$1" >/dev/null 2>&1
}
capture port h1 a tcp port 7001
tcp 7000
tcp 7001
sleep 0.5
end port
check_equal 'by port' '' "$(dump port 'not tcp port 7001')"
check 'a whole connection' test "$(dump port 'tcp[tcpflags] & tcp-syn != 0' | wc -l)" -ge 4

# Lines, for who has no tshark at hand.
ping_begin a 10.0.1.12 -i 0.2
lines=$(timeout 20 "$CLOUD_BIN/cli/weft" --agent "$CLOUD_RUN/h1/agent.sock" capture a --before --count 1 icmp 2>/dev/null)
ping_end
check_match 'without a file: a line each' \
	'^[0-9:.]+ a sent before: icmp type 8 code 0 10.0.1.11 -> 10.0.1.12, ttl 64, 98 bytes' "$lines"

# Who may not, and what cannot be.
refused() { # PATTERN OPTION...
	local pattern=$1
	shift
	check_match "refused: $*" "$pattern" "$("$CLOUD_BIN/cli/weft" --agent "$CLOUD_RUN/h1/agent.sock" capture "$@" 2>&1)"
}
refused 'port b: not attached on this host' b
refused 'not \[tcp' a greyhound
refused 'filter 10.0.0.x: not an address' a host 10.0.0.x
refused '\-\-snaplen 9: not a number from 14' a --snaplen 9
refused '/no/such/place' a -w /no/such/place

# The client is killed; the agent is stopped, killed; the port goes: nothing stays.
capture killed h1 a
kill -KILL "$capture_killed"
wait "$capture_killed" 2>/dev/null
check 'a client that was killed leaves nothing' cloud_wait 5 idle h1
capture stopped h1 a
cloud_stop agent-h1
check 'traffic goes on' reaches a 10.0.1.12
check_equal 'an agent that stops puts the usual programs back' "$usual_h1" "$(hooked h1)"
wait "$capture_stopped"
check_match 'the client says why it ends' '^weft: ' "$(cat "$CLOUD_DIR/stopped.err")"
check 'what was written is whole' tcpdump -nn -r "$CLOUD_DIR/stopped.pcapng"
cloud_agent 1
usual_h1=$(hooked h1)
capture crashed h1 a
cloud_stop agent-h1 KILL
wait "$capture_crashed"
check 'an agent that crashes: traffic goes on' reaches a 10.0.1.12
crashed=$(hooked h1)
cloud_agent 1
check_not 'the next one replaces what was capturing' test "$(hooked h1)" = "$crashed"
usual_h1=$(hooked h1)
check 'and nobody captures' idle h1
capture gone h1 a
agent h1 POST /v1/detach "{\"port\":\"$a\"}" >/dev/null
ended() { ! kill -0 "$capture_gone" 2>/dev/null; }
check 'a port that goes ends its capture' cloud_wait 5 ended
wait "$capture_gone"
check_equal 'and nobody captures any more' 0 \
	"$(agent h1 GET /metrics | sed -n 's/^weft_watchers{what="capture"} //p')"
check_equal 'nor has the agent anything to complain about' '' "$(grep ^error "$CLOUD_DIR/log/agent-h1")"
story_told
