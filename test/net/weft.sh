#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command line on a host: a port is bound and attached by it, answers, is counted, waited
# for, and detached.
#
#   h1 -- a (red)      h2 -- b (red)
. "$(dirname "$0")/lib.sh"
story weft 2

weft() { # HOST ARGUMENT...
	local host=$1
	shift
	N "$host" "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret \
		--agent "$CLOUD_RUN/$host/agent.sock" "$@"
}

workload a
workload b
check 'network' weft h1 network create red
check 'subnet' weft h1 subnet create red --network red --subnet-range 10.5.0.0/24
check 'port a' weft h1 port create a --network red --fixed-ip ip-address=10.5.0.11
check 'port b' weft h2 port create b --network red --fixed-ip ip-address=10.5.0.12
check_equal 'hosts came by themselves' $'h1 true\nh2 true' \
	"$(weft h1 host list --sort name -f value -c name -c alive)"

check 'attach binds and wires' weft h1 port attach a --netns "$CLOUD-a"
check 'attach under another name' weft h2 port attach b --netns "$CLOUD-b" --name net0
check 'attach again is fine' weft h1 port attach a --netns "$CLOUD-a"
check 'wait' weft h1 wait a b --timeout 5
check_equal 'bound where attached' h2 "$(weft h1 port show b -f value -c binding:host_id)"
check_equal 'the other name' "$(weft h1 port show b -f value -c mac_address)" \
	"$(ip -n "$CLOUD-b" -j link show net0 | get 0 address)"
check_not 'attach on the wrong host' weft h1 port attach b --netns "$CLOUD-b"
check_match 'and why' "^weft: port 'b': is bound to host 'h2', and this is 'h1'$" \
	"$(weft h1 port attach b --netns "$CLOUD-b" 2>&1)"
check_match 'attach into nowhere' "^weft: port 'a': " "$(weft h1 port attach a --netns nowhere 2>&1)"

addresses a 10.5.0.11/24
ip -n "$CLOUD-b" addr add 10.5.0.12/24 dev net0
ip -n "$CLOUD-b" link set net0 up
check 'a reaches b' reaches a 10.5.0.12
check_match 'port stats' '^tx_packets|^counters.tx_packets +[1-9]' "$(weft h1 port stats a)"
check_match 'flows' '10\.5\.0\.12' "$(weft h1 flows a)"
check_match 'status' '^connected +true' "$(weft h1 status)"

# An address that is not the port's: dropped, and told by its reason.
ip -n "$CLOUD-a" addr add 10.5.0.99/24 dev eth0
check_not 'a forged source is not answered' N a ping -n -c 1 -W 0.3 -I 10.5.0.99 10.5.0.12
check_match 'drops: port, reason, packets' '^a [a-z0-9-]+ [1-9][0-9]*$' \
	"$(weft h1 drops -f value -c name -c reason -c packets)"

check 'detach' weft h1 port detach a
check_not 'the device is gone' ip -n "$CLOUD-a" link show eth0
story_told
