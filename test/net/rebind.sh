#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A port moves to another host while connections of it are open, under a firewall that would let
# none of them be opened by the other end, nor taken up in the middle: the old host hands over what
# it knows. Whoever comes first, the detaching or the new binding; and when the old host's agent
# is away, as soon as it is back.
#
#   h1: m 10.0.1.11 <--> h3: m 10.0.1.11        h2: p 10.0.1.12
#   m is of a group that may only send, p of one that takes TCP and UDP port 7000 and sends nothing.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
story rebind 3
COUNT=300

group() { # NAME
	api POST /v2.0/security-groups "{\"security_group\":{\"name\":\"$1\"}}" | get security_group id
}
let_in() { # PROTOCOL
	api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$servers\",
		\"direction\":\"ingress\",\"ethertype\":\"IPv4\",\"protocol\":\"$1\",\"port_range_min\":7000,
		\"port_range_max\":7000,\"remote_group_id\":\"$clients\"}}" >/dev/null
}
network=$(make network '"name":"n","port_security_enabled":true')
make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
clients=$(group clients)
servers=$(group servers)
for id in $(api GET "/v2.0/security-group-rules?security_group_id=$servers&fields=id" | grep -o '[0-9a-f-]\{36\}'); do
	api DELETE "/v2.0/security-group-rules/$id" >/dev/null
done
let_in tcp
let_in udp
m=$(make_port "$network" h1 10.0.1.11 "\"security_groups\":[\"$clients\"]")
p=$(make_port "$network" h2 10.0.1.12 "\"security_groups\":[\"$servers\"]")
workload m && attach h1 "$m" m && addresses m 10.0.1.11/24
workload p && attach h2 "$p" p && addresses p 10.0.1.12/24
check 'both are ACTIVE' cloud_wait 10 port_active "$m" && cloud_wait 10 port_active "$p"

# ---------------------------------------------------------- what is open

# The server speaks first, to each that has ever spoken to it, whenever a line comes by the fifo.
# Opened again before the writer has closed it, it ends without one.
mkfifo "$CLOUD_DIR/push"
cloud_start server p /usr/bin/python3 -c '
import socket, sys
tcp = socket.create_server(("", 7000), backlog=1024)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("", 7000))
held = [tcp.accept()[0] for i in range(int(sys.argv[2]))]
whom = udp.recvfrom(9)[1]
print("all are here", flush=True)
while True:
    word = open(sys.argv[1]).readline().strip().encode()
    if not word: continue
    for sock in held: sock.sendall(word.ljust(9))
    udp.sendto(word, whom)' "$CLOUD_DIR/push" $COUNT
check 'the server listens' cloud_wait 5 listening p 7000
cloud_start client m /usr/bin/python3 -c '
import select, socket, sys, time
count = int(sys.argv[1])
held = [socket.create_connection(("10.0.1.12", 7000), 10) for i in range(count)]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("10.0.1.12", 7000))
udp.send(b"hello")
print("all are open", flush=True)
heard = {}
while True:
    for sock in select.select(held + [udp], [], [], 1)[0]:
        word = sock.recv(9).decode().strip()
        if not word: sys.exit("a connection has ended")
        kind = word + (" udp" if sock is udp else " tcp")
        heard[kind] = heard.get(kind, 0) + 1
        if sock is udp or heard[kind] == count: print(kind, heard[kind], flush=True)' $COUNT
check "$COUNT connections are open" cloud_wait 20 grep -q 'all are here' "$CLOUD_DIR/log/server"
pushed() { # WORD: the server's word is heard on each connection
	heard() { grep -q "^$1 tcp $COUNT\$" "$CLOUD_DIR/log/client" && grep -q "^$1 udp 1\$" "$CLOUD_DIR/log/client"; }
	echo "$1" >"$CLOUD_DIR/push"
	cloud_wait 30 heard "$1" || { cat "$CLOUD_DIR/log/client"; return 1; }
}
check 'the server is heard on each' pushed before

# A stream that goes on all the time.
cloud_start echo p "$here/stream.py" serve 7001
api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$servers\",
	\"direction\":\"ingress\",\"ethertype\":\"IPv4\",\"protocol\":\"tcp\",\"port_range_min\":7001,
	\"port_range_max\":7001,\"remote_group_id\":\"$clients\"}}" >/dev/null
check 'the echo listens' cloud_wait 5 listening p 7001
streams() { N p ss -Htn state established "( sport = :7001 )" | grep -q .; }
begun() { # the rule may be some milliseconds away
	N m "$here/stream.py" send 10.0.1.12 7001 30 >"$CLOUD_DIR/stream" 2>&1 & stream=$!
	cloud_wait 20 streams
}
check 'a stream has begun' begun

# ---------------------------------------------------------------- it moves

bind_to() { # HOST
	api PUT "/v2.0/ports/$m" "{\"port\":{\"binding:host_id\":\"$1\"}}" >/dev/null
}
seat() { # HOST
	attach "$1" "$m" m && addresses m 10.0.1.11/24 && cloud_wait 10 port_active "$m"
}
detached_first() { # FROM TO
	agent "$1" POST /v1/detach "{\"port\":\"$m\"}" >/dev/null && sleep 1 && bind_to "$2" && seat "$2"
}
unplugged() { ! N m ip link show eth0 >/dev/null 2>&1; }
bound_first() { # FROM TO
	bind_to "$2" && cloud_wait 10 unplugged && seat "$2"
}
handed() { # FROM TO MORE_THAN: as both agents say
	grep -q "^info handover: port $m: [0-9]* connections handed over to host $2\$" "$CLOUD_DIR/log/agent-$1" &&
		[ "$(agent "$2" GET /metrics | sed -n 's/^weft_connections_handed_over_total{result="taken"} //p')" -ge "$3" ]
}
check 'it is detached, and bound to another host' detached_first h1 h3
check 'its connections are handed over' cloud_wait 10 handed h1 h3 $COUNT
check 'the server, who may open none, is heard on each' pushed moved
check 'it is bound to the first one again, and detached by that' bound_first h3 h1
check 'its connections are handed over' cloud_wait 10 handed h3 h1 $COUNT
check 'the server is heard on each' pushed back
wait $stream
check_equal 'the stream has gone on all the time' 0 $?
cat "$CLOUD_DIR/stream"
check_equal 'the other end has noticed nothing' 0 "$(drops h2 "$p" no-connection)"

# On the same host: detached and attached again.
again() { agent h1 POST /v1/detach "{\"port\":\"$m\"}" >/dev/null && seat h1; }
check 'it is attached again' again
check 'and its connections are its own' pushed again

# Without the agent of the old host nothing is handed over, and nothing passes.
cloud_stop agent-h1 KILL
N m ip link set eth0 down
N m ip link set eth0 name old0
check 'the agent is away, and it moves' bound_first h1 h3
echo lost >"$CLOUD_DIR/push"
lost() { [ "$(drops h3 "$m" ingress-denied)" -gt 0 ]; }
check 'without them the server is not let in' cloud_wait 10 lost
check_not 'so nobody hears it' grep -q '^lost tcp' "$CLOUD_DIR/log/client"
cloud_agent 1
check 'the agent is back, and hands over what its kernel has kept' cloud_wait 20 handed h1 h3 $((2 * COUNT))
heard_late() { grep -q "^lost tcp $COUNT\$" "$CLOUD_DIR/log/client"; }
check 'what was sent again meanwhile is heard' cloud_wait 60 heard_late
check 'the server is heard on each' pushed late

# A host that the port has just left hands over more than a port may have: the rest of the table is
# for others.
SHARE=16384
forge() { # FROM: twelve times 2000 connections
	local n
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		api POST "/weft/v1/hosts/$1/handover" "$(/usr/bin/python3 -c '
import json, sys
print(json.dumps({"port": sys.argv[1], "conns": [[6, "10.0.1.11", 1, "192.0.2." + sys.argv[2], n, 1] + [0] * 10
    for n in range(2000)]}, separators=(",", ":")))' "$m" $n)" | grep -q '"host"' || return
		sleep 0.2
	done
}
taken() { agent h1 GET /metrics | sed -n 's/^weft_connections_handed_over_total{result="taken"} //p'; }
check 'it moves once more' bound_first h3 h1
check 'the old host hands over more, and more' forge h3
many() { [ "$(taken)" -gt $((SHARE / 2)) ]; }
check 'they come into the table' cloud_wait 10 many
sleep 1
check 'but no more than its share' test "$(taken)" -le $((SHARE + COUNT))

# A port that is deleted has no heir: nobody is troubled with it.
warned() { grep -c '^warning handover\|^warn handover' "$CLOUD_DIR/log/agent-$1"; }
api DELETE "/v2.0/ports/$p" >/dev/null
gone() { ! agent h2 GET /v1/ports | grep -q "$p"; }
check 'a port is deleted' cloud_wait 10 gone
sleep 1
check_equal 'and that is all' 0 "$(warned h2)"
check_match 'who has moved nothing may not hand over' 'has not moved from it' \
	"$(api POST /weft/v1/hosts/h2/handover "{\"port\":\"$m\",\"conns\":[]}")"
story_told
