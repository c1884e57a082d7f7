#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is seen of connections: both hosts list one that is open, with the rule that let it in;
# and whether one port may speak to another, which real programs confirm.
#
#   h1: web 10.3.0.11 (group web)    h2: db 10.3.0.12 (group db: tcp/5432 from web, no more)
. "$(dirname "$0")/lib.sh"
story flows 2

weft() { # HOST ARGUMENT...
	local host=$1
	shift
	N control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret \
		--agent "$CLOUD_RUN/$host/agent.sock" "$@"
}
group() { # NAME
	api POST /v2.0/security-groups "{\"security_group\":{\"name\":\"$1\"}}" | get security_group id
}
seat() { # NAME HOST ADDRESS GROUP: a port in a group; its id is in $NAME
	local id
	id=$(make_port "$network" "$2" "$3" "\"name\":\"$1\",\"security_groups\":[\"$4\"]") && workload "$1" &&
		attach "$2" "$id" "$1" && addresses "$1" "$3/24" || return
	cloud_wait 10 port_active "$id" || return
	eval "$1=$id"
}
network=$(make network '"name":"tiers","port_security_enabled":true')
make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.3.0.0/24\"" >/dev/null
webs=$(group web)
dbs=$(group db)
rule=$(api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$dbs\",
	\"direction\":\"ingress\",\"ethertype\":\"IPv4\",\"protocol\":\"tcp\",\"port_range_min\":5432,
	\"port_range_max\":5432,\"remote_group_id\":\"$webs\"}}" | get security_group_rule id)
seat web h1 10.3.0.11 "$webs" || exit 1
seat db h2 10.3.0.12 "$dbs" || exit 1

# A server that holds what connects, and a client that stays until it is told.
for port in 5432 80; do
	cloud_start "serve-$port" db /usr/bin/python3 -c '
import socket, sys, time
server = socket.create_server(("", int(sys.argv[1])))
held = []
while True: held.append(server.accept())' $port
	check "the server listens on $port" cloud_wait 5 listening db $port
done
connects() { # PORT: a connection can be opened
	N web timeout 2 bash -c "exec 3<>/dev/tcp/10.3.0.12/$1" 2>/dev/null
}
policy() { # FROM TO SERVICE: allowed or denied, and the two verdicts
	local text status
	text=$(weft h1 policy check "$@" -f value -c direction -c verdict)
	status=$?
	echo "$status" $text
}

# ------------------------------------------------------------ the question
check_equal 'check: allowed' '0 egress allowed ingress allowed' "$(policy web db tcp/5432)"
check 'so it is' connects 5432
check_equal 'check: another service' '1 egress allowed ingress denied' "$(policy web db tcp/80)"
check_not 'so it is' connects 80
check_equal 'check: echo' '1 egress allowed ingress denied' "$(policy web db icmp)"
check 'so it is' unreached web 10.3.0.12
check_equal 'check: the other way' '1 egress allowed ingress denied' "$(policy db web tcp/80)"
check_equal 'the rule is named' "sg:$dbs/$rule" \
	"$(weft h1 policy check web db tcp/5432 -f json | get checks 1 rule)"
check_match 'a service that is none' "^weft: service 'tcp': " "$(weft h1 policy check web db tcp 2>&1)"
check_match 'a port that is none' "^weft: .*nobody" "$(weft h1 policy check web nobody tcp/80 2>&1)"

# -------------------------------------------------------------- the listing
cloud_start client web /usr/bin/python3 -c '
import socket, time
held = socket.create_connection(("10.3.0.12", 5432), 5, ("", 45000))
time.sleep(600)'
flow() { # HOST PORT MEMBER...: of the connection from port 45000
	local host=$1 port=$2
	shift 2
	weft "$host" flows "$port" --address 10.3.0.12 --state established -f json | /usr/bin/python3 -c '
import json, sys
for flow in json.load(sys.stdin):
    if 45000 in (flow["local_port"], flow["remote_port"]):
        print(*(flow[name] for name in sys.argv[1:]))' "$@"
}
there() { # HOST PORT
	[ -n "$(flow "$1" "$2" name)" ]
}
check 'the sender lists it' cloud_wait 10 there h1 web
check 'the receiver lists it' cloud_wait 10 there h2 db
check_equal 'as its own' 'web tcp 10.3.0.11 45000 10.3.0.12 5432 local' \
	"$(flow h1 web name protocol local local_port remote remote_port opened_by)"
check_equal 'as the other sees it' 'db tcp 10.3.0.12 5432 10.3.0.11 45000 remote' \
	"$(flow h2 db name protocol local local_port remote remote_port opened_by)"
check_equal 'by the rule' "sg:$dbs/$rule" "$(flow h2 db rule)"
check_equal 'with the sets of the other end' "['sg:$webs']" "$(flow h2 db remote_sets)"
check_match 'by a rule of the sender' "^sg:$webs/" "$(flow h1 web rule)"
check_match 'with counts' '^[1-9][0-9]* [1-9][0-9]*$' "$(flow h2 db tx_packets rx_packets)"
# Trace knows what both agents know: a reply, and the middle of what nobody has opened. It asks weftd
# and nobody else: what the agents have on this machine is out of its sight.
far() { # COMMAND...
	N control unshare --mount sh -c 'mount -t tmpfs none "$1" && shift && exec "$@"' sh "$CLOUD_RUN" "$@"
}
check_equal 'the sockets of the agents are out of sight' '' "$(far ls "$CLOUD_RUN")"
trace() { # ARGUMENT...
	far "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret trace "$@"
}
reply=$(trace db 'tcp 10.3.0.12:5432 -> 10.3.0.11:45000 flags SA')
check_not 'trace: nothing is unknown' grep -q note <<<"$reply"
check_match 'trace: its sender may answer' "sender db [^ ]*: a packet of a connection, which rule sg:$dbs/$rule lets be opened" "$reply"
check_match 'trace: its receiver is let it' "receiver web [^ ]*: a packet of a connection, which rule sg:$webs/[0-9a-f-]* lets be opened" "$reply"
check_match 'trace: so it is delivered' 'delivered to port web [^ ]* on host h1' "$(tr '\n' ' ' <<<"$reply" | tr -s ' ')"
check_equal 'trace: to another port it is no reply' 'dropped no-connection' \
	"$(trace db 'tcp 10.3.0.12:5432 -> 10.3.0.11:45001 flags SA' -f value -c result -c reason | tr -s ' ')"
(sleep 1; connects 5432) &
weft h1 capture web tcp port 5432 --before --count 1 -w "$CLOUD_DIR/one.pcapng" 2>/dev/null
check_match 'trace: a frame of a capture' 'delivered h2 db|dropped h. [a-z]+ no-connection' \
	"$(weft h1 trace web "pcap $CLOUD_DIR/one.pcapng" -f value -c result -c host -c name -c reason | tr -s ' ')"
check_match 'trace: one that it has not' 'not so many packets' "$(weft h1 trace web "pcap $CLOUD_DIR/one.pcapng 7" 2>&1)"
hosts() { # QUERY: h2's connections, as weftd tells an administrator
	api GET "/weft/v1/hosts/h2/conns$1"
}
check_match 'weftd has the host tell' "\"host\": *\"h2\".*\"local_port\": *5432.*\"truncated\": *false" "$(hosts '?address=10.3.0.11')"
check_match 'of this address' '"flows": *\[\]' "$(hosts '?address=10.3.0.99')"
check_match 'an address that is none' "address: 'x' is not an address" "$(hosts '?address=x')"
check_match 'a host that is not there' 'host h7: is not connected' "$(api GET '/weft/v1/hosts/h7/conns?address=10.3.0.11')"
check_match 'a member is told of no connections' 'may not read its connections' "$(as red hosts '?address=10.3.0.11')"
check_equal 'another address has none' '[]' "$(weft h1 flows --address 10.9.0.0/16 -f json | tr -d ' \n')"
check_equal 'another project has none' '[]' "$(weft h1 flows --project nobody -f json | tr -d ' \n')"
check_not 'a state that is none' weft h1 flows --state gone
check_match 'more than asked for is told' 'there are more' "$(weft h1 flows --limit 1 2>&1)"

# Followed: it is there, another comes, and the first goes when its ends have closed it.
cloud_start follow control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret \
	--agent "$CLOUD_RUN/h2/agent.sock" flows db --follow
check 'follow: what is there' cloud_wait 10 grep -q '^begin db tcp 10.3.0.11:45000 -> 10.3.0.12:5432 established' "$CLOUD_DIR/log/follow"
N web bash -c 'exec 3<>/dev/tcp/10.3.0.12/5432; sleep 3' &
check 'follow: what begins, by its rule' cloud_wait 10 \
	grep -q "^begin db tcp 10.3.0.11:[0-9]* -> 10.3.0.12:5432 new, rule sg:$dbs/$rule\$" "$CLOUD_DIR/log/follow"
connects 80
check 'follow: what is denied' cloud_wait 10 \
	grep -q '^deny db tcp 10.3.0.11:[0-9]* -> 10.3.0.12:80 ingress-denied (' "$CLOUD_DIR/log/follow"
cloud_stop client
cloud_stop serve-5432
check 'follow: what ends' cloud_wait 25 grep -q '^end db tcp 10.3.0.11:[0-9]* .* closed, ' "$CLOUD_DIR/log/follow"
cloud_stop follow

# Chosen events: what is denied, of a project, a port, an address; and nothing when nobody looks.
follow() { # NAME HOST ARGUMENT...: its lines go to $CLOUD_DIR/log/NAME
	local name=$1 host=$2
	shift 2
	cloud_start "$name" control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret \
		--agent "$CLOUD_RUN/$host/agent.sock" flows --follow "$@"
}
watched() { # HOST N
	agent "$1" GET /metrics | grep -q "^weft_watchers{what=\"flows\"} $2\$"
}
check 'nobody follows' cloud_wait 5 watched h2 0
follow denied h2 db --denied
follow other h2 --denied --address 10.9.0.0/16
follow json h2 --verdict denied --project "$(weft h2 port show db -f value -c project_id)" -f json
follow sender h1 --verdict accepted --address 10.3.0.12
check 'three follow' cloud_wait 5 watched h2 3
check 'and one at the sender' cloud_wait 5 watched h1 1
connects 81
check 'the echo is denied' unreached web 10.3.0.12
check 'denied: TCP' cloud_wait 5 grep -q '^deny db tcp 10.3.0.11:[0-9]* -> 10.3.0.12:81 ingress-denied (' "$CLOUD_DIR/log/denied"
check 'denied: echo' cloud_wait 5 grep -q '^deny db icmp 10.3.0.11:[0-9]* -> 10.3.0.12:0 ingress-denied (' "$CLOUD_DIR/log/denied"
check 'of a project, as JSON' cloud_wait 5 /usr/bin/python3 -c '
import json, sys
for line in map(json.loads, open(sys.argv[1])):
    if line["remote_port"] and line["local_port"] == 81:
        assert line["remote_sets"] == ["sg:" + sys.argv[2]] and line["rule"] is None, line
        assert line["name"] == "db" and line["reason"] == "ingress-denied", line
        sys.exit(0)
sys.exit(1)' "$CLOUD_DIR/log/json" "$webs"
check 'not of other addresses' test ! -s "$CLOUD_DIR/log/other"
check 'the sender opened it' cloud_wait 5 grep -q "^begin web tcp 10.3.0.11:[0-9]* -> 10.3.0.12:81 new, rule sg:$webs/" "$CLOUD_DIR/log/sender"
check_not 'and it was not denied there' grep -q '^deny' "$CLOUD_DIR/log/sender"
for name in denied other json sender; do cloud_stop $name; done
check 'nobody follows any more' cloud_wait 5 watched h2 0
# Listed, too: what the flow caches remember, until something is changed that it depends on.
denied() { # HOST ARGUMENT...: a line each, name opened_by protocol local local_port remote reason rule
	local host=$1
	shift
	weft "$host" flows --denied "$@" -f json | /usr/bin/python3 -c '
import json, sys
for d in json.load(sys.stdin):
    assert d["verdict"] == "denied" and d["sentence"] and "state" not in d, d
    print(*(d[name] for name in "name opened_by protocol local local_port remote reason rule".split()), *d["remote_sets"])' |
		sort
}
connects 81
echoes() { # CPU: each processor has a cache of its own
	N web taskset -c "$1" ping -qn -c 1 -W 0.2 -e 7 10.3.0.12 >/dev/null
}
for cpu in $(seq 0 $(($(nproc) - 1))); do echoes "$cpu"; done
check_match 'a denial is listed, with who sent it' "^db remote tcp 10.3.0.12 81 10.3.0.11 ingress-denied None sg:$webs\$" \
	"$(denied h2 db)"
check_match 'an echo, too' '^db remote icmp 10.3.0.12 0 10.3.0.11 ingress-denied None' "$(denied h2)"
check_equal 'none twice' '' "$(weft h2 flows --denied -f json | /usr/bin/python3 -c '
import json, sys
ends = [(d["local"], d["local_port"], d["remote"], d["remote_port"], d["protocol"]) for d in json.load(sys.stdin)]
print(*(e for e in ends if ends.count(e) > 1))')"
check_equal 'not at the sender, who may send it' '' "$(denied h1)"
check_equal 'of another address none' '' "$(denied h2 --address 10.9.0.0/16)"
check_match 'as a table' '^db +tcp +10.3.0.12 +81 +10.3.0.11 +[0-9]+ +remote +ingress-denied' \
	"$(weft h2 flows db --denied -f value | grep ' 81 ')"
opened=$(api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$dbs\",
	\"direction\":\"ingress\",\"ethertype\":\"IPv4\",\"protocol\":\"icmp\"}}" | get security_group_rule id)
check 'the echo is let in' reaches web 10.3.0.12
check_equal 'nothing is listed that was denied before the change' '' "$(denied h2)"
api DELETE "/v2.0/security-group-rules/$opened" >/dev/null
check_match 'what is denied has no state' '^weft: parameter state: what is denied has none' \
	"$(weft h2 flows --denied --state new 2>&1)"
check_match 'a verdict that there is not' '^weft: parameter verdict: maybe is not' "$(weft h2 flows --verdict maybe 2>&1)"
check_match 'a state cannot be followed' '^weft: --state: ' "$(weft h2 flows --follow --state new 2>&1)"

# Logged: the agent writes down what the API asks for, whoever looks on.
log() { # ATTRIBUTES
	api POST /v2.0/log/logs "{\"log\":{\"resource_type\":\"security_group\",$1}}" | get log id
}
logged() { # HOST PATTERN
	grep -q -- "$2" "$CLOUD_DIR/log/agent-$1"
}
check_not 'nothing is logged unasked' logged h2 ' accepted '
dropped=$(log "\"event\":\"DROP\",\"target_id\":\"$db\"")
accepted=$(log "\"event\":\"ACCEPT\",\"resource_id\":\"$dbs\"")
cloud_start serve-5432 db /usr/bin/python3 -c '
import socket
server = socket.create_server(("", 5432))
held = []
while True: held.append(server.accept())'
cloud_wait 5 listening db 5432
tried() { # PORT PATTERN: what connecting to it has h2 log
	connects "$1"
	logged h2 "$2"
}
check 'a denial is logged' cloud_wait 5 tried 80 \
	"info flow: port $db: denied tcp 10.3.0.11:[0-9]* -> 10.3.0.12:80, ingress-denied, rule none, log $dropped\$"
check 'a connection is logged, by its rule' cloud_wait 5 tried 5432 \
	"info flow: port $db: accepted tcp 10.3.0.11:[0-9]* -> 10.3.0.12:5432, rule sg:$dbs/$rule, log $accepted\$"
check_not 'of others nothing is' logged h1 " port $web: "
api PUT "/v2.0/log/logs/$dropped" '{"log":{"enabled":false}}' >/dev/null
api DELETE "/v2.0/log/logs/$accepted" >/dev/null
quiet() { # FIRST: nothing of the ports is asked of the data plane any more
	local before after
	before=$(grep -c ' flow: port ' "$CLOUD_DIR/log/agent-h2")
	connects 80
	connects 5432
	sleep 0.5
	after=$(grep -c ' flow: port ' "$CLOUD_DIR/log/agent-h2")
	[ "$before" = "$after" ]
}
check 'and no more when it is not asked for' cloud_wait 5 quiet

metric() { # HOST NAME
	agent "$1" GET /metrics | awk -v name="$2" '$1 == name { print $2 }'
}
check_equal 'one bank a host' '1 1' "$(metric h1 weft_policy_banks) $(metric h2 weft_policy_banks)"
check 'identities are counted' test "$(metric h2 weft_policy_identities)" -ge 2
story_told
