#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# How long a rule that is taken away goes on letting packets through, and one that is given lets none:
# from the API's reply, and from the agent's write, to the last wrong packet. Two hosts, a stream of a packet each 100 us.
#
#   test/bench/enforce.sh [ROUNDS [RULES]]      default 100, and 0 further rules in the group
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../net/cloud.sh"
cloud_use we /run/weft-enforce
trap cloud_down EXIT
trap 'exit 1' INT TERM HUP
rounds=${1:-100} rules=${2:-0}

cloud_up 2 && cloud_weftd --quota all=-1 && cloud_agent 1 && cloud_agent 2 || exit 1
group() { api POST /v2.0/security-groups "{\"security_group\":{\"name\":\"$1\"}}" | get security_group id; }
network=$(make network '"name":"bench","port_security_enabled":true') || exit 1
make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.0.0/16\"" >/dev/null || exit 1
from=$(group from) to=$(group to)
seat() { # NAME HOST ADDRESS GROUP
	local id
	id=$(make_port "$network" "$2" "$3" "\"security_groups\":[\"$4\"]") && workload "$1" && attach "$2" "$id" "$1" &&
		addresses "$1" "$3/16" && cloud_wait 10 port_active "$id"
}
seat a h1 10.0.0.1 "$from" && seat b h2 10.0.0.2 "$to" || exit 1
if [ "$rules" -gt 0 ]; then
	/usr/bin/python3 -c '
import json, sys
print(json.dumps({"security_group_rules": [{"security_group_id": sys.argv[1], "direction": "ingress", "protocol": "tcp",
    "port_range_min": 1 + i % 60000, "port_range_max": 1 + i % 60000,
    "remote_ip_prefix": "10.%d.0.0/16" % (1 + i // 60000)} for i in range(int(sys.argv[2]))]}))' "$to" "$rules" \
		>"$CLOUD_DIR/rules"
	api POST /v2.0/security-group-rules "@$CLOUD_DIR/rules" >/dev/null || exit 1
fi
/usr/bin/python3 "$here/enforce.py" "$CLOUD" "$CLOUD_LISTEN" "$to" "$from" \
	"$CLOUD_RUN/h2/bpf/generation" "$rounds"
