#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Weft as a contender: `overlay-plug.sh up MTU` and `overlay-plug.sh down`.
#
#   dp-hA uA 10.99.0.1 ------- uB 10.99.0.2 dp-hB      given: two hosts and the wire between them
#     weftd, weft-agent              weft-agent        made here
#   dp-wA eth0 10.50.0.1       dp-wB eth0 10.50.0.2    made here; where they are given, their eth0
#                                                      is replaced by a port's
# Prints the assignments WA WB IFA IFB IPA IPB. PLUG_PREFIX (dp) and PLUG_DIR are for other hosts.
# PLUG_RULES=N: the ports are in a group of N rules, the last of which let the traffic pass;
# 0: no port security. Otherwise they are in the default group. PLUG_FLOWS: --flows of the agents.
set -u
. "$(dirname "$0")/../net/cloud.sh"
cloud_use "${PLUG_PREFIX:-dp}" "${PLUG_DIR:-/run/weft-plug}"
CLOUD_CONTROL=hA CLOUD_LISTEN=10.99.0.1:9696

fail() {
	echo "overlay-plug.sh: $*" >&2
	exit 1
}

agent_on() { # HOST TUNNEL-IP
	cloud_start "agent-$1" "$1" "$CLOUD_BIN/agent/weft-agent" --controller "http://$CLOUD_LISTEN" \
		--host "$1" --tunnel-ip "$2" --run "$CLOUD_RUN" --token agent-secret \
		--connections 4194304 --port-connections 4194304 ${PLUG_FLOWS:+--flows "$PLUG_FLOWS"}
	cloud_wait 10 agent "$1" GET /v1/status || { cloud_log "agent-$1"; fail "no agent on $1"; }
}

# N rules about single ports that nobody uses, and what the benches need at their end.
group_of() { # N
	local group
	group=$(api POST /v2.0/security-groups '{"security_group":{"name":"bench"}}' |
		get security_group id) || return 1
	python3 - "$group" "$1" >"$CLOUD_DIR/rules" <<-'END' || return 1
		import json, sys
		group, count = sys.argv[1], int(sys.argv[2])
		rule = lambda **more: dict(security_group_id=group, direction="ingress", ethertype="IPv4", **more)
		rules = [rule(protocol="sctp", port_range_min=1 + i % 65535, port_range_max=1 + i % 65535,
		              remote_ip_prefix="10.%d.0.0/16" % (60 + i // 65535))
		         for i in range(count - 1)] + [rule(remote_ip_prefix="10.50.0.0/24")]
		for start in range(0, len(rules), 500):
		    print(json.dumps({"security_group_rules": rules[start:start + 500]}))
	END
	while read -r body; do
		api POST /v2.0/security-group-rules "$body" >/dev/null || return 1
	done <"$CLOUD_DIR/rules"
	echo "$group"
}

# The device of the host's end also answers to the name that a harness knows it by.
workload_on() { # HOST NAME LETTER MAC ADDRESS PEER-ADDRESS PEER-MAC
	local port device
	if [ -e "/run/netns/$CLOUD-$2" ]; then
		ip -n "$CLOUD-$2" link del eth0 2>/dev/null
	else
		ip netns add "$CLOUD-$2" && ip -n "$CLOUD-$2" link set lo up
		N "$2" sysctl -qw net.ipv4.tcp_congestion_control=cubic 2>/dev/null
		N "$2" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	fi
	port=$(make_port "$network" "$1" "$5" "\"mac_address\":\"$4\"$security") && attach "$1" "$port" "$2" &&
		addresses "$2" "$5/24" && cloud_wait 10 port_active "$port" || fail "no workload on $1"
	ip -n "$CLOUD-$2" neigh replace "$6" lladdr "$7" dev eth0 nud permanent
	device=wf$(tr -d - <<<"$port" | cut -c 1-11)
	ip -n "$CLOUD-$1" link property add dev "$device" altname "w${3}0"
}

case ${1:-} in
up)
	mkdir -p "$CLOUD_DIR/pid" "$CLOUD_DIR/log" "$CLOUD_RUN" &&
		install -d -o nobody "$CLOUD_DIR/weftd" && cloud_tokens || fail 'no folder'
	cloud_weftd --mtu "$2" --quota all=-1 || fail 'no weftd'
	agent_on hA 10.99.0.1
	agent_on hB 10.99.0.2
	network=$(make network '"name":"bench"') &&
		make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.50.0.0/24\"" >/dev/null ||
		fail 'no network'
	security=
	case ${PLUG_RULES:-} in
	'') ;;
	0) security=',"port_security_enabled":false' ;;
	*) group=$(group_of "$PLUG_RULES") || fail 'no group'
		security=",\"security_groups\":[\"$group\"]" ;;
	esac
	workload_on hA wA A 02:00:00:00:0a:01 10.50.0.1 10.50.0.2 02:00:00:00:0b:01
	workload_on hB wB B 02:00:00:00:0b:01 10.50.0.2 10.50.0.1 02:00:00:00:0a:01
	cloud_wait 5 N wA ping -n -c 1 -W 1 10.50.0.2 || fail 'the workloads do not reach each other'
	echo "WA=$CLOUD-wA WB=$CLOUD-wB IFA=eth0 IFB=eth0 IPA=10.50.0.1 IPB=10.50.0.2"
	;;
down)
	for program in agent-hA agent-hB weftd; do cloud_stop $program; done
	cloud_mounts | while read -r mount; do umount "$mount"; done
	rm -rf "$CLOUD_DIR"
	;;
*)
	echo 'usage: overlay-plug.sh up MTU | down' >&2
	exit 2
	;;
esac
