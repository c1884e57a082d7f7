#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Three controllers share three members of an etcd, by TLS. Any of each is killed while ports are
# made through all controllers and while a ping of every 2 ms crosses the overlay.
#
#   control 10.99.0.2   weftd 9696, 9697, 9698      etcd 2379, 2479, 2579
#                          '-----.----'--- any of them ---'
#   h1: a 10.0.1.11 ---------- router ---------- h2: b 10.0.1.12
. "$(dirname "$0")/lib.sh"
here=$(dirname "$0")
LOAD=${LOAD:-1500} # requests; LOAD=20000 is the bench's dose

pki() ( # one authority for etcd, a certificate for its members, one for weftd
	local folder=$CLOUD_DIR/etcd name
	mkdir -p "$folder" && chmod 711 "$folder" && cd "$folder" || return
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=etcd-ca \
		-keyout ca.key -out ca.crt 2>/dev/null || return
	printf 'subjectAltName=IP:10.99.0.2\nextendedKeyUsage=serverAuth,clientAuth\n' >ext
	for name in member weftd; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout $name.key \
			-out $name.csr 2>/dev/null &&
			openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile ext \
				-out $name.crt 2>/dev/null || return
	done
	chown nobody weftd.key
)

member() { # 1..3
	local n=$1 port=$((2279 + 100 * $1)) cluster= m
	for m in 1 2 3; do cluster=$cluster,e$m=https://10.99.0.2:$((2280 + 100 * m)); done
	(cd "$CLOUD_DIR/etcd" && cloud_start "etcd$n" control etcd --name "e$n" --data-dir "$CLOUD_DIR/etcd/e$n" \
		--listen-client-urls https://10.99.0.2:$port --advertise-client-urls https://10.99.0.2:$port \
		--listen-peer-urls https://10.99.0.2:$((port + 1)) \
		--initial-advertise-peer-urls https://10.99.0.2:$((port + 1)) --initial-cluster "${cluster#,}" \
		--client-cert-auth --trusted-ca-file ca.crt --cert-file member.crt --key-file member.key \
		--peer-client-cert-auth --peer-trusted-ca-file ca.crt --peer-cert-file member.crt \
		--peer-key-file member.key --log-level error)
}

ctl() { # ARGUMENT...
	N control env ETCDCTL_API=3 etcdctl --endpoints "${ENDPOINTS:-https://10.99.0.2:2379,https://10.99.0.2:2479,https://10.99.0.2:2579}" \
		--cacert "$CLOUD_DIR/etcd/ca.crt" --cert "$CLOUD_DIR/etcd/weftd.crt" --key "$CLOUD_DIR/etcd/weftd.key" "$@"
}

store=etcd:https://10.99.0.2:2379,https://10.99.0.2:2479,https://10.99.0.2:2579
options() {
	echo --store $store --store-ca "$CLOUD_DIR/etcd/ca.crt" --store-cert "$CLOUD_DIR/etcd/weftd.crt" \
		--store-key "$CLOUD_DIR/etcd/weftd.key"
}

controller() { # 1..3
	# shellcheck disable=SC2046
	cloud_start "weftd$1" control "$CLOUD_BIN/controller/weftd" --listen "10.99.0.2:$((9695 + $1))" --user nobody --quota all=-1 \
		$(options) --auth tokens --tokens "$CLOUD_DIR/tokens"
	cloud_wait 20 at "$1" api GET / || { cloud_log "weftd$1"; return 1; }
}

at() { # CONTROLLER COMMAND...
	local CLOUD_LISTEN=10.99.0.2:$((9695 + $1))
	shift
	"$@"
}

python() { # FILE ARGUMENT...
	N control /usr/bin/python3 "$here/$1" "${@:2}"
}
loading() {
	python etcd_load.py "$@" >"$CLOUD_DIR/load" 2>&1 || { cat "$CLOUD_DIR/load"; return 1; }
}

url() { echo http://10.99.0.2:$((9695 + $1)); }
urls="$(url 1) $(url 2) $(url 3)"

story_weftd() {
	local n
	pki || return
	for n in 1 2 3; do member $n; done
	cloud_wait 20 ctl endpoint health || return
	for n in 1 2 3; do controller $n || return; done
}
story etcd 2 --controller "$(url 2),$(url 3),$(url 1)"

check_match 'one of them is elected to sweep' '^1$' "$(cat "$CLOUD_DIR"/log/weftd? | grep -c 'sweep: elected')"

# What is made through one is there through the others at once.
net=$(at 1 make network '"name":"net"')
s=$(at 2 make subnet "\"network_id\":\"$net\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"")
at 3 make router '"name":"r"' >/dev/null
a=$(at 1 place a h1 "$net" 10.0.1.11/24) || exit 1
b=$(at 2 place b h2 "$net" 10.0.1.12/24) || exit 1
for n in 1 2 3; do
	check "controller $n says ACTIVE" cloud_wait 2 at $n port_active "$a"
done
check 'the way is open' reaches a 10.0.1.12

# A host's connections are asked of any of them, wherever it is connected.
for n in 1 2 3; do
	check_match "controller $n has h2 tell its connections" '"host": *"h2".*"flows": *\[' \
		"$(at $n api GET '/weft/v1/hosts/h2/conns?address=10.0.1.11')"
done
notes() { # none of these questions is left in the store
	[ -z "$(ctl get weft/k/ask/ --prefix --keys-only)" ]
}
check 'nothing of the questions stays in the store' cloud_wait 5 notes

# etcd takes 128 comparisons by default: a larger bulk is refused by name, all of it.
bulk() {
	local said one ports=
	for _ in $(seq 60); do ports=$ports,'{"network_id":"'$net'","name":"bulk"}'; done
	said=$(at 1 api POST /v2.0/ports "{\"ports\":[${ports#,}]}") && return 1
	printf '%s\n' "$said" | grep 'max-txn-ops' && [ "$(at 2 api GET '/v2.0/ports?name=bulk')" = '{"ports":[]}' ]
}
check 'a bulk that etcd does not take is refused by name' bulk

# --- ports through all three, one controller and one member killed in between ---------------

killing() {
	sleep 1.5
	cloud_stop weftd3 KILL
	sleep 1
	controller 3 || return
	cloud_stop etcd1 KILL
	sleep 1.5
	member 1
	sleep 1
	cloud_stop etcd2 KILL
	sleep 0.5
	member 2
}
killing >"$CLOUD_DIR/killing" 2>&1 & killer=$!
# shellcheck disable=SC2086
check "$LOAD requests, none refused" loading "$LOAD" 12 $urls
wait $killer
cat "$CLOUD_DIR/load"
check 'all members are there again' cloud_wait 20 ctl endpoint health
# shellcheck disable=SC2086
check 'nothing is handed out twice' python etcd_check.py $((LOAD * 49 / 50)) $urls
# shellcheck disable=SC2086
check 'nor a VNI, a VLAN or a range' python etcd_segments.py $urls
audit=$(N control "$CLOUD_BIN/controller/weftd" --audit $(options)) || true
check_match 'the auditor finds nothing' ' 0 findings$' "$audit"

# --- agents fail over ------------------------------------------------------------------------

number() { # URL: which controller
	echo $((${1##*:} - 9695))
}
agent_at() { # HOST: the URL of its controller, when it is connected
	agent "$1" GET /v1/status | /usr/bin/python3 -c '
import json, sys
status = json.load(sys.stdin)
print(status["controller"] if status["connected"] else "")'
}
elsewhere() { # HOST URL
	local now
	now=$(agent_at "$1")
	[ -n "$now" ] && [ "$now" != "$2" ]
}
# The hosts' controller is killed: another one has them in less than 2 s, and no packet is lost.
fail_over() {
	local was began took
	was=$(agent_at h1)
	ping_begin a 10.0.1.12 -q -i 0.002
	sleep 0.5
	began=$(date +%s%N)
	cloud_stop "weftd$(number "$was")" KILL
	cloud_wait 5 elsewhere h1 "$was" && cloud_wait 5 elsewhere h2 "$was"
	took=$((($(date +%s%N) - began) / 1000000))
	echo "from $was to $(agent_at h1) in $took ms"
	sleep 0.5
	ping_end
	cat "$CLOUD_DIR/ping"
	controller "$(number "$was")" || return
	[ $took -lt 2000 ] && awk '/packets transmitted/ { sent = $1; got = $4 } END { exit !(sent > 100 && sent - got <= 1) }' \
		"$CLOUD_DIR/ping"
}
fulls() { cat "$CLOUD_DIR"/log/agent-h? | grep -c 'full transfer'; }
for n in 1 2; do
	before=$(fulls)
	check "agents fail over, time $n: in 2 s, no packet lost" fail_over
	for m in 1 2 3; do check "controller $m still says ACTIVE" at $m port_active "$b"; done
done
check_equal 'they resumed: no rows were sent again' "$before" "$(fulls)"
c=$(at 3 place c h1 "$net" 10.0.1.13/24) || exit 1
check 'a port made afterwards works' reaches c 10.0.1.12

# --- the elected one -------------------------------------------------------------------------

elected() { # which controller says so
	local n
	for n in 1 2 3; do
		grep -hE 'serving|sweep: .*elected' "$CLOUD_DIR/log/weftd$n" | tail -n 1 | grep -q 'sweep: elected' && echo $n
	done
}
other_elected() { # CONTROLLER
	local now
	now=$(elected)
	[ -n "$now" ] && [ "$now" != "$1" ]
}
swept() { [ -z "$(ctl get weft/k/wired/h9/ --prefix)" ]; }
moves() {
	local was began took
	was=$(elected)
	ctl put weft/k/wired/h9/00000000-0000-0000-0000-000000000009 '' >/dev/null || return
	began=$(date +%s%N)
	cloud_stop "weftd$was" KILL
	mv "$CLOUD_DIR/log/weftd$was" "$CLOUD_DIR/log/weftd$was.before" && touch "$CLOUD_DIR/log/weftd$was"
	cloud_wait 10 other_elected "$was" || return
	took=$((($(date +%s%N) - began) / 1000000))
	echo "from $was to $(elected) in $took ms"
	cloud_wait 5 swept || { echo 'the new one has not swept'; return 1; }
	controller "$was" && [ $took -lt 5000 ]
}
check 'who sweeps is killed: another one is elected in 5 s, and sweeps' moves

# --- what etcd has forgotten -----------------------------------------------------------------

# Controller 1 sleeps while things come and go and etcd forgets them; it reads all again.
forgotten() {
	local n revision gone
	gone=$(at 2 make network '"name":"gone"') || return
	cloud_wait 2 at 1 api GET "/v2.0/networks/$gone" || return
	kill -STOP "$(cloud_pid weftd1)"
	# nothing it could still read from its connection
	for n in 1 2 3; do cloud_stop etcd$n KILL; done
	for n in 1 2 3; do member $n; done
	cloud_wait 20 ctl endpoint health || return
	at 2 api DELETE "/v2.0/networks/$gone" >/dev/null && at 3 make network '"name":"unheard"' >/dev/null || return
	revision=$(ctl get weft/epoch -w json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["header"]["revision"])')
	ctl compact "$revision" >/dev/null || return
	kill -CONT "$(cloud_pid weftd1)"
	# shellcheck disable=SC2086
	cloud_wait 20 python etcd_check.py 1 $urls || python etcd_check.py 1 $urls
}
check 'etcd has forgotten what a controller missed: it reads all again' forgotten
check 'which it says' grep -q 'changes were lost' "$CLOUD_DIR/log/weftd1"

# --- moving ----------------------------------------------------------------------------------

keys() { sed 1d "$1" | grep -v '"end"'; } # without the head, in order
moving() { # OPTION...
	N control timeout 20 "$CLOUD_BIN/controller/weftd" --user nobody "$@"
}
transfer() {
	local file=$CLOUD_DIR/weftd/cloud copy=sqlite:$CLOUD_DIR/weftd/copy.db
	# shellcheck disable=SC2046
	moving $(options) --export "$file" && moving --store "$copy" --import "$file" &&
		moving --store "$copy" --audit && moving --store "$copy" --export "$file.2" &&
		moving $(options) --store "$store?prefix=other" --import "$file.2" &&
		moving $(options) --store "$store?prefix=other" --export "$file.3" || return
	[ "$(keys "$file" | wc -l)" -gt 100 ] && cmp <(keys "$file") <(keys "$file.3")
}
check 'etcd to a file to SQLite to a file to etcd to a file: the same' transfer
half_imported() { # what was cut off is no cloud
	local half=$CLOUD_DIR/weftd/half
	head -n 60 "$CLOUD_DIR/weftd/cloud" >"$half" && chown nobody "$half" || return
	! moving --store "sqlite:$half.db" --import "$half" || return
	moving --store "sqlite:$half.db" --listen 127.0.0.1:9999 2>&1 | grep 'was cut off'
}
check 'half a file makes no cloud' half_imported
check_not 'nothing is imported over a cloud' moving \
	--store "sqlite:$CLOUD_DIR/weftd/copy.db" --import "$CLOUD_DIR/weftd/cloud"

# --- a newer program -------------------------------------------------------------------------

ctl put weft/schema 99 >/dev/null
refused() { # a change; what is known is still served
	local said
	said=$(at 1 api POST /v2.0/networks '{"network":{"name":"late"}}') && return 1
	printf '%s\n' "$said" | grep 'schema was changed to 99' && at 1 api GET "/v2.0/networks/$net" >/dev/null
}
check 'after a newer program an older one refuses to write' refused
check 'and logs it' grep -q 'schema was changed to 99' "$CLOUD_DIR/log/weftd1"
# shellcheck disable=SC2046
check_match 'and does not start any more' 'schema 99 is newer' \
	"$(N control timeout 10 "$CLOUD_BIN/controller/weftd" --listen 127.0.0.1:9999 --user nobody $(options) 2>&1)"
ctl put weft/schema 1 >/dev/null
cloud_stop weftd2
check 'an older schema is upgraded' controller 2
check 'which is logged' grep -q 'schema upgraded from 1 to 3' "$CLOUD_DIR/log/weftd2"
check 'and changes are taken again' at 2 make network '"name":"after"'
story_told
