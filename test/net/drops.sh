#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Looking on while packets are dropped: each with its port, its reason and its headers, and nobody
# pays for it but while somebody looks.
#
#   h1: a 10.0.1.11, c 10.0.1.13     h2: b 10.0.1.12
. "$(dirname "$0")/lib.sh"
story drops 2

network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
a=$(place a h1 "$network" 10.0.1.11/24) || exit 1
b=$(place b h2 "$network" 10.0.1.12/24) || exit 1
c=$(place c h1 "$network" 10.0.1.13/24) || exit 1

# follow NAME HOST OPTION...: weft drops --follow in the background; its lines go to $CLOUD_DIR/NAME.
watchers() { agent "$1" GET /metrics | sed -n 's/^weft_watchers{what="drops"} //p'; }
follow() {
	local name=$1 host=$2 before
	shift 2
	before=$(watchers "$host")
	("$CLOUD_BIN/cli/weft" --agent "$CLOUD_RUN/$host/agent.sock" drops --follow "$@") \
		>"$CLOUD_DIR/$name" 2>"$CLOUD_DIR/$name.err" </dev/null &
	eval "follow_$name=\$!"
	cloud_wait 5 looking "$host" "$before" || echo "$name does not look on"
}
looking() { [ "$(watchers "$1")" -gt "$2" ]; } # HOST BEFORE
alone() { agent "$1" GET /metrics | grep -q '^weft_watchers{what="drops"} 0'; }
unfollow() { # NAME
	eval "kill -TERM \$follow_$1; wait \$follow_$1"
}
told() { # NAME PATTERN
	grep -Eq -- "$2" "$CLOUD_DIR/$1"
}
lines() { wc -l <"$CLOUD_DIR/$1"; }
# COUNT UDP packets from a to 10.0.1.12 with a source address that is not its own: denied, and
# after the first one by the cache.
N a ip addr add 10.0.1.66/32 dev eth0
forge() { # COUNT [PORT]
	N a /usr/bin/python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.0.1.66", 6666))
for i in range(int(sys.argv[1])):
    s.sendto(b"x" * 40, ("10.0.1.12", int(sys.argv[2])))
    time.sleep(0 if int(sys.argv[1]) > 100 else 0.01)' "$1" "${2:-7}"
}
N a ping -n -c 1 -W 1 10.0.1.12 >/dev/null # so that its neighbour is known

forge 3
follow all h1
check_equal 'what was before is not told' 0 "$(lines all)"
forge 3
check 'a drop is told' cloud_wait 3 told all \
	"^[0-9:.]+ a sent source-ip \(the source address is not the port's\): udp 10.0.1.66:6666 -> 10.0.1.12:7, ttl 64, 82 bytes, "
three() { [ "$(grep -c source-ip "$CLOUD_DIR/all")" = 3 ]; }
check 'each of them, those by the cache too' cloud_wait 3 three
check_equal 'every one counted is shown' 6 "$(drops h1 "$a" source-ip)"
N a arping -c 1 -w 1 -I eth0 10.0.1.99 >/dev/null
check 'ARP in vain' cloud_wait 3 told all '^[0-9:.]+ a sent arp-unknown .*: arp who has 10.0.1.99, tell 10.0.1.(11|66), '

# On arrival: the tunnel is told, too.
follow there h2
as admin api PUT "/v2.0/ports/$b" '{"port":{"admin_state_up":false}}' >/dev/null
unreached a 10.0.1.12
check 'a drop on arrival tells the tunnel and who it was for' cloud_wait 3 told there \
	' b received port-down \(.*\): tunnel 10.99.1.2 -> 10.99.2.2, VNI 1, identity [0-9]+: icmp type 8 code 0 10.0.1.11 -> 10.0.1.12, ttl 64, 98 bytes'
as admin api PUT "/v2.0/ports/$b" '{"port":{"admin_state_up":true}}' >/dev/null
unfollow there
check 'who leaves is gone' cloud_wait 3 alone h2

# Chosen ones.
follow one h1 --port c
follow why h1 --reason source-ip -f json
follow id h1 --port "$a" --reason source-ip
forge 2
N c arping -c 1 -w 1 -I eth0 10.0.1.98 >/dev/null
check 'of one port' cloud_wait 3 told one ' c sent arp-unknown '
check_not 'and of no other' told one ' a sent '
check 'for one reason' cloud_wait 3 told why '"reason":"source-ip"'
check_not 'and for no other' told why arp-unknown
check 'of a port by its id, for a reason' cloud_wait 3 told id ' a sent source-ip '
both() { [ "$(lines id)" = 2 ]; }
check 'both of them' cloud_wait 3 both
check 'JSON is whole: port, time, length, frame' /usr/bin/python3 -c '
import json, sys, time
line = json.loads(open(sys.argv[1]).readline())
frame = bytes.fromhex(line["frame"])
assert line["port"] == sys.argv[2] and line["name"] == "a", line
assert line["sentence"] == "the source address is not the port\x27s", line
assert abs(line["time"] / 1e9 - time.time()) < 60, line
assert line["length"] == 82 == len(frame) and frame[26:30] == bytes([10, 0, 1, 66]), line' "$CLOUD_DIR/why" "$a"
check_match 'a reason that there is not' "reason rain: not known" \
	"$("$CLOUD_BIN/cli/weft" --agent "$CLOUD_RUN/h1/agent.sock" drops --follow --reason rain 2>&1)"

# A flood is not shown as a whole, and this is said; all of it is counted.
counts() { # of a's drops: for this reason, for any
	agent h1 GET "/v1/ports/$a/stats" | /usr/bin/python3 -c '
import json, sys
drops = json.load(sys.stdin)["drops"]
print(drops["source-ip"], sum(drops.values()))'
}
read -r own all < <(counts)
shown=$(lines id)
forge 5000
check 'a flood: packets that are not shown are counted and said' cloud_wait 5 told id.err 'packets could not be shown'
sleep 1.5 # the last count is told a second later
# What was lost may have been of another reason, such as a router solicitation.
between() {
	local own_now all_now both=$(($(lines id) - shown + $(awk '{ sum += $2 } END { print sum + 0 }' "$CLOUD_DIR/id.err")))
	read -r own_now all_now < <(counts)
	[ $both -ge $((own_now - own)) ] && [ $both -le $((all_now - all)) ] ||
		{ echo "$both, of $((own_now - own)) and $((all_now - all))"; return 1; }
}
check 'shown and lost together are all there were' between
check 'the greater part of a flood is not shown' test $(($(lines id) - shown)) -lt 1500

# The agent ends, and starts again: looking on ends with it, and is off.
cloud_stop agent-h1
for name in all one why id; do eval "wait \$follow_$name" && failed "$name: ends with an error"; done
check 'the client says that the agent has gone' told all.err '^weft: '
cloud_agent 1
check 'nobody looks on' alone h1
sampling() { # HOST: how many slots are looked at
	local id
	id=$(for f in /proc/"$(cloud_pid "agent-$1")"/fdinfo/*; do sed -n 's/^map_id:\t*//p' "$f"; done 2>/dev/null | sort -u |
		while read -r id; do bpftool map show id "$id" 2>/dev/null | grep -q 'name sampling ' && echo "$id"; done | head -n 1)
	bpftool -j map dump id "$id" | /usr/bin/python3 -c '
import json, sys
print(sum(1 for e in json.load(sys.stdin) if e["formatted"]["value"]["kinds"]))'
}
check_equal 'the data plane is not asked for anything' 0 "$(sampling h1)"
follow again h1
check_equal 'and is, while somebody looks on' 1 "$(sampling h1)"
forge 1
check 'it tells again' cloud_wait 3 told again source-ip
unfollow again
check 'and then no more' cloud_wait 3 eval '[ "$(sampling h1)" = 0 ]'
story_told
