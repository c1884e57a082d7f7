#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command line against a real weftd: every verb of every object, names, filters and
# formats, errors and their exit codes, and the life of a stack.
#   BUILD=build test/api/cli.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh
BUILD=${BUILD:-$PWD/build}
weft=$BUILD/cli/weft
weftd=$BUILD/controller/weftd

if ! [ -x "$weft" ] || ! [ -x "$weftd" ]; then
	skipped 'the command line against weftd' "no weft and weftd in $BUILD"
	tests_end
	exit 1
fi

dir=$(mktemp -d /tmp/weft-cli.XXXXXX)
pid=
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT

# The kernel names a port that is free; another program may take it before weftd does.
start_weftd() {
	local port
	for _ in 1 2 3 4 5; do
		port=$(/usr/bin/python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
		"$weftd" --listen "127.0.0.1:$port" --store "sqlite:$dir/weft.db" --auth none \
			>"$dir/weftd.log" 2>&1 &
		pid=$!
		export WEFT_URL=http://127.0.0.1:$port
		for _ in $(seq 200); do
			"$weft" network list >/dev/null 2>&1 && return
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
	done
	return 1
}

# `weft ARGUMENT...` prints WANTED and nothing on stderr.
prints() { # NAME WANTED ARGUMENT...
	local name=$1 wanted=$2
	shift 2
	check_equal "$name" "$wanted" "$("$weft" "$@" 2>&1 </dev/null)"
}

# It fails with this exit code and this one line.
fails() { # NAME CODE PATTERN ARGUMENT...
	local name=$1 code=$2 pattern=$3 output status
	shift 3
	output=$("$weft" "$@" 2>&1 >"$dir/stdout" </dev/null)
	status=$?
	check_equal "$name: exit code" "$code" "$status"
	check_match "$name: message" "^weft: .*$pattern" "$output"
	check_equal "$name: one line" 1 "$(printf '%s\n' "$output" | wc -l)"
	check_equal "$name: nothing printed" '' "$(cat "$dir/stdout")"
}

does() { # NAME ARGUMENT...
	local name=$1
	shift
	check "$name" "$weft" "$@"
}

id_of() { # OBJECT NAME
	"$weft" "$1" show "$2" -f value -c id
}

# Objects that are not there when nothing is: networks, subnets, routers, ports.
count_all() {
	local object n=0
	for object in network subnet router port; do
		n=$((n + $("$weft" $object list -f value -c id | wc -l)))
	done
	echo $n
}

if ! start_weftd; then
	failed 'weftd starts'
	cat "$dir/weftd.log"
	tests_end
	exit 1
fi

### Networks
prints 'network create shows what was made' $'blue\n1400\nt1, t2' \
	network create blue --mtu 1400 --tag t2 --tag t1 -f value -c name -c mtu -c tags
blue=$(id_of network blue)
prints 'network show by id' blue network show "$blue" -f value -c name
prints 'network list' 'blue ACTIVE' network list -f value -c name -c status
check_match 'network list: short table' '^id +name ' "$("$weft" network list | head -1)"
check_match 'network list --long: more columns' ' created_at ' "$("$weft" network list --long | head -1) "
prints 'network list by a tag' blue network list --tags t1,t2 -f value -c name
prints 'network list without a tag' '' network list --not-any-tags t1,x -f value -c name
prints 'network list by name' blue network list --name red --name blue -f value -c name
prints 'network list that matches nothing' '' network list --name red -f value -c name
prints 'network list: json of nothing' '[]' network list --name red -f json
does 'network set' network set blue --description 'a b' --disable --tag t3
prints 'network set was done' $'a b\nfalse\nt1, t2, t3' \
	network show blue -f value -c description -c admin_state_up -c tags
does 'network unset' network unset blue --description --admin-state-up --tag t2
prints 'network unset was done' $'\ntrue\nt1, t3' \
	network show blue -f value -c description -c admin_state_up -c tags
does 'network set --no-tag' network set blue --no-tag --tag only
prints 'network set --no-tag was done' only network show blue -f value -c tags
does 'a second network of that name' network create blue
fails 'an ambiguous name' 4 "network 'blue': 2 networks have this name" network show blue
check_equal 'sorted and limited' "$("$weft" network list -f value -c id | sort -r | head -1)" \
	"$("$weft" network list --sort id:desc --limit 1 -f value -c id)"
other=$("$weft" network list -f value -c id | grep -v "$blue")
does 'network delete by id' network delete "$other"
fails 'no such network' 3 "network 'green': no such network" network show green
fails 'a value that cannot be' 2 "mtu: 'big' is not a number" network create n --mtu big
fails 'a value the server refuses' 2 "network 'n'" network create n --mtu 1
fails 'a name with a line end' 3 "network 'a b': no such network" network show $'a\nb'
fails 'an unknown option' 2 "unknown option '--colour'" network create n --colour red
fails 'an unknown verb' 2 "'paint' is not known" network paint
fails 'an unknown object' 2 "'cloud' is not known" cloud list
fails 'an unknown column' 2 "no column 'colour'" network list -c colour
fails 'an unknown format' 2 "'yaml' is not" network list -f yaml
fails 'too few words' 2 'usage: weft network create NAME' network create
fails 'set without anything' 2 'nothing to set' network set blue
prints 'what was refused changed nothing' 'blue' network list -f value -c name

### Subnets
prints 'subnet create' $'10.0.0.0/24\n10.0.0.1\n4' subnet create blue4 --network blue \
	--subnet-range 10.0.0.0/24 --dns-nameserver 192.0.2.1 -f value -c cidr -c gateway_ip -c ip_version
prints 'subnet create without gateway' $'fd00::/64\n\n6' subnet create blue6 --network "$blue" \
	--subnet-range fd00::/64 --gateway none --ipv6-ra-mode slaac --ipv6-address-mode slaac \
	-f value -c cidr -c gateway_ip -c ip_version
prints 'subnet create with pools and routes' \
	$'start=10.1.0.10,end=10.1.0.20\ndestination=10.9.0.0/16,nexthop=10.1.0.9' \
	subnet create pool --network blue --subnet-range 10.1.0.0/24 \
	--allocation-pool start=10.1.0.10,end=10.1.0.20 \
	--host-route destination=10.9.0.0/16,gateway=10.1.0.9 -f value -c allocation_pools -c host_routes
prints 'subnet list by network' $'blue4\nblue6\npool' subnet list --network blue --sort name -f value -c name
does 'subnet set' subnet set blue4 --no-dhcp --dns-nameserver 192.0.2.2
prints 'subnet set adds to a list' $'false\n192.0.2.1, 192.0.2.2' \
	subnet show blue4 -f value -c enable_dhcp -c dns_nameservers
does 'subnet unset' subnet unset blue4 --dns-nameserver 192.0.2.1 --enable-dhcp
prints 'subnet unset was done' $'true\n192.0.2.2' \
	subnet show blue4 -f value -c enable_dhcp -c dns_nameservers
fails 'unset of what is not there' 3 "'192.0.2.9' is not set" subnet unset blue4 --dns-nameserver 192.0.2.9
fails 'subnet without a network' 2 '--network is missing' subnet create s --subnet-range 10.2.0.0/24
fails 'subnet of no network' 3 "network 'green'" subnet create s --network green --subnet-range 10.2.0.0/24
fails 'a prefix that is none' 2 "cidr: '10.2.0.0/40' is not" subnet create s --network blue --subnet-range 10.2.0.0/40
fails 'an overlapping subnet' 2 "subnet 's'" subnet create s --network blue --subnet-range 10.0.0.0/25
does 'subnet delete several' subnet delete blue6 pool
prints 'one subnet is left' blue4 subnet list -f value -c name

### Ports
prints 'port create' $'DOWN\nunbound' port create web --network blue -f value -c status -c binding:vif_type
prints 'port create with an address' "subnet_id=$(id_of subnet blue4),ip_address=10.0.0.50" \
	port create app --network blue --fixed-ip subnet=blue4,ip-address=10.0.0.50 \
	--mac-address 02-00-00-00-00-AA --device d1 --device-owner compute:x -f value -c fixed_ips
prints 'port list by address' app port list --fixed-ip ip-address=10.0.0.50 -f value -c name
prints 'port list by device' app port list --device d1 -f value -c name
prints 'port list by network and MAC' app port list --network blue --mac-address 02:00:00:00:00:aa -f value -c name
does 'port set pairs' port set app --allowed-address ip-address=10.0.0.77 \
	--allowed-address ip-address=10.0.0.78,mac-address=02:00:00:00:00:bb
check_match 'port pairs are there' 'ip_address=10.0.0.77' "$("$weft" port show app -f value -c allowed_address_pairs)"
does 'port unset a pair by one field' port unset app --allowed-address ip-address=10.0.0.77
check_not 'the pair is gone' sh -c "'$weft' port show app -f value -c allowed_address_pairs | grep -q 10.0.0.77"
check_match 'the other is not' 'ip_address=10.0.0.78' "$("$weft" port show app -f value -c allowed_address_pairs)"
prints 'port without an address' '' port create bare --network blue --no-fixed-ip -f value -c fixed_ips
fails 'a taken address' 4 "port 'dup'" port create dup --network blue --fixed-ip ip-address=10.0.0.50
fails 'a MAC that is none' 2 "mac_address: '02' is not" port create dup --network blue --mac-address 02
fails 'an item that is none' 2 'KEY=VALUE' port create dup --network blue --fixed-ip 10.0.0.9
fails 'a network in use' 4 "network 'blue'" network delete blue
fails 'a subnet in use' 4 "subnet 'blue4'" subnet delete blue4
check_equal 'json has numbers and lists' 'list True' "$("$weft" port show app -f json | /usr/bin/python3 -c '
import json, sys
port = json.load(sys.stdin)
print(type(port["fixed_ips"]).__name__, port["revision_number"] > 0)')"
check_equal 'csv has a head' '"name","status"' "$("$weft" port list -f csv -c name -c status | head -1)"

### Security groups
prints 'the default group is there' default security group list -f value -c name
prints 'security group create' $'front\ntrue\nt1' security group create front --description d --tag t1 \
	-f value -c name -c stateful -c tags
front=$(id_of 'security group' front)
does 'a stateless one' security group create loose --stateless
prints 'security group list by kind' loose security group list --stateless -f value -c name
does 'security group set' security group set loose --name looser --description 'a b'
prints 'security group show by its new name' 'a b' security group show looser -f value -c description
prints 'a rule by ports' $'ingress\ntcp\n80\n443\n10.0.0.0/8' security group rule create front \
	--protocol tcp --dst-port 80:443 --remote-ip 10.0.0.0/8 \
	-f value -c direction -c protocol -c port_range_min -c port_range_max -c remote_ip_prefix
prints 'a rule for a group' $'egress\nIPv6\n\n'"$front" security group rule create front --egress \
	--ethertype IPv6 --protocol any --remote-group front \
	-f value -c direction -c ethertype -c protocol -c remote_group_id
prints 'a rule for ICMP' $'icmp\n8\n0' security group rule create "$front" --protocol icmp \
	--icmp-type 8 --icmp-code 0 -f value -c protocol -c port_range_min -c port_range_max
prints 'a rule of IPv6 by its address' IPv6 security group rule create front --remote-ip fd00::/8 \
	--protocol 132 -f value -c ethertype
prints 'security group rule list of a group' $'132\nicmp\ntcp' \
	security group rule list front --ingress --sort protocol -f value -c protocol
ping=$("$weft" security group rule list front --protocol icmp -f value -c id)
prints 'security group rule show' icmp security group rule show "$ping" -f value -c protocol
does 'security group rule delete' security group rule delete "$ping"
prints 'it is gone' '' security group rule list front --protocol icmp -f value -c id
fails 'the same rule again' 4 'already exists' security group rule create front --protocol 132 \
	--remote-ip fd00::/8
fails 'a rule by a name' 2 "security group rule 'front': not an id" security group rule delete front
fails 'a rule of no group' 3 "security group 'back': no such security group" \
	security group rule create back --protocol tcp
fails 'ports without a protocol' 2 'protocol' security group rule create front --dst-port 5
rule=$("$weft" security group rule list front --protocol 132 -f value -c id)
does 'security group rule set' security group rule set "$rule" --description 'a b'
prints 'it is described' 'a b' security group rule show "$rule" -f value -c description
fails 'a verb that rules have not' 2 "security group rule: 'unset' is not known" \
	security group rule unset "$rule" --description
fails 'half an object' 2 "security: 'list' is not known" security list
does 'port set a group' port set app --security-group front
check_equal 'it is added' 2 "$("$weft" port show app -f value -c security_groups | tr ',' '\n' | wc -l)"
prints 'port list by group' app port list --security-group front -f value -c name
does 'port unset a group' port unset app --security-group front
prints 'no port has it' '' port list --security-group front -f value -c name
does 'port set one group alone' port set app --no-security-group --security-group front
prints 'one group alone' "$front" port show app -f value -c security_groups
fails 'a group in use' 4 "security group 'front'" security group delete front
does 'port set no group' port set app --no-security-group
prints 'no group' '' port show app -f value -c security_groups
prints 'port create with a group' "$front" port create grouped --network blue --security-group front \
	-f value -c security_groups
fails 'port create with no such group' 3 "security group 'back'" port create other --network blue \
	--security-group back
does 'the port goes' port delete grouped

### Network ACLs
prints 'network acl create' edge network acl create edge -f value -c name
prints 'a numbered rule' $'100\ningress\nallow\ntcp\n80\n443\n10.0.0.0/8' network acl rule create web --network-acl edge \
	--number 100 --direction ingress --action allow --protocol tcp --dst-port 80:443 --remote-ip 10.0.0.0/8 \
	-f value -c number -c direction -c action -c protocol -c port_range_min -c port_range_max -c remote_ip_prefix
fails 'a number twice' 4 'number 100 is that of rule' network acl rule create twice --network-acl edge \
	--number 100 --direction ingress --action deny
fails 'a rule without a number' 2 'number' network acl rule create none --network-acl edge --direction ingress --action deny
does 'network acl rule set' network acl rule set web --action deny --number 200
prints 'network acl rule list' 'web 200 deny' network acl rule list --network-acl edge -f value -c name -c number -c action
does 'subnet set an ACL' subnet set blue4 --network-acl edge
check_equal 'the ACL shows it' "$(id_of subnet blue4)" "$("$weft" network acl show edge -f value -c subnets)"
fails 'an ACL in use' 4 'is in use by subnet' network acl delete edge
does 'subnet unset the ACL' subnet unset blue4 --network-acl
does 'network acl delete' network acl delete edge
prints 'its rules go with it' '' network acl rule list -f value -c name
prints 'address group create' '10.0.0.0/8, fd00::/64' address group create peers \
	--address 10.0.0.0/8 --address fd00::/64 -f value -c addresses
does 'address group set' address group set peers --address 192.0.2.0/24 --description d
does 'address group unset' address group unset peers --address 10.0.0.0/8
check_equal 'both were done' '192.0.2.0/24 d fd00::/64' "$("$weft" address group show peers -f value \
	-c addresses -c description | tr ',\n' '  ' | xargs -n1 | sort | xargs)"
does 'address group set anew' address group set peers --no-address --address 10.1.0.0/16
prints 'set anew' 10.1.0.0/16 address group show peers -f value -c addresses
does 'a rule for addresses' security group rule create front --remote-address-group peers
fails 'an address group in use' 4 "address group 'peers'" address group delete peers
does 'security group delete several' security group delete front looser
does 'address group delete' address group delete peers
prints 'the default group stays' default security group list -f value -c name

### Subnet pools
prints 'address scope create' 4 address scope create s4 --ip-version 4 -f value -c ip_version
prints 'subnetpool create' $'10.64.0.0/16\n24' subnetpool create pool4 --pool-prefix 10.64.0.0/16 \
	--default-prefixlen 24 --address-scope s4 -f value -c prefixes -c default_prefixlen
does 'subnetpool set adds a prefix' subnetpool set pool4 --pool-prefix 10.66.0.0/16
prints 'it is added' '10.64.0.0/16, 10.66.0.0/16' subnetpool show pool4 -f value -c prefixes
does 'subnetpool unset takes it away' subnetpool unset pool4 --pool-prefix 10.66.0.0/16
prints 'it is taken away' 10.64.0.0/16 subnetpool show pool4 -f value -c prefixes
does 'a network for it' network create pooled
prints 'subnet create from a pool' 10.64.0.0/24 subnet create fromp --network pooled --subnet-pool pool4 \
	-f value -c cidr
prints 'of another size' 10.64.1.0/28 subnet create smallp --network pooled --subnet-pool pool4 \
	--prefixlen 28 -f value -c cidr
prints 'subnet list of a pool' $'fromp\nsmallp' subnet list --subnet-pool pool4 --sort name -f value -c name
fails 'a pool that is used' 2 "subnetpool 'pool4'" subnetpool delete pool4
fails 'neither a range nor a pool' 2 'subnetpool' subnet create no --network pooled
does 'subnets go' subnet delete fromp smallp
does 'and the rest' network delete pooled
does 'subnetpool delete' subnetpool delete pool4
does 'address scope delete' address scope delete s4

### Segments
prints 'a marker' $'vlan\nwire\n7' network create wired --external --provider-network-type vlan \
	--provider-physical-network wire --provider-segment 7 -f value -c provider:network_type \
	-c provider:physical_network -c provider:segmentation_id
fails 'one that is taken' 4 'VLAN 7 on physical network wire' network create x --external \
	--provider-network-type vlan --provider-physical-network wire --provider-segment 7
fails 'one that is not external' 2 "network 'x'" network create x --provider-network-type flat \
	--provider-physical-network wire
prints 'segment create' $'lane\nvlan\n8' segment create lane --network wired --network-type vlan \
	--physical-network wire --segment 8 -f value -c name -c network_type -c segmentation_id
prints 'segment list' $'7\n8' segment list --network wired --sort segmentation_id -f value -c segmentation_id
does 'segment set' segment set lane --name left --description d
prints 'segment show' 'd' segment show left -f value -c description
does 'a subnet on it' subnet create lanes --network wired --subnet-range 192.0.2.0/24 --network-segment left
prints 'subnet list of a segment' lanes subnet list --network-segment left -f value -c name
fails 'a segment that is used' 4 "segment 'left'" segment delete left
does 'it goes' subnet delete lanes
does 'segment delete' segment delete left
does 'several at once' network create both --external --segment network-type=vxlan \
	--segment network-type=flat,physical-network=wire
prints 'are listed' $'flat\nvxlan' segment list --network both --sort network_type:desc -f value -c network_type
prints 'network segment range create' $'4001\n4002\nfalse' network segment range create r --network-type vlan \
	--physical-network wire --minimum 4001 --maximum 4002 --no-share --project p9 -f value -c minimum \
	-c maximum -c shared
prints 'network segment range show' '4001, 4002' network segment range show r -f value -c available
does 'network segment range set' network segment range set r --maximum 4003
prints 'network segment range list' 4003 network segment range list --network-type vlan -f value -c maximum
fails 'the default range' 2 'default' network segment range delete default
does 'network segment range delete' network segment range delete r
does 'markers go' network delete wired both

### RBAC policies
prints 'rbac policy create' $'network\naccess_as_shared\np2' rbac policy create blue --object-type network \
	--action access_as_shared --target-project p2 -f value -c object_type -c action -c target_tenant
policy=$("$weft" rbac policy list -f value -c id)
prints 'rbac policy list of an object' "$policy" rbac policy list "$blue" -f value -c id
prints 'rbac policy list by target' '' rbac policy list --target-project p3 -f value -c id
prints 'not shared with us' false network show blue -f value -c shared
does 'rbac policy set' rbac policy set "$policy" --target-all-projects
prints 'shared with all' true network show blue -f value -c shared
prints 'network list of shared ones' blue network list --share -f value -c name
fails 'the same policy again' 4 'already exists' rbac policy create blue --object-type network \
	--action access_as_shared --target-all-projects
fails 'a policy of nothing' 3 "security group 'blue'" rbac policy create blue --object-type security_group \
	--action access_as_shared --target-project p2
fails 'a policy without a type' 2 '--object-type is missing' rbac policy create blue --action access_as_shared
fails 'a policy without a target' 2 '--target-project is missing' rbac policy create blue \
	--object-type network --action access_as_shared
does 'network set takes it back' network set blue --no-share
prints 'the policy is gone' '' rbac policy list -f value -c id

prints 'service profile create' $'weft\ntrue' service profile create weft -f value -c driver -c enabled
fails 'a driver that is none' 3 "'x'" service profile create x
profile=$("$weft" service profile list -f value -c id)
prints 'flavor create' "gold"$'\nL3_ROUTER_NAT\n'"$profile" flavor create gold --service-type L3_ROUTER_NAT --service-profile "$profile" \
	-f value -c name -c service_type -c service_profiles
does 'a router with a flavor' router create golden --flavor-id gold
fails 'a flavor in use' 4 'A router is made with' flavor delete gold
does 'the router, deleted' router delete golden
does 'flavor set' flavor set gold --no-service-profile
does 'flavor delete' flavor delete gold
does 'service profile delete' service profile delete "$profile"

prints 'default security group rules at first' $'egress IPv4\negress IPv6\ningress IPv4\ningress IPv6' default security group rule \
	list --sort direction:desc --sort ethertype -f value -c direction -c ethertype
prints 'default security group rule create' $'ingress\nIPv6\ntcp\n22\n22\nfd00::/8\ntrue\ntrue' default security group rule create \
	ingress --protocol tcp --dst-port 22 --remote-ip fd00::/8 --used-in-default-sg true -f value -c direction -c ethertype \
	-c protocol -c port_range_min -c port_range_max -c remote_ip_prefix -c used_in_default_sg -c used_in_non_default_sg
does 'a group that begins with it' security group create begun
prints 'it has the rule' fd00::/8 security group rule list begun --protocol tcp -f value -c remote_ip_prefix
fails 'the same rule again' 4 'already exists' default security group rule create ingress --protocol tcp --dst-port 22 \
	--remote-ip fd00::/8
fails 'a direction that is none' 2 "'up'" default security group rule create up
rule=$("$weft" default security group rule list ingress --protocol tcp -f value -c id)
does 'default security group rule delete' default security group rule delete "$rule"
does 'the group, too' security group delete begun

### Hosts and binding
prints 'host create' $'h1\n192.0.2.11\nfalse' host create h1 --tunnel-ip 192.0.2.11 -f value -c name -c tunnel_ip -c alive
fails 'a host of that name' 4 "host 'h1'" host create h1 --tunnel-ip 192.0.2.12
fails 'a host without an address' 2 '--tunnel-ip is missing' host create h2
does 'bind a port' port set web --host h1
prints 'the port is bound' h1 port show web -f value -c binding:host_id
prints 'port list by host' web port list --host h1 -f value -c name
fails 'wait for a host that is not there' 7 "port 'web': is still DOWN" wait web --timeout 0.05
fails 'wait with a bad timeout' 2 "'soon'" wait web --timeout soon
does 'unbind a port' port unset web --host
prints 'the port is unbound' '' port show web -f value -c binding:host_id
fails 'attach without an agent' 7 "port 'web': .*" --agent "$dir/none.sock" port attach web --netns x
fails 'attach to nothing' 2 'takes --netns' port attach web
does 'host delete' host delete h1

### Routers
prints 'router create' r1 router create r1 -f value -c name
does 'router add-interface' router add-interface r1 blue4
prints 'the interface has the gateway' 'network:router_interface' \
	port list --fixed-ip ip-address=10.0.0.1 -f value -c device_owner
does 'router set a route' router set r1 --route destination=10.9.0.0/16,gateway=10.0.0.9
does 'router set another' router set r1 --route destination=10.8.0.0/16,gateway=10.0.0.9
check_equal 'router has both routes' 2 "$("$weft" router show r1 -f json | grep -c destination)"
does 'router unset a route by one field' router unset r1 --route destination=10.8.0.0/16
prints 'one route is left' 'destination=10.9.0.0/16,nexthop=10.0.0.9' router show r1 -f value -c routes
fails 'a route to nowhere' 2 "router 'r1'" router set r1 --route destination=10.7.0.0/16,gateway=203.0.113.1
fails 'a router in use' 4 "router 'r1'" router delete r1
does 'router set --no-route' router set r1 --no-route

### Gateways of routers
does 'a way out' network create sea --external --provider-network-type flat --provider-physical-network sea
does 'another' network create lake --external
does 'where it is' subnet create beach --network sea --subnet-range 203.0.113.0/24
info() { # KEY
	"$weft" router show r1 -f json -c external_gateway_info | grep -o "\"$1\": *[^,}]*" | tr -d ' "'
}
does 'a gateway' router set r1 --external-gateway sea
check_equal 'it translates' enable_snat:true "$(info enable_snat)"
does 'an address of it' router set r1 --fixed-ip subnet=beach,ip-address=203.0.113.9
check_equal 'is set' ip_address:203.0.113.9 "$(info ip_address)"
does 'no translation' router set r1 --disable-snat
check_equal 'is set, too' enable_snat:false "$(info enable_snat)"
check_equal 'the address has stayed' ip_address:203.0.113.9 "$(info ip_address)"
does 'a second address' router set r1 --fixed-ip ip-address=203.0.113.9 --fixed-ip ip-address=203.0.113.10
check_equal 'there are two' 2 "$(info ip_address | wc -l)"
check_equal 'nothing else has changed' enable_snat:false "$(info enable_snat)"
prints 'its port' 'network:router_gateway DOWN' port list --network sea -f value -c device_owner -c status
fails 'the outer router' 2 'same as the gateway IP' router set r1 --fixed-ip ip-address=203.0.113.1
fails 'no way out' 2 'not an external network' router set r1 --external-gateway blue
fails 'a network that is not there' 3 "network 'nothing'" router set r1 --external-gateway nothing
fails 'what it hangs on' 4 "network 'sea'" network delete sea
does 'elsewhere' router set r1 --external-gateway lake
check_equal 'where it is as at first' enable_snat:true "$(info enable_snat)"
does 'none' router unset r1 --external-gateway
prints 'is none' '' router show r1 -f value -c external_gateway_info
fails 'no address without a network' 2 "'network_id' not specified" router set r1 --fixed-ip ip-address=203.0.113.9
does 'made with one' router create r9 --external-gateway sea --disable-snat --fixed-ip ip-address=203.0.113.20
does 'gone with one' router delete r9
does 'no way out any more' network delete sea lake
### Firewalls of routers
rule_id() { # NAME
	"$weft" firewall rule show "$1" -f value -c id
}
interface=$("$weft" port list --device-owner network:router_interface -f value -c id)
prints 'a rule of a firewall' $'allow\n443\n4\ntcp\n10.0.0.0/8' firewall rule create web --action allow --protocol tcp \
	--destination-port 443 --source-ip-address 10.0.0.0/8 \
	-f value -c action -c destination_port -c ip_version -c protocol -c source_ip_address
does 'and another' firewall rule create six --ip-version 6 --action reject
does 'and a third' firewall rule create dns --protocol udp --destination-port 53:54
fails 'a port without a protocol' 2 'requires a protocol' firewall rule create none --destination-port 80
prints 'a policy' "$(rule_id web), $(rule_id six)" firewall policy create in \
	--firewall-rule web --firewall-rule six -f value -c firewall_rules
prints 'rules by their policy' $'six\nweb' firewall rule list --firewall-policy-id in --sort name -f value -c name
does 'a rule more' firewall policy add-rule in dns --insert-after web
prints 'in its place' "$(rule_id web), $(rule_id dns), $(rule_id six)" \
	firewall policy show in -f value -c firewall_rules
fails 'it is there' 4 'already associated' firewall policy add-rule in dns
fails 'a rule that is none' 3 "firewall rule 'ftp'" firewall policy add-rule in ftp
does 'a rule less' firewall policy remove-rule in web
fails 'a rule in use' 4 "firewall rule 'six'" firewall rule delete six
does 'firewall rule set' firewall rule set six --action deny
prints 'set is set' deny firewall rule show six -f value -c action
prints 'a group' ACTIVE firewall group create edge --ingress-firewall-policy in --port "$interface" -f value -c status
fails 'its port is taken' 4 'already associated with other' firewall group create twice --port "$interface"
prints 'groups by a port' edge firewall group list --port "$interface" -f value -c name
does 'unset' firewall group unset edge --ingress-firewall-policy --port "$interface"
prints 'nothing is left' $'\nINACTIVE' firewall group show edge -f value -c ingress_firewall_policy_id -c status
does 'all goes' firewall group delete edge
does 'the policy' firewall policy delete in
does 'and the rules' firewall rule delete web six dns
does 'router remove-interface' router remove-interface r1 subnet=blue4
does 'port unset its device' port unset app --device --device-owner
does 'router add-interface by port' router add-interface r1 port=app
prints 'the port is the router'"'"'s' 'network:router_interface' port show app -f value -c device_owner
fails 'a port without an address' 2 "router 'r1'" router add-interface r1 port=bare
fails 'no such interface' 3 "port 'nothing': no such port" router remove-interface r1 port=nothing
does 'router remove-interface by port' router remove-interface r1 port=app
does 'delete what is there' router delete r1
does 'delete several ports' port delete web bare
fails 'delete goes on after one that fails' 3 "port 'nothing'" port delete nothing
does 'subnet delete' subnet delete blue4
does 'network delete' network delete blue
check_equal 'nothing is left' 0 "$(count_all)"

### Stacks
cat >"$dir/stack.yaml" <<'END'
heat_template_version: 2021-04-16
description: four networks, four subnets, a router, eight ports
parameters:
  prefix: {type: string, default: '10.0', constraints: [{allowed_pattern: '[0-9]+\.[0-9]+'}]}
  names: {type: comma_delimited_list, default: 'a,b'}
  routed: {type: boolean, default: true}
conditions:
  routed: {get_param: routed}
resources:
END
for i in 1 2 3 4; do
	cat >>"$dir/stack.yaml" <<END
  net$i: {type: OS::Neutron::Net, properties: {value_specs: {mtu: 140$i}}}
  subnet$i:
    type: OS::Neutron::Subnet
    properties:
      network: {get_resource: net$i}
      cidr: {str_replace: {template: PREFIX.$i.0/24, params: {PREFIX: {get_param: prefix}}}}
  interface$i:
    type: OS::Neutron::RouterInterface
    condition: routed
    properties: {router: {get_resource: router}, subnet: {get_resource: subnet$i}}
  port$i: {type: OS::Neutron::Port, properties: {network: {get_resource: net$i}}}
  named$i:
    type: OS::Neutron::Port
    properties:
      name: {list_join: ['-', [{get_param: [names, 0]}, '$i']]}
      network: {get_resource: net$i}
      fixed_ips:
        - subnet: {get_resource: subnet$i}
          ip_address: {list_join: ['.', [{get_param: prefix}, $i, 50]]}
END
done
cat >>"$dir/stack.yaml" <<'END'
  router: {type: OS::Neutron::Router, condition: routed}
outputs:
  address: {value: {get_attr: [named3, fixed_ips, 0, ip_address]}}
  all: {value: {repeat: {for_each: {N: {get_param: names}}, template: 'is-N'}}}
END
created=$("$weft" stack create demo "$dir/stack.yaml" -f json)
check_equal 'stack create: members and outputs' "21 10.0.3.50 ['is-a', 'is-b']" \
	"$(printf '%s' "$created" | /usr/bin/python3 -c '
import json, sys
result = json.load(sys.stdin)
print(result["created"], result["outputs"]["address"], result["outputs"]["all"])')"
prints 'stack list' 'demo 21' stack list -f value
check_equal 'stack show: all members' 21 "$("$weft" stack show demo -f value -c key | wc -l)"
check_match 'stack show: an interface' '^interface2 OS::Neutron::RouterInterface$' \
	"$("$weft" stack show demo -f value -c key -c type)"
prints 'an unnamed member is named' 1402 network show demo-net2 -f value -c mtu
prints 'members are tagged' 'stack-key:net2, stack:demo' network show demo-net2 -f value -c tags
prints 'stack show: outputs' 10.0.3.50 stack show demo --template "$dir/stack.yaml" -f value -c address
prints 'stack update: nothing to do' $'0\n0\n0\n0' stack update demo "$dir/stack.yaml" \
	-f value -c created -c updated -c replaced -c deleted
kept=$(id_of port a-1)
prints 'stack update: in place' $'0\n4\n0\n0' stack update demo "$dir/stack.yaml" -P names=x,y \
	-f value -c created -c updated -c replaced -c deleted
check_equal 'it is the same port' "$kept" "$(id_of port x-1)"
prints 'stack update: replace' $'0\n0\n16\n0' stack update demo "$dir/stack.yaml" -P names=x,y -P prefix=10.7 \
	-f value -c created -c updated -c replaced -c deleted
prints 'what was replaced is new' 10.7.2.0/24 subnet show demo-subnet2 -f value -c cidr
prints 'stack update: delete' $'0\n0\n0\n5' stack update demo "$dir/stack.yaml" -P names=x,y -P prefix=10.7 \
	-P routed=no -f value -c created -c updated -c replaced -c deleted
prints 'no router is left' '' router list -f value -c name
printf 'parameters: {names: "e,f", prefix: "10.7", routed: no}\n' >"$dir/env.yaml"
prints 'stack update: parameters from a file' $'4\n0' stack update demo "$dir/stack.yaml" -e "$dir/env.yaml" \
	-f value -c updated -c deleted
fails 'a stack of that name' 4 'exists already' stack create demo "$dir/stack.yaml"
fails 'no such stack: update' 3 'no such stack' stack update other "$dir/stack.yaml"
fails 'no such stack: delete' 3 'no such stack' stack delete other
fails 'no such file' 2 'none.yaml: cannot read' stack create other "$dir/none.yaml"
fails 'a parameter that does not fit' 2 "parameter 'prefix': 'ten' does not match" \
	stack create other "$dir/stack.yaml" -P prefix=ten
fails 'a parameter that is not declared' 2 "parameter 'colour': not in the template" \
	stack create other "$dir/stack.yaml" -P colour=red
fails 'a parameter without value' 2 'not written NAME=VALUE' stack create other "$dir/stack.yaml" -P prefix
fails 'a name that cannot be a tag' 2 "cannot be a stack's name" stack create 'a,b' "$dir/stack.yaml"
before=$(count_all)

cat >"$dir/acl.yaml" <<'END'
heat_template_version: 2021-04-16
resources:
  acl: {type: Weft::NetworkAcl, properties: {name: gate}}
  web:
    type: Weft::NetworkAclRule
    properties:
      {network_acl: {get_resource: acl}, number: 100, direction: ingress, action: allow, protocol: tcp,
       port_range_min: 80, remote_ip_prefix: 10.0.0.0/8}
  net: {type: OS::Neutron::Net}
  subnet:
    type: OS::Neutron::Subnet
    properties: {network: {get_resource: net}, cidr: 10.0.0.0/24, network_acl: {get_resource: acl}}
END
does 'a stack with a network ACL' stack create gated "$dir/acl.yaml"
check_equal 'its subnet names the ACL' "$(id_of 'network acl' gate)" \
	"$("$weft" subnet show gated-subnet -f value -c network_acl_id)"
sed -i 's/number: 100/number: 200/' "$dir/acl.yaml"
does 'its rule changes in place' stack update gated "$dir/acl.yaml"
prints 'to another number' 200 network acl rule list --network-acl gate -f value -c number
sed -i 's/acl: {type/gate: {type/; s/get_resource: acl/get_resource: gate/; s/name: gate/name: port/' "$dir/acl.yaml"
does 'another ACL takes the place of the first' stack update gated "$dir/acl.yaml"
prints 'which is gone' port network acl list -f value -c name
does 'the stack goes, subnet before ACL' stack delete gated
check_equal 'all of it' "$before" "$(count_all)$("$weft" network acl list -f value -c name)"

# Seen only by the API, when most is made: the second port asks for the first one's address.
cat >"$dir/clash.yaml" <<'END'
heat_template_version: 2021-04-16
resources:
  net: {type: OS::Neutron::Net}
  subnet: {type: OS::Neutron::Subnet, properties: {network: {get_resource: net}, cidr: 10.0.0.0/24}}
  router: {type: OS::Neutron::Router}
  interface:
    type: OS::Neutron::RouterInterface
    properties: {router: {get_resource: router}, subnet: {get_resource: subnet}}
  one:
    type: OS::Neutron::Port
    depends_on: interface
    properties: {network: {get_resource: net}, fixed_ips: [{ip_address: 10.0.0.9}]}
  two:
    type: OS::Neutron::Port
    depends_on: one
    properties: {network: {get_resource: net}, fixed_ips: [{ip_address: 10.0.0.9}]}
END
fails 'rollback' 4 "resource 'two': .*; rolled back" stack create clash "$dir/clash.yaml"
check_equal 'rollback leaves nothing' "$before" "$(count_all)"
fails 'rollback: no such stack' 3 'no such stack' stack show clash

printf 'heat_template_version: 2021-04-16\nresources:\n  vm: {type: OS::Nova::Server}\n  net: {type: OS::Neutron::Net}\n  port: {type: OS::Neutron::Port, properties: {network: {get_resource: net}, dns_name: x, device_id: {get_resource: vm}}}\n' >"$dir/vm.yaml"
fails 'what is not supported is named' 2 'not supported: vm .OS::Nova::Server., port.dns_name' \
	stack create vm "$dir/vm.yaml"
check_equal 'and nothing was made' "$before" "$(count_all)"
sed -i 's/dns_name: x, //' "$dir/vm.yaml"
check_equal '--skip-unsupported names what it skips' "weft: stack 'vm': skipped vm (OS::Nova::Server)" \
	"$("$weft" stack create vm "$dir/vm.yaml" --skip-unsupported 2>&1 >/dev/null)"
prints 'and makes the rest' $'net\nport' stack show vm -f value -c key
does 'stack delete several' stack delete demo vm
check_equal 'stack delete leaves nothing' 0 "$(count_all)"
prints 'stack list of nothing' '[]' stack list -f json

# Security groups of a stack: inline rules, rules and addresses as resources, a group by its name.
does 'a group outside' security group create ops
cat >"$dir/groups.yaml" <<'END'
heat_template_version: 2021-04-16
parameters: {port: {type: number, default: 80}}
resources:
  net: {type: OS::Neutron::Net}
  subnet: {type: OS::Neutron::Subnet, properties: {network: {get_resource: net}, cidr: 10.0.0.0/24}}
  web:
    type: OS::Neutron::SecurityGroup
    properties:
      rules:
        - {protocol: tcp, port_range_min: {get_param: port}, port_range_max: 443, remote_ip_prefix: 0.0.0.0/0}
        - {protocol: icmp}
        - {remote_mode: remote_group_id, ethertype: IPv6}
  app:
    type: OS::Neutron::SecurityGroup
    properties:
      description: only from web
      rules:
        - {protocol: tcp, port_range_min: 8080, port_range_max: 8080, remote_mode: remote_group_id,
           remote_group_id: {get_resource: web}}
        - {direction: egress, protocol: udp, port_range_min: 53, port_range_max: 53}
  peers: {type: OS::Neutron::AddressGroup, properties: {addresses: [192.0.2.0/24]}}
  ssh:
    type: OS::Neutron::SecurityGroupRule
    properties: {security_group: {get_resource: app}, port_range_min: 22, port_range_max: 22,
                 value_specs: {remote_address_group_id: {get_resource: peers}}}
  ping:
    type: OS::Neutron::SecurityGroupRule
    properties: {security_group: {get_resource: web}, protocol: sctp, remote_group: {get_resource: app}}
  port:
    type: OS::Neutron::Port
    properties: {network: {get_resource: net}, security_groups: [{get_resource: web}, ops]}
outputs:
  groups: {value: {get_attr: [port, security_groups]}}
  name: {value: {get_attr: [app, description]}}
END
rules_of() { # GROUP
	"$weft" security group rule list "$1" --sort protocol -f csv -c direction -c ethertype -c protocol \
		-c port_range_min | tail -n +2 | sort | tr -d '"' | tr '\n' ' '
}
prints 'a stack with groups' $'8\n0' stack create sg "$dir/groups.yaml" -f value -c created -c deleted
prints 'its outputs' 'only from web' stack show sg --template "$dir/groups.yaml" -f value -c name
check_equal 'rules of a group' 'egress,IPv4,, egress,IPv6,, ingress,IPv4,icmp, ingress,IPv4,sctp, ingress,IPv4,tcp,80 ingress,IPv6,, ' \
	"$(rules_of sg-web)"
check_equal 'a rule for egress takes the place of the two' \
	'egress,IPv4,udp,53 ingress,IPv4,tcp,22 ingress,IPv4,tcp,8080 ' "$(rules_of sg-app)"
check_equal 'its port is in both groups' "$(printf '%s\n' "$(id_of 'security group' ops)" \
	"$(id_of 'security group' sg-web)" | sort | xargs)" \
	"$("$weft" port show sg-port -f value -c security_groups | tr -d ',' | xargs -n1 | sort | xargs)"
prints 'again there is nothing to do' $'0\n0\n0\n0' stack update sg "$dir/groups.yaml" \
	-f value -c created -c updated -c replaced -c deleted
kept=$(id_of 'security group' sg-web)
prints 'another port in a rule' $'0\n1\n0\n0' stack update sg "$dir/groups.yaml" -P port=81 \
	-f value -c created -c updated -c replaced -c deleted
check_equal 'the group is the same' "$kept" "$(id_of 'security group' sg-web)"
check_match 'its rule is not' 'tcp,81 ' "$(rules_of sg-web)"
does 'a rule from elsewhere' security group rule create sg-web --protocol gre
prints 'is taken away' $'0\n1\n0\n0' stack update sg "$dir/groups.yaml" -P port=81 \
	-f value -c created -c updated -c replaced -c deleted
sed -i 's/{get_resource: web}, ops\]/ops]/; s/192.0.2.0/198.51.100.0/' "$dir/groups.yaml"
prints 'addresses are made anew, with what names them' $'0\n1\n2\n0' stack update sg "$dir/groups.yaml" \
	-P port=81 -f value -c created -c updated -c replaced -c deleted
printf 'heat_template_version: 2021-04-16\nresources:\n  g: {type: OS::Neutron::SecurityGroup, properties: {rules: [{remote_mode: group}]}}\n' >"$dir/bad.yaml"
fails 'a mode that is none' 2 "remote_mode: 'group' is neither" stack create bad "$dir/bad.yaml"
does 'a stack with groups goes' stack delete sg
prints 'only what was outside is left' $'default\nops' security group list --sort name -f value -c name
check_equal 'no rule either' 6 "$("$weft" security group rule list -f value -c id | wc -l)"
does 'which goes, too' security group delete ops

### Help, completion, and no server
check_match 'help lists the commands' 'port attach PORT' "$("$weft" --help)"
check_match 'help of an object' 'network create NAME' "$("$weft" network --help)"
check_match 'help of a verb' '--subnet-range PREFIX' "$("$weft" subnet create --help)"
check_match 'help of half an object' 'security group rule create GROUP' "$("$weft" security --help)"
check_match 'help of a rule' '--dst-port N' "$("$weft" security group rule create --help)"
check_match 'version' '^weft [0-9]' "$("$weft" --version)"
check_equal 'completion: verbs' 'create list show set unset delete attach detach stats binding' "$(
	eval "$("$weft" completion bash)"
	COMP_WORDS=(weft port '') COMP_CWORD=2 COMPREPLY=()
	_weft
	echo "${COMPREPLY[*]}"
)"
check_equal 'completion: words of an object' 'group|create list show set unset delete rule|create list show set delete' "$(
	eval "$("$weft" completion bash)"
	COMP_WORDS=(weft security '') COMP_CWORD=2 COMPREPLY=()
	_weft
	printf '%s|' "${COMPREPLY[*]}"
	COMP_WORDS=(weft security group '') COMP_CWORD=3 COMPREPLY=()
	_weft
	printf '%s|' "${COMPREPLY[*]}"
	COMP_WORDS=(weft security group rule '') COMP_CWORD=4 COMPREPLY=()
	_weft
	echo "${COMPREPLY[*]}"
)"
check_equal 'completion: options of a rule' '--dst-port' "$(
	eval "$("$weft" completion bash)"
	COMP_WORDS=(weft security group rule create x --dst) COMP_CWORD=6 COMPREPLY=()
	_weft
	echo "${COMPREPLY[*]}"
)"
check_equal 'completion: options' '--network --network-segment --network-acl' "$(
	eval "$("$weft" completion bash)"
	COMP_WORDS=(weft subnet create x --netw) COMP_CWORD=4 COMPREPLY=()
	_weft
	echo "${COMPREPLY[*]}"
)"
kill "$pid"
wait "$pid" 2>/dev/null
pid=
fails 'no server' 7 'network list: ' network list

tests_end
