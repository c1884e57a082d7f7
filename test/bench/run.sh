#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make bench: what the overlay costs beside what it replaces, on one machine.
#
#   wb-wA eth0 -- wb-hA uA 10.99.0.1 ====== uB 10.99.0.2 wb-hB -- eth0 wb-wB
#
#   test/bench/run.sh [-r RUNS] [-s SECONDS] [-m MTU] [-t "TEST ..."] [CONTENDER ...]
#
# Contenders: a bare veth and kernel routing (the reference) · b bridge and VXLAN · n the same with
# nftables connection tracking · o Open vSwitch in user space (where installed) · weft
# Tests: tcp (Gbit/s, one stream) rr (us, median, both ends spin) udp (18 byte datagrams, kpps)
# fwd (small frames put into the workload's device, kpps) fwdn (the same, 50000 flows) fwdm (a
# million) crr (connections per second); latency (ms: create-port and port-ready; Weft alone)
#
# The value is the median of RUNS; contenders take turns within a run, so that a slow minute of the
# machine hits them all. The ratio is to `a` of the same invocation.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../net/cloud.sh"
cloud_use wb /run/weft-bench
tools=$CLOUD_BIN/test/bench
runs=3 seconds=2 mtu=1500 tests='tcp rr udp fwd fwdn crr latency'
while getopts r:s:m:t:h option; do
	case $option in
	r) runs=$OPTARG ;; s) seconds=$OPTARG ;; m) mtu=$OPTARG ;; t) tests=$OPTARG ;;
	*) sed -n '3,20s/^# \{0,1\}//p' "$0"; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
contenders=${*:-a b n o weft}
mac_a=02:00:00:00:0a:01 mac_b=02:00:00:00:0b:01 gateway_a=02:00:00:00:0a:ff gateway_b=02:00:00:00:0b:ff
results=$(mktemp)

export PLUG_PREFIX=wb PLUG_DIR=/run/weft-bench-plug
down() {
	[ -e $PLUG_DIR ] && "$here/overlay-plug.sh" down
	for file in "$CLOUD_DIR"/ovs-*/*.pid; do
		[ -e "$file" ] && kill "$(cat "$file")" 2>/dev/null
	done
	cloud_down 2>/dev/null
}
trap 'down; rm -f "$results"' EXIT
trap 'exit 1' INT TERM HUP

hosts() {
	mkdir -p "$CLOUD_DIR/pid" "$CLOUD_DIR/log"
	for host in hA hB; do
		cloud_namespace $host
		N $host sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1
	done
	ip link add uA netns wb-hA mtu "$mtu" address 02:00:00:00:aa:01 type veth \
		peer name uB netns wb-hB mtu "$mtu" address 02:00:00:00:bb:01
	ip -n wb-hA addr add 10.99.0.1/24 dev uA
	ip -n wb-hB addr add 10.99.0.2/24 dev uB
	ip -n wb-hA link set uA up
	ip -n wb-hB link set uB up
	ip -n wb-hA neigh replace 10.99.0.2 lladdr 02:00:00:00:bb:01 dev uA nud permanent
	ip -n wb-hB neigh replace 10.99.0.1 lladdr 02:00:00:00:aa:01 dev uB nud permanent
}

workloads() { # MTU ADDRESS-A ADDRESS-B
	for letter in A:$mac_a:$gateway_a:"$2" B:$mac_b:$gateway_b:"$3"; do
		name=${letter%%:*} rest=${letter#*:}
		cloud_namespace "w$name"
		N "w$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
		ip link add "w${name}0" netns "wb-h$name" mtu "$1" address "$(cut -d: -f7-12 <<<"$rest")" \
			type veth peer name eth0 netns "wb-w$name" mtu "$1" address "$(cut -d: -f1-6 <<<"$rest")"
		ip -n "wb-h$name" link set "w${name}0" up
		ip -n "wb-w$name" link set eth0 up
		ip -n "wb-w$name" addr add "${rest##*:}/24" dev eth0
	done
	to_a=$2 to_b=$3 next_mac=$mac_b
}

neighbours() {
	ip -n wb-wA neigh replace "$to_b" lladdr $mac_b dev eth0 nud permanent
	ip -n wb-wB neigh replace "$to_a" lladdr $mac_a dev eth0 nud permanent
}

setup_a() {
	workloads "$mtu" 10.50.1.2 10.50.2.2
	ip -n wb-hA addr add 10.50.1.1/24 dev wA0
	ip -n wb-hB addr add 10.50.2.1/24 dev wB0
	ip -n wb-hA route add 10.50.2.0/24 via 10.99.0.2
	ip -n wb-hB route add 10.50.1.0/24 via 10.99.0.1
	ip -n wb-wA route add default via 10.50.1.1
	ip -n wb-wB route add default via 10.50.2.1
	next_mac=$gateway_a
}

setup_b() {
	workloads $((mtu - 50)) 10.50.0.1 10.50.0.2
	neighbours
	for end in A:1:2 B:2:1; do
		IFS=: read -r name own other <<<"$end"
		ip -n "wb-h$name" link add name vx0 mtu $((mtu - 50)) type vxlan id 100 dstport 4789 \
			local "10.99.0.$own" remote "10.99.0.$other" noudpcsum
		ip -n "wb-h$name" link add name br0 mtu $((mtu - 50)) type bridge
		for device in vx0 "w${name}0"; do ip -n "wb-h$name" link set $device master br0; done
		for device in vx0 br0; do ip -n "wb-h$name" link set $device up; done
	done
}

setup_n() {
	setup_b
	for host in hA hB; do
		modprobe br_netfilter 2>/dev/null
		N $host sysctl -qw net.bridge.bridge-nf-call-iptables=1 || return
		N $host nft -f - <<-'END' || return
			table inet guard {
				chain port {
					ip saddr 10.50.0.0/24 tcp dport 1-65535 accept
					ip saddr 10.50.0.0/24 udp dport 1-65535 accept
					icmp type echo-request accept
				}
				chain forward {
					type filter hook forward priority 0; policy drop;
					ct state established,related accept
					ct state invalid drop
					jump port
				}
			}
		END
	done
}

setup_o() {
	command -v ovs-vswitchd >/dev/null || { echo 'not installed: openvswitch-switch' >&2; return 1; }
	workloads $((mtu - 50)) 10.50.0.1 10.50.0.2
	neighbours
	for end in A:1:2:bb B:2:1:aa; do
		IFS=: read -r name own other last <<<"$end"
		open_vswitch "$name" "10.99.0.$own" "10.99.0.$other" || return
		ip -n "wb-h$name" neigh replace "10.99.0.$other" lladdr "02:00:00:00:$last:01" dev br-phy nud permanent
		N "w$name" ethtool -K eth0 tx off tso off gso off gro off >/dev/null 2>&1
	done
}

# Its user-space data path reads raw sockets: no offloads, and the uplink becomes a port of a bridge.
open_vswitch() { # LETTER OWN OTHER
	local folder=$CLOUD_DIR/ovs-$1 host=h$1
	mkdir -p "$folder"
	ovsdb-tool create "$folder/db" /usr/share/openvswitch/vswitch.ovsschema
	OVS_RUNDIR=$folder OVS_LOGDIR=$folder N "$host" ovsdb-server "$folder/db" --detach --no-chdir \
		--remote="punix:$folder/socket" --pidfile="$folder/ovsdb.pid" --unixctl="$folder/ovsdb.ctl" \
		--log-file="$folder/log" 2>/dev/null || return
	OVS_RUNDIR=$folder OVS_LOGDIR=$folder N "$host" ovs-vswitchd "unix:$folder/socket" --detach --no-chdir \
		--pidfile="$folder/vswitchd.pid" --unixctl="$folder/vswitchd.ctl" --log-file="$folder/log" \
		2>/dev/null || return
	for device in "u$1" "w${1}0"; do
		N "$host" ethtool -K "$device" tx off gro off gso off tso off >/dev/null 2>&1
	done
	ip -n "wb-$host" addr flush dev "u$1"
	N "$host" ovs-vsctl --timeout=10 --db="unix:$folder/socket" \
		-- add-br br-phy -- set bridge br-phy datapath_type=netdev \
		"other_config:hwaddr=\"$(device "$host" "u$1" address)\"" \
		-- add-port br-phy "u$1" \
		-- add-br br-int -- set bridge br-int datapath_type=netdev -- add-port br-int "w${1}0" \
		-- add-port br-int vx0 -- set interface vx0 type=vxlan "options:remote_ip=$3" options:key=100 || return
	ip -n "wb-$host" addr add "$2/24" dev br-phy
	ip -n "wb-$host" link set br-phy up
}

setup_weft() {
	local WA WB IFA IFB IPA IPB said
	said=$("$here/overlay-plug.sh" up "$mtu") || return
	eval "$said"
	to_a=$IPA to_b=$IPB next_mac=$mac_b
}

listening() { # PORT
	N wB ss -Hltn "sport = :$1" | grep -q .
}
# Starts the far end of a test, and remembers it.
far() { # COMMAND...
	(cloud_exec wB "$@") >/dev/null 2>&1 &
	far_end=$!
}
near() { # COMMAND...
	timeout $((seconds + 15)) nsenter --net=/run/netns/wb-wA -- "$@"
}
end_far() {
	kill $far_end 2>/dev/null
	wait $far_end 2>/dev/null
}

test_tcp() {
	far iperf3 -s -1
	cloud_wait 3 listening 5201
	near iperf3 -c "$to_b" -A 0,1 -C cubic -t "$seconds" -O 0.3 -J 2>/dev/null | /usr/bin/python3 -c '
import json, sys
print("%.2f" % (json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e9))'
	end_far
}
test_rr() {
	far "$tools/netbench" echo 6001 1 spin
	near "$tools/netbench" rr "$to_b" 6001 "$seconds" 0
	end_far
}
test_crr() {
	far "$tools/netbench" echo 6002 1 wait
	near "$tools/netbench" crr "$to_b" 6002 "$seconds" 0
	end_far
}
test_udp() {
	near "$tools/netbench" blast "$to_b" 6003 $((seconds + 1)) 0 &
	local blast=$!
	timeout $((seconds + 15)) nsenter --net=/run/netns/wb-wB -- "$tools/netbench" sink 6003 "$seconds" 1 |
		awk '{ printf "%.0f\n", $1 / 1000 }'
	wait $blast
}
forward() { # FLOWS
	for name in A B; do N "h$name" ethtool -K "w${name}0" gro on >/dev/null 2>&1; done
	timeout $((seconds + 15)) "$tools/generator" wb-wA eth0 wb-wB eth0 $mac_a "$next_mac" "$to_a" "$to_b" \
		"$1" "$seconds" 0 | awk '{ printf "%.0f\n", $1 / 1000 }'
	for name in A B; do N "h$name" ethtool -K "w${name}0" gro off >/dev/null 2>&1; done
}
test_fwd() { forward 1; }
test_fwdn() { forward 50000; }
test_fwdm() { forward 1000000; }

for run in $(seq "$runs"); do
	for contender in $contenders; do
		down
		hosts
		if ! "setup_$contender" || ! cloud_wait 5 N wA ping -n -c 1 -W 1 "$to_b"; then
			echo "$contender: cannot be set up" >&2
			continue
		fi
		for name in $tests; do
			[ "$name" = latency ] && continue
			value=$("test_$name")
			echo "run $run: $contender $name ${value:-failed}" >&2
			[ -z "$value" ] || echo "$contender $name $value" >>"$results"
		done
	done
done
down

echo
echo "underlay MTU $mtu, median of $runs, in brackets the ratio to a"
awk -v contenders="$contenders" -v tests="$tests" '
	{ n[$1, $2]++; v[$1, $2, n[$1, $2]] = $3 }
	function median(c, t,    i, j, m, x) {
		m = n[c, t]
		if (!m)
			return ""
		for (i = 1; i <= m; i++)
			for (j = i + 1; j <= m; j++)
				if (v[c, t, j] + 0 < v[c, t, i] + 0) { x = v[c, t, i]; v[c, t, i] = v[c, t, j]; v[c, t, j] = x }
		return m % 2 ? v[c, t, (m + 1) / 2] : (v[c, t, m / 2] + v[c, t, m / 2 + 1]) / 2
	}
	END {
		unit["tcp"] = "Gbit/s"; unit["rr"] = "us"; unit["udp"] = "kpps"; unit["fwd"] = "kpps"
		unit["fwdn"] = "kpps"; unit["fwdm"] = "kpps"; unit["crr"] = "conn/s"
		many = split(tests, t, " ")
		few = split(contenders, c, " ")
		printf "%-6s", ""
		for (i = 1; i <= many; i++) if (t[i] != "latency") printf "%18s", t[i] " " unit[t[i]]
		print ""
		for (k = 1; k <= few; k++) {
			printf "%-6s", c[k]
			for (i = 1; i <= many; i++) {
				if (t[i] == "latency") continue
				x = median(c[k], t[i]); a = median("a", t[i])
				printf "%18s", (x == "" ? "-" : (a > 0 ? sprintf("%s (%.2f)", x, x / a) : x))
			}
			print ""
		}
	}' "$results"
case " $tests " in
*' latency '*) case " $contenders " in *' weft '*) "$here/latency.sh" ;; esac ;;
esac
