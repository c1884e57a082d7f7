#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Policies that select ports by their labels, by programs that know nothing of them.
#
#   one 10.0.1.0/24 fd00:1::/64   h1: web .11 app=web   near .13 app=db   other .14 app=other
#                                 h2: far .12 app=db    x .15 app=web, but project blue's
#
# web, other and x ask; far and near serve, on another host and on the asker's. Nobody has a
# security group, so what lets pass is policies alone, but where groups are part of the question.
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
. "$here/ticks.sh"
story policies 2

# ------------------------------------------------------------------ the API

policy() { # MEMBERS: prints its id
	make_at policies policy "\"name\":\"p\",$1"
}
make_at() { # PATH NAME MEMBERS
	local reply
	reply=$(api POST "/v2.0/$1" "{\"$2\":{$3}}") || { echo "$2 {$3}: $reply" >&2; return 1; }
	get "$2" id <<<"$reply"
}
change() { # POLICY MEMBERS
	api PUT "/v2.0/policies/$1" "{\"policy\":{$2}}" >/dev/null
}
drop() { # POLICY...
	local id
	for id; do api DELETE "/v2.0/policies/$id" || return; done
}
tell() { # PORT MEMBERS
	api PUT "/v2.0/ports/$1" "{\"port\":{$2}}" >/dev/null
}
rule() { # DIRECTION ACTION [PEERS [SERVICES [MORE]]]: one of "rules"
	echo "{\"direction\":\"$1\",\"action\":\"$2\",\"peers\":[$3],\"services\":[$4]${5:+,$5}}"
}
app() { echo "{\"match_labels\":{\"app\":\"$1\"}}"; } # a peer
port() { echo "{\"protocol\":\"tcp\",\"port\":\"$1\"}"; } # a service
settle() { # NAME HOST "ADDRESS/LENGTH..." PROJECT MORE: its id is in $NAME
	local address bare='' id
	for address in $3; do bare="$bare ${address%/*}"; done
	id=$(make_port "$one" "$2" "$bare" "\"name\":\"$1\",\"project_id\":\"$4\",\"security_groups\":[],$5") &&
		workload "$1" && attach "$2" "$id" "$1" && addresses "$1" "$3"
	cloud_wait 10 port_active "$id" || failed "$1 becomes ACTIVE"
	eval "$1=$id"
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
refused() { # WORKLOAD ADDRESS [PORT]: told, not left waiting (curl's 7 is no connection, 28 none in time)
	ask "$@"
	[ $? = 7 ]
}
# What COMMAND says of far and near, from WORKLOAD.
both() { # COMMAND WORKLOAD [WORD...]
	local command=$1 from=$2 address
	shift 2
	for address in 10.0.1.12 10.0.1.13; do
		"$command" "$from" $address "$@" || { echo "$address"; return 1; }
	done
}

export AS=red-secret
one=$(make network '"name":"one"')
[ -n "$one" ] || exit 1
make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
make subnet "\"network_id\":\"$one\",\"ip_version\":6,\"cidr\":\"fd00:1::/64\"" >/dev/null
settle web h1 '10.0.1.11/24 fd00:1::11/64' red '"labels":{"app":"web"}'
settle far h2 '10.0.1.12/24 fd00:1::12/64' red '"labels":{"app":"db"},"named_ports":[{"name":"http","port":80}]'
settle near h1 '10.0.1.13/24 fd00:1::13/64' red '"labels":{"app":"db"},"named_ports":[{"name":"http","port":8080}]'
settle other h1 '10.0.1.14/24 fd00:1::14/64' red '"labels":{"app":"other"}'
settle x h2 '10.0.1.15/24 fd00:1::15/64' blue '"labels":{"app":"web"}'
for w in far near; do serve $w 80 && serve $w 8080; done
serve other 80

# ------------------------------------------------------------------ baseline

check 'no policy, no group: nothing passes' both closed web
base=$(policy "\"baseline\":true,\"rules\":[$(rule ingress accept),$(rule egress accept)]")
check 'a baseline that accepts all: all pass' both opens web
check 'it does by IPv6' opens web '[fd00:1::12]'
check 'it does for every port of the project' both opens other
check 'but not for another project, on the same network' both closed x
AS=blue-secret policy "\"rules\":[$(rule egress accept)]" >/dev/null
check 'which says for itself what it sends' opens x 10.0.1.12
check_not 'and hears nothing, as its project says nothing of it' reaches other 10.0.1.15

# ------------------------------------------------------------------ default deny

db=$(policy "\"match_labels\":{\"app\":\"db\"},\"rules\":[$(rule ingress accept "$(app web)" "$(port 80)")]")
check 'whoever accepts something denies the rest: another port' both closes web 8080
check 'nor ping' both unreached web
check 'nor who is not selected' both closes other
check 'nor who has the label in another project' closes x 10.0.1.12
check 'and what is accepted passes' both opens web
check 'by IPv6, too' opens web '[fd00:1::12]'
check 'the denial is counted' drops_grow h2 "$far" ingress-denied closed other 10.0.1.12
check 'what it sends is not restricted' reaches far 10.0.1.14
check 'nor are others: web' reaches other 10.0.1.11
out=$(policy "\"match_labels\":{\"app\":\"web\"},\"rules\":[$(rule egress accept "$(app db)" "$(port 80)")]")
check 'egress: another port is denied by the sender' drops_grow h1 "$web" egress-denied closes web 10.0.1.14
check 'egress: what is accepted passes' both opens web
check 'egress: who comes in is answered' reaches other 10.0.1.11
weft() { N control "$CLOUD_BIN/cli/weft" --url "http://$CLOUD_LISTEN" --token admin-secret "$@" 2>&1; }
check_match 'trace names the rule that lets it in' "receiver far \($far\): rule se:[0-9a-f]{32}/$db:1 lets it open a connection" \
	"$(weft trace "$web" 'tcp 10.0.1.12:80')"
check_match 'trace names the default of the policy that denies' "ingress IPv4: rule se:[0-9a-f]{32}/$db:default:ingress denies it" \
	"$(weft trace "$other" 'tcp 10.0.1.12:80')"
check_match 'policy check says the same: yes' "$db:1" "$(weft policy check "$web" "$far" tcp/80)"
check_match 'policy check says the same: no' "$db:default:ingress" "$(weft policy check "$other" "$far" tcp/80)"
drop "$out"

# ------------------------------------------------------------------ tiers

first=$(policy "\"tier\":0,\"rules\":[$(rule ingress deny "$(app web)")]")
check 'tier 0 denies what tier 1 accepts' both closes web
change "$first" "\"rules\":[$(rule ingress reject "$(app web)")]"
# As from a wire: a checksum that is still to be made would be put where it no longer belongs.
N web ethtool -K eth0 tx off >/dev/null
check 'reject: the sender is told, on another host' cloud_wait 5 refused web 10.0.1.12
check 'reject: not TCP is told, too' N web sh -c 'ping -n -c 1 -W 2 10.0.1.12 | grep -q "Packet filtered"'
N web ethtool -K eth0 tx on >/dev/null
check 'reject: and on its own' cloud_wait 5 refused web 10.0.1.13
change "$first" "\"rules\":[$(rule ingress pass "$(app web)" "$(port 80)"),$(rule ingress deny "$(app web)")]"
check 'pass: tier 1 decides' both opens web
check 'pass: only what it is said of' both closes web 8080
change "$first" "\"rules\":[$(rule ingress accept "$(app other)")]"
check 'tier 0 accepts what tier 1 denies by default' both opens other
check 'and denies nothing by itself, when nobody says so' cloud_wait 5 both opens web
change "$first" '"default_deny":["ingress"]'
check 'but what it is told to' both closes web
check 'and goes on accepting' both opens other
drop "$first"
check 'a tier without policies is as if it were not' both opens web

group=$(make_at security-groups security_group '"name":"served"')
make_at security-group-rules security_group_rule "\"security_group_id\":\"$group\",\"direction\":\"ingress\",
	\"protocol\":\"tcp\",\"port_range_min\":8080,\"port_range_max\":8080" >/dev/null
for p in $far $near; do tell "$p" "\"security_groups\":[\"$group\"]"; done
check 'groups are asked after policies: what tier 1 denies stays denied' both closed web 8080
change "$db" "\"rules\":[$(rule ingress accept "$(app web)" "$(port 80)"),$(rule ingress pass '' "$(port 8080)")]"
check 'pass in tier 1: the group decides' both opens web 8080
check 'pass in tier 1: for anybody' both opens other 8080
whom=$(weft policy reach --from served)
check_match 'policy reach: far reaches web with anything, by the baseline' "far +web +any +IPv4 +sg:$group/[0-9a-f-]+ .*/$base:1" "$whom"
check_match 'policy reach: near reaches far with what the group lets in' "near +far +tcp/8080 +IPv4 +sg:$group/[0-9a-f-]+ +sg:$group/" "$whom"
check_not 'policy reach: and with nothing else' grep -qE 'near +far +(any|tcp/80) ' <<<"$whom"
to_web() { grep -E '^(far|near) +web ' | tr -s ' ' | sort; }
check_equal 'policy reach: by labels, the same' "$(to_web <<<"$whom")" \
	"$(weft policy reach --from app=db --to 'app=web|nobody,!old' | to_web)"
check_equal 'policy reach: to those with labels only' '' \
	"$(weft policy reach --from app=db --to 'app!=web,app' -f value -c to | grep web)"
check_match 'policy reach: to those without' '^x$|^far$|^other$' "$(weft policy reach --from app=db --to 'app!=web' -f value -c to)"
check_match 'policy reach: labels that are none' "^weft: '=web' is not KEY" "$(weft policy reach --from =web 2>&1)"
drop "$base"
base=$(policy "\"baseline\":true,\"rules\":[$(rule ingress deny '' "$(port 8080)"),$(rule ingress accept),$(rule egress accept)]")
check 'the baseline is asked after the groups' both opens other 8080
for p in $far $near; do tell "$p" '"security_groups":[]'; done
check 'and decides where there are none' both closes other 8080
change "$base" "\"rules\":[$(rule ingress accept),$(rule egress accept)]"

# ------------------------------------------------------------------ peers, services

change "$db" "\"rules\":[$(rule ingress accept "$(app web)" "$(port http)")]"
check 'a name: 80 on one' opens web 10.0.1.12 80
check 'a name: 8080 on the other' opens web 10.0.1.13 8080
check 'a name: not the other way round' closes web 10.0.1.12 8080
check 'a name: nor there' closes web 10.0.1.13 80
tell "$far" '"named_ports":[{"name":"http","port":8080}]'
check 'another number for the name' opens web 10.0.1.12 8080
check 'and the old one is closed' closes web 10.0.1.12 80
change "$db" "\"rules\":[]"
out=$(policy "\"match_labels\":{\"app\":\"web\"},\"default_deny\":[\"egress\"],\"rules\":[$(rule egress accept "$(app db)" "$(port http)")]")
change "$db" '"default_deny":[]'
check 'a name in egress is the receiver'\''s' opens web 10.0.1.13 8080
check 'and no other port' drops_grow h1 "$web" egress-denied closes web 10.0.1.13 80
drop "$out"
change "$db" "\"default_deny\":[\"ingress\"],\"rules\":[$(rule ingress accept '{"cidr":"10.0.1.0/24","except":["10.0.1.14/31"]}' '{"protocol":"tcp","port":80,"end_port":90}')]"
check 'a prefix: inside' both opens web
check 'a prefix: an exception' both closes other
check 'a prefix: another port' both closes web 8080
change "$db" "\"rules\":[$(rule ingress accept '{"match_expressions":[{"key":"app","operator":"NotIn","values":["web","db"]}]}')]"
check 'NotIn: who is not' both opens other
check 'NotIn: who is' both closes web
change "$db" "\"rules\":[$(rule ingress accept '{"match_expressions":[{"key":"app","operator":"Exists"},{"key":"old","operator":"DoesNotExist"}]}')]"
check 'Exists and DoesNotExist: both hold' both opens web
tell "$web" '"labels":{"app":"web","old":""}'
check 'and no more' both closes web
tell "$web" '"labels":{"app":"web"}'
change "$db" "\"rules\":[$(rule ingress accept '' '{"protocol":"icmp","icmp_type":8}')]"
check 'ICMP: echo passes' both reaches other
check 'ICMP: TCP does not' both closes other

# ------------------------------------------------------------------ what is open is closed

change "$db" "\"rules\":[$(rule ingress accept "$(app web)" '{"protocol":"tcp","port":80,"end_port":90}')]"
unlabelled() { tell "$web" '"labels":{}'; }
labelled() { tell "$web" '"labels":{"app":"web"}'; }
denied() { first=$(policy "\"tier\":0,\"rules\":[$(rule ingress deny "$(app web)")]"); }
allowed() { drop "$first"; }
for pair in 'far 10.0.1.12' 'near 10.0.1.13'; do
	set -- $pair
	opens web "$2"
	ticks_begin web "$1" "$2"
	ticks_stop_and_go "$1, the sender's label taken away" unlabelled labelled
	ticks_stop_and_go "$1, a policy above" denied allowed
	ticks_end
done

# Two versions of a policy that both accept web: one by its label, one by its address while the
# label is denied after it. Whoever mixed them would deny.
by_label="$(rule ingress accept "$(app web)"),$(rule ingress deny)"
by_address="$(rule ingress deny "$(app other)"),$(rule ingress accept '{"cidr":"10.0.1.11/32"}'),$(rule ingress deny "$(app web)")"
change "$db" "\"rules\":[$by_label]"
both reaches web >/dev/null
ping_begin web 10.0.1.12 -i 0.005 -q
for i in $(seq 20); do
	change "$db" "\"rules\":[$by_address]"
	change "$db" "\"rules\":[$by_label]"
done
ping_end
check_match '40 changes of a policy, each of which accepts: no packet is lost' ' 0% packet loss' "$(cat "$CLOUD_DIR/ping")"
check_equal 'no policy is ever missing' '0 0 0' "$(drops h1 "$web" no-policy) $(drops h2 "$far" no-policy) $(drops h1 "$near" no-policy)"
story_told
