#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A tap port, as a virtual machine would have it: a program reads and writes its frames.
#
#   h1: t 10.0.1.11 (tap0)   a 10.0.1.12        h2: b 10.0.1.13
. "$(dirname "$0")/lib.sh"
story tap 2

mac=02:00:00:00:01:11
network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
t=$(make_port "$network" h1 10.0.1.11 "\"mac_address\":\"$mac\"")
place a h1 "$network" 10.0.1.12/24 >/dev/null || exit 1
place b h2 "$network" 10.0.1.13/24 >/dev/null || exit 1

check 'a tap is attached' agent h1 POST /v1/attach "{\"port\":\"$t\",\"tap\":\"tap0\"}"
check 'the same again is fine' agent h1 POST /v1/attach "{\"port\":\"$t\",\"tap\":\"tap0\"}"
cloud_start guest h1 "$(dirname "$0")/tap.py" tap0 $mac 10.0.1.11 10.0.1.13
check 'the port is ACTIVE' cloud_wait 10 port_active "$t"
check 'the guest pings another host' cloud_wait 5 grep -q answered "$CLOUD_DIR/log/guest"
check 'another host pings the guest' reaches b 10.0.1.11
check 'the same host pings the guest' reaches a 10.0.1.11
check 'the largest packet' reaches b 10.0.1.11 -M do -s 1422
check_equal 'the tap has the MTU of the network' 1450 "$(device h1 tap0 mtu)"

cloud_stop agent-h1 KILL
check 'the agent is away: the guest is reached' reaches b 10.0.1.11
cloud_agent 1
check 'the agent is back: the guest is reached' reaches b 10.0.1.11
check 'the port is still ACTIVE' cloud_wait 10 port_active "$t"

agent h1 POST /v1/detach "{\"port\":\"$t\"}" >/dev/null
gone() { ! N b ping -n -c 1 -W 0.3 10.0.1.11; }
check 'detached, it is reached no more' cloud_wait 5 gone
story_told
