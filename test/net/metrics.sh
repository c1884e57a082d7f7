#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the agents count is what happened: packets and bytes by port, drops by reason, the flow
# cache, connections, DHCP, rows and maps; read from the socket and from --metrics.
#
#   h1: a 10.0.1.11 (forges)      h2: b 10.0.1.12
. "$(dirname "$0")/lib.sh"
story metrics 2 --metrics 127.0.0.1:9101

network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
a=$(place a h1 "$network" 10.0.1.11/24) || failed 'a is placed'
b=$(place b h2 "$network" 10.0.1.12/24) || failed 'b is placed'
check 'a reaches b' reaches a 10.0.1.12

page() { # HOST
	agent "$1" GET /metrics
}

# One sample, whole; 0 when there is none.
value() { # HOST NAME{LABELS}
	page "$1" | awk -v key="$2" '{ at = length($0) - length($NF) } substr($0, 1, at - 1) == key { v = $NF } END { print v + 0 }'
}

# By how much a sample has grown by COMMAND.
growth() { # HOST NAME{LABELS} COMMAND...
	local host=$1 name=$2 before
	shift 2
	before=$(value "$host" "$name")
	"$@" >/dev/null || return
	echo $(($(value "$host" "$name") - before))
}
of() { # PORT NAME: its labels
	echo "{port=\"$1\",name=\"$2\"}"
}
ping_five() { N a ping -n -q -c 5 -i 0.01 -s 1000 10.0.1.12; }

# Where they are read
check_match 'the socket' '^weft_build_info\{program="weft-agent",version="' "$(page h1)"
open=$(N h1 curl -sS -i http://127.0.0.1:9101/metrics | tr -d '\r')
check_match 'the open listener' '^Content-Type: text/plain; version=0.0.4' "$open"
check_match 'has the same' '^weft_agent_connected 1$' "$open"
check_equal 'and nothing else' 404 \
	"$(N h1 curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9101/v1/status)"

# Ports: five pings of 1000 bytes, 1042 with their headers, and five answers; the kernels may put
# in a few words of ARP and ND.
grows_from_to() { # FROM TO HOST NAME
	local from=$1 to=$2 grown
	shift 2
	grown=$(growth "$@" ping_five)
	[ "$grown" -ge "$from" ] && [ "$grown" -le "$to" ] || { echo "grew by $grown"; return 1; }
}
check 'packets sent' grows_from_to 5 9 h1 "weft_port_transmit_packets_total$(of "$a" a)"
check 'packets received' grows_from_to 5 9 h1 "weft_port_receive_packets_total$(of "$a" a)"
check 'bytes sent' grows_from_to 5210 5610 h1 "weft_port_transmit_bytes_total$(of "$a" a)"
check 'bytes received' grows_from_to 5210 5610 h1 "weft_port_receive_bytes_total$(of "$a" a)"
check 'the other side received them' grows_from_to 5 9 h2 "weft_port_receive_packets_total$(of "$b" b)"
check_equal 'one port' 1 "$(value h1 weft_agent_ports)"
check_no_match 'no port of another host' "$b" "$(page h1)"

# The flow cache knows them but for the first, on the way out and on the way back
ping_ten() { N a ping -n -q -c 10 -i 0.01 10.0.1.12; }
hits=$(growth h1 weft_flow_cache_hits_total ping_ten)
check 'the flow cache hits' test "$hits" -ge 16
misses=$(growth h1 weft_flow_cache_misses_total ping_ten)
check 'a new flow misses' test "$misses" -ge 1 -a "$misses" -le 6
check 'connections are tracked' test "$(value h1 weft_connections_created_total)" -ge 1
tracked() { [ "$(value h1 'weft_connections{state="established"}')" -ge 1 ]; }
check 'and seen by state at the next sweep' cloud_wait 12 tracked

# Drops: by reason on the host, by port; a port that goes takes none along
frames=$(dirname "$0")/frame.py
mac=$(device a eth0 address)
forge() {
	N a "$frames" -n 3 eth0 "eth:src=$mac,dst=02:00:00:00:00:01" ip4:src=10.0.1.66,dst=10.0.1.12 udp:sport=9,dport=9
}
check_equal 'drops by reason' 3 "$(growth h1 'weft_drops_total{reason="source-ip"}' forge)"
check_equal 'drops of the port' 3 "$(growth h1 "weft_port_drops_total$(of "$a" a)" forge)"
check_equal 'no other host counts them' 0 "$(value h2 'weft_drops_total{reason="source-ip"}')"
check_equal 'the same as GET /v1/drops' "$(drops h1 "$a" source-ip)" \
	"$(value h1 'weft_drops_total{reason="source-ip"}')"

# DHCP: discover and request
cloud_start udhcpc a udhcpc -i eth0 -f -q -n -s /bin/true
answered() { [ "$(value h1 'weft_dhcp_requests_total{result="answered"}')" -ge 2 ]; }
check 'DHCP answers' cloud_wait 10 answered
cloud_stop udhcpc
check 'punts' test "$(value h1 weft_punts_total)" -ge 2

# Rows and maps
check_equal 'a port row' 1 "$(value h1 'weft_agent_rows{table="port"}')"
check_equal 'location rows' 2 "$(value h1 'weft_agent_rows{table="location"}')"
check_equal 'a device in its map' 1 "$(value h1 'weft_agent_map_entries{map="device"}')"
check 'memory of every map, also of those without entries' test \
	"$(page h1 | grep -c '^weft_agent_map_bytes{.*} [1-9]')" -gt \
	"$(page h1 | grep -c '^weft_agent_map_entries{')"
check 'the flow cache takes the most' test "$(page h1 | sort -t' ' -k2n |
	awk '/^weft_agent_map_bytes/ { last = $1 } END { print last }')" = 'weft_agent_map_bytes{map="flow"}'
check 'room in every map' test "$(page h1 | grep -c '^weft_agent_map_max_entries{.*} [1-9]')" = \
	"$(page h1 | grep -c '^weft_agent_map_entries{')"
check 'applies' test "$(value h1 weft_agent_applies_total)" -ge 2
check_equal 'no failure' 0 "$(value h1 weft_agent_failures_total)"
check_equal 'no line was bad' 0 "$(value h1 weft_agent_bad_lines_total)"
check_equal 'one full transfer' 1 "$(value h1 'weft_agent_transfers_total{mode="full"}')"
caught_up() { [ "$(value h1 weft_agent_applied_revision)" = "$(value h1 weft_agent_revision)" ]; }
check 'the revision applied' cloud_wait 5 caught_up

# A name from outside
api PUT "/v2.0/ports/$a" '{"port":{"name":"a \"b\" \\ c"}}' >/dev/null
renamed() { page h1 | grep -qF "weft_port_drops_total{port=\"$a\",name=\"a \\\"b\\\" \\\\ c\"} "; }
check 'a name with quotes' cloud_wait 5 renamed
check_equal 'the old name is gone' 0 "$(page h1 | grep -c 'name="a"')"

# Prometheus' own reader, and the list of the manual page
if command -v promtool >/dev/null; then
	told=$(page h1 | promtool check metrics 2>&1)
	check_equal 'promtool finds no fault' '' "$told"
else
	skipped 'promtool finds no fault' 'promtool (package prometheus) is not installed'
fi
listed=$("$CLOUD_BIN/agent/weft-agent" --print-metrics | sed -n 's/^\.It Li //p' | sort)
check_equal 'all of the list, and nothing else' "$listed" \
	"$(page h1 | sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' | sort)"

before=$(value h1 'weft_drops_total{reason="source-ip"}')
agent h1 POST /v1/detach "{\"port\":\"$a\"}" >/dev/null
check_equal 'its drops stay when a port goes' "$before" "$(value h1 'weft_drops_total{reason="source-ip"}')"
check_no_match 'its series do not' "$a" "$(page h1)"
cloud_stop weftd
lost() { [ "$(value h1 weft_agent_connected)" = 0 ]; }
check 'the controller is lost' cloud_wait 15 lost
story_told
