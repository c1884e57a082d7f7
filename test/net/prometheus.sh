#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A real Prometheus reads weftd and two agents and knows what happens: packets, a host that is lost,
# and the alert for it.
#
#   control: weftd, prometheus      h1: a 10.0.1.11      h2: b 10.0.1.12
. "$(dirname "$0")/lib.sh"
story prometheus 2 --metrics 0.0.0.0:9698

network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
place a h1 "$network" 10.0.1.11/24 >/dev/null || failed 'a is placed'
place b h2 "$network" 10.0.1.12/24 >/dev/null || failed 'b is placed'
check 'it starts' cloud_prometheus 2
says() { # VALUE EXPRESSION
	[ "$(cloud_query "$2")" = "$1" ]
}
check 'every target is read' cloud_wait 10 says 3 'sum(up)'
check 'two hosts are alive' cloud_wait 5 says 2 'sum(weft_hosts{state="alive"})'
check 'two ports' cloud_wait 5 says 2 'sum(weft_objects{kind="port"})'
check 'nothing is refused for too many series' cloud_wait 5 says 0 'sum(weft_metrics_refused_total)'
sent='sum(weft_port_transmit_packets_total{name="a"})'
before=$(cloud_query "$sent")
N a ping -n -q -c 200 -i 0.005 10.0.1.12 >/dev/null
more() { [ "$(cloud_query "$sent")" -ge "$((before + 200))" ]; }
check 'packets are seen' cloud_wait 5 more
check 'no alert' cloud_wait 5 says '' 'ALERTS'

cloud_stop agent-h2
check 'an agent that has ended is not read' cloud_wait 5 says 2 'sum(up)'
check 'weftd misses it' cloud_wait 20 says 1 'sum(weft_hosts{state="lost"})'
check 'the alert is on its way' cloud_wait 5 says 1 'count(ALERTS{alertname="WeftHostLost"})'
cloud_agent 2 --metrics 0.0.0.0:9698
check 'it comes back' cloud_wait 10 says 2 'sum(weft_hosts{state="alive"})'
check 'the alert goes' cloud_wait 10 says '' 'ALERTS'
story_told
