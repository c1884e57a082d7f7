#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# More rules than a host has room for: whose they are is told, nobody else suffers, and they are there as
# soon as there is room.
#
#   red  10.0.1.0/24   h1: p .11      red's ports have 200 rules, and h1 has room for 256
#   blue 10.0.2.0/24   h1: x .11, y .12
. "$(dirname "$0")/lib.sh"
story refused 1 --policy-entries 256

weft() { N h1 "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret --agent "$CLOUD_RUN/h1/agent.sock" "$@"; }
# NAME PROJECT: a group of that project, without the rules that each is born with.
empty_group() {
	local id
	id=$(api POST /v2.0/security-groups "{\"security_group\":{\"name\":\"$1\",\"project_id\":\"$2\"}}" | get security_group id) || return
	unrule "$id" && echo "$id"
}
rules() { # GROUP COUNT: one for each of COUNT ports
	local n list=
	for n in $(seq "$2"); do
		list="$list,{\"security_group_id\":\"$1\",\"direction\":\"ingress\",\"protocol\":\"tcp\",\"port_range_min\":$n,\"port_range_max\":$n}"
	done
	api POST /v2.0/security-group-rules "{\"security_group_rules\":[${list#,}]}" >/dev/null
}
unrule() { # GROUP: all of its rules
	local rule
	for rule in $(api GET "/v2.0/security-group-rules?security_group_id=$1&fields=id" | grep -o '[0-9a-f-]\{36\}'); do
		api DELETE "/v2.0/security-group-rules/$rule" || return
	done
}
pings() { # GROUP
	api POST /v2.0/security-group-rules \
		"{\"security_group_rule\":{\"security_group_id\":\"$1\",\"direction\":\"ingress\",\"protocol\":\"icmp\"}}" >/dev/null &&
		api POST /v2.0/security-group-rules \
			"{\"security_group_rule\":{\"security_group_id\":\"$1\",\"direction\":\"egress\"}}" >/dev/null
}
settle() { # NAME NETWORK ADDRESS PROJECT GROUP: its id is in $NAME
	local id
	id=$(make_port "$2" h1 "$3" "\"name\":\"$1\",\"project_id\":\"$4\",\"security_groups\":[\"$5\"]") &&
		workload "$1" && attach h1 "$id" "$1" && addresses "$1" "$3/24"
	cloud_wait 10 port_active "$id" || failed "$1 becomes ACTIVE"
	eval "$1=$id"
}
refused() { weft host show h1 -f value -c refused; }
says() { refused | grep -qF -- "$1"; }
silent() { [ -z "$(refused | tr -d '[]\n ')" ]; }
metric() { N h1 curl -sf --unix-socket "$CLOUD_RUN/h1/agent.sock" http://x/metrics | grep -c "^$1 $2\$"; } # NAME VALUE

for project in red admin; do api PUT /v2.0/quotas/$project '{"quota":{"security_group_rule":-1}}' >/dev/null; done
one=$(make network '"name":"one","project_id":"red"') two=$(make network '"name":"two","project_id":"blue"')
[ -n "$two" ] || exit 1
make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
make subnet "\"network_id\":\"$two\",\"ip_version\":4,\"cidr\":\"10.0.2.0/24\"" >/dev/null
many=$(empty_group many red) few=$(empty_group few blue)
check '200 rules' rules "$many" 200
check 'some' pings "$few"
settle p "$one" 10.0.1.11 red "$many"
check 'the host says whose rules it could not make' cloud_wait 5 says "port $p: project 'red' would have 200 of the 256 entries"
check_match 'and of what there is no more' "table cell, and others leave it 192" "$(refused)"
check_equal 'the agent, too' 1 "$(metric weft_policy_banks_refused 1)"
check_match 'and its socket' "port:$p" "$(agent h1 GET /v1/status)"
check_match 'trace says so' "could not make.*port $p: .*200 of the 256" "$(weft trace "$p" 'tcp 10.0.1.99:80')"
settle q "$one" 10.0.1.12 red "$few"
check_match 'and so does a look at the rules' "note: host h1: .*could not make.*port $p: .*200 of the 256" \
	"$(weft policy check q p tcp/80 2>&1)"
settle x "$two" 10.0.2.11 blue "$few"
settle y "$two" 10.0.2.12 blue "$few"
check 'others have what they need' reaches x 10.0.2.12
check 'it can be less' unrule "$many"
check 'then there is room' cloud_wait 5 silent
pings "$many"
check 'and it passes' cloud_wait 5 reaches p 10.0.1.12
check_equal 'nothing is refused any more' 1 "$(metric weft_policy_banks_refused 0)"
# A second port of another list of rules is of the same share.
more=$(empty_group more red)
rules "$more" 150
settle v "$one" 10.0.1.13 red "$more"
check 'a project of many lists has one share' cloud_wait 5 reaches p 10.0.1.12
check 'which it may use' silent
last=$(empty_group last red)
rules "$last" 60
settle z "$one" 10.0.1.14 red "$last"
check 'and no more' cloud_wait 5 says "port $z: project 'red' would have"
check 'what it has it keeps' reaches p 10.0.1.12
check 'so do others' reaches y 10.0.2.11
story_told
