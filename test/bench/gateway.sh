#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a router's gateway costs beside kernel routing with nftables masquerade, on one topology:
#
#   weft  w eth0 -- h1 ==tunnel== r ==tunnel== h2 p0 -- w0 203.0.113.1 world     router, gateway, translated
#   a     a eth0 -- h1 ---------- r ---------- h2 p1 -- w1 203.0.114.1 world     routes, masquerade at p1
#
#   test/bench/gateway.sh [-r RUNS] [-s SECONDS] [-t "TEST ..."]
#
# Tests: tcp (Gbit/s, one stream) rr (us, median, both ends spin) crr (connections per second) udp (18 byte
# datagrams, kpps) fwd (small frames put into the workload's device, kpps). The two take turns within a
# run; the value is the median of RUNS, the ratio is to `a` of the same invocation.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../net/cloud.sh"
cloud_use wbg /run/weft-bench-gateway
tools=$CLOUD_BIN/test/bench
runs=3 seconds=2 tests='tcp rr crr udp fwd'
while getopts r:s:t:h option; do
	case $option in
	r) runs=$OPTARG ;; s) seconds=$OPTARG ;; t) tests=$OPTARG ;;
	*) sed -n '3,14s/^# \{0,1\}//p' "$0"; exit 2 ;;
	esac
done
results=$(mktemp)
trap 'cloud_down 2>/dev/null; rm -f "$results"' EXIT
trap 'exit 1' INT TERM HUP

physical() {
	cloud_namespace world
	for n in 0 1; do
		ip link add p$n netns "$CLOUD-h2" type veth peer name w$n netns "$CLOUD-world"
		ip -n "$CLOUD-h2" link set p$n up
		ip -n "$CLOUD-world" link set w$n up
		ip -n "$CLOUD-world" addr add 203.0.$((113 + n)).1/24 dev w$n
	done
}
weft_way() {
	local net sub ext router
	ext=$(make network '"name":"ext","router:external":true,"provider:network_type":"flat","provider:physical_network":"outer"') &&
		make subnet "\"network_id\":\"$ext\",\"ip_version\":4,\"cidr\":\"203.0.113.0/24\",\"enable_dhcp\":false" >/dev/null &&
		net=$(make network '"name":"net"') &&
		sub=$(make subnet "\"network_id\":\"$net\",\"ip_version\":4,\"cidr\":\"10.60.1.0/24\"") &&
		router=$(make router "\"name\":\"r\",\"external_gateway_info\":{\"network_id\":\"$ext\"}") &&
		api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$sub\"}" >/dev/null &&
		place w h1 "$net" 10.60.1.11/24 10.60.1.1 >/dev/null
}
kernel_way() {
	workload a
	ip link add a0 netns "$CLOUD-h1" mtu 1450 type veth peer name eth0 netns "$CLOUD-a" mtu 1450
	ip -n "$CLOUD-h1" link set a0 up
	ip -n "$CLOUD-h1" addr add 10.50.1.1/24 dev a0
	addresses a 10.50.1.11/24 10.50.1.1
	for host in h1 h2; do N $host sysctl -qw net.ipv4.ip_forward=1; done
	ip -n "$CLOUD-h1" route add 203.0.114.0/24 via 10.99.1.1
	ip -n "$CLOUD-r" route add 203.0.114.0/24 via 10.99.2.2
	ip -n "$CLOUD-r" route add 10.50.1.0/24 via 10.99.1.2
	ip -n "$CLOUD-h2" route add 10.50.1.0/24 via 10.99.2.1
	ip -n "$CLOUD-h2" addr add 203.0.114.2/24 dev p1
	N h2 nft -f - <<-'END'
		table ip out {
			chain post {
				type nat hook postrouting priority srcnat;
				oifname "p1" masquerade
			}
		}
	END
}
mkdir -p "$CLOUD_DIR"
cloud_up 2 && physical && cloud_weftd && cloud_agent 1 && cloud_agent 2 --physical outer=p0 && weft_way && kernel_way &&
	cloud_wait 10 N w ping -n -c 1 -W 1 203.0.113.1 && cloud_wait 10 N a ping -n -c 1 -W 1 203.0.114.1 || exit 1

far() { # COMMAND...
	(cloud_exec world "$@") >/dev/null 2>&1 &
	far_end=$!
}
end_far() {
	kill $far_end 2>/dev/null
	wait $far_end 2>/dev/null
}
near() { # NAMESPACE COMMAND...
	timeout $((seconds + 15)) nsenter --net="/run/netns/$CLOUD-$1" -- "${@:2}"
}
listens() { N world ss -Hltn "sport = :$1" | grep -q .; }

test_tcp() { # NAMESPACE ADDRESS
	far iperf3 -s -1
	cloud_wait 3 listens 5201
	near "$1" iperf3 -c "$2" -A 0,1 -t "$seconds" -O 0.3 -J 2>/dev/null | /usr/bin/python3 -c '
import json, sys
print("%.2f" % (json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e9))'
	end_far
}
test_rr() {
	far "$tools/netbench" echo 6001 1 spin
	near "$1" "$tools/netbench" rr "$2" 6001 "$seconds" 0
	end_far
}
test_crr() {
	far "$tools/netbench" echo 6002 1 wait
	near "$1" "$tools/netbench" crr "$2" 6002 "$seconds" 0
	end_far
}
test_udp() {
	near "$1" "$tools/netbench" blast "$2" 6003 $((seconds + 1)) 0 &
	local blast=$!
	near world "$tools/netbench" sink 6003 "$seconds" 1 | awk '{ printf "%.0f\n", $1 / 1000 }'
	wait $blast
}
test_fwd() { # ... DEVICE of the world
	local own next host
	host=$(ip -n "$CLOUD-h1" -o link show type veth | awk -F'[ :@]+' -v name="$1" '$2 == name "0" || (name == "w" && $2 ~ /^wf/) { print $2 }')
	N h1 ethtool -K "$host" gro on >/dev/null 2>&1
	own=$(device "$1" eth0 address)
	next=$(ip -n "$CLOUD-$1" neigh show | awk '/lladdr/ { print $5; exit }')
	timeout $((seconds + 15)) "$tools/generator" "$CLOUD-$1" eth0 "$CLOUD-world" "$3" "$own" "$next" \
		"$(ip -n "$CLOUD-$1" -j addr show dev eth0 | get 0 addr_info 0 local)" "$2" 1 "$seconds" 0 |
		awk '{ printf "%.0f\n", $1 / 1000 }'
	N h1 ethtool -K "$host" gro off >/dev/null 2>&1
}

for run in $(seq "$runs"); do
	for contender in a:203.0.114.1:w1 w:203.0.113.1:w0; do
		IFS=: read -r name address device <<<"$contender"
		for test in $tests; do
			value=$("test_$test" "$name" "$address" "$device")
			echo "run $run: $name $test ${value:-failed}" >&2
			[ -z "$value" ] || echo "$name $test $value" >>"$results"
		done
	done
done
/usr/bin/python3 - "$results" $tests <<'EOP'
import statistics, sys
units = {"tcp": "Gbit/s", "rr": "us", "crr": "conn/s", "udp": "kpps", "fwd": "kpps"}
found = [line.split() for line in open(sys.argv[1])]
print("\nmedians; in brackets the ratio to kernel routing with masquerade")
for test in sys.argv[2:]:
    a, w = ([float(v) for n, t, v in found if n == name and t == test] for name in "aw")
    if a and w:
        a, w = statistics.median(a), statistics.median(w)
        print(f"{test:4} {units[test]:7} a {a:g}  weft {w:g} ({w / a:.2f})")
EOP
