#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Security groups, by programs that know nothing of them.
#
#   red   one 10.0.1.0/24 fd00:1::/64   h1: a .11, c .13, open .15    h2: b .12
#         two 10.0.2.0/24, MTU 1300     h2: d .12            (router between one and two)
#   blue  one 10.0.1.0/24               h1: x .11            h2: y .12
#
# a and open ask; b, c and d serve: c on a's host, the others not. b and c have group `served`,
# which is empty at first; open's port security is off. x and y are of blue's default group.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
. "$here/ticks.sh"
story firewall 2

# ------------------------------------------------------------------ the API

group() { # NAME [MORE]: prints its id
	api POST /v2.0/security-groups "{\"security_group\":{\"name\":\"$1\"${2:+,$2}}}" | get security_group id
}
# One without the rules that each is born with.
empty_group() { # NAME [MORE]
	local id rule
	id=$(group "$@") || return
	for rule in $(api GET "/v2.0/security-group-rules?security_group_id=$id&fields=id" | grep -o '[0-9a-f-]\{36\}'); do
		api DELETE "/v2.0/security-group-rules/$rule" || return
	done
	echo "$id"
}
rule() { # GROUP DIRECTION MEMBER:VALUE...: prints its id; values are strings or numbers
	local body="\"security_group_id\":\"$1\",\"direction\":\"$2\"" member reply
	shift 2
	for member; do body="$body,\"${member%%=*}\":\"${member#*=}\""; done
	reply=$(api POST /v2.0/security-group-rules "{\"security_group_rule\":{$body}}") ||
		{ echo "rule $body: $reply" >&2; return 1; }
	get security_group_rule id <<<"$reply"
}
unrule() { # ID...
	local id
	for id; do api DELETE "/v2.0/security-group-rules/$id" || return; done
}
groups() { # PORT GROUP...: these and no others
	local port=$1 list
	shift
	list=$(printf ',"%s"' "$@")
	[ $# = 0 ] && list=,
	api PUT "/v2.0/ports/$port" "{\"port\":{\"security_groups\":[${list#,}]}}" >/dev/null
}
settle() { # NAME HOST NETWORK "ADDRESS/LENGTH..." PROJECT [MORE]: its id is in $NAME
	local address bare='' id
	for address in $4; do bare="$bare ${address%/*}"; done
	id=$(make_port "$3" "$2" "$bare" "\"name\":\"$1\",\"project_id\":\"$5\"${6:+,$6}") && workload "$1" &&
		attach "$2" "$id" "$1" && addresses "$1" "$4" "$(gateway "$bare")"
	cloud_wait 10 port_active "$id" || failed "$1 becomes ACTIVE"
	eval "$1=$id"
}
gateway() { # "ADDRESS..."
	set -- $1
	echo "${1%.*}.1"
}

# ------------------------------------------------------------------ programs

serve() { # WORKLOAD PORT
	mkdir -p "$CLOUD_DIR/$1"
	echo "$1" >"$CLOUD_DIR/$1/index.html"
	cloud_start "httpd-$1-$2" "$1" busybox httpd -f -p "$2" -h "$CLOUD_DIR/$1"
	cloud_wait 3 listening "$1" "$2"
}
ask() { # WORKLOAD ADDRESS [PORT]
	N "$1" curl -gsf --connect-timeout 0.5 --max-time 4 "http://$2:${3:-80}/"
}
# A change is asked for until it is there; what is closed then stays so.
opens() { cloud_wait 5 ask "$@"; }
closed() { ! ask "$@" >/dev/null; }
closes() { cloud_wait 5 closed "$@" && closed "$@"; }
# What ask, ping or a datagram says of b, on the other host, and of c, on the same.
both() { # COMMAND WORKLOAD [WORD...]
	local command=$1 from=$2 address
	shift 2
	for address in 10.0.1.12 10.0.1.13; do
		"$command" "$from" $address "$@" || { echo "$address"; return 1; }
	done
}
bound() { N "$1" ss -Hlun "sport = :$2" | grep -q .; } # WORKLOAD PORT
datagram() { # FROM ADDRESS PORT
	N "$1" "$here/ticks.py" udp "$2" "$3"
}
datagram_is() { # WANTED FROM ADDRESS PORT
	[ "$(datagram "$2" "$3" "$4")" = "$1" ]
}
measure() { # FROM ADDRESS
	N "$1" iperf3 -n 10M -c "$2" && N "$1" iperf3 -R -n 10M -c "$2"
}
raw() { # FROM TO OPTION...: three packets by nping, whatever becomes of them
	local from=$1 to=$2
	shift 2
	N "$from" nping -q -c 3 --delay 20ms "$@" "$to" >/dev/null 2>&1
	true
}

export AS=red-secret
one=$(make network '"name":"one"') two=$(make network '"name":"two"')
[ -n "$two" ] || exit 1
api PUT "/v2.0/networks/$two" '{"network":{"mtu":1300}}' >/dev/null
s1=$(make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"")
s2=$(make subnet "\"network_id\":\"$two\",\"ip_version\":4,\"cidr\":\"10.0.2.0/24\"")
make subnet "\"network_id\":\"$one\",\"ip_version\":6,\"cidr\":\"fd00:1::/64\"" >/dev/null
router=$(make router '"name":"r"')
for s in $s1 $s2; do api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$s\"}" >/dev/null; done
served=$(empty_group served) asking=$(group asking) other=$(group other)
settle a h1 "$one" '10.0.1.11/24 fd00:1::11/64' red
settle b h2 "$one" '10.0.1.12/24 fd00:1::12/64' red
settle c h1 "$one" '10.0.1.13/24 fd00:1::13/64' red
settle d h2 "$two" 10.0.2.12/24 red
settle open h1 "$one" '10.0.1.15/24 fd00:1::15/64' red '"port_security_enabled":false'
for w in b c d; do
	serve $w 80
	cloud_start "answer-$w" $w "$here/ticks.py" answer 5300
done
serve b 8080
ip -n "$CLOUD-d" link set eth0 mtu 1300
head -c 1000000 /dev/zero >"$CLOUD_DIR/d/big"

# ------------------------------------------------------------------ who reaches whom

check 'default: members reach each other' both opens a
check 'default: members reach each other through a router' opens a 10.0.2.12
check 'default: members reach each other by IPv6' opens a '[fd00:1::12]'
check 'default: by ping' both reaches a
check 'default: one without the group sends' reaches open 10.0.1.15
check 'default: and is not let in' drops_grow h2 "$b" ingress-denied closed open 10.0.1.12
check 'default: not on the same host either' drops_grow h1 "$c" ingress-denied closed open 10.0.1.13
groups "$a" "$other"
check 'default: one of another group is not let in' both closes a
groups "$b" "$served"
groups "$c" "$served"

groups "$a"
check 'no groups: nothing leaves' closes a 10.0.1.12
check 'no groups: it is egress-denied' drops_grow h1 "$a" egress-denied closed a 10.0.1.12
check 'no groups: nothing comes in' drops_grow h1 "$a" ingress-denied unreached open 10.0.1.11
lease() {
	N a env LEASE="$CLOUD_DIR/lease" udhcpc -f -q -n -i eth0 -t 5 -T 1 -s "$here/lease" && grep -q end=bound "$CLOUD_DIR/lease"
}
check 'no groups: ARP is answered' N a arping -q -c 1 -w 3 -I eth0 10.0.1.13
check 'no groups: DHCP is answered' lease
groups "$a" "$asking"
check_not 'an empty group lets nothing in' both ask a

by() { # NAME MEMBER=VALUE...: a rule for tcp/80 lets a in, by nothing but port 80
	local name=$1 id
	shift
	id=$(rule "$served" ingress protocol=tcp port_range_min=80 port_range_max=80 "$@") || return
	check "tcp/80 from $name: passes" both opens a
	check "tcp/80 from $name: another port does not" drops_grow h2 "$b" ingress-denied closed a 10.0.1.12 8080
	check "tcp/80 from $name: nor ping" both unreached a
	check "tcp/80 from $name: nor back" drops_grow h2 "$b" egress-denied unreached b 10.0.1.11
	unrule "$id"
	check "tcp/80 from $name: taken away" both closes a
}
by 'a prefix' remote_ip_prefix=10.0.1.8/29
by 'a group' "remote_group_id=$asking"
addresses=$(api POST /v2.0/address-groups '{"address_group":{"name":"ag","addresses":["10.0.1.11/32","fd00:1::/64"]}}' |
	get address_group id)
by 'an address group' "remote_address_group_id=$addresses"

id=$(rule "$served" ingress protocol=tcp port_range_min=80 port_range_max=80 remote_ip_prefix=10.0.1.16/28)
check 'a prefix of others lets nobody in' closed a 10.0.1.12
unrule "$id"
id=$(rule "$served" ingress protocol=tcp "remote_address_group_id=$addresses")
check 'an address in the group' opens a 10.0.1.12
api PUT "/v2.0/address-groups/$addresses/remove_addresses" '{"addresses":["10.0.1.11/32"]}' >/dev/null
check 'an address taken out of it' closes a 10.0.1.12
api PUT "/v2.0/address-groups/$addresses/add_addresses" '{"addresses":["10.0.1.11/32"]}' >/dev/null
check 'an address put back' opens a 10.0.1.12
unrule "$id"

id=$(rule "$served" ingress protocol=icmp port_range_min=8 port_range_max=0)
check 'ICMP: echo is let in' both reaches a
check 'ICMP: another type is not' drops_grow h2 "$b" ingress-denied raw a 10.0.1.12 --icmp --icmp-type timestamp
check 'ICMP: TCP is not' both closes a
unrule "$id"
second=$(empty_group second)
id=$(rule "$second" ingress protocol=tcp port_range_min=8080 port_range_max=8080)
first=$(rule "$served" ingress protocol=tcp port_range_min=80 port_range_max=80 "remote_group_id=$asking")
groups "$b" "$served" "$second"
check 'two groups: what the first lets in' opens a 10.0.1.12 80
check 'two groups: what the second lets in' opens a 10.0.1.12 8080
groups "$b" "$second"
check 'one of them taken off' closes a 10.0.1.12 80
check 'and the other stays' ask a 10.0.1.12 8080
groups "$b" "$served"
unrule "$id"

check 'port security off: sends, and is judged by the receiver' closed open 10.0.1.12
check 'port security off: hears all' reaches a 10.0.1.15
groups "$a" "$asking"

# ------------------------------------------------------------------ connections

check 'tcp/80 is open, and answers pass by no rule' both opens a
traced() { # PORT
	N control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret trace "$a" "tcp 10.0.1.12:$1" 2>&1
}
check_match 'trace names the rule that lets it in' "receiver b \($b\): rule sg:$served/$first lets it open a connection" "$(traced 80)"
check_match 'trace says what denies another port' "receiver b \($b\): ingress IPv4: the default denies it" "$(traced 81)"
check 'the middle of a connection that is none: no-connection' drops_grow h1 "$a" no-connection \
	raw a 10.0.1.12 --tcp -p 80 --flags ack
check 'an answer nobody has asked for: no-connection' drops_grow h1 "$a" no-connection \
	raw a 10.0.1.12 --tcp -p 80 --flags syn,ack
check 'an echo reply nobody has asked for: no-connection' drops_grow h1 "$a" no-connection \
	raw a 10.0.1.12 --icmp --icmp-type 0
id=$(rule "$served" ingress protocol=tcp port_range_min=80 port_range_max=80 remote_ip_prefix=10.0.1.15/32)
check 'one that is not filtered opens' opens open 10.0.1.12
check 'but has no middle either: no-connection' drops_grow h2 "$b" no-connection \
	raw open 10.0.1.12 --tcp -p 80 --flags ack
unrule "$id"
check 'an answer from where no rule is: egress-denied' drops_grow h2 "$b" egress-denied \
	raw b 10.0.1.11 --udp -g 53 -p 4001

id=$(rule "$served" ingress protocol=udp)
id6=$(rule "$served" ingress ethertype=IPv6 protocol=udp)
check 'UDP: an answer passes' cloud_wait 5 datagram_is 'answer you are 10.0.1.11' a 10.0.1.12 5300
check 'UDP: an answer passes on one host' datagram_is 'answer you are 10.0.1.11' a 10.0.1.13 5300
check 'UDP: an answer passes by IPv6' datagram_is 'answer you are fd00:1::11' a fd00:1::12 5300
check 'errors: unreachable comes, though b may send nothing' datagram_is refused a 10.0.1.12 5301
check 'errors: on one host' datagram_is refused a 10.0.1.13 5301
check 'errors: by IPv6' datagram_is refused a fd00:1::12 5301
mac_a=$(device a eth0 address)
# A socket that the kernel finds for what is quoted, whoever it was sent to.
cloud_start answer-a a "$here/ticks.py" answer 4000
cloud_wait 3 bound a 4000
shrunk() { # ADDRESS
	N a ip route get "$1" | grep -q 'mtu 1280'
}
for pair in '10.0.1.12 10.0.1.11' 'fd00:1::12 fd00:1::11'; do
	set -- $pair
	check_not "errors: $1's way has its MTU" shrunk "$1"
	check "errors: too big about nothing: egress-denied" drops_grow h2 "$b" egress-denied \
		N b "$here/ticks.py" error too-big eth0 "$mac_a" "$1" "$2" 5399
	check_not "errors: and $1's way keeps it" shrunk "$1"
	N b "$here/ticks.py" error too-big eth0 "$mac_a" "$1" "$2" 5300
	check "errors: too big about $1's connection is heard" cloud_wait 3 shrunk "$1"
done
unrule "$id" "$id6"
cloud_stop answer-a
check 'UDP: a rule taken away' cloud_wait 5 datagram_is silence a 10.0.1.12 5300
check 'UDP: d, of the default group, hears nothing' datagram_is silence a 10.0.2.12 5300
groups "$d" "$served"
id=$(rule "$served" ingress protocol=udp)
check 'a smaller MTU behind the router' cloud_wait 5 N a curl -sf -o /dev/null --max-time 3 http://10.0.2.12/big
hops() { N a traceroute -n -q 1 -w 1 -m 4 10.0.2.12 | awk 'NR > 1 { print $2 }' | xargs; }
check_equal 'traceroute sees the router and the end' '10.0.1.1 10.0.2.12' "$(hops)"
unrule "$id"
id=$(rule "$served" ingress protocol=tcp port_range_min=5201 port_range_max=5201)
for w in b c; do
	cloud_start "iperf-$w" $w iperf3 -s
	cloud_wait 3 listening $w 5201
done
check 'iperf3 through it, there and back' both measure a
unrule "$id"

# ------------------------------------------------------------------ stateless

loose=$(empty_group loose '"stateful":false')
groups "$b" "$loose"
rule "$loose" ingress protocol=tcp port_range_min=80 port_range_max=80 >/dev/null
check 'stateless: an answer needs a rule' drops_grow h2 "$b" egress-denied closes a 10.0.1.12
rule "$loose" egress protocol=tcp >/dev/null
check 'stateless: and passes with one' opens a 10.0.1.12
groups "$b" "$served"

# ------------------------------------------------------------------ what is open is closed

without_rule() { unrule "$first"; }
with_rule() { first=$(rule "$served" ingress protocol=tcp port_range_min=80 port_range_max=90 "remote_group_id=$asking"); }
without_member() { groups "$a" "$other"; }
with_member() { groups "$a" "$asking"; }
without_rule
with_rule
for pair in 'b 10.0.1.12' 'c 10.0.1.13'; do
	set -- $pair
	opens a "$2"
	ticks_begin a "$1" "$2"
	ticks_stop_and_go "$1, a rule taken away" without_rule with_rule
	ticks_stop_and_go "$1, a member taken out" without_member with_member
	ticks_end
done

# ------------------------------------------------------------------ two projects

AS=blue-secret
net=$(make network '"name":"one"')
make subnet "\"network_id\":\"$net\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
settle x h1 "$net" 10.0.1.11/24 blue
settle y h2 "$net" 10.0.1.12/24 blue
serve y 80
check_equal 'equal addresses: blue has its own' y "$(ask x 10.0.1.12)"
check_equal 'equal addresses: and so has red' b "$(ask a 10.0.1.12)"
AS=red-secret
without_rule
check 'equal addresses: red closes' closes a 10.0.1.12
check_equal 'equal addresses: blue does not' y "$(ask x 10.0.1.12)"
groups "$b" "$other"
check_equal 'no policy is ever missing' '0 0 0' "$(drops h1 "$a" no-policy) $(drops h2 "$b" no-policy) $(drops h1 "$c" no-policy)"
story_told
