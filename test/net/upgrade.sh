#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An agent is killed, replaced by another build, given tables of another size, replaced by one
# whose maps have another layout, and told all its rows anew, while a ping of every 2 ms and a TCP
# stream cross the overlay: not one packet is lost, and each connection that was known before is
# known after. An older agent refuses the maps of a newer one, and says so.
#
#   h1: a 10.0.1.11 ---router--- h2: b 10.0.65.12
. "$(dirname "$0")/lib.sh"
story upgrade 2
check 'a later version builds' ninja -C "$BUILD" test/upgrade/weft-agent-next || exit 1

one=$(as red make network '"name":"one"') two=$(as red make network '"name":"two"')
s1=$(as red make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.0.0/18\"")
s2=$(as red make subnet "\"network_id\":\"$two\",\"ip_version\":4,\"cidr\":\"10.0.64.0/18\"")
router=$(as red make router '"name":"r"')
for s in $s1 $s2; do as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$s\"}" >/dev/null; done
a=$(place a h1 "$one" 10.0.1.11/18 10.0.0.1) || exit 1
b=$(place b h2 "$two" 10.0.65.12/18 10.0.64.1) || exit 1
check 'the way is open' reaches a 10.0.65.12

# Three thousand ports more, on both hosts: as many rows of a full transfer, and entries of maps.
crowd() {
	local n
	for n in 1 2 3 4 5 6; do
		api POST /v2.0/ports "$(/usr/bin/python3 -c '
import json, sys
print(json.dumps({"ports": [{"network_id": sys.argv[1], "binding:host_id": sys.argv[2]}] * 500}))' \
			"$one" h$((n % 2 + 1)))" >/dev/null || return
	done
}
api PUT /v2.0/quotas/admin '{"quota":{"port":-1}}' >/dev/null
check 'three thousand ports more' crowd
locations() { # HOST
	[ "$(agent "$1" GET /v1/status | get tables location)" -ge 3000 ]
}
check 'h1 knows them' cloud_wait 20 locations h1
check 'h2 knows them' cloud_wait 20 locations h2

# Forty connections that say nothing for as long as this lasts: only `conn` knows of them.
quiet() {
	cloud_start quiet-server b /usr/bin/python3 -c '
import socket
s, held = socket.create_server(("", 6001)), []
while True:
    held.append(s.accept()[0])
    held[-1].sendall(held[-1].recv(1))'
	cloud_wait 3 listening b 6001
	cloud_start quiet-client a /usr/bin/python3 -c '
import socket, time
held = [socket.create_connection(("10.0.65.12", 6001)) for _ in range(40)]
for s in held:
    s.sendall(b"x")
    s.recv(1)
print("quiet", flush=True)
time.sleep(1000)'
	cloud_wait 5 grep -q quiet "$CLOUD_DIR/log/quiet-client"
}
check 'forty quiet connections' quiet

# The TCP connections of HOST that are open: a line each, with who opened it and what it counted.
connections() { # HOST
	agent "$1" GET '/v1/flows?limit=10000' | /usr/bin/python3 -c '
import json, sys
for c in sorted(json.load(sys.stdin)["flows"], key=lambda c: c["local_port"] + c["remote_port"]):
    if c["protocol"] == "tcp" and 6001 in (c["local_port"], c["remote_port"]):
        print(c["port"], c["local"], c["local_port"], c["remote"], c["remote_port"], c["state"],
              c["opened_by"], c["tx_packets"], c["rx_packets"], c["tx_bytes"], c["rx_bytes"])'
}
# What a record of the cache had counted reaches `conn` some seconds later.
settled() { # HOST
	connections "$1" >"$CLOUD_DIR/conn.$1"
	sleep 1
	[ "$(wc -l <"$CLOUD_DIR/conn.$1")" = 40 ] && connections "$1" | cmp - "$CLOUD_DIR/conn.$1"
}
check 'h1 knows the quiet ones' cloud_wait 20 settled h1
check 'h2 knows the quiet ones' cloud_wait 20 settled h2
kept() {
	connections h1 | diff "$CLOUD_DIR/conn.h1" - && connections h2 | diff "$CLOUD_DIR/conn.h2" -
}
check 'they are as they were' kept

# Runs COMMAND with traffic before, during and after; nothing may be lost.
undisturbed() { # COMMAND...
	local stream
	cloud_stop stream-server
	cloud_start stream-server b "$(dirname "$0")/stream.py" serve 6000
	cloud_wait 3 listening b 6000
	ping_begin a 10.0.65.12 -q -i 0.002
	N a "$(dirname "$0")/stream.py" send 10.0.65.12 6000 6 >"$CLOUD_DIR/stream" 2>&1 & stream=$!
	sleep 0.5
	"$@" || { ping_end; wait $stream; return 1; }
	sleep 0.5
	wait $stream || { echo "stream: $(cat "$CLOUD_DIR/stream")"; ping_end; return 1; }
	ping_end
	cat "$CLOUD_DIR/ping" "$CLOUD_DIR/stream"
	# ping counts the one that was under way when it was told to stop.
	awk '/packets transmitted/ { sent = $1; got = $4 } END { exit !(sent > 500 && sent - got <= 1) }' \
		"$CLOUD_DIR/ping"
}

# The id of the program that the uplink of HOST runs, by what the agent pinned.
program() { # HOST
	local pin
	for pin in "$CLOUD_RUN/$1"/bpf/link_*; do
		[ ! -e "$pin" ] || bpftool -j link show pinned "$pin" | get prog_id
	done | sort | tr '\n' ' '
	# Before kernel 6.6 there are no links.
	ls "$CLOUD_RUN/$1"/bpf/link_* >/dev/null 2>&1 ||
		tc -n "$CLOUD-$1" filter show dev u0 ingress | grep -o ' id [0-9]*'
}

# Another agent in the place of h1's and h2's, both at once; they end or are killed by SIGNAL.
replace() { # SIGNAL FOLDER [OPTION...]
	local signal=$1 bin=$2 n before
	before=$(program h1)$(program h2)
	shift 2
	for n in 1 2; do cloud_stop "agent-h$n" "$signal"; done
	for n in 1 2; do
		CLOUD_BIN=$bin cloud_agent $n "$@" || return
	done
	cloud_wait 20 hooked h1 && cloud_wait 20 hooked h2 || { echo 'programs are not in place'; return 1; }
	[ "$(program h1)$(program h2)" != "$before" ] || { echo "the programs are the old ones: $before"; return 1; }
}
hooked() { # HOST
	[ "$(agent "$1" GET /v1/status | get programs)" = true ]
}
said() { # HOST TEXT
	grep "started: " "$CLOUD_DIR/log/agent-$1" | tail -n 1 | grep -q "$2"
}
old=$CLOUD_BIN

check 'killed and started' undisturbed replace KILL "$old"
check 'connections are kept' kept
check 'with the maps that were there' said h1 'known maps, 0 carried over'
[ -x "${BUILD_CLANG:-}/agent/weft-agent" ] && other=$BUILD_CLANG || other=$old
check 'replaced by another build' undisturbed replace TERM "$other"
check 'connections are kept by that' kept
check 'tables of another size' undisturbed replace TERM "$old" --connections 50000 --locations 20000
check 'connections are kept in them' kept
check 'what was in them was carried over' said h1 'known maps, 4 carried over'

# The next version's agent: conn, flow, port and mac have another layout, drops more elements.
mkdir -p "$CLOUD_DIR/next/agent"
ln -s "$BUILD/test/upgrade/weft-agent-next" "$CLOUD_DIR/next/agent/weft-agent"
size_of() { # MAP
	bpftool -j map show pinned "$CLOUD_RUN/h1/bpf/$1" | get bytes_"$2"
}
sizes() {
	for map in conn port mac; do
		bpftool -j map show pinned "$CLOUD_RUN/h1/bpf/$map" | get bytes_value
	done | tr '\n' ' '
}
before=$(sizes)
dropped() { drops h1 "$a" no-route; }
N a ping -c 3 -i 0.2 -W 0.2 10.99.99.99 >/dev/null 2>&1
drops_before=$(dropped)
check 'something was dropped' [ "$drops_before" -gt 0 ]
check 'replaced by a later version' undisturbed replace TERM "$CLOUD_DIR/next" --connections 50000 --locations 20000
check_no_match 'its maps have another layout' "^$before\$" "$(sizes)"
version=$(sed -n 's/^#define ABI_VERSION \([0-9]*\).*/\1/p' "$cloud_repo/abi/map.h")
check_equal 'its version is marked' $((version + 1)) "$(readlink "$CLOUD_RUN/h1/bpf/abi")"
check 'connections are kept by a change of layout' kept
check 'maps were carried over' said h1 'known maps, [1-9][0-9]* carried over'
check_equal 'counters, too' "$drops_before" "$(dropped)"
check 'nothing of the old is left pinned' test ! -e "$CLOUD_RUN/h1/bpf/conn_old"
check 'the later version is killed and started' undisturbed replace KILL "$CLOUD_DIR/next" --connections 50000 --locations 20000
check 'with maps that fit' said h1 'known maps, 0 carried over'
check 'connections are kept by it' kept

# A map that takes only a part of what was there, most of it stale, has no half truth in it: it is
# filled from rows before the programs change. The next version's agents are away while 1800 of
# the crowd go.
fewer() {
	local n
	for n in 1 2; do cloud_stop "agent-h$n"; done
	N control /usr/bin/python3 -c '
import http.client, json, sys
api = http.client.HTTPConnection(sys.argv[1])
def call(method, path):
    api.request(method, path, headers={"X-Auth-Token": "admin-secret"})
    reply = api.getresponse()
    text = reply.read()
    assert reply.status in (200, 204), (method, path, text)
    return text
ports = json.loads(call("GET", "/v2.0/ports?name=&device_owner=&fields=id&network_id=" + sys.argv[2]))["ports"]
for port in ports[:1800]:
    call("DELETE", "/v2.0/ports/" + port["id"])
assert len(ports) >= 3000, len(ports)' "$CLOUD_LISTEN" "$one" || return
	for n in 1 2; do
		CLOUD_BIN=$CLOUD_DIR/next cloud_agent $n --connections 50000 --locations 2000 || return
	done
	cloud_wait 20 hooked h1 && cloud_wait 20 hooked h2
}
check 'a smaller table, for less' undisturbed fewer
check 'what did not fit as a whole was not taken' said h1 'new maps, [1-9][0-9]* carried over'
check 'connections are kept by it, too' kept

# Everything once more: all rows of both hosts, for the store is another by name.
fulls() { # HOST COUNT
	[ "$(grep -c 'full transfer' "$CLOUD_DIR/log/agent-$1")" -gt "$2" ]
}
tell_anew() {
	local before
	before=$(grep -c 'full transfer' "$CLOUD_DIR/log/agent-h1")
	cloud_stop weftd KILL
	/usr/bin/python3 -c '
import sqlite3, sys, uuid
store = sqlite3.connect(sys.argv[1])
store.execute("UPDATE meta SET value = ? WHERE name = '"'epoch'"'", (str(uuid.uuid4()),))
store.commit()' "$CLOUD_DIR/weftd/weft.db"
	cloud_weftd && cloud_wait 10 fulls h1 "$before" && cloud_wait 10 fulls h2 "$before"
}
check 'all rows told anew' undisturbed tell_anew
check 'connections are kept by that, too' kept
all_there() { [ "$(agent h1 GET /v1/status | get tables location)" -gt 1200 ]; }
check 'h1 has all rows' cloud_wait 10 all_there

# Back: refused, said, and harmless.
cloud_stop agent-h1
refuse() {
	local output status
	output=$(cloud_exec h1 "$old/agent/weft-agent" --controller "$(cloud_url)" --host h1 --tunnel-ip 10.99.1.2 \
		--run "$CLOUD_RUN" --token agent-secret 2>&1) ; status=$?
	echo "$output"
	[ $status = 4 ] && printf '%s' "$output" | grep -q "its maps are of version $((version + 1)), this program knows $version"
}
downgrade() { (refuse); }
check 'an older agent refuses' undisturbed downgrade
CLOUD_BIN=$CLOUD_DIR/next cloud_agent 1 --locations 2000 --connections 50000
check 'the later one goes on' undisturbed reaches a 10.0.65.12
check 'connections are kept by all this' kept
c=$(place c h1 "$two" 10.0.65.13/18 10.0.64.1) || exit 1
check 'a port made afterwards works' reaches c 10.0.65.12
check 'and reaches by the router' reaches c 10.0.1.11
story_told
