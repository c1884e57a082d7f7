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
check_equal 'another address has none' '[]' "$(weft h1 flows --address 10.9.0.0/16 -f json | tr -d ' \n')"
check_equal 'another project has none' '[]' "$(weft h1 flows --project nobody -f json | tr -d ' \n')"
check_not 'a state that is none' weft h1 flows --state gone
check_match 'more than asked for is told' 'there are more' "$(weft h1 flows --limit 1 2>&1)"

# Followed: it is there, another comes, and the first goes when its ends have closed it.
cloud_start follow control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret \
	--agent "$CLOUD_RUN/h2/agent.sock" flows db --follow
check 'follow: what is there' cloud_wait 10 grep -q '^begin db tcp 10.3.0.11:45000 -> 10.3.0.12:5432 established' "$CLOUD_DIR/log/follow"
N web bash -c 'exec 3<>/dev/tcp/10.3.0.12/5432; sleep 3' &
check 'follow: what begins' cloud_wait 10 eval '[ "$(grep -c "^begin .*:5432 established" "$CLOUD_DIR/log/follow")" -ge 2 ]'
cloud_stop client
cloud_stop serve-5432
check 'follow: what ends' cloud_wait 25 grep -q '^end db tcp 10.3.0.11:[0-9]* .* closed, ' "$CLOUD_DIR/log/follow"
cloud_stop follow

metric() { # HOST NAME
	agent "$1" GET /metrics | awk -v name="$2" '$1 == name { print $2 }'
}
check_equal 'one bank a host' '1 1' "$(metric h1 weft_policy_banks) $(metric h2 weft_policy_banks)"
check 'identities are counted' test "$(metric h2 weft_policy_identities)" -ge 2
story_told
