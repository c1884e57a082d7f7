#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Agents and the controller are killed while a ping of every 2 ms and a TCP stream cross the
# overlay: not one packet is lost. What changed meanwhile is there afterwards.
#
#   h1: a 10.0.1.11 ---router--- h2: b 10.0.2.12
. "$(dirname "$0")/lib.sh"
story restart 2

one=$(as red make network '"name":"one"') two=$(as red make network '"name":"two"')
s1=$(as red make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"")
s2=$(as red make subnet "\"network_id\":\"$two\",\"ip_version\":4,\"cidr\":\"10.0.2.0/24\"")
router=$(as red make router '"name":"r"')
for s in $s1 $s2; do as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$s\"}" >/dev/null; done
a=$(place a h1 "$one" 10.0.1.11/24 10.0.1.1) || exit 1
b=$(place b h2 "$two" 10.0.2.12/24 10.0.2.1) || exit 1
check 'the way is open' reaches a 10.0.2.12

# Runs COMMAND three times while traffic flows; nothing may be lost.
undisturbed() { # COMMAND...
	local stream n
	cloud_stop stream-server
	cloud_start stream-server b "$(dirname "$0")/stream.py" serve 6000
	cloud_wait 3 listening b 6000
	ping_begin a 10.0.2.12 -q -i 0.002
	N a "$(dirname "$0")/stream.py" send 10.0.2.12 6000 5 >"$CLOUD_DIR/stream" 2>&1 & stream=$!
	sleep 0.3
	for n in 1 2 3; do
		"$@" || return 1
		sleep 0.3
	done
	wait $stream || { echo "stream: $(cat "$CLOUD_DIR/stream")"; ping_end; return 1; }
	ping_end
	cat "$CLOUD_DIR/ping" "$CLOUD_DIR/stream"
	lost "$CLOUD_DIR/ping"
}
# ping counts the one that was under way when it was told to stop.
lost() { # FILE
	awk '/packets transmitted/ { sent = $1; got = $4 } END { exit !(sent > 500 && sent - got <= 1) }' "$1"
}
kill_agent() { # NUMBER
	cloud_stop "agent-h$1" KILL
	sleep 0.2
	cloud_agent "$1"
}
kill_weftd() {
	cloud_stop weftd KILL
	sleep 0.2
	cloud_weftd
}
stop_agent() { # NUMBER
	cloud_stop "agent-h$1" TERM
	sleep 0.2
	cloud_agent "$1"
}
check 'the sender'\''s agent is killed' undisturbed kill_agent 1
check 'the receiver'\''s agent is killed' undisturbed kill_agent 2
check 'the sender'\''s agent is stopped and started' undisturbed stop_agent 1
check 'weftd is killed' undisturbed kill_weftd

connected() { # HOST
	[ "$(agent "$1" GET /v1/status | get connected)" = true ]
}
check 'h1 is connected again' cloud_wait 10 connected h1
check 'h2 is connected again' cloud_wait 10 connected h2
c=$(place c h1 "$one" 10.0.1.13/24 10.0.1.1) || exit 1
check 'a port made afterwards works' reaches c 10.0.2.12
check 'and is reached' reaches b 10.0.1.13

# The world changes while an agent is away.
cloud_stop agent-h2 KILL
api DELETE "/v2.0/ports/$c" >/dev/null
d=$(make_port "$one" h1 10.0.1.14)
workload d && attach h1 "$d" d && addresses d 10.0.1.14/24 10.0.1.1
cloud_agent 2
check 'what was made while the agent was away is reached' reaches b 10.0.1.14
gone() { ! N b ping -n -c 1 -W 0.3 10.0.1.13; }
check 'what was deleted meanwhile is not' cloud_wait 5 gone

disconnected() { ! connected "$1"; }

# The controller away: traffic goes on, agents serve, their clients are told.
cloud_stop weftd KILL
check 'weftd is away: traffic goes on' reaches a 10.0.2.12
check 'weftd is away: the agent says so' cloud_wait 15 disconnected h1
cloud_weftd
check 'weftd is back: the agent finds it' cloud_wait 15 connected h1
check 'weftd is back: ports are ACTIVE again' cloud_wait 15 port_active "$a"

# A host that is lost takes its ports DOWN; back, they are ACTIVE.
port_down() { [ "$(api GET "/v2.0/ports/$b" | get port status)" = DOWN ]; }
cloud_stop agent-h2 KILL
check 'a host that is lost: its ports are DOWN' cloud_wait 30 port_down
check 'but its traffic goes on' reaches a 10.0.2.12
cloud_agent 2
check 'a host that is back: its ports are ACTIVE' cloud_wait 15 port_active "$b"
story_told
