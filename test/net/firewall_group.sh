#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Firewall groups at routers' ports, by programs that know nothing of them.
#
#   red  left  10.0.1.0/24 fd00:1::/64   h1: a .11     h2: b .12 (its port security is off)
#        right 10.0.2.0/24 fd00:2::/64   h1: g .14     h2: d .12, s .15 (a stateless group)
#        transit 10.0.9.0/24             nobody but routers
#        far   10.0.3.0/24               h2: f .13
#   router r: left .1, right .1, transit .1; router q: transit .2, far .1
#
# All security groups let all pass, so that what is said is the firewalls'.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
. "$here/ticks.sh"
story firewall_group 2

export AS=red-secret
fw() { # METHOD PATH [BODY]
	api "$1" "/v2.0/fwaas/$2" ${3:+"$3"}
}
frule() { # ACTION MEMBER=VALUE...: prints its id
	local body="\"action\":\"$1\"" member reply
	shift
	for member; do body="$body,\"${member%%=*}\":\"${member#*=}\""; done
	reply=$(fw POST firewall_rules "{\"firewall_rule\":{$body}}") || { echo "rule $body: $reply" >&2; return 1; }
	get firewall_rule id <<<"$reply"
}
ids() { local list; list=$(printf ',"%s"' "$@"); [ $# = 0 ] && list=,; echo "[${list#,}]"; } # ID...
fpolicy() { # NAME RULE...: prints its id
	local name=$1
	shift
	fw POST firewall_policies "{\"firewall_policy\":{\"name\":\"$name\",\"firewall_rules\":$(ids "$@")}}" |
		get firewall_policy id
}
rules() { # POLICY RULE...: these, in this order
	local policy=$1
	shift
	fw PUT "firewall_policies/$policy" "{\"firewall_policy\":{\"firewall_rules\":$(ids "$@")}}" >/dev/null
}
insert() { fw PUT "firewall_policies/$1/insert_rule" "{\"firewall_rule_id\":\"$2\"}" >/dev/null; } # POLICY RULE
remove() { fw PUT "firewall_policies/$1/remove_rule" "{\"firewall_rule_id\":\"$2\"}" >/dev/null; }
change() { fw PUT "firewall_rules/$1" "{\"firewall_rule\":{$2}}" >/dev/null; } # RULE MEMBERS
fgroup() { # NAME INGRESS EGRESS PORT...: prints its id
	local name=$1 in=$2 out=$3
	shift 3
	fw POST firewall_groups "{\"firewall_group\":{\"name\":\"$name\",\"ingress_firewall_policy_id\":$in,\"egress_firewall_policy_id\":$out,\"ports\":$(ids "$@")}}" |
		get firewall_group id
}
regroup() { fw PUT "firewall_groups/$1" "{\"firewall_group\":{$2}}" >/dev/null; } # GROUP MEMBERS

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
ask() { # WORKLOAD ADDRESS [PORT [OPTION...]]
	local from=$1 to=$2 port=${3:-80}
	shift $(($# < 3 ? $# : 3))
	N "$from" curl -gsf --connect-timeout 0.5 --max-time 4 "$@" "http://$to:$port/"
}
# A change is asked for until it is there; what is closed then stays so.
opens() { cloud_wait 5 ask "$@"; }
closed() { ! ask "$@" >/dev/null; }
closes() { cloud_wait 5 closed "$@" && closed "$@"; }
# Told at once, and not only after the half second that curl waits.
prohibited() { [ "$(N "$1" "$here/ticks.py" udp "$2" "$3")" = prohibited ]; }
reset() { # WORKLOAD ADDRESS PORT
	N "$1" curl -gs --connect-timeout 4 --max-time 4 "http://$2:$3/"
	[ $? = 7 ]
}
answered() { N "$1" "$here/ticks.py" udp "$2" "$3" | grep -q ^answer; }

# ------------------------------------------------------------------ the cloud

left=$(make network '"name":"left"') right=$(make network '"name":"right"')
transit=$(make network '"name":"transit"') far=$(make network '"name":"far"')
[ -n "$far" ] || exit 1
sub() { make subnet "\"network_id\":\"$1\",\"ip_version\":$2,\"cidr\":\"$3\""; } # NETWORK VERSION CIDR
l4=$(sub "$left" 4 10.0.1.0/24) r4=$(sub "$right" 4 10.0.2.0/24)
l6=$(sub "$left" 6 fd00:1::/64) r6=$(sub "$right" 6 fd00:2::/64)
t4=$(sub "$transit" 4 10.0.9.0/24) f4=$(sub "$far" 4 10.0.3.0/24)
r=$(make router '"name":"r"') q=$(make router '"name":"q"')
interface() { api PUT "/v2.0/routers/$1/add_router_interface" "{$2}" | get port_id; } # ROUTER BODY
il=$(interface "$r" "\"subnet_id\":\"$l4\"") ir=$(interface "$r" "\"subnet_id\":\"$r4\"")
il6=$(interface "$r" "\"subnet_id\":\"$l6\"") ir6=$(interface "$r" "\"subnet_id\":\"$r6\"")
it=$(interface "$r" "\"subnet_id\":\"$t4\"") iqf=$(interface "$q" "\"subnet_id\":\"$f4\"")
hop=$(make port "\"network_id\":\"$transit\",\"fixed_ips\":[{\"subnet_id\":\"$t4\",\"ip_address\":\"10.0.9.2\"}]")
iqt=$(interface "$q" "\"port_id\":\"$hop\"")
[ -n "$iqt" ] && [ -n "$it" ] && [ -n "$ir6" ] || exit 1
routes() { api PUT "/v2.0/routers/$1" "{\"router\":{\"routes\":[{\"destination\":\"$2\",\"nexthop\":\"$3\"}]}}" >/dev/null; }
routes "$r" 10.0.3.0/24 10.0.9.2
routes "$q" 0.0.0.0/0 10.0.9.1
default=$(api GET "/v2.0/security-groups?name=default" | get security_groups 0 id)
loose=$(api POST /v2.0/security-groups '{"security_group":{"name":"loose","stateful":false}}' | get security_group id)
for group in $default $loose; do
	for family in IPv4 IPv6; do
		api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$group\",\"direction\":\"ingress\",\"ethertype\":\"$family\"}}" >/dev/null
	done
done
settle a h1 "$left" '10.0.1.11/24 fd00:1::11/64' 10.0.1.1
settle b h2 "$left" 10.0.1.12/24 10.0.1.1 '"port_security_enabled":false,"security_groups":[]'
settle g h1 "$right" '10.0.2.14/24 fd00:2::14/64' 10.0.2.1
settle d h2 "$right" '10.0.2.12/24 fd00:2::12/64' 10.0.2.1
settle s h2 "$right" 10.0.2.15/24 10.0.2.1 "\"security_groups\":[\"$loose\"]"
settle f h2 "$far" 10.0.3.13/24 10.0.3.1
ip -n "$CLOUD-a" route add fd00:2::/64 via fd00:1::1
for w in g d; do ip -n "$CLOUD-$w" route add fd00:1::/64 via fd00:2::1; done
for w in a b d g s f; do serve $w 80; done
serve d 8080
cloud_start answer-d d "$here/ticks.py" answer 53

check 'no firewall: the other host' opens a 10.0.2.12
check 'no firewall: this host' opens a 10.0.2.14
check 'no firewall: by IPv6' opens a '[fd00:2::12]'
check 'no firewall: two routers away' opens a 10.0.3.13
check 'no firewall: from who is not filtered' opens b 10.0.2.14
check 'no firewall: a stateless port' opens a 10.0.2.15

# ------------------------------------------- connections from before the first firewall

# Nobody has kept anything of those of stateless ports.
before() { # NAME WORKLOAD SERVER ADDRESS PORT: for eight seconds the server speaks, and nobody else
	cloud_start "push-$5" "$3" "$here/stream.py" push "$5" 8 && cloud_wait 3 listening "$3" "$5"
	{ N "$2" "$here/stream.py" hear "$4" "$5" >"$CLOUD_DIR/before-$1" 2>&1; echo $? >"$CLOUD_DIR/ended-$1"; } &
}
goes_on() { # NAME
	cloud_wait 40 test -s "$CLOUD_DIR/ended-$1" && cat "$CLOUD_DIR/before-$1" && [ "$(cat "$CLOUD_DIR/ended-$1")" = 0 ]
}
settle o h2 "$right" 10.0.2.16/24 10.0.2.1 '"port_security_enabled":false,"security_groups":[]'
before b_s b s 10.0.2.15 7001
before a_s a s 10.0.2.15 7002
before b_o b o 10.0.2.16 7003
sleep 2
streams=$(frule allow protocol=tcp destination_port=7001:7003)
only=$(fpolicy only "$streams")
wall=$(fgroup first "\"$only\"" null "$ir" "$ir6")
check 'a firewall comes' closes a 10.0.2.12
check 'a connection to a stateless port goes on' goes_on b_s
check 'from a filtered one, too' goes_on a_s
check 'and one between ports that nobody filters' goes_on b_o
regroup "$wall" '"ports":[]'
check 'it goes' opens a 10.0.2.12
before barred b s 10.0.2.15 7004
sleep 1
regroup "$wall" "\"ports\":[\"$ir\",\"$ir6\"]"
check_not 'what no rule allows is cut' goes_on barred
regroup "$wall" '"ports":[]'
check 'it goes again' opens a 10.0.2.12

# ------------------------------------------------------------------ denied unless allowed

wall=$(fgroup wall null null "$ir" "$ir6")
check 'a group without policies lets nothing in' drops_grow h1 "$a" firewall-denied closes a 10.0.2.12
check 'nor on this host' drops_grow h1 "$a" firewall-denied closed a 10.0.2.14
check 'nor from who is not filtered' drops_grow h2 "$b" firewall-denied closed b 10.0.2.12
check 'nor by IPv6' closed a '[fd00:2::12]'
check 'nor ping' unreached a 10.0.2.12
check 'nor out' drops_grow h2 "$d" firewall-denied closed d 10.0.1.11
check 'another port of the router is open' opens a 10.0.3.13
check 'inside the subnet nothing is judged' opens g 10.0.2.12
check 'the router itself answers' reaches g 10.0.2.1
check 'the subnet next door answers, too' reaches a 10.0.1.1

web=$(frule allow protocol=tcp destination_port=80)
web6=$(frule allow protocol=tcp destination_port=80 ip_version=6)
in=$(fpolicy in "$web" "$web6")
regroup "$wall" "\"ingress_firewall_policy_id\":\"$in\""
check 'a rule opens, and its replies pass' opens a 10.0.2.12
check 'on this host, too' opens a 10.0.2.14
check 'to a stateless port, too' opens a 10.0.2.15
check 'from who is not filtered, too' opens b 10.0.2.14
check 'and by IPv6' opens a '[fd00:2::12]'
check 'another port is not open' drops_grow h1 "$a" firewall-denied closed a 10.0.2.12 8080
check 'the other way is not' drops_grow h2 "$d" firewall-denied closed d 10.0.1.11
check 'nor for a stateless port' drops_grow h2 "$s" firewall-denied closed s 10.0.1.11
check 'nor ping' unreached a 10.0.2.12
echoes=$(frule allow protocol=icmp)
insert "$in" "$echoes"
check 'a rule for ICMP' reaches a 10.0.2.12
check 'does not serve who is asked' unreached d 10.0.1.11
udp=$(frule allow protocol=udp destination_port=50:60 source_ip_address=10.0.1.11 destination_ip_address=10.0.2.0/24)
insert "$in" "$udp"
check 'UDP, by both addresses and a range' cloud_wait 5 answered a 10.0.2.12 53
check 'is not for others' drops_grow h2 "$b" firewall-denied eval '! answered b 10.0.2.12 53'

# ------------------------------------------------------------------ reject, order, source ports

no=$(frule reject protocol=tcp destination_port=8080)
insert "$in" "$no"
check 'who is rejected is reset' cloud_wait 5 reset a 10.0.2.12 8080
check 'on this host, too' reset a 10.0.2.14 8080
change "$udp" '"action":"reject"'
check 'or told that it is prohibited' cloud_wait 5 prohibited a 10.0.2.12 53
change "$udp" '"action":"allow"'
first=$(frule deny protocol=tcp destination_port=80 source_ip_address=10.0.1.11)
insert "$in" "$first"
check 'the first rule decides' closes a 10.0.2.12
check 'for those it means' ask b 10.0.2.14
rules "$in" "$web" "$web6" "$echoes" "$udp" "$no" "$first"
check 'behind the other it does not' opens a 10.0.2.12
change "$web" '"source_port":"7000:7010"'
check 'a source port may be asked for' closes a 10.0.2.12
check 'and had' ask a 10.0.2.12 80 --local-port 7000-7010
change "$web" '"source_port":null'
check 'and left out' opens a 10.0.2.14
change "$web" '"enabled":false'
check 'a rule that is not enabled is none' closes a 10.0.2.12
change "$web" '"enabled":true'
check 'until it is' opens a 10.0.2.12

# ------------------------------------------------------------------ who decided

as_admin() { # COMMAND...
	N control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret "$@" 2>&1
}
check_match 'trace names group and rule that accept' "fw:$wall/ingress/$web accepts" "$(as_admin trace "$a" 'tcp 10.0.2.12:80')"
check_match 'and what denies by default' "fw:$wall/ingress/default-$wall denies" "$(as_admin trace "$a" 'tcp 10.0.2.12:81')"
check_match 'out of the subnet, too' "fw:$wall/egress/default-$wall denies" "$(as_admin trace "$d" 'tcp 10.0.1.11:80')"
check_match 'policy check asks firewalls' "fw:$wall/ingress/$web" "$(as_admin policy check "$a" "$d" tcp/80)"
check_match 'and says that one denies' "denied.*fw:$wall/ingress/default-$wall" "$(as_admin policy check "$a" "$d" tcp/81 | tr '\n' ' ')"

cloud_start follow control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret \
	--agent "$CLOUD_RUN/h1/agent.sock" flows a --follow --denied
watched() { agent h1 GET /metrics | grep -q '^weft_watchers{what="flows"} 1$'; }
check 'somebody follows' cloud_wait 5 watched
check 'what a firewall denies' closed a 10.0.2.12 8081
check 'is told with its rule' cloud_wait 5 grep -q \
	"^deny a tcp 10.0.1.11:[0-9]* -> 10.0.2.12:8081 firewall-denied .*rule fw:$wall/ingress/default-$wall" "$CLOUD_DIR/log/follow"
cloud_stop follow
check_match 'and listed with it' "^a +tcp +10.0.1.11 +[0-9]+ +10.0.2.12 +8081 +local +firewall-denied +fw:$wall/ingress/default-$wall" \
	"$(as_admin --agent "$CLOUD_RUN/h1/agent.sock" flows a --denied)"

# ------------------------------------------------------------------ what is open is closed

stream=$(frule allow protocol=tcp destination_port=85)
insert "$in" "$stream"
take_it() { remove "$in" "$stream"; }
give_it() { insert "$in" "$stream"; }
down() { regroup "$wall" '"admin_state_up":false'; }
up() { regroup "$wall" '"admin_state_up":true'; }
for pair in 'a d 10.0.2.12' 'a g 10.0.2.14' 'b s 10.0.2.15'; do
	set -- $pair
	ticks_begin "$1" "$2" "$3"
	ticks_stop_and_go "$1 to $2, a rule taken away" take_it give_it
	ticks_stop_and_go "$1 to $2, a group that is down" down up
	ticks_end
done

# ------------------------------------------------------------------ two routers

any=$(frule allow)
all=$(fpolicy all "$any")
edge=$(fgroup edge "\"$all\"" null "$iqf")
check 'two routers away: what the port lets in' opens a 10.0.3.13
check 'and no more out' drops_grow h2 "$f" firewall-denied closes f 10.0.1.11
middle=$(fgroup middle null null "$it")
check 'a router on the way lets nothing out of itself' drops_grow h1 "$a" firewall-denied closes a 10.0.3.13
regroup "$middle" "\"ingress_firewall_policy_id\":\"$all\""
check 'until it may' opens a 10.0.3.13
regroup "$middle" "\"ports\":[]"
back=$(fgroup back null null "$iqt")
check 'the other router lets nothing enter' drops_grow h1 "$a" firewall-denied closes a 10.0.3.13
regroup "$back" "\"egress_firewall_policy_id\":\"$all\""
check 'until it may, too' opens a 10.0.3.13

# ------------------------------------------------------------------ an agent that comes back; the end

for h in 1 2; do cloud_stop agent-h$h KILL; done
check 'without agents the firewall stands' closed a 10.0.2.12 8081
check 'and lets pass what it lets' ask a 10.0.2.12
for h in 1 2; do check "h$h: another comes" cloud_agent $h; done
check 'and lets pass the same' cloud_wait 10 ask a 10.0.2.12
check 'and nothing else' closed a 10.0.2.12 8081
regroup "$wall" '"ports":[]'
check 'a group taken off the port' opens a 10.0.2.12 8080
check 'both ways' opens d 10.0.1.11
check 'by IPv6, too' opens a '[fd00:2::12]' 8080
check_equal 'no firewall was ever missing' '0 0' "$(drops h1 "$a" no-policy) $(drops h2 "$d" no-policy)"
story_told
