#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Network ACLs at the borders of subnets, by programs that know nothing of them.
#
#   red  one 10.0.1.0/24 fd00:1::/64   h1: a .11, c .13    h2: b .12
#        one 10.0.9.0/24               h1: e .15           (a second subnet of the same network)
#        two 10.0.2.0/24 fd00:2::/64   h1: g .14           h2: d .12    (router between the subnets)
#
# All groups let all pass, so that what is said is the ACL's. e's port security is off.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
. "$here/ticks.sh"
story acl 2

export AS=red-secret
acl() { api POST /v2.0/network-acls "{\"network_acl\":{\"name\":\"$1\"}}" | get network_acl id; } # NAME
rule() { # ACL NUMBER DIRECTION ACTION MEMBER=VALUE...: prints its id
	local body="\"network_acl_id\":\"$1\",\"number\":$2,\"direction\":\"$3\",\"action\":\"$4\"" member reply
	shift 4
	for member; do body="$body,\"${member%%=*}\":\"${member#*=}\""; done
	reply=$(api POST /v2.0/network-acl-rules "{\"network_acl_rule\":{$body}}") ||
		{ echo "rule $body: $reply" >&2; return 1; }
	get network_acl_rule id <<<"$reply"
}
change() { api PUT "/v2.0/network-acl-rules/$1" "{\"network_acl_rule\":{$2}}" >/dev/null; } # RULE MEMBERS
unrule() { api DELETE "/v2.0/network-acl-rules/$1"; }
guard() { # SUBNET ACL|none
	local id="\"$2\""
	[ "$2" = none ] && id=null
	api PUT "/v2.0/subnets/$1" "{\"subnet\":{\"network_acl_id\":$id}}" >/dev/null
}
settle() { # NAME HOST NETWORK "ADDRESS/LENGTH..." GATEWAY [MORE]: its id is in $NAME
	local address bare='' id
	for address in $4; do bare="$bare ${address%/*}"; done
	id=$(make_port "$3" "$2" "$bare" "\"name\":\"$1\",\"project_id\":\"red\"${6:+,$6}") && workload "$1" &&
		attach "$2" "$id" "$1" && addresses "$1" "$4" "$5"
	cloud_wait 10 port_active "$id" || failed "$1 becomes ACTIVE"
	eval "$1=$id"
}
serve() { # WORKLOAD PORT
	mkdir -p "$CLOUD_DIR/$1"
	echo "$1" >"$CLOUD_DIR/$1/index.html"
	cloud_start "httpd-$1-$2" "$1" busybox httpd -f -p "$2" -h "$CLOUD_DIR/$1"
	cloud_wait 3 listening "$1" "$2"
}
ask() { N "$1" curl -gsf --connect-timeout 0.5 --max-time 4 "http://$2:${3:-80}/"; } # WORKLOAD ADDRESS [PORT]
# A change is asked for until it is there; what is closed then stays so.
opens() { cloud_wait 5 ask "$@"; }
closed() { ! ask "$@" >/dev/null; }
closes() { cloud_wait 5 closed "$@" && closed "$@"; }

one=$(make network '"name":"one"') two=$(make network '"name":"two"')
[ -n "$two" ] || exit 1
s1=$(make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"")
s9=$(make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.9.0/24\"")
s2=$(make subnet "\"network_id\":\"$two\",\"ip_version\":4,\"cidr\":\"10.0.2.0/24\"")
v1=$(make subnet "\"network_id\":\"$one\",\"ip_version\":6,\"cidr\":\"fd00:1::/64\"")
v2=$(make subnet "\"network_id\":\"$two\",\"ip_version\":6,\"cidr\":\"fd00:2::/64\"")
router=$(make router '"name":"r"')
for s in $s1 $s9 $s2 $v1 $v2; do api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$s\"}" >/dev/null; done
default=$(api GET "/v2.0/security-groups?name=default" | get security_groups 0 id)
for family in IPv4 IPv6; do
	api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$default\",\"direction\":\"ingress\",\"ethertype\":\"$family\"}}" >/dev/null
done
settle a h1 "$one" '10.0.1.11/24 fd00:1::11/64' 10.0.1.1
settle b h2 "$one" '10.0.1.12/24 fd00:1::12/64' 10.0.1.1
settle c h1 "$one" '10.0.1.13/24 fd00:1::13/64' 10.0.1.1
settle e h1 "$one" 10.0.9.15/24 10.0.9.1 '"port_security_enabled":false'
settle d h2 "$two" '10.0.2.12/24 fd00:2::12/64' 10.0.2.1
settle g h1 "$two" '10.0.2.14/24 fd00:2::14/64' 10.0.2.1
for w in a b c; do ip -n "$CLOUD-$w" route add fd00:2::/64 via fd00:1::1; done
for w in d g; do ip -n "$CLOUD-$w" route add fd00:1::/64 via fd00:2::1; done
for w in a b c d e g; do serve $w 80; done
serve d 8080

# ------------------------------------------------------------------ without an ACL

check 'no ACL: another subnet, on the other host' opens a 10.0.2.12
check 'no ACL: another subnet, on the same' opens a 10.0.2.14
check 'no ACL: by IPv6' opens a '[fd00:2::12]'
check 'no ACL: another subnet of the network' opens a 10.0.9.15

# ------------------------------------------------------------------ one that is empty

edge=$(acl edge)
guard "$s2" "$edge"
check 'an empty ACL lets nothing in' drops_grow h2 "$d" ingress-acl closes a 10.0.2.12
check 'an empty ACL lets nothing in on the same host' drops_grow h1 "$g" ingress-acl closes a 10.0.2.14
check 'an empty ACL lets nothing out' drops_grow h2 "$d" egress-acl closed d 10.0.1.12
check 'nor ping' unreached a 10.0.2.12
check 'inside the subnet nothing is judged' opens g 10.0.2.12
check 'the router is inside' reaches g 10.0.2.1
check 'its other side is not' drops_grow h1 "$g" egress-acl unreached g 10.0.1.1
check 'another subnet of the port is another matter: IPv6' opens a '[fd00:2::12]'
check 'subnets without it are open' opens a 10.0.9.15

# ------------------------------------------------------------------ rules

web=$(rule "$edge" 100 ingress allow protocol=tcp port_range_min=80 remote_ip_prefix=10.0.1.0/24)
check 'in is allowed, the answer out is not: it has no state' drops_grow h2 "$d" egress-acl closes a 10.0.2.12
back=$(rule "$edge" 100 egress allow protocol=tcp port_range_min=1024 port_range_max=65535)
check 'with a rule for answers it is open' opens a 10.0.2.12
check 'on the same host' opens a 10.0.2.14
check 'another port is not' drops_grow h2 "$d" ingress-acl closed a 10.0.2.12 8080
check 'from another subnet it is not' drops_grow h1 "$g" ingress-acl closed e 10.0.2.14
first=$(rule "$edge" 50 ingress deny remote_ip_prefix=10.0.1.11/32)
check 'a lower number comes first' closes a 10.0.2.12
check 'for those it means' ask b 10.0.2.12
change "$first" '"number":150'
check 'a higher one does not' opens a 10.0.2.12
change "$first" '"number":50,"action":"allow"'
check 'and may be turned round' opens a 10.0.2.12 8080
unrule "$first"
check 'or go' closes a 10.0.2.12 8080
echo_in=$(rule "$edge" 200 ingress allow protocol=icmp port_range_min=8)
echo_out=$(rule "$edge" 200 egress allow protocol=icmp port_range_min=0)
check 'ICMP by its type' reaches a 10.0.2.12
check 'from d it is another type' unreached d 10.0.1.11

# ------------------------------------------------------------------ who decided

traced() { # PORT PACKET
	N control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret trace "$1" "$2" 2>&1
}
policy() { # FROM TO SERVICE
	N control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret policy check "$@" 2>&1
}
check_match 'trace names the rule that accepts' "receiver d \($d\): ACL ingress: rule acl:$edge/$web accepts it" "$(traced "$a" 'tcp 10.0.2.12:80')"
check_match 'trace names the last rule' "receiver d \($d\): ACL ingress IPv4: rule acl:$edge/default-$edge denies it" "$(traced "$a" 'tcp 10.0.2.12:81')"
check_match 'trace says it of the sender' "sender d \($d\): ACL egress IPv4: rule acl:$edge/default-$edge denies it" "$(traced "$d" 'tcp 10.0.1.11:80')"
check_match 'policy check names it, too' "acl:$edge/$web" "$(policy "$a" "$d" tcp/80)"
check_match 'and says that the last denies' "denied.*acl:$edge/default-$edge" "$(policy "$a" "$d" tcp/81 | tr '\n' ' ')"

# ------------------------------------------------------------------ port security off; a second subnet

strict=$(acl strict)
guard "$s9" "$strict"
check 'port security off: the ACL judges all the same' drops_grow h1 "$e" egress-acl closes e 10.0.1.13
check 'a network without a router between: both ways' drops_grow h1 "$e" ingress-acl closed c 10.0.9.15
ip -n "$CLOUD-e" addr add 10.0.1.99/24 dev eth0
forge() { ! N e curl -gsf --interface 10.0.1.99 --connect-timeout 0.5 --max-time 2 http://10.0.1.13/; }
check 'an address that is not its own is at home where it is' drops_grow h1 "$e" egress-acl forge
ip -n "$CLOUD-e" addr del 10.0.1.99/24 dev eth0
guard "$s9" none
check 'an ACL taken off' opens e 10.0.1.13

# ------------------------------------------------------------------ what is open is closed

stream=$(rule "$edge" 110 ingress allow protocol=tcp port_range_min=85)
deny_it() { change "$stream" '"action":"deny"'; }
allow_it() { change "$stream" '"action":"allow"'; }
shut() { guard "$s2" "$strict"; }
open_again() { guard "$s2" "$edge"; }
answers_gone() { unrule "$back"; }
answers_back() { back=$(rule "$edge" 100 egress allow protocol=tcp port_range_min=1024 port_range_max=65535); }
for pair in 'd 10.0.2.12' 'g 10.0.2.14'; do
	set -- $pair
	opens a "$2"
	ticks_begin a "$1" "$2"
	ticks_stop_and_go "$1, a rule turned round" deny_it allow_it
	ticks_stop_and_go "$1, another ACL at the subnet" shut open_again
	ticks_stop_and_go "$1, the rule for answers" answers_gone answers_back
	ticks_end
done

# ------------------------------------------------------------------ an agent that comes back; the end

cloud_stop agent-h1 KILL
check 'without an agent the ACL stands' closed a 10.0.2.14 8080
check 'and lets pass what it lets' ask a 10.0.2.14
check 'another comes' cloud_agent 1
check 'and lets pass the same' cloud_wait 10 ask a 10.0.2.14
check 'and nothing else' closed a 10.0.2.14 8080
guard "$v2" "$edge"
check 'IPv6 has an ACL of its own' closes a '[fd00:2::12]'
id=$(rule "$edge" 300 ingress allow protocol=tcp port_range_min=80 remote_ip_prefix=fd00:1::/64)
check 'and rules' opens a '[fd00:2::12]'
unrule "$id"
guard "$s2" none
guard "$v2" none
check 'without ACLs all is open' opens a 10.0.2.12 8080
check 'by IPv6, too' opens a '[fd00:2::12]'
check 'an ACL nobody names goes' api DELETE "/v2.0/network-acls/$edge"
check_equal 'no ACL was ever missing' '0 0' "$(drops h1 "$g" no-policy) $(drops h2 "$d" no-policy)"
story_told
