#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debian's openstack client draws security groups: groups, rules, address groups, ports in groups,
# what it shows of them and what it is told when it may not.
#   BUILD=build test/api/openstack_security.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
. test/lib.sh
BUILD=${BUILD:-$PWD/build}
weftd=$BUILD/controller/weftd

if ! [ -x "$weftd" ] || ! command -v openstack >/dev/null; then
	skipped 'the openstack client against weftd' "no weftd in $BUILD, or no openstack"
	tests_end
	exit 1
fi

dir=$(mktemp -d /tmp/weft-openstack.XXXXXX)
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
		for _ in $(seq 200); do
			(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null &&
				export OS_ENDPOINT=http://127.0.0.1:$port && return
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.05
		done
	done
	return 1
}

# No Keystone, no files of whoever runs this.
for name in $(compgen -v OS_); do unset "$name"; done
export OS_AUTH_TYPE=none HOME=$dir

# `openstack ARGUMENT...` prints WANTED.
prints() { # NAME WANTED ARGUMENT...
	local name=$1 wanted=$2
	shift 2
	check_equal "$name" "$wanted" "$(openstack "$@" 2>&1 </dev/null)"
}

does() { # NAME ARGUMENT...
	prints "$1" '' "${@:2}"
}

# It fails, and says why.
fails() { # NAME PATTERN ARGUMENT...
	local name=$1 pattern=$2 output
	shift 2
	if output=$(openstack "$@" 2>&1 </dev/null); then
		failed "$name" "was done: $output"
	else
		check_match "$name" "$pattern" "$output"
	fi
}

rules() { # GROUP [OPTION...]
	openstack security group rule list "$@" -f value -c 'IP Protocol' -c Ethertype -c 'IP Range' \
		-c 'Port Range' -c Direction 2>&1 </dev/null | sed 's/  */ /g' | sort
}

if ! start_weftd; then
	failed 'weftd starts'
	cat "$dir/weftd.log"
	tests_end
	exit 1
fi

### Groups
prints 'the default group is there' 'default Default security group' security group list -f value \
	-c Name -c Description
prints 'create' $'front\nweb\nTrue\n[]' security group create web --description front -f value \
	-c name -c description -c stateful -c tags
prints 'create a stateless one' False security group create loose --stateless -f value -c stateful
does 'set' security group set web --name www --description 'from the world' --tag blue
prints 'show by the new name' $'from the world\nwww\n['"'blue'"']' security group show www -f value \
	-c description -c name -c tags
prints 'list by tag' www security group list --tags blue -f value -c Name
does 'unset' security group unset www --all-tag
prints 'no tag is left' '' security group list --any-tags blue -f value -c Name
fails 'a second default' 'HTTPException: 409|ConflictException: 409.*efault' security group create default
check_equal 'rules of a new group' $'None IPv4 0.0.0.0/0 egress\nNone IPv6 ::/0 egress' "$(rules www)"

### Rules
prints 'rule create: ports and a prefix' $'ingress\nIPv4\n443\n80\ntcp\n10.0.0.0/8' \
	security group rule create www --protocol tcp --dst-port 80:443 --remote-ip 10.0.0.0/8 -f value \
	-c direction -c ether_type -c port_range_max -c port_range_min -c protocol -c remote_ip_prefix
www=$(openstack security group show www -f value -c id </dev/null)
prints 'rule create: another group' "$www" security group rule create loose --protocol udp \
	--dst-port 53 --remote-group www -f value -c remote_group_id
prints 'rule create: ICMP type and code' $'0\n8\nicmp' security group rule create www --protocol icmp \
	--icmp-type 8 --icmp-code 0 -f value -c port_range_max -c port_range_min -c protocol
prints 'rule create: a number' 132 security group rule create www --protocol 132 -f value -c protocol
prints 'rule create: egress of IPv6' $'egress\nIPv6\nipv6-icmp' security group rule create www --egress \
	--ethertype IPv6 --protocol ipv6-icmp -f value -c direction -c ether_type -c protocol
prints 'rule create: any' None security group rule create www --protocol any --remote-ip 192.0.2.0/24 \
	-f value -c protocol
check_equal 'rule list' '132 IPv4 0.0.0.0/0 ingress
None IPv4 0.0.0.0/0 egress
None IPv4 192.0.2.0/24 ingress
None IPv6 ::/0 egress
icmp IPv4 0.0.0.0/0 type=8 ingress
ipv6-icmp IPv6 ::/0 egress
tcp IPv4 10.0.0.0/8 80:443 ingress' "$(rules www)"
check_equal 'rule list: by protocol' 'tcp IPv4 10.0.0.0/8 80:443 ingress' "$(rules www --protocol tcp)"
rule=$(openstack security group rule list www --protocol 132 -f value -c ID </dev/null)
prints 'rule show' "$www" security group rule show "$rule" -f value -c security_group_id
does 'rule delete' security group rule delete "$rule"
check_equal 'it is gone' '' "$(rules www --protocol 132)"
fails 'the same rule again' 'already exists' security group rule create www --protocol tcp \
	--dst-port 80:443 --remote-ip 10.0.0.0/8
fails 'ports of what has none' '400' security group rule create www --protocol gre --dst-port 5:6

### Address groups
prints 'address group create' $'[\'10.0.0.0/8\', \'192.0.2.0/24\']\npeers' address group create peers \
	--address 10.0.0.0/8 --address 192.0.2.0/24 -f value -c addresses -c name
does 'address group set' address group set peers --address 198.51.100.0/24
does 'address group unset' address group unset peers --address 10.0.0.0/8
check_equal 'both were done' '192.0.2.0/24 198.51.100.0/24' "$(openstack address group show peers \
	-f value -c addresses </dev/null | tr -d "[],'" | xargs -n1 | sort | xargs)"
peers=$(openstack address group show peers -f value -c id </dev/null)
prints 'a rule for it' "$peers" security group rule create www --protocol tcp --dst-port 22 \
	--remote-address-group peers -f value -c remote_address_group_id
fails 'which keeps it' 'in use' address group delete peers

### What is shared
prints 'network rbac create' $'access_as_shared\nsecurity_group\n*' network rbac create www --type security_group \
	--action access_as_shared --target-all-projects -f value -c action -c object_type -c target_project_id
policy=$(openstack network rbac list -f value -c ID </dev/null)
prints 'network rbac list' "$policy security_group $www" network rbac list -f value
prints 'network rbac list: by type' '' network rbac list --type network -f value
prints 'network rbac show' '*' network rbac show "$policy" -f value -c target_project_id
fails 'the same policy again' 'already exists' network rbac create www --type security_group \
	--action access_as_shared --target-all-projects
does 'network rbac delete' network rbac delete "$policy"
prints 'none is left' '' network rbac list -f value

### Ports
prints 'network create' blue network create blue -f value -c name
prints 'port create in a group' "['$www']" port create web1 --network blue --security-group www \
	-f value -c security_group_ids
does 'port set adds one' port set web1 --security-group default
check_equal 'it is in both' 2 "$(openstack port show web1 -f value -c security_group_ids </dev/null |
	tr ',' '\n' | wc -l)"
fails 'a group in use' 'in use' security group delete www
fails 'both kinds on a port' '409' port set web1 --security-group loose
does 'port unset' port unset web1 --security-group default
prints 'one is left' "['$www']" port show web1 -f value -c security_group_ids
does 'port set none' port set web1 --no-security-group
does 'port security off' port set web1 --disable-port-security
prints 'it is off' $'False\n[]' port show web1 -f value -c port_security_enabled -c security_group_ids
does 'groups go' security group delete www loose
does 'address groups go' address group delete peers
prints 'the default group stays' default security group list -f value -c Name

tests_end
