#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Kernels without tcx: the programs hang on clsact, and everything works as before.
#
#   h1: a 10.0.1.11 fd00:1::11   b 10.0.1.12     h2: c 10.0.1.13 fd00:1::13
. "$(dirname "$0")/lib.sh"
story clsact 2 --attach clsact

network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
as red make subnet "\"network_id\":\"$network\",\"ip_version\":6,\"cidr\":\"fd00:1::/64\"" >/dev/null
a=$(place a h1 "$network" '10.0.1.11/24 fd00:1::11/64') || exit 1
place b h1 "$network" 10.0.1.12/24 >/dev/null || exit 1
place c h2 "$network" '10.0.1.13/24 fd00:1::13/64' >/dev/null || exit 1

device=wf$(tr -d - <<<"$a" | cut -c 1-11)
check_match 'the port has a clsact qdisc' clsact "$(N h1 tc qdisc show dev "$device")"
check_match 'with a program on it' bpf "$(N h1 tc filter show dev "$device" ingress)"
check_match 'so has the uplink' bpf "$(N h1 tc filter show dev u0 ingress)"
check 'same host' reaches a 10.0.1.12
check 'other host, IPv4' reaches a 10.0.1.13
check 'other host, IPv6' reaches a fd00:1::13
check 'the largest packet' reaches a 10.0.1.13 -M do -s 1422

cloud_stop agent-h1 KILL
check 'the agent is away: traffic goes on' reaches a 10.0.1.13
cloud_agent 1 --attach clsact
check 'the agent is back: traffic goes on' reaches a 10.0.1.13
one_program() { [ "$(N h1 tc filter show dev "$device" ingress | grep -c ' direct-action ')" = 1 ]; }
check 'one program, not two' one_program
story_told
