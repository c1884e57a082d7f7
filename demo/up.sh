#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make demo: three hosts come alive, a template goes in, programs of two tenants talk. It stays up
# until demo/down.sh. Any step that fails takes everything down again and says why.
set -u
. "$(dirname "$0")/lib.sh"

fail() {
	echo "demo: $*" >&2
	exit 1
}
[ "$(id -u)" = 0 ] || fail 'namespaces need root'
[ ! -e "$CLOUD_DIR" ] && [ -z "$(cloud_namespaces)" ] || fail 'it is up already; `make demo-down` ends it'
trap 'cloud_down' EXIT
trap 'exit 1' INT TERM HUP
elapsed() { # SINCE: milliseconds
	echo $((($(date +%s%N) - $1) / 1000000))
}
begin=$(date +%s%N)

cloud_up 3 || fail 'the underlay does not come up'
cloud_weftd || fail 'weftd does not start'
for n in 1 2 3; do cloud_agent $n --metrics "10.99.$n.2:9698" & done
wait
for n in 1 2 3; do
	cloud_running "agent-h$n" || fail "the agent of h$n does not start"
done
for tenant in red blue; do
	for member in $demo_members; do workload "$tenant-$member" || fail "no namespace $tenant-$member"; done
done
workload blue-guest

# The main job: from a template to the first answered ping.
stack() { # TENANT
	demo_weft "$1-admin" control stack create "$1" "$demo_folder/web-app-db.yaml" -P "tenant=$1" \
		-P "hosts=$(tr ' ' , <<<"${demo_hosts[$1]}")" >"$CLOUD_DIR/log/stack-$1" ||
		fail "the template is refused: $(cat "$CLOUD_DIR/log/stack-$1")"
}
join() { # TENANT
	local member pids=
	for member in $demo_members; do demo_join "$1" "$member" & pids="$pids $!"; done
	until N "$1-web1" ping -n -c 1 -W 0.05 "${demo_address[app2]}" >/dev/null 2>&1; do
		[ "$(elapsed "$start")" -lt 20000 ] || fail "$1-web1 does not reach $1-app2"
		sleep 0.005
	done
	first_ping=$(elapsed "$start")
	for member in $pids; do wait "$member" || fail "a workload of $1 does not join"; done
}
start=$(date +%s%N)
stack red
stacked=$(elapsed "$start")
join red
red_ping=$first_ping
start=$(date +%s%N)
stack blue
join blue
# IPv6 comes to networks that are in use.
for tenant in red blue; do
	demo_weft "$tenant-admin" control stack create "$tenant-ipv6" "$demo_folder/ipv6.yaml" \
		-P "tenant=$tenant" >"$CLOUD_DIR/log/stack-$tenant-ipv6" ||
		fail "the template of IPv6 is refused: $(cat "$CLOUD_DIR/log/stack-$tenant-ipv6")"
done
for tenant in red blue; do
	for member in db web1 web2 app1 app2; do
		demo_serve $tenant $member || fail "the server of $tenant-$member does not start"
	done
done

# web1 asks web2, which asks an app, which asks the db: four workloads on three hosts.
answers() { # TENANT
	demo_ask "$1" web1 "${demo_address[web2]}" | grep "^$1-web2 -> $1-app[12] -> $1-db: visit"
}
answers6() { # TENANT
	demo_ask6 "$1" web1 web2 | grep "^$1-web2 -> $1-app[12] -> $1-db: visit .* by IPv6$"
}
for tenant in red blue; do
	cloud_wait 10 answers $tenant ||
		fail "$tenant: web -> app -> db does not answer: $(demo_ask $tenant web1 "${demo_address[web2]}")"
	eval "${tenant}_answer=\$(answers $tenant)"
	cloud_wait 10 answers6 $tenant ||
		fail "$tenant: web -> app -> db does not answer by IPv6: $(demo_ask6 $tenant web1 web2)"
	eval "${tenant}_answer6=\$(answers6 $tenant)"
done

# An address that only blue has: blue reaches it, red does not, though all else is equal.
demo_weft blue-admin control port create blue-guest --network blue-web --security-group blue-web \
	--fixed-ip "ip-address=${demo_address[guest]}" --host h1 >/dev/null &&
	demo_join blue guest || fail 'the guest of blue does not join'
N blue-web1 ping -n -c 1 -W 2 "${demo_address[guest]}" >/dev/null || fail 'blue does not reach its guest'
! N red-web1 ping -n -c 1 -W 1 "${demo_address[guest]}" >/dev/null || fail 'red reaches the guest of blue'

# web may not ask the database: app alone may.
! N red-web1 redis-cli -h "${demo_address[db]}" -t 1 get tenant 2>/dev/null | grep -q red || fail 'red-web1 reads the database'
denied=$(demo_weft red-admin control trace red-web1 "tcp ${demo_address[db]}:6379") || fail "no trace: $denied"
grep -q '^dropped .*ingress-denied' <<<"$denied" || fail "trace says of red-web1 to red-db: $denied"

round_trip() { # FROM ADDRESS: median of two hundred, in microseconds
	N "$1" ping -n -c 200 -i 0.002 "$2" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n |
		awk '{ v[NR] = $1 } END { printf "%d", v[int((NR + 1) / 2)] * 1000 }'
}
throughput() { # FROM TO ADDRESS: Gbit/s
	(cloud_exec "$2" iperf3 -s -1) >/dev/null 2>&1 &
	cloud_wait 3 bash -c "nsenter --net=/run/netns/$CLOUD-$2 ss -Hltn 'sport = :5201' | grep -q ."
	N "$1" iperf3 -c "$3" -t 1 -C cubic -J 2>/dev/null | /usr/bin/python3 -c '
import json, sys
print("%.1f" % (json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e9))'
	wait $!
}
overlay_trip=$(round_trip red-web1 "${demo_address[app2]}")
bare_trip=$(round_trip h1 10.99.3.2)
local_trip=$(round_trip red-web2 "${demo_address[app1]}")
overlay_rate=$(throughput red-web1 red-app2 "${demo_address[app2]}")
bare_rate=$(throughput h1 h3 10.99.3.2)

trap - EXIT
{
	printf 'first_ping_ms=%s\nstack_ms=%s\n' "$red_ping" "$stacked"
	printf 'red_answer="%s"\nblue_answer="%s"\n' "$red_answer" "$blue_answer"
	printf 'red_answer6="%s"\nblue_answer6="%s"\n' "$red_answer6" "$blue_answer6"
	printf 'denied="%s"\n' "$(sed -n 's/^ *policy *\(receiver.*\)/\1/p; /^dropped/p' <<<"$denied" | sed 's/ ([^)]*)//; s/ *\[.*//')"
	printf 'overlay_us=%s\nlocal_us=%s\nbare_us=%s\n' "$overlay_trip" "$local_trip" "$bare_trip"
	printf 'overlay_gbit=%s\nbare_gbit=%s\n' "$overlay_rate" "$bare_rate"
	printf 'all_ms=%s\n' "$(elapsed "$begin")"
} >"$CLOUD_DIR/figures"
"$demo_folder/status.sh"
