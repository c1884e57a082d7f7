#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bad requests, bad templates and bad packets: each gets its clear error, and nothing changes.
#
#   h1: a 10.0.1.11 (sends noise)      h2: b 10.0.1.12
. "$(dirname "$0")/lib.sh"
story badinput 2

network=$(as red make network '"name":"red"')
subnet=$(as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"")
a=$(place a h1 "$network" 10.0.1.11/24) || exit 1
b=$(place b h2 "$network" 10.0.1.12/24) || exit 1

census() {
	api GET /v2.0/networks && api GET /v2.0/subnets && api GET /v2.0/ports && api GET /v2.0/routers
}

# The request gets STATUS, its message matches PATTERN, and the world is as before.
refused() { # STATUS PATTERN METHOD PATH [BODY]
	local before reply status wanted=$1 pattern=$2
	shift 2
	before=$(census | md5sum)
	reply=$(N control curl -sS -m 10 -w '\n%{http_code}' -X "$1" -H "X-Auth-Token: ${AS:-admin-secret}" \
		-H 'Content-Type: application/json' ${3:+--data-binary "$3"} "http://$CLOUD_LISTEN$2")
	status=${reply##*$'\n'}
	[[ $status =~ ^($wanted)$ ]] || { echo "status $status: $reply"; return 1; }
	grep -qE -- "$pattern" <<<"$reply" || { echo "message: $reply"; return 1; }
	[ "$before" = "$(census | md5sum)" ] || { echo 'the world has changed'; return 1; }
}
check 'a body that is no JSON' refused 400 . POST /v2.0/networks '{"network":'
check 'a body of another shape' refused 400 . POST /v2.0/networks '["network"]'
check 'an unknown attribute' refused 400 colour POST /v2.0/networks '{"network":{"colour":"red"}}'
check 'a value of the wrong type' refused 400 'admin_state_up.*maybe|maybe.*admin_state_up' POST /v2.0/networks '{"network":{"admin_state_up":"maybe"}}'
check 'an attribute that is read only' refused 400 status POST /v2.0/networks '{"network":{"status":"ACTIVE"}}'
check 'a required attribute is missing' refused 400 network_id POST /v2.0/ports '{"port":{}}'
check 'a network that is not there' refused 404 . POST /v2.0/ports '{"port":{"network_id":"00000000-0000-4000-8000-000000000000"}}'
check 'a prefix that is none' refused 400 10.0.1.0/99 POST /v2.0/subnets "{\"subnet\":{\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/99\"}}"
check 'a prefix that overlaps' refused 400 . POST /v2.0/subnets "{\"subnet\":{\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.128/25\"}}"
check 'an address outside the subnet' refused 400 10.9.9.9 POST /v2.0/ports "{\"port\":{\"network_id\":\"$network\",\"fixed_ips\":[{\"ip_address\":\"10.9.9.9\"}]}}"
check 'an address in use' refused 409 10.0.1.11 POST /v2.0/ports "{\"port\":{\"network_id\":\"$network\",\"fixed_ips\":[{\"ip_address\":\"10.0.1.11\"}]}}"
check 'a MAC that is none' refused 400 02:00 POST /v2.0/ports "{\"port\":{\"network_id\":\"$network\",\"mac_address\":\"02:00\"}}"
check 'a network in use' refused 409 . DELETE "/v2.0/networks/$network"
check 'a bulk with one bad item' refused 400 . POST /v2.0/networks '{"networks":[{"name":"x"},{"name":5}]}'
check 'an unknown path' refused 404 . GET /v2.0/unicorns
check 'a wrong method' refused 405 . PATCH /v2.0/networks

large() {
	head -c 30000000 /dev/zero | tr '\0' x >"$CLOUD_DIR/large"
	[ "$(N control curl -sS -m 20 -o /dev/null -w '%{http_code}' -X POST -H 'Expect:' -H 'X-Auth-Token: admin-secret' \
		--data-binary "@$CLOUD_DIR/large" "http://$CLOUD_LISTEN/v2.0/networks")" = 413 ]
}
check 'a body without end' large
check 'a tenant may not read the rows of a host' as red refused '40[13]' . GET '/weft/v1/hosts/h1/rows?ip=10.99.1.2'

agent_refuses() { # STATUS BODY
	local status
	status=$(curl -sS -m 20 -o "$CLOUD_DIR/reply" -w '%{http_code}' -X POST -d "$2" \
		--unix-socket "$CLOUD_RUN/h1/agent.sock" http://agent/v1/attach)
	[[ $status =~ ^($1)$ ]] && [ -s "$CLOUD_DIR/reply" ] || { echo "status $status"; cat "$CLOUD_DIR/reply"; return 1; }
}
check 'agent: no JSON' agent_refuses 400 '{'
check 'agent: no port' agent_refuses 400 '{"netns":"x"}'
check 'agent: a port that is no id' agent_refuses 400 '{"port":"a","netns":"x"}'
check 'agent: a port of another host' agent_refuses 404 "{\"port\":\"$b\",\"netns\":\"$CLOUD-a\",\"name\":\"eth1\"}"
c=$(make_port "$network" h1 10.0.1.13)
check 'agent: a namespace that is not there' agent_refuses '4..' "{\"port\":\"$c\",\"netns\":\"nowhere-$$\"}"
check 'agent: a port that is attached elsewhere' agent_refuses 409 "{\"port\":\"$a\",\"netns\":\"$CLOUD-b\"}"
check 'agent: a device name that is none' agent_refuses 400 "{\"port\":\"$c\",\"netns\":\"$CLOUD-a\",\"name\":\"a/b\"}"
check 'after all this traffic goes on' reaches a 10.0.1.12

for seed in 1 2 3; do
	N a "$(dirname "$0")/noise.py" eth0 5000 $seed
done
check 'after fifteen thousand frames of noise traffic goes on' reaches a 10.0.1.12
check 'the agents live' cloud_running agent-h1
check 'and the other' cloud_running agent-h2
total() {
	agent h1 GET "/v1/ports/$a/stats" | /usr/bin/python3 -c '
import json, sys
drops = json.load(sys.stdin)["drops"]
sys.exit(not (sum(drops.values()) > 5000 and len(drops) >= 5))'
}
check 'and what was dropped is counted, by several reasons' total
story_told
