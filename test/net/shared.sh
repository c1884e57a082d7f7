#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A network of red's that blue may use too: each keeps its own groups, and lets in whom it likes.
#
#   common 10.0.1.0/24 (red's)   h1: r1 .11 (red), b1 .21 (blue)    h2: r2 .12 (red), b2 .22 (blue)
#                                h2: b3 .23 (blue, in a group that red shares)
#
# Blue makes its ports itself, by the RBAC policy that red has given it; an administrator only says
# on which host they are. Ports are of their project's default group.
. "$(dirname "$0")/lib.sh"
story shared 2

policy() { # TYPE OBJECT [CALLER]: of red for blue; prints its id
	as "${3:-red}" api POST /v2.0/rbac-policies "{\"rbac_policy\":{\"object_type\":\"$1\",\"object_id\":\"$2\",
		\"action\":\"access_as_shared\",\"target_tenant\":\"blue\"}}" | get rbac_policy id
}
settle() { # NAME HOST PROJECT ADDRESS [MORE]: its id is in $NAME
	local id
	id=$(as "$3" make port "\"network_id\":\"$common\",\"name\":\"$1\"${5:+,$5}") &&
		api PUT "/v2.0/ports/$id" "{\"port\":{\"binding:host_id\":\"$2\",
			\"fixed_ips\":[{\"ip_address\":\"$4\"}]}}" >/dev/null &&
		workload "$1" && attach "$2" "$id" "$1" && addresses "$1" "$4/24"
	cloud_wait 10 port_active "$id" || failed "$1 becomes ACTIVE"
	eval "$1=$id"
}
group_of() { # PORT
	api GET "/v2.0/ports/$1" | get port security_groups 0
}
let() { # CALLER GROUP REMOTE-MEMBER ID: prints the rule's id
	as "$1" api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$2\",
		\"direction\":\"ingress\",\"protocol\":\"icmp\",\"$3\":\"$4\"}}" | get security_group_rule id
}
refused() { # STATUS-TYPE COMMAND...
	local type=$1 reply
	shift
	reply=$("$@") && return 1
	[ "$(get NeutronError type <<<"$reply")" = "$type" ] || { echo "$reply"; return 1; }
}
opens() { reaches "$@"; }
closes() { cloud_wait 5 unreached "$@"; }

common=$(as red make network '"name":"common"')
as red make subnet "\"network_id\":\"$common\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
check 'blue does not see it' refused NetworkNotFound as blue api GET "/v2.0/networks/$common"
check 'nor has ports on it' refused NetworkNotFound as blue api POST /v2.0/ports \
	"{\"port\":{\"network_id\":\"$common\"}}"
shares=$(policy network "$common")
settle r1 h1 red 10.0.1.11
settle r2 h2 red 10.0.1.12
settle b1 h1 blue 10.0.1.21
settle b2 h2 blue 10.0.1.22
reds=$(group_of "$r1") blues=$(group_of "$b1")

check 'red reaches red' opens r1 10.0.1.12
check 'blue reaches blue, on another host' opens b1 10.0.1.22
check 'red is not let in by blue, same host' drops_grow h1 "$b1" ingress-denied unreached r1 10.0.1.21
check 'nor on another' drops_grow h2 "$b2" ingress-denied unreached r1 10.0.1.22
check 'nor blue by red' drops_grow h1 "$r1" ingress-denied unreached b2 10.0.1.11
check 'a name of the network is answered' N b2 arping -q -c 1 -w 3 -I eth0 10.0.1.11

check "blue cannot name red's group" refused SecurityGroupNotFound as blue api POST \
	/v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$blues\",
	\"direction\":\"ingress\",\"remote_group_id\":\"$reds\"}}"
group=$(policy security_group "$reds")
rule=$(let blue "$blues" remote_group_id "$reds")
check 'a rule of blue lets red in, same host' opens r1 10.0.1.21
check 'and from another' opens r1 10.0.1.22
check 'but not blue to red' drops_grow h1 "$r1" ingress-denied unreached b2 10.0.1.11
as blue api DELETE "/v2.0/security-group-rules/$rule"
check 'without it, no more' closes r1 10.0.1.22

settle b3 h2 blue 10.0.1.23 "\"security_groups\":[\"$reds\"]"
check "a port of blue in red's group is let in by red" opens b3 10.0.1.11
check 'and red by it' opens r1 10.0.1.23
check 'and not by blue' drops_grow h1 "$b1" ingress-denied unreached b3 10.0.1.21
check 'the group is in use' refused RbacPolicyInUse as red api DELETE "/v2.0/rbac-policies/$group"

list=$(as red api POST /v2.0/address-groups '{"address_group":{"name":"l","addresses":["10.0.1.11/32"]}}' |
	get address_group id)
addresses=$(policy address_group "$list")
rule=$(let blue "$blues" remote_address_group_id "$list")
check "a rule of blue with red's addresses lets them in" opens r1 10.0.1.22
check 'and no others' drops_grow h2 "$b2" ingress-denied unreached r2 10.0.1.22
as red api PUT "/v2.0/address-groups/$list/add_addresses" '{"addresses":["10.0.1.12/32"]}' >/dev/null
check 'what red adds is in' opens r2 10.0.1.22
check 'the list is in use' refused RbacPolicyInUse as red api DELETE "/v2.0/rbac-policies/$addresses"

check 'the network is in use' refused RbacPolicyInUse as red api DELETE "/v2.0/rbac-policies/$shares"
check 'and goes on' opens b1 10.0.1.22
for port in $b1 $b2 $b3; do as blue api DELETE "/v2.0/ports/$port"; done
check 'a port that is gone is not reached' closes r1 10.0.1.23
check 'then it is taken back' as red api DELETE "/v2.0/rbac-policies/$shares"
check 'blue sees it no more' refused NetworkNotFound as blue api GET "/v2.0/networks/$common"
check 'red is where it was' opens r1 10.0.1.12
story_told
