#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Taps as OpenStack's Nova makes them: nobody asks the agent to attach; and a virtual machine that
# moves to another host by a second binding.
#
#   h1: vm 10.0.1.11 (tapUUID) --> h2: vm 10.0.1.11 (tapUUID)      h2: b 10.0.1.13     h1: a 10.0.1.12
. "$(dirname "$0")/lib.sh"
story nova 2

mac=02:00:00:00:01:11
network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
place a h1 "$network" 10.0.1.12/24 >/dev/null || exit 1
place b h2 "$network" 10.0.1.13/24 >/dev/null || exit 1

tap_add() { ip -n "$CLOUD-$1" tuntap add mode tap "$2"; }
tap_del() { ip -n "$CLOUD-$1" link delete "$2"; }
vif() { api GET "/v2.0/ports/$1" | get port binding:vif_type; }
tap_of() { echo "tap${1:0:11}"; }
guest() { # HOST
	cloud_start "guest-$1" "$1" "$(dirname "$0")/tap.py" "$tap" $mac 10.0.1.11
	cloud_wait 10 grep -q ready "$CLOUD_DIR/log/guest-$1"
}

# The row first, then the tap
owner='"device_owner":"compute:nova"'
vm=$(make_port "$network" h1 10.0.1.11 "\"mac_address\":\"$mac\",$owner")
let_in "$vm"
tap=$(tap_of "$vm")
check_equal 'what Nova is answered' tap "$(vif "$vm")"
check 'the hypervisor makes a tap' tap_add h1 "$tap"
check 'the port is ACTIVE, and nobody has attached it' cloud_wait 10 port_active "$vm"
check_equal 'the tap has the MTU of the network' 1450 "$(device h1 "$tap" mtu)"
check 'the guest runs' guest h1
check 'another host reaches it' reaches b 10.0.1.11
check 'the same host reaches it' reaches a 10.0.1.11

# The tap first, then the row
early=$(make_port "$network" '' 10.0.1.21 "$owner")
tap_add h1 "$(tap_of "$early")"
check_not 'a tap alone is nobody'"'"'s' port_active "$early"
api PUT "/v2.0/ports/$early" '{"port":{"binding:host_id":"h1"}}' >/dev/null
check 'ACTIVE when it is bound' cloud_wait 10 port_active "$early"

# Rebooted hard: the tap goes and comes
inactive() { ! port_active "$1"; }
tap_del h1 "$(tap_of "$early")"
check 'DOWN without its tap' cloud_wait 10 inactive "$early"
tap_add h1 "$(tap_of "$early")"
check 'ACTIVE with the next one' cloud_wait 10 port_active "$early"

# Let go, it stays so
agent h1 POST /v1/detach "{\"port\":\"$early\"}" >/dev/null
check 'DOWN when it is detached' cloud_wait 10 inactive "$early"
api PUT "/v2.0/ports/$early" '{"port":{"name":"x"}}' >/dev/null
place c h1 "$network" 10.0.1.14/24 >/dev/null
check_not 'and not taken again' port_active "$early"
check 'unless somebody asks' agent h1 POST /v1/attach "{\"port\":\"$early\",\"tap\":\"$(tap_of "$early")\"}"
check 'ACTIVE again' cloud_wait 10 port_active "$early"
api DELETE "/v2.0/ports/$early" >/dev/null
check 'the tap is the hypervisor'"'"'s to delete' cloud_wait 5 tap_del h1 "$(tap_of "$early")"

# What an agent that was away has missed
cloud_stop agent-h1 KILL
late=$(make_port "$network" h1 10.0.1.22 "$owner")
tap_add h1 "$(tap_of "$late")"
cloud_agent 1
check 'found by the next agent' cloud_wait 10 port_active "$late"

# A second binding, as for a live migration
binding=/v2.0/ports/$vm/bindings
check_equal 'a second binding' tap \
	"$(api POST "$binding" '{"binding":{"host":"h2"}}' | get binding vif_type)"
tap_add h2 "$tap"
check 'meanwhile it is where it was' reaches b 10.0.1.11
ping_begin b 10.0.1.11 -i 0.05
cloud_stop guest-h1 KILL
check 'activated' api PUT "$binding/h2/activate" >/dev/null
check 'ACTIVE on the other host' cloud_wait 10 port_active "$vm"
check 'the guest goes on there' guest h2
check 'the other host reaches it' reaches b 10.0.1.11
check 'its old host reaches it' reaches a 10.0.1.11
ping_end
check_equal 'the API says where it is' h2 "$(api GET "/v2.0/ports/$vm" | get port binding:host_id)"
check_no_match 'the old host has forgotten it' "$vm" "$(agent h1 GET /v1/ports)"
check 'the old tap is let go' tap_del h1 "$tap"
check 'the old binding goes' api DELETE "$binding/h1"
check 'and the port stays' reaches a 10.0.1.11
story_told
