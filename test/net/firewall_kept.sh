#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ten thousand connections between filtered ports outlive agents that are killed, stopped, replaced
# by another version: none is reset, each answers afterwards. Then a port floods with SYNs, from its
# own address and from others', and a neighbour on its host notices nothing; nor do those who speak
# with the server that it floods, or want to.
#
#   h1: a 10.0.1.11, flood .13, victim .15      h2: b 10.0.1.12, target .14      all of the default group
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
SHARE=32000 # of the connections of a host, one port's
story firewall-kept 2 --connections 131072 --port-connections $SHARE
check 'a later version builds' ninja -C "$BUILD" test/upgrade/weft-agent-next || exit 1
COUNT=10000

net=$(as red make network '"name":"one"')
as red make subnet "\"network_id\":\"$net\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
settle() { # NAME HOST ADDRESS: its id is in $NAME
	local id
	id=$(make_port "$net" "$2" "$3" "\"name\":\"$1\",\"project_id\":\"red\"") && workload "$1" &&
		attach "$2" "$id" "$1" && addresses "$1" "$3/24"
	cloud_wait 10 port_active "$id" || failed "$1 becomes ACTIVE"
	eval "$1=$id"
}
settle a h1 10.0.1.11
settle b h2 10.0.1.12
settle flood h1 10.0.1.13
settle target h2 10.0.1.14
settle victim h1 10.0.1.15
filtered() { # PORT: it is of a group, and what no group lets in is dropped
	api GET "/v2.0/ports/$1" | get port port_security_enabled | grep -qx true &&
		[ "$(api GET "/v2.0/ports/$1" | get port security_groups | tr -d '[]" ' | wc -c)" -gt 30 ]
}
for p in $a $b $flood $target $victim; do check "port $p is filtered" filtered "$p"; done

# ------------------------------------------------------------------ kept

held() { # NAME SERVER CLIENT ADDRESS PORT COUNT: asked by a line in the client's fifo
	cloud_start "$1-server" "$2" "$here/crowd.py" serve "$5"
	cloud_wait 5 listening "$2" "$5" && mkfifo "$CLOUD_DIR/$1" || return
	cloud_start "$1-client" "$3" "$here/crowd.py" hold "$4" "$5" "$6" "$CLOUD_DIR/$1"
	cloud_wait 40 grep -q "^$6 of $6 answer" "$CLOUD_DIR/log/$1-client"
}
answer() { # NAME COUNT: all of them, and none of them anew
	local before
	before=$(wc -l <"$CLOUD_DIR/log/$1-client")
	echo ask >"$CLOUD_DIR/$1"
	said() { [ "$(wc -l <"$CLOUD_DIR/log/$1-client")" -gt "$before" ]; }
	cloud_wait 40 said "$1"
	tail -n 1 "$CLOUD_DIR/log/$1-client" | tee /dev/stderr | grep -q "^$2 of $2 answer"
}
resets() { # WORKLOAD: what its kernel has sent and got
	N "$1" nstat -asz TcpOutRsts TcpEstabResets | awk '/^Tcp/ { n += $2 } END { print n }'
}
known() { # HOST PORT COUNT
	[ "$(agent "$1" GET "/v1/flows?port=$2&limit=100000" | grep -o '"remote":' | wc -l)" -ge "$3" ]
}
killed() {
	cloud_stop agent-h1 KILL
	cloud_stop agent-h2 KILL
	cloud_agent 1 --connections 131072 --port-connections $SHARE && cloud_agent 2 --connections 131072 --port-connections $SHARE
}
stopped() {
	cloud_stop agent-h1
	cloud_stop agent-h2
	cloud_agent 1 --connections 131072 --port-connections $SHARE && cloud_agent 2 --connections 131072 --port-connections $SHARE
}
upgraded() {
	local n bin=$CLOUD_BIN
	mkdir -p "$CLOUD_DIR/next/agent" "$CLOUD_DIR/next/cli"
	cp "$BUILD/test/upgrade/weft-agent-next" "$CLOUD_DIR/next/agent/weft-agent"
	CLOUD_BIN=$CLOUD_DIR/next
	for n in 1 2; do
		cloud_stop agent-h$n
		cloud_agent $n --connections 131072 --port-connections $SHARE || return
	done
	CLOUD_BIN=$bin
}
check "$COUNT connections" held crowd b a 10.0.1.12 7000 $COUNT
check 'h1 knows them' cloud_wait 10 known h1 "$a" $COUNT
check 'h2 knows them' cloud_wait 10 known h2 "$b" $COUNT
before="$(resets a) $(resets b)"
check 'all answer' answer crowd $COUNT
for what in killed stopped upgraded; do
	check "both agents are $what" $what
	check "$what: all answer" answer crowd $COUNT
done
check_equal 'none was reset' "$before" "$(resets a) $(resets b)"

# ------------------------------------------------------------------ a flood

metric_of() { # HOST MAP: entries in use
	agent "$1" GET /metrics | sed -n "s/^weft_map_entries{map=\"$2\"} //p"
}

check 'connections of the victim' held few b victim 10.0.1.12 7001 20
check 'connections with the server that will be flooded' held served target victim 10.0.1.14 7003 20
# What was under way when ping was told to stop is not lost.
lossless() { awk '/packets transmitted/ { sent = $1; got = $4 } END { exit !(sent > 100 && sent - got <= 1) }' "$CLOUD_DIR/ping"; }
flooded() { # WHAT REASON HOST PORT OPTION...: hping3 floods, and drops of the port grow for the reason
	local what=$1 reason=$2 host=$3 port=$4
	shift 4
	ping_begin victim 10.0.1.14 -q -i 0.01
	cloud_start hping flood hping3 -q --flood -S "$@" 10.0.1.14
	check "$what: it is dropped as $reason" cloud_wait 20 drops_grow "$host" "$port" "$reason" sleep 0.2
	sleep 3
	check "$what: the victim's connections answer" answer few 20
	check "$what: it opens new ones" held "more$flood_number" b victim 10.0.1.12 $((7100 + flood_number)) 20
	check "$what: the server answers those it knows" answer served 20
	check "$what: and takes new ones" held "new$flood_number" target victim 10.0.1.14 $((7200 + flood_number)) 20
	cloud_stop hping INT
	ping_end
	cat "$CLOUD_DIR/ping"
	check "$what: the victim loses nothing towards it" lossless
	flood_number=$((flood_number + 1))
}
flood_number=0
flooded 'a flood of SYNs' connection-budget h1 "$flood" -p 7003
flooded 'from the addresses of others' source-ip h1 "$flood" -p 7003 --rand-source
check_equal 'the victim is within its budget' 0 "$(drops h1 "$victim" connection-budget)"
check_not 'the server took no more from the flooder than it can bear' test "$(metric_of h2 conn)" -gt $((SHARE * 2))
check 'and the crowd is still there' answer crowd $COUNT
story_told
