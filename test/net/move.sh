#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A port moves to another host, and its peers follow without waiting for a timeout.
#
#   h1: m 10.0.1.11 --> h3: m 10.0.1.11        h2: p 10.0.1.12 pings it       h1: q 10.0.1.13
. "$(dirname "$0")/lib.sh"
story move 3

network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
m=$(place m h1 "$network" 10.0.1.11/24) || exit 1
p=$(place p h2 "$network" 10.0.1.12/24) || exit 1
q=$(place q h1 "$network" 10.0.1.13/24) || exit 1
check 'before: from another host' reaches p 10.0.1.11
check 'before: from the same host' reaches q 10.0.1.11

ping_begin p 10.0.1.11 -i 0.02
sleep 0.3
move() { # FROM TO: the workload goes along, as a container would
	agent "$1" POST /v1/detach "{\"port\":\"$m\"}" >/dev/null &&
		api PUT "/v2.0/ports/$m" "{\"port\":{\"binding:host_id\":\"$2\"}}" >/dev/null &&
		attach "$2" "$m" m && addresses m 10.0.1.11/24 && cloud_wait 10 port_active "$m"
}
check 'it moves' move h1 h3
check 'after: from another host' reaches p 10.0.1.11
check 'after: from its old host' reaches q 10.0.1.11
check_equal 'the API says where it is' h3 "$(api GET "/v2.0/ports/$m" | get port binding:host_id)"
check_no_match 'the old host has forgotten it' "$m" "$(agent h1 GET /v1/ports)"
check_match 'the old host keeps the other' "$q" "$(agent h1 GET /v1/ports)"
device=wf$(tr -d - <<<"$m" | cut -c 1-11)
check_no_match 'no device is left on the old host' "$device" "$(ip -n "$CLOUD-h1" -o link)"
check 'it moves back' move h3 h1
check 'back: from another host' reaches p 10.0.1.11
check 'back: from the same host' reaches q 10.0.1.11
ping_end
check_not 'nothing came twice' grep -q DUP "$CLOUD_DIR/ping"

api DELETE "/v2.0/ports/$m" >/dev/null
gone() { ! N p ping -n -c 1 -W 0.3 10.0.1.11; }
check 'a deleted port is reached no more' cloud_wait 5 gone
no_device() { ! ip -n "$CLOUD-h1" -o link | grep -q "$device"; }
check 'and its device is gone' cloud_wait 5 no_device
story_told
