#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The agent alone, fed by canned rows: two hosts on a routed underlay, no weftd.
#
#      control 10.99.0.2   rows.py: the rows of each host, from a file
#              |
#            r             the underlay's router
#        .-----+-----.
#       h1           h2
#    .---+---.     .--+---.
#    a1  a2  b2    a3     b1
#
#   network 100: a1 10.1.0.11, a2 .12, a3 .13, fd01::11 ...   router 1: .1 and ::1 of both
#   network 200: b1 10.2.0.11, b2 .12, fd02::11 ...
set -u
. "$(dirname "$0")/lib.sh"

id() { # NUMBER: the uuid of port NUMBER
	printf '0000000%x-0000-4000-8000-000000000000' "$1"
}

row() { # TABLE KEY VALUE
	printf '{"table":"%s","key":"%s","value":%s}\n' "$1" "$2" "$3"
}

# The ports: NUMBER NAME HOST VNI OCTET
ports='1 a1 h1 100 11
2 a2 h1 100 12
3 a3 h2 100 13
4 b1 h2 200 11
5 b2 h1 200 12'

addresses_of() { # VNI OCTET
	echo "10.$(($1 / 100)).0.$2 fd0$(($1 / 100))::$2"
}

port_row() { # NUMBER NAME VNI OCTET
	local net=$(($3 / 100)) mac=02:00:00:00:0$(($3 / 100)):$4
	row port "$(id "$1")" "{\"network\":\"$(id $((10 + net)))\",\"vni\":$3,\"mac\":\"$mac\",
		\"identity\":$1,\"mtu\":1450,\"up\":true,\"guarded\":true,\"name\":\"$2\",\"project\":\"p\",
		\"pairs\":[{\"mac\":\"$mac\",\"prefix\":\"10.$net.0.$4\"},
			{\"mac\":\"$mac\",\"prefix\":\"fd0$net::$4\"}],
		\"dhcp4\":[{\"ip\":\"10.$net.0.$4\",\"prefix\":\"10.$net.0.0/24\",\"server\":\"10.$net.0.1\",
			\"gateway\":\"10.$net.0.1\",\"dns\":[\"9.9.9.9\"],\"routes\":[],
			\"hostname\":\"host-$2\",\"options\":[]}]}" | tr -d '\n\t'
	echo
}

rows_of() { # HOST
	local number name host vni octet other=h2 far=10.99.2.2
	[ "$1" = h1 ] || other=h1 far=10.99.1.2
	row host $other "{\"ip\":\"$far\"}"
	for vni in 100 200; do
		row network $vni "{\"id\":\"$(id $((10 + vni / 100)))\",\"mtu\":1450,\"up\":true,\"flood\":false}"
		local net=$((vni / 100))
		row interface 1/$vni/02:00:00:00:0$net:01 \
			"{\"ips\":[\"10.$net.0.1/24\",\"fd0$net::1/64\"],\"up\":true}"
		row route 1/10.$net.0.0/24 "{\"vni\":$vni,\"mac\":\"02:00:00:00:0$net:01\",\"up\":true}"
		row route 1/fd0$net::/64 "{\"vni\":$vni,\"mac\":\"02:00:00:00:0$net:01\",\"up\":true}"
		row member $vni/$other '{}'
	done
	while read -r number name host vni octet; do
		row location "$vni/02:00:00:00:0$((vni / 100)):$octet" \
			"{\"host\":\"$host\",\"identity\":$number,\"ips\":[\"10.$((vni / 100)).0.$octet\",\"fd0$((vni / 100))::$octet\"]}"
		[ "$host" != "$1" ] || port_row "$number" "$name" "$vni" "$octet"
	done <<<"$ports"
}

publish() { # HOST: the rows on stdin become the host's at once
	cat >"$rows/$1.new" && mv "$rows/$1.new" "$rows/$1"
}

begin() {
	cloud_use "wt-agent-$$" "$(mktemp -d /tmp/weft-agent.XXXXXX)"
	KEEP_LOGS=${BUILD:-$cloud_repo/build}/log/agent.logs
	mkdir -p "$(dirname "$KEEP_LOGS")"
	rows=$CLOUD_DIR/rows story_started=
	trap story_end EXIT
	trap 'exit 1' INT TERM HUP
	cloud_up 2 || exit 1
	mkdir -p "$rows"
	rows_of h1 | publish h1
	rows_of h2 | publish h2
	cloud_start rows control /usr/bin/python3 "$cloud_repo/test/net/rows.py" 10.99.0.2 9696 "$rows"
	cloud_agent 1 && cloud_agent 2 || exit 1
	while read -r number name host vni octet; do workload "$name"; done <<<"$ports"
	story_started=yes
}

attach_all() {
	local number name host vni octet status=0
	while read -r number name host vni octet; do
		attach "$host" "$(id "$number")" "$name" || status=1
		addresses "$name" "$(addresses_of "$vni" "$octet" | sed 's, ,/24 ,; s,$,/64,')" \
			"10.$((vni / 100)).0.1" "fd0$((vni / 100))::1"
	done <<<"$ports"
	return $status
}

status() { # HOST MEMBER...
	local host=$1
	shift
	agent "$host" GET /v1/status | get "$@"
}

reported() { # HOST PATTERN: the last status says so
	tail -n 1 "$rows/$1.status" | grep -q "$2"
}

hooks() { # HOST: how the programs hang on the uplink
	N "$1" tc filter show dev u0 ingress 2>/dev/null | grep -q weft && echo clsact
	[ -e "$CLOUD_RUN/$1/bpf/link_$(ip -n "$CLOUD-$1" -o link show u0 | cut -d: -f1)" ] && echo tcx
}

devices() { # HOST
	ip -n "$CLOUD-$1" -o link show | awk -F'[ @:]+' '{ print $2 }' | sort | xargs
}

kill_agent() { # NUMBER
	kill -KILL "$(cloud_pid "agent-h$1")"
	cloud_wait 5 cloud_ended "$(cloud_pid "agent-h$1")"
	# The last of its threads may still hold the socket.
	cloud_wait 5 eval "! agent h$1 GET /v1/status"
}

begin
check 'all rows are taken' cloud_wait 10 test "$(status h1 connected)" = true
check 'ports are attached' attach_all
check 'a neighbour on the same host answers' reaches a1 10.1.0.12
check '... by IPv6' reaches a1 fd01::12
check 'a neighbour on the other host answers' reaches a1 10.1.0.13
check '... by IPv6' reaches a1 fd01::13
check 'a network behind the router answers, on this host' reaches a1 10.2.0.12
check '... on the other host' reaches a1 10.2.0.11
check '... by IPv6' reaches a1 fd02::11
check 'the router itself answers' reaches a1 10.1.0.1
check '... by IPv6' reaches a1 fd01::1
check_match 'the router tells of a spent TTL by its address' 'From 10.1.0.1 .*Time to live exceeded' \
	"$(N a1 ping -n -c 1 -W 1 -t 1 10.2.0.11)"
check_match '... by IPv6' 'From fd01::1 .*Time exceeded' "$(N a1 ping -n -c 1 -W 1 -t 1 fd02::11)"
check 'a packet of the full MTU passes' reaches a1 10.1.0.13 -s 1422 -M do
check 'the controller hears of a wired port' cloud_wait 5 reported h1 "\"$(id 1)\":true"

check 'attaching again changes nothing' attach h1 "$(id 1)" a1
check_match 'attaching elsewhere is refused' 'attached elsewhere' \
	"$(agent h1 POST /v1/attach "{\"port\":\"$(id 1)\",\"netns\":\"$CLOUD-a2\"}")"
check_match 'a namespace that is none is named' 'netns /etc/passwd: not a network namespace' \
	"$(agent h1 POST /v1/attach "{\"port\":\"$(id 1)\",\"netns\":\"/etc/passwd\"}")"
check_match 'a port of nobody is not found' 'not known on this host' \
	"$(agent h1 POST /v1/attach "{\"port\":\"$(id 9)\",\"netns\":\"$CLOUD-a2\"}")"
check_match 'counters are kept' '"tx_packets": ?[1-9]' "$(agent h1 GET "/v1/ports/$(id 1)/stats")"
check_match 'connections are listed' '"protocol": ?"icmp"' "$(agent h1 GET /v1/flows)"
check_match 'they were heard of just now' '"idle_seconds": ?[0-9],?' "$(agent h1 GET /v1/flows)"
check_equal 'the namespace is shown' "$CLOUD-a1" \
	"$(agent h1 GET "/v1/ports/$(id 1)/stats" | get netns)"
N a1 ping -n -c 1 -W 1 -I eth0 10.1.0.99 >/dev/null 2>&1
check_match 'a drop is shown with its reason' 'arp-unknown' "$(agent h1 GET /v1/drops)"
check_equal 'a host end has no IPv6' 1 \
	"$(N h1 cat "/proc/sys/net/ipv6/conf/wf00000001000/disable_ipv6")"

# A real DHCP client, on the port that has its addresses by hand: flush them first.
ip -n "$CLOUD-a2" -4 addr flush dev eth0
cat >"$CLOUD_DIR/udhcpc" <<'END'
#!/bin/sh
[ "$1" != bound ] && [ "$1" != renew ] && exit 0
ip addr add "$ip/$mask" dev "$interface"
echo "$ip/$mask router=$router dns=$dns mtu=$mtu hostname=$hostname lease=$lease"
END
chmod +x "$CLOUD_DIR/udhcpc"
lease=$(N a2 timeout 10 udhcpc -f -q -n -i eth0 -O mtu -s "$CLOUD_DIR/udhcpc" 2>&1)
check_match 'a DHCP client gets its lease' \
	'10.1.0.12/24 router=10.1.0.1 dns=9.9.9.9 mtu=1450 hostname=host-a2 lease=86400' "$lease"
check 'its address works' reaches a2 10.1.0.13

# A restart under traffic. The pinger starts first; the kernel alone carries it.
N a1 ping -n -q -i 0.002 -w 6 10.1.0.13 >"$CLOUD_DIR/ping" &
pinger=$!
sleep 1
kill_agent 1
sleep 1
check 'the agent starts again' cloud_agent 1
check '... and takes its rows' cloud_wait 5 test "$(status h1 connected)" = true
kill_agent 2
check '... and so does the other' cloud_agent 2
wait $pinger
check_match 'no packet is lost meanwhile' ' 0% packet loss' "$(cat "$CLOUD_DIR/ping")"
check_match 'and all were many' '^[0-9]{4,} packets' "$(cat "$CLOUD_DIR/ping")"
check 'what was attached is attached' test "$(status h1 ports)" = 3
check 'attaching again is still no change' attach h1 "$(id 1)" a1

# The other way of hooking. Only making its qdisc stops a device for a moment.
first=$(hooks h1)
kill_agent 1
check 'the agent starts with clsact' cloud_agent 1 --attach clsact
check_equal 'the uplink is on clsact alone' clsact "$(hooks h1)"
N a1 ping -n -q -i 0.002 -w 5 10.1.0.13 >"$CLOUD_DIR/ping" &
pinger=$!
kill_agent 1
check 'the agent starts again with clsact' cloud_agent 1 --attach clsact
check 'programs are replaced' cloud_wait 5 test "$(status h1 programs)" = true
kill_agent 1
check 'the agent starts as before' cloud_agent 1
check_equal 'the uplink is as before' "$first" "$(hooks h1)"
wait $pinger
check_match 'no packet is lost by the changes' ' 0% packet loss' "$(cat "$CLOUD_DIR/ping")"

# Tables of other sizes: new maps, filled before the programs change over.
N a1 ping -n -q -i 0.002 -w 3 10.1.0.13 >"$CLOUD_DIR/ping" &
pinger=$!
kill_agent 1
check 'the agent starts with other tables' cloud_agent 1 --locations 1024 --flows 1024 --connections 4096
wait $pinger
check_match 'no packet is lost by new maps' ' 0% packet loss' "$(cat "$CLOUD_DIR/ping")"

# More rows than a table holds.
{
	rows_of h1
	for n in $(seq 100 399); do
		row location "100/06:00:00:00:0${n:0:1}:${n:1}" \
			"{\"host\":\"h2\",\"identity\":1,\"ips\":[\"10.1.$((n / 100)).$((n % 100))\"]}"
	done
} | publish h1
kill_agent 1
check 'the agent starts with a small table' cloud_agent 1 --locations 256
check 'a full table is told' cloud_wait 5 grep -q 'map mac: .* the map is full' \
	"$CLOUD_DIR/log/agent-h1"
check 'what was not applied is counted' test "$(status h1 failures)" -gt 0
rows_of h1 | publish h1
check 'with fewer rows all is well again' reaches a1 10.1.0.13
check '... and the controller is told' cloud_wait 5 eval \
	'[ "$(tail -n 1 "$rows/h1.status" | get rev)" = "$(status h1 revision)" ]'

# Rows that change while nobody listens.
kill_agent 2
rows_of h2 | grep -v "\"$(id 4)\"" | publish h2
check 'without its agent a port goes on' reaches a1 10.2.0.11
check 'the agent of h2 starts again' cloud_agent 2
check 'a port that went meanwhile is detached' cloud_wait 3 \
	eval '! ip -n "$CLOUD-b1" link show eth0'
check 'the others are not' reaches a1 10.1.0.13

# The underlay's next hop gets another MAC: what is cached must follow.
ip -n "$CLOUD-r" link set h1 address 02:99:00:00:00:01
N r ping -n -c 1 -W 1 10.99.1.2 >/dev/null
check 'a next hop that changed is followed' reaches a1 10.1.0.13

# Rows change: a port down, another MTU, a port gone.
rows_of h1 | sed "/\"$(id 1)\"/s/\"up\":true/\"up\":false/" | publish h1
check 'a port that is down is silent' cloud_wait 3 eval '! N a1 ping -n -c 1 -W 1 10.1.0.12'
rows_of h1 | sed "/\"$(id 1)\"/s/\"mtu\":1450/\"mtu\":1300/" | publish h1
check 'a port that is up again answers' reaches a1 10.1.0.12
check 'the MTU of the workload follows' cloud_wait 3 \
	eval 'ip -n "$CLOUD-a1" link show eth0 | grep -q "mtu 1300"'
rows_of h1 | grep -v "\"$(id 2)\"" | publish h1
check 'a port that is gone is detached' cloud_wait 3 eval '! ip -n "$CLOUD-a2" link show eth0'
printf '{"table":"location","key":"100/zz","value":{}}\n' | cat - <(rows_of h1) | publish h1
check 'a bad row costs nothing but itself' reaches a1 10.1.0.13
check 'detach removes the device' agent h1 POST /v1/detach "{\"port\":\"$(id 1)\"}"
check_not '... from the namespace too' ip -n "$CLOUD-a1" link show eth0
ip netns del "$CLOUD-b2"
check 'a device that goes with its namespace is reported' cloud_wait 3 \
	eval 'reported h1 "\"$(id 5)\":false"'

# A tap, made and removed by the agent.
check 'a tap is made' agent h1 POST /v1/attach "{\"port\":\"$(id 5)\",\"tap\":\"tap5\"}"
check '... and there' ip -n "$CLOUD-h1" link show tap5

no_connections() {
	[ "$(status h1 tables conn)" = 0 ]
}
check 'connections of ports that are gone are gone' cloud_wait 15 no_connections

# Nothing stays.
cloud_stop agent-h1
cloud_stop agent-h2
cleanup() { # HOST
	N "$1" "$CLOUD_BIN/agent/weft-agent" --cleanup --host "$1" --run "$CLOUD_RUN"
}
check 'cleanup of h1' cleanup h1
check 'cleanup of h2' cleanup h2
check_not 'cleanup of a host that is none' cleanup h9
check_equal 'only the underlay is left on h1' 'lo u0' \
	"$(devices h1)"
check_equal 'only the underlay is left on h2' 'lo u0' \
	"$(devices h2)"
check_equal 'no hook is left' '' "$(hooks h1)$(N h1 tc qdisc show dev u0 clsact)"
check_equal 'no file is left' '' "$(ls "$CLOUD_RUN")"
check_not 'no bpffs is left' grep -q "$CLOUD_RUN" /proc/mounts
story_told
