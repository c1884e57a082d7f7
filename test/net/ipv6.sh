#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# IPv6 whole: routers advertise, kernels make their addresses of it, real DHCPv6 clients get what
# the API says, and it all is taken back. No DHCPv6 packet and no advertisement leaves a host.
#
#   h1: s1 (kernel, SLAAC) fd00:1::   l1 (dhclient -6 -S) fd00:2::   f1 (dhclient -6) fd00:3::11
#   h2: s2 (kernel, SLAAC) fd00:1::   f2 (dhcpcd, rapid commit) fd00:3::12   n (no modes)
#   router r: slaac fd00:1::1 and fd00:9::1   less fd00:2::1   full fd00:3::1
. "$(dirname "$0")/lib.sh"
story ipv6 2
lease_script=$(cd "$(dirname "$0")" && pwd)/lease6

# A network with an IPv6 subnet of MODE (none: without) behind the router; NAME is its id.
router=$(as red make router '"name":"r"')
join() { # SUBNET
	as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$1\"}" >/dev/null
}
part() { # SUBNET
	as red api PUT "/v2.0/routers/$router/remove_router_interface" "{\"subnet_id\":\"$1\"}" >/dev/null
}
subnet6() { # NETWORK CIDR MODE [MEMBERS]
	as red make subnet "\"network_id\":\"$1\",\"ip_version\":6,\"cidr\":\"$2\",\"ipv6_ra_mode\":\"$3\",\"ipv6_address_mode\":\"$3\"${4:+,$4}"
}
dns='"dns_nameservers":["fd00:53::1","fd00:53::2"]'
slaac=$(as red make network '"name":"slaac"') && slaac_subnet=$(subnet6 "$slaac" fd00:1::/64 slaac "$dns") && join "$slaac_subnet"
less=$(as red make network '"name":"less"') && join "$(subnet6 "$less" fd00:2::/64 dhcpv6-stateless "$dns")"
full=$(as red make network '"name":"full","mtu":1400') && join "$(subnet6 "$full" fd00:3::/64 dhcpv6-stateful "$dns")"

client() { # NAME HOST NETWORK ADDRESS [MEMBERS]
	local port
	port=$(make_port "$3" "$2" "$4" "\"name\":\"$1\"${5:+,$5}") && workload "$1" && attach "$2" "$port" "$1" &&
		cloud_wait 10 port_active "$port" || failed "$1 becomes ACTIVE"
	eval "$1=$port"
}
port_ip() { # PORT NUMBER
	api GET "/v2.0/ports/$1" | get port fixed_ips "$2" ip_address
}
has_address() { # NAME ADDRESS
	ip -n "$CLOUD-$1" -6 addr show dev eth0 scope global | grep -qF " $2/"
}
default_by() { # NAME PATTERN
	ip -n "$CLOUD-$1" -6 route show default | grep -qE "$2"
}
counted() { # HOST FAMILY MEMBER MINIMUM
	[ "$(agent "$1" GET /v1/status | get "$2" "$3")" -ge "$4" ]
}

# ------------------------------------------------------------------ SLAAC
port=$(as admin make port "\"network_id\":\"$slaac\",\"binding:host_id\":\"h1\",\"name\":\"s1\"")
s1=$port
workload s1
# The solicitation of a kernel is answered, not the periodic advertisement waited for.
check 's1 is attached' attach h1 "$s1" s1
ip -n "$CLOUD-s1" link set eth0 up
s1_ip=$(port_ip "$s1" 0)
check_match 'its address is made of its MAC' '^fd00:1::f816:3eff:fe' "$s1_ip"
check 'the kernel gives itself that address' cloud_wait 5 has_address s1 "$s1_ip"
check 'and has the router for its default' cloud_wait 5 default_by s1 'via fe80::f816:3eff:fe.* proto ra'
client s2 h2 "$slaac" ''
ip -n "$CLOUD-s2" link set eth0 up
s2_ip=$(port_ip "$s2" 0)
check 'a kernel on another host does so, too' cloud_wait 5 has_address s2 "$s2_ip"
check 'they reach each other' reaches s1 "$s2_ip"
check 'in both directions' reaches s2 "$s1_ip"
check 'and the gateway' reaches s1 fd00:1::1
gateway=$(ip -n "$CLOUD-s1" -6 route show default | sed -n 's/.*via \([^ ]*\).*/\1/p')
check 'and its link-local address, as which it advertises' reaches s1 "$gateway%eth0"
check_equal 'the neighbour is a router' router \
	"$(ip -n "$CLOUD-s1" -6 neigh show "$gateway" dev eth0 | grep -o router)"
check 'a link-local address of another port is reached' \
	reaches s1 "$(ip -n "$CLOUD-s2" -6 addr show dev eth0 scope link | sed -n 's#.*inet6 \([^/]*\)/.*#\1#p')%eth0"
# mtu: a tenant network's is 1450 here
said=$(N s1 rdisc6 -1 -w 2000 eth0 2>&1)
for line in 'Router lifetime .*9000' 'Stateful address conf\..*No' 'Stateful other conf\..*No' \
	'Prefix .*fd00:1::/64' 'On-link .*Yes' 'Autonomous address conf\..*Yes' 'MTU .*1450' \
	'Recursive DNS server .*fd00:53::1' 'Recursive DNS server .*fd00:53::2' "from $gateway"; do
	check_match "rdisc6 is told: $line" "$line" "$said"
done
check 's1 may not send from an address it made up' eval \
	"ip -n $CLOUD-s1 addr add fd00:1::bad/64 dev eth0 nodad; drops_grow h1 $s1 source-ip unreached s1 $s2_ip -I fd00:1::bad"
ip -n "$CLOUD-s1" addr del fd00:1::bad/64 dev eth0

second=$(subnet6 "$slaac" fd00:9::/64 slaac)
check_match 'a second subnet gives the port a second address' 'fd00:9::f816' "$(port_ip "$s1" 1)"
join "$second"
check 'it is the same interface of the router' eval \
	"[ \$(api GET '/v2.0/ports?device_id=$router&network_id=$slaac' | grep -o '\"mac_address\"' | wc -l) = 1 ]"
check 'the kernel hears of it unasked, after a few seconds' cloud_wait 15 has_address s1 "$(port_ip "$s1" 1)"
said=$(N s1 rdisc6 -1 -w 2000 eth0 2>&1)
check_match 'one advertisement tells of both' 'fd00:1::/64' "$said"
check_match '... of both' 'fd00:9::/64' "$said"
check 'unsolicited advertisements are counted' counted h1 router_advertisements unsolicited 2
check 'solicited ones, too' counted h1 router_advertisements solicited 3
part "$second"
check 'without it the advertisement tells of the first' cloud_wait 5 eval "! N s1 rdisc6 -1 -w 2000 eth0 | grep -q fd00:9::"

# ----------------------------------------------------------- DHCPv6
N h1 timeout 120 tcpdump -U -n -i u0 -w "$CLOUD_DIR/wire" 2>"$CLOUD_DIR/log/tcpdump" & capture=$!
cloud_wait 5 grep -q 'listening on' "$CLOUD_DIR/log/tcpdump"

client f1 h1 "$full" fd00:3::11 '"extra_dhcp_opts":[{"opt_name":"domain-search","opt_value":"red.example","ip_version":6}]'
client l1 h1 "$less" ''
client f2 h2 "$full" fd00:3::12
dhclient6() { # NAME OPTION...
	local name=$1
	shift
	ip -n "$CLOUD-$name" link set eth0 up
	cloud_wait 5 eval "ip -n $CLOUD-$name -6 addr show dev eth0 scope link | grep -q fe80"
	cloud_start "dhclient-$name" "$name" env LEASE="$CLOUD_DIR/lease-$name" dhclient -6 -d "$@" \
		-sf "$lease_script" -lf "$CLOUD_DIR/leases-$name" -pf "$CLOUD_DIR/dhclient-$name.pid" \
		-e "LEASE=$CLOUD_DIR/lease-$name" eth0
}
told() { # NAME WHAT PATTERN
	check_match "$1: $2" "$3" "$(cat "$CLOUD_DIR/lease-$1")"
}
dhclient6 f1
check 'dhclient gets its address' cloud_wait 20 has_address f1 fd00:3::11
told f1 'the address of the port' 'new_ip6_address=fd00:3::11'
told f1 'the name servers' 'new_dhcp6_name_servers=fd00:53::1 fd00:53::2'
told f1 'the domain of its extra option' 'new_dhcp6_domain_search=red\.example'
check 'the default route is by advertisement' cloud_wait 5 default_by f1 'proto ra'
said=$(N f1 rdisc6 -1 -w 2000 eth0 2>&1)
check_match 'which says: addresses by DHCPv6' 'Stateful address conf\..*Yes' "$said"
check_match 'and none of one'"'"'s own' 'Autonomous address conf\..*No' "$said"
check_match 'and the MTU of the network' 'MTU .*1400' "$said"
check 'through the router to another network and host' reaches f1 "$s2_ip"
check 'and back' reaches s2 fd00:3::11
check_match 'traceroute shows the router, then the port' "1 +fd00:3::1 .*2 +$s2_ip" \
	"$(N f1 traceroute -6 -n -q 1 -w 2 "$s2_ip" | tr '\n' ' ')"
check 'dhclient releases' eval "N f1 timeout 20 env LEASE=$CLOUD_DIR/lease-f1 dhclient -6 -r -d -sf $lease_script \
	-lf $CLOUD_DIR/leases-f1 -pf $CLOUD_DIR/dhclient-f1.pid -e LEASE=$CLOUD_DIR/lease-f1 eth0; ! has_address f1 fd00:3::11"
rm -f "$CLOUD_DIR/pid/dhclient-f1"

dhclient6 l1 -S
check 'stateless: the kernel gives itself the address' cloud_wait 10 has_address l1 "$(port_ip "$l1" 0)"
check 'and dhclient gets the rest' cloud_wait 20 grep -q new_dhcp6_name_servers "$CLOUD_DIR/lease-l1"
told l1 'the name servers' 'new_dhcp6_name_servers=fd00:53::1 fd00:53::2'
check_match 'which the advertisement said to ask for' 'Stateful other conf\..*Yes' "$(N l1 rdisc6 -1 -w 2000 eth0 2>&1)"
cloud_stop dhclient-l1

# dhcpcd asks in one round trip, after the advertisement told it to
ip -n "$CLOUD-f2" link set eth0 up
cat >"$CLOUD_DIR/dhcpcd.conf" <<-'END'
	duid ll
	noipv4
	ipv6rs
	option rapid_commit, dhcp6_name_servers
	nohook resolv.conf
	interface eth0
	ia_na 1
END
cloud_start dhcpcd f2 dhcpcd -B -d -f "$CLOUD_DIR/dhcpcd.conf" -c /bin/true eth0
check 'dhcpcd gets its address' cloud_wait 20 has_address f2 fd00:3::12
check 'and reaches the other network' reaches f2 "$s1_ip"
cloud_stop dhcpcd
check 'requests are counted' counted h1 dhcp6 answered 4

# A port that is nobody's router and nobody's server
server() {
	N l1 python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 547))
s.sendto(b"\7\1\2\3", ("ff02::1", 546, 0, socket.if_nametoindex("eth0")))'
}
check 'a port is no DHCPv6 server' drops_grow h1 "$l1" dhcp-server server
kill $capture
wait $capture
leaked() {
	! tcpdump -n -r "$CLOUD_DIR/wire" udp port 4789 2>/dev/null | grep -iE 'dhcp6|router (advertisement|solicitation)'
}
check_match 'the capture saw the tunnel' 'VXLAN' "$(tcpdump -n -r "$CLOUD_DIR/wire" 2>/dev/null | grep -m 1 VXLAN)"
check 'no DHCPv6, no advertisement has left the host' leaked

# ------------------------------------------------------------- taking it back
cloud_stop agent-h1 KILL
cloud_agent 1
check 'an agent started anew advertises again' cloud_wait 10 eval "N s1 rdisc6 -1 -w 1000 eth0 | grep -q fd00:1::"
as red api PUT "/v2.0/routers/$router" '{"router":{"admin_state_up":false}}' >/dev/null
check 'a router that is down is no default router any more' cloud_wait 10 eval "! default_by s1 ."
silent() {
	cloud_wait 5 eval "! N s1 rdisc6 -1 -w 500 -r 1 eth0"
}
check 'and answers nobody' drops_grow h1 "$s1" router-solicitation silent
as red api PUT "/v2.0/routers/$router" '{"router":{"admin_state_up":true}}' >/dev/null
check 'up again it is' cloud_wait 10 default_by s1 .
part "$slaac_subnet"
check 'a router that leaves says goodbye' cloud_wait 10 eval "! default_by s1 ."
check 'that is counted' counted h1 router_advertisements final 2
story_told
