#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real DHCP clients get what the API says, from their own host: no DHCP packet leaves it.
#
#   h1: a (udhcpc) 10.0.1.11   c (dhclient) 10.0.1.13   n (no DHCP on its subnet) 10.0.3.14
#   h2: b 10.0.1.12            router 10.0.1.1
. "$(dirname "$0")/lib.sh"
story dhcp 2
lease_script=$(cd "$(dirname "$0")" && pwd)/lease

network=$(as red make network '"name":"red","dns_domain":"red.example."')
subnet=$(as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\",\"dns_nameservers\":[\"192.0.2.53\",\"192.0.2.54\"],\"host_routes\":[{\"destination\":\"192.0.2.0/24\",\"nexthop\":\"10.0.1.12\"}]")
router=$(as red make router '"name":"r"')
as red api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$subnet\"}" >/dev/null
dry=$(as red make network '"name":"dry"')
as red make subnet "\"network_id\":\"$dry\",\"ip_version\":4,\"cidr\":\"10.0.3.0/24\",\"enable_dhcp\":false" >/dev/null

client() { # NAME HOST NETWORK ADDRESS [MEMBERS]
	local port
	port=$(make_port "$3" "$2" "$4" "${5:-}") && workload "$1" && attach "$2" "$port" "$1" &&
		cloud_wait 10 port_active "$port" || failed "$1 becomes ACTIVE"
	eval "$1=$port"
}
client a h1 "$network" 10.0.1.11 '"extra_dhcp_opts":[{"opt_name":"tftp-server","opt_value":"192.0.2.69"}]'
client c h1 "$network" 10.0.1.13 '"dns_name":"Cup"'
client n h1 "$dry" 10.0.3.14
client b h2 "$network" 10.0.1.12
addresses b 10.0.1.12/24 10.0.1.1
ip -n "$CLOUD-b" addr add 192.0.2.7/32 dev lo
api PUT "/v2.0/ports/$b" '{"port":{"allowed_address_pairs":[{"ip_address":"192.0.2.0/24"}]}}' >/dev/null

# Everything that leaves h1 is looked at to the end.
N h1 timeout 60 tcpdump -U -n -i u0 -w "$CLOUD_DIR/wire" 2>"$CLOUD_DIR/log/tcpdump" & capture=$!
cloud_wait 5 grep -q 'listening on' "$CLOUD_DIR/log/tcpdump"

export LEASE=$CLOUD_DIR/lease-a
cloud_start udhcpc a env LEASE="$LEASE" udhcpc -i eth0 -f -R -s "$lease_script" \
	-O staticroutes -O mtu -O hostname -O tftp -r 10.0.1.77 -x hostname:mine
check 'udhcpc gets a lease' cloud_wait 10 grep -q end=bound "$LEASE"
told() { # NAME VALUE
	check_equal "udhcpc is told: $1" "$2" "$(sed -n "s/^$1=//p" "$LEASE" | tail -n 1)"
}
told ip 10.0.1.11
told mask 24
told subnet 255.255.255.0
told router 10.0.1.1
told dns '192.0.2.53 192.0.2.54'
told mtu 1450
told hostname host-10-0-1-11
told domain red.example
told tftp 192.0.2.69
check_match 'udhcpc is told: a lease time' '^lease=[0-9]{4,}$' "$(grep '^lease=' "$LEASE")"
check_match 'udhcpc is told: the route of the subnet' '192\.0\.2\.0/24 10\.0\.1\.12' "$(grep '^staticroutes=' "$LEASE")"
check_match 'and the default route among them (RFC 3442)' '0\.0\.0\.0/0 10\.0\.1\.1' "$(grep '^staticroutes=' "$LEASE")"
check 'with the lease it reaches another host' reaches a 10.0.1.12
check 'and its gateway' reaches a 10.0.1.1

: >"$LEASE"
kill -USR1 "$(cloud_pid udhcpc)"
check 'udhcpc renews' cloud_wait 10 grep -q end=renew "$LEASE"
cloud_stop agent-h1 KILL
cloud_agent 1
: >"$LEASE"
kill -USR1 "$(cloud_pid udhcpc)"
check 'and again, from an agent that was started anew' cloud_wait 10 grep -q end=renew "$LEASE"
kill -USR2 "$(cloud_pid udhcpc)"
check 'udhcpc releases' cloud_wait 10 grep -q end=deconfig "$LEASE"
cloud_stop udhcpc

LEASE=$CLOUD_DIR/lease-c
cat >"$CLOUD_DIR/dhclient.conf" <<-'END'
	option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;
	request subnet-mask, routers, domain-name-servers, host-name, domain-name, domain-search,
		interface-mtu,
		rfc3442-classless-static-routes;
END
cloud_start dhclient c env LEASE="$LEASE" dhclient -4 -d -1 -cf "$CLOUD_DIR/dhclient.conf" \
	-sf "$lease_script" -lf "$CLOUD_DIR/leases" -pf "$CLOUD_DIR/dhclient.pid" -e "LEASE=$LEASE" eth0
check 'dhclient gets a lease' cloud_wait 20 grep -q end=BOUND "$LEASE"
check_match 'dhclient is told its address' '^new_ip_address=10\.0\.1\.13$' "$(grep new_ip_address "$LEASE")"
check_match 'dhclient is told the MTU' '^new_interface_mtu=1450$' "$(grep new_interface_mtu "$LEASE")"
check_match 'dhclient is told its name' '^new_host_name=cup$' "$(grep new_host_name "$LEASE")"
check_match 'dhclient is told its domain' '^new_domain_name=red\.example$' "$(grep new_domain_name= "$LEASE")"
check_match 'and where to look for names' '^new_domain_search=red\.example\.$' "$(grep new_domain_search "$LEASE")"
check 'with the lease it reaches another host' reaches c 10.0.1.12
cloud_stop dhclient

no_offer() {
	! N n timeout 5 env LEASE="$CLOUD_DIR/lease-n" udhcpc -i eth0 -n -q -t 3 -T 1 -s "$lease_script"
}
check 'no DHCP on the subnet: no offer' no_offer

api PUT "/v2.0/subnets/$subnet" '{"subnet":{"dns_nameservers":["192.0.2.99"]}}' >/dev/null
again() {
	LEASE=$CLOUD_DIR/lease-again
	rm -f "$LEASE"
	N a timeout 8 env LEASE="$LEASE" udhcpc -i eth0 -n -q -s "$lease_script" &&
		grep -q '^dns=192.0.2.99$' "$LEASE"
}
check 'a change of the subnet is in the next lease' again

kill $capture
wait $capture
check_match 'the capture saw the tunnel' 'VXLAN' "$(tcpdump -n -r "$CLOUD_DIR/wire" 2>/dev/null | grep -m 1 VXLAN)"
leaked() {
	! tcpdump -n -r "$CLOUD_DIR/wire" 2>/dev/null | grep -iE 'BOOTP|DHCP'
}
check 'no DHCP packet left the host' leaked
story_told
