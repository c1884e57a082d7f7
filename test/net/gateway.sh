#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Out of the cloud and back: routers' gateways, on two of four hosts, to a physical network whose router is an
# ordinary kernel.
#
#   h1: r1 10.0.1.11, b1 10.0.1.11     h2: r2 10.0.1.12          red and blue have the same prefix, each a router
#   h3, h4: device p0 --- lan (a bridge) --- world 203.0.113.1, 2001:db8::1 --- far 198.51.100.2 (MTU 1300)
. "$(dirname "$0")/lib.sh"
story gateway 4
outside=$(dirname "$0")/outside.py
check 'a later version builds' ninja -C "$BUILD" test/upgrade/weft-agent-next || exit 1
mkdir -p "$CLOUD_DIR/next/agent"
ln -s "$BUILD/test/upgrade/weft-agent-next" "$CLOUD_DIR/next/agent/weft-agent"

# ------------------------------------------------------------------ the physical network
lan_join() { # NAMESPACE DEVICE PORT
	ip link add "$2" netns "$CLOUD-$1" type veth peer name "$3" netns "$CLOUD-lan" &&
		ip -n "$CLOUD-lan" link set "$3" master br0 up && ip -n "$CLOUD-$1" link set "$2" up
}
physical() {
	cloud_namespace lan && cloud_namespace world && cloud_namespace far &&
		ip -n "$CLOUD-lan" link add br0 type bridge && ip -n "$CLOUD-lan" link set br0 up &&
		lan_join h3 p0 h3 && lan_join h4 p0 h4 && lan_join world w0 world || return
	ip -n "$CLOUD-world" addr add 203.0.113.1/24 dev w0
	ip -n "$CLOUD-world" addr add 2001:db8::1/64 dev w0 nodad
	ip link add f0 netns "$CLOUD-world" mtu 1300 type veth peer name f0 netns "$CLOUD-far" mtu 1300
	ip -n "$CLOUD-world" addr add 198.51.100.1/24 dev f0
	ip -n "$CLOUD-far" addr add 198.51.100.2/24 dev f0
	ip -n "$CLOUD-world" link set f0 up && ip -n "$CLOUD-far" link set f0 up
	ip -n "$CLOUD-far" route add default via 198.51.100.1
	N world sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}
reborn() { # NUMBER [SIGNAL [OPTION...]]: the agent, on the physical network
	local number=$1
	cloud_stop "agent-h$1" "${2:-TERM}" && cloud_agent "$number" --physical outer=p0 "${@:3}"
}
later() { # NUMBER [SIGNAL]: by a later version, whose maps have another layout
	CLOUD_BIN=$CLOUD_DIR/next reborn "$1" "${2:-TERM}" --connections 50000
}
bad_physical() { # PATTERN VALUE...: the agent names the option and the value, and ends
	local pattern=$1 said
	shift
	said=$(N lan timeout 5 "$CLOUD_BIN/agent/weft-agent" --controller http://127.0.0.1:1 --host bad --tunnel-ip 127.0.0.1 \
		--run "$CLOUD_DIR/bad" "${@/#/--physical=}" 2>&1)
	[ $? = 2 ] && grep -qF -- "--physical ${*: -1}: $pattern" <<<"$said" || { echo "$said"; return 1; }
}
physical || exit 1
check 'an option without a device' bad_physical 'not NAME[:VLAN]=DEVICE' outer
check 'a VLAN that is none' bad_physical 'not a name of a physical network' outer:4095=p0
check 'two devices on one network' bad_physical 'the network has a device already' outer=p0 outer=p1
check 'a device on two networks' bad_physical 'the device is on another network already' outer=p0 other=p0
for n in 3 4; do reborn $n || exit 1; done

# ----------------------------------------------------------------------------- the cloud
ext=$(make network '"name":"ext","router:external":true,"provider:network_type":"flat","provider:physical_network":"outer"')
ext4=$(make subnet "\"network_id\":\"$ext\",\"ip_version\":4,\"cidr\":\"203.0.113.0/24\",\"enable_dhcp\":false,
	\"allocation_pools\":[{\"start\":\"203.0.113.10\",\"end\":\"203.0.113.99\"}]")
ext6=$(make subnet "\"network_id\":\"$ext\",\"ip_version\":6,\"cidr\":\"2001:db8::/64\",\"enable_dhcp\":false")
[ -n "$ext4" ] && [ -n "$ext6" ] || exit 1

# A tenant's network, IPv4 and IPv6, on a router of its own; ids into $NAME_net and $NAME_router.
tenant() { # NAME
	local net router s4 s6
	net=$(as "$1" make network "\"name\":\"$1\"") && router=$(as "$1" make router "\"name\":\"$1\"") &&
		s4=$(as "$1" make subnet "\"network_id\":\"$net\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"") &&
		s6=$(as "$1" make subnet "\"network_id\":\"$net\",\"ip_version\":6,\"cidr\":\"fd00:1::/64\"") &&
		as "$1" api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$s4\"}" >/dev/null &&
		as "$1" api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$s6\"}" >/dev/null || return
	eval "$1_net=$net $1_router=$router"
}
gateway_set() { # ROUTER [MORE]
	api PUT "/v2.0/routers/$1" "{\"router\":{\"external_gateway_info\":{\"network_id\":\"$ext\"${2:+,$2}}}}" >/dev/null
}
gateway_clear() { # ROUTER
	api PUT "/v2.0/routers/$1" '{"router":{"external_gateway_info":{}}}' >/dev/null
}
gateway_port() { # ROUTER [MEMBER...]: its id, or a member of it
	local router=$1
	shift
	api GET "/v2.0/ports?device_id=$router&device_owner=network:router_gateway" | get ports 0 "${@:-id}"
}
gateway_ip() { # ROUTER VERSION
	api GET "/v2.0/routers/$1" | /usr/bin/python3 -c '
import json, sys
info = json.load(sys.stdin)["router"]["external_gateway_info"]
print(*(a["ip_address"] for a in info["external_fixed_ips"] if (":" in a["ip_address"]) == (sys.argv[1] == "6")))' "$2"
}
tenant red && tenant blue || exit 1
r1=$(place r1 h1 "$red_net" "10.0.1.11/24 fd00:1::11/64" 10.0.1.1 fd00:1::1)
r2=$(place r2 h2 "$red_net" "10.0.1.12/24 fd00:1::12/64" 10.0.1.1 fd00:1::1)
b1=$(place b1 h1 "$blue_net" "10.0.1.11/24 fd00:1::11/64" 10.0.1.1 fd00:1::1)
[ -n "$r1" ] && [ -n "$r2" ] && [ -n "$b1" ] || exit 1

check_not 'without a gateway there is no way out' reaches r1 203.0.113.1
check 'the router gets a gateway' gateway_set "$red_router"
red_ip=$(gateway_ip "$red_router" 4) red_ip6=$(gateway_ip "$red_router" 6)
carrier=$(gateway_port "$red_router" binding:host_id)
check_match 'one of the two hosts carries it' '^h[34]$' "$carrier"
check 'its port becomes ACTIVE' cloud_wait 10 port_active "$(gateway_port "$red_router")"

# ------------------------------------------------------------------------------- to and fro
for w in world far; do cloud_start "serve-$w" $w "$outside" serve 7; done
cloud_wait 10 listening world 7 && cloud_wait 10 listening far 7 || exit 1
ask() { N "$1" "$outside" ask "${@:2}"; }
check 'a ping to the physical router' reaches r1 203.0.113.1
check 'and beyond it' reaches r1 198.51.100.2
check 'from the other host, too' reaches r2 198.51.100.2
check 'the gateway itself answers the tenant' reaches r1 "$red_ip"
check 'and the world' reaches world "$red_ip"
check_match 'TCP: the world sees the gateway' "^$red_ip " "$(ask r1 tcp 198.51.100.2 7)"
check_match 'UDP, too' "^$red_ip " "$(ask r2 udp 198.51.100.2 7)"
check_match 'the port stays when it is free' "^$red_ip 5353\$" "$(ask r1 udp 203.0.113.1 7 5353)"
check_no_match 'and is another when it is not' ' 5353$' "$(ask r2 udp 203.0.113.1 7 5353)"

copied() { # NAME ADDRESS: eight megabytes there and back
	head -c 8388608 /dev/urandom >"$CLOUD_DIR/sent"
	N far "$(dirname "$0")/stream.py" take 9 >"$CLOUD_DIR/taken" &
	cloud_wait 5 listening far 9 && N "$1" "$(dirname "$0")/stream.py" give "$2" 9 <"$CLOUD_DIR/sent" && wait $! &&
		cmp "$CLOUD_DIR/sent" "$CLOUD_DIR/taken"
}
check 'eight megabytes arrive as they were' copied r1 198.51.100.2
check_equal 'traceroute sees the router, the world and the end' '10.0.1.1 203.0.113.1 198.51.100.2' \
	"$(N r1 traceroute -n -q 1 -w 2 -m 5 198.51.100.2 | awk 'NR > 1 { print $2 }' | xargs)"
path_mtu() { # what r1 knows of the way to far after a packet that was too large
	N r1 ping -n -c 2 -W 1 -M 'do' -s 1372 198.51.100.2 >/dev/null
	N r1 ip route get 198.51.100.2 | grep -o 'mtu [0-9]*'
}
check_equal 'a small hop of the world is heard of behind the NAT' 'mtu 1300' "$(path_mtu)"

# 1000 connections at once, from two ports, of the same source ports.
crowds() {
	local w pids=()
	for w in "$@"; do
		(cloud_exec $w "$outside" crowd $w 198.51.100.2 7 20000 500) >"$CLOUD_DIR/crowd-$w" 2>&1 &
		pids+=($!)
	done
	for w in "${pids[@]}"; do wait "$w" || return; done
	cat "${@/#/$CLOUD_DIR/crowd-}"
}
seen=$(crowds r1 r2) || echo "$seen" | tail -3
check_equal '1000 connections of the same source ports are all their own' 1000 "$(sort -u <<<"$seen" | grep -c "^$red_ip ")"

# --------------------------------------------------------------------------- two tenants
gateway_set "$blue_router" && blue_ip=$(gateway_ip "$blue_router" 4)
check 'another tenant of the same addresses gets out' reaches b1 198.51.100.2
check_match 'under its own gateway' "^$blue_ip " "$(ask b1 tcp 198.51.100.2 7)"
seen=$(crowds r1 b1) || echo "$seen" | tail -3
check_equal 'both at once, the same ends inside' '500 500' \
	"$(for ip in "$red_ip" "$blue_ip"; do sort -u <<<"$seen" | grep -c "^$ip "; done | xargs)"

# Trace says what the packets did.
weft() { # ARGUMENT...
	N control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret "$@"
}
way=$(weft trace r1 'tcp 10.0.1.11:40000 -> 198.51.100.2:7')
check_match 'trace follows a packet to the gateway' "out by the gateway of router" "$way"
check_match 'out of the host that carries it' "left host $carrier by physical network outer to 203.0.113.1: .*$red_ip:40000" "$way"

# ------------------------------------------------------------------------- what gets in
ip -n "$CLOUD-world" route add 10.0.1.0/24 via "$red_ip"
check 'the world does not reach inside' unreached world 10.0.1.11
ip -n "$CLOUD-world" route del 10.0.1.0/24
intruder() { # a datagram from another port than was asked is nobody's
	N r1 /usr/bin/python3 - <<-END
		import socket, subprocess, sys
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.bind(("", 6000))
		sock.settimeout(3)
		sock.sendto(b"q", ("203.0.113.1", 7))
		seen, port = sock.recv(100).split()[:2]
		code = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('%s', %d))"
		subprocess.run(["nsenter", "--net=/run/netns/$CLOUD-world", "python3", "-c", code % (seen.decode(), int(port))], check=True)
		sock.settimeout(1)
		try:
		    sys.exit(f"got {sock.recv(100)}")
		except TimeoutError:
		    pass
	END
}
check 'nor another port of one who was asked' intruder
closed() { # a port with a group that lets nothing out
	local group
	group=$(as red api POST /v2.0/security-groups '{"security_group":{"name":"closed"}}' | get security_group id) || return
	for rule in $(api GET "/v2.0/security-group-rules?security_group_id=$group" | python3 -c '
import json, sys
print(*(r["id"] for r in json.load(sys.stdin)["security_group_rules"]))'); do
		api DELETE "/v2.0/security-group-rules/$rule" || return
	done
	api PUT "/v2.0/ports/$r2" "{\"port\":{\"security_groups\":[\"$group\"]}}" >/dev/null
}
opened=$(api GET "/v2.0/ports/$r2" | get port security_groups 0)
check 'a port whose group lets nothing out' closed
check 'does not get out' drops_grow h2 "$r2" egress-denied unreached r2 198.51.100.2
api PUT "/v2.0/ports/$r2" "{\"port\":{\"security_groups\":[\"$opened\"]}}" >/dev/null
check 'and does again with rules' reaches r2 198.51.100.2

# A firewall group at the router's port is asked on the way out: all but ping.
fw() { red_api "$1" "/v2.0/fwaas/$2" "$3"; }
red_api() { as red api "$@"; }
firewalled() {
	local deny allow policy port
	port=$(api GET "/v2.0/ports?device_id=$red_router&device_owner=network:router_interface&fixed_ips=ip_address=10.0.1.1" | get ports 0 id)
	deny=$(fw POST firewall_rules '{"firewall_rule":{"action":"deny","protocol":"icmp"}}' | get firewall_rule id) &&
		allow=$(fw POST firewall_rules '{"firewall_rule":{"action":"allow"}}' | get firewall_rule id) &&
		policy=$(fw POST firewall_policies "{\"firewall_policy\":{\"name\":\"p\",\"firewall_rules\":[\"$deny\",\"$allow\"]}}" | get firewall_policy id) &&
		firewall=$(fw POST firewall_groups "{\"firewall_group\":{\"name\":\"g\",\"ports\":[\"$port\"],
			\"egress_firewall_policy_id\":\"$policy\",\"ingress_firewall_policy_id\":\"$policy\"}}" | get firewall_group id)
}
firewalled
check 'a firewall group at the router is asked' cloud_wait 5 drops_grow h1 "$r1" firewall-denied unreached r1 198.51.100.2
check_match 'and lets pass what it allows' "^$red_ip " "$(ask r1 tcp 198.51.100.2 7)"
fw PUT "firewall_groups/$firewall" '{"firewall_group":{"ports":[]}}' >/dev/null
check 'without it all goes out again' cloud_wait 5 reaches r1 198.51.100.2

# ---------------------------------------------------------------------------------- as it is
ip -n "$CLOUD-world" route add fd00:1::/64 via "$red_ip6"
check 'IPv6 is routed' reaches r1 2001:db8::1
check_match 'under its own address' '^fd00:1::11 ' "$(ask r1 tcp 2001:db8::1 7)"
let_in "$b1"
check 'translation is turned off for blue' gateway_set "$blue_router" '"enable_snat":false'
blue_ip=$(gateway_ip "$blue_router" 4)
ip -n "$CLOUD-world" route replace 10.0.1.0/24 via "$blue_ip"
check_match 'and the world sees the tenant' '^10.0.1.11 ' "$(cloud_wait 5 ask b1 tcp 203.0.113.1 7 && ask b1 tcp 203.0.113.1 7)"
check 'and reaches it, where it lets in' reaches world 10.0.1.11
check_match 'red is translated as before' "^$red_ip " "$(ask r1 tcp 203.0.113.1 7)"

# ------------------------------------------------------------------------- what is told of it
metric() { # HOST PATTERN
	agent "$1" GET /metrics | grep -v '^#' | grep -F "$2" | awk '{ print $2 }'
}
check_equal 'the host tells of its gateways' 2 "$(($(metric h3 weft_agent_gateways) + $(metric h4 weft_agent_gateways)))"
flows_show_nat() {
	N "$carrier" "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret --agent "$CLOUD_RUN/$carrier/agent.sock" \
		flows "$(gateway_port "$red_router")" -f value -c remote -c nat | grep -qx "10.0.1.1[12] $red_ip"
}
check 'its connections are shown with what the world sees' cloud_wait 5 flows_show_nat

# --------------------------------------------------------------------------- agents come and go
stream_begin() { # a stream of four seconds, through the gateway
	N far "$(dirname "$0")/stream.py" serve 10 &
	cloud_wait 5 listening far 10
	N r1 "$(dirname "$0")/stream.py" send 198.51.100.2 10 4 >"$CLOUD_DIR/stream" 2>&1 &
	stream=$!
	sleep 1
}
stream_end() {
	wait $stream
	check_equal 'a stream through it goes on' 0 $? || cat "$CLOUD_DIR/stream"
	echo "     $(tail -1 "$CLOUD_DIR/stream")"
}
was=$(ask r1 udp 203.0.113.1 7 5353 && ask r2 udp 203.0.113.1 7 5353)
as_before() { [ "$(ask r2 udp 203.0.113.1 7 5353)" = "${was##*$'\n'}" ]; }
stream_begin
check "the carrying host's agent is killed and comes back" reborn "${carrier#h}" KILL
check 'new connections work at once' reaches r2 198.51.100.2
stream_end
check 'what was translated before is so after' as_before
check_equal 'the gateway stays where it was' "$carrier" "$(gateway_port "$red_router" binding:host_id)"
check 'the port is ACTIVE again' cloud_wait 10 port_active "$(gateway_port "$red_router")"
stream_begin
check 'tables of another size' reborn "${carrier#h}" TERM --connections 50000
stream_end
stream_begin
check 'a later version, with maps of another layout' later "${carrier#h}"
stream_end
check 'which knows what was translated' as_before

# --------------------------------------------------------------------------------- the device
ip -n "$CLOUD-$carrier" link del p0
check 'without its device the port is DOWN' cloud_wait 10 eval '! port_active "$(gateway_port "$red_router")"'
check 'and nothing gets out' unreached r1 203.0.113.1
lan_join "$carrier" p0 "$carrier"
check 'it is taken up again when it comes back' reaches r1 198.51.100.2
check 'and ACTIVE' cloud_wait 10 port_active "$(gateway_port "$red_router")"

# ------------------------------------------------------------------------------------- lost
other=h3
[ "$carrier" = h3 ] && other=h4
was=$(ip -n "$CLOUD-world" neigh show "$red_ip" | grep -o 'lladdr [0-9a-f:]*')
cloud_start arp world timeout 150 tcpdump -l -n -e -i w0 arp
lost() { # as by its power: nothing is hung up, and nothing of the host is left to answer
	ip -n "$CLOUD-$carrier" link set u0 down && ip -n "$CLOUD-$carrier" link set p0 down
	cloud_stop "agent-$carrier" KILL
}
check 'the carrying host is lost' lost
start=$(date +%s%N)
moved() { [ "$(gateway_port "$red_router" binding:host_id)" = "$other" ]; }
check 'the other takes the gateway over' cloud_wait 90 moved
check 'new connections work' cloud_wait 20 ask r1 tcp 198.51.100.2 7
echo "     $((($(date +%s%N) - start) / 1000000)) ms after the loss"
check 'it has told the physical network' cloud_wait 5 grep -q "> ff:ff:ff:ff:ff:ff.* who-has $red_ip .*tell $red_ip" "$CLOUD_DIR/log/arp"
check_no_match 'which sends to it now' "$was" "$(ip -n "$CLOUD-world" neigh show "$red_ip")"
cloud_stop arp
ip -n "$CLOUD-$carrier" link set u0 up && ip -n "$CLOUD-$carrier" link set p0 up
ip -n "$CLOUD-$carrier" route replace default via "10.99.${carrier#h}.1"
later "${carrier#h}" || exit 1
empty() { # HOST: nothing of gateways is left
	[ "$(metric "$1" 'map_entries{map="outside"}')" = 0 ] && [ "$(metric "$1" weft_agent_gateways)" = 0 ] &&
		[ "$(metric "$1" 'map_entries{map="gateway"}')" = 0 ] && ! hooked "$1"
}
hooked() { # HOST
	ls "$CLOUD_RUN/$1/bpf" | grep -q "_$(device "$1" p0 ifindex)\$"
}
check 'the host that comes back has nothing of it' cloud_wait 10 empty "$carrier"
carrier=$other
check 'and it stays where it is' moved
check 'its connections go on' reaches r2 198.51.100.2

# ---------------------------------------------------------------------------------- cleared
ping_begin r1 198.51.100.2 -i 0.1
sleep 1
check 'the gateways are cleared' gateway_clear "$red_router"
gateway_clear "$blue_router"
check 'the next packet has no way' drops_grow h1 "$r1" no-route unreached r1 198.51.100.2
ping_end
check 'programs and entries are gone from the host' cloud_wait 10 empty "$carrier"
nat_empty() { [ "$(metric "$carrier" 'map_entries{map="nat"}')" = 0 ]; }
check 'and what was translated is forgotten' cloud_wait 40 nat_empty
story_told
