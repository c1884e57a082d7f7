# SPDX-License-Identifier: Apache-2.0
# A small cloud in namespaces, for the stories, the bench and the demo:
#
#      P-control 10.99.0.2            weftd
#                 |
#            P-r 10.99.N.1            the underlay's router; it forwards, no host sees another
#        .--------+--------.
#   P-h1 10.99.1.2  P-h2 10.99.2.2    hosts, uplink u0, a weft-agent each
#        |                 |
#      P-a ...           P-b ...      workloads, eth0 attached by the agent
#
# P is the cloud's name, unique on the machine. All state is files below one folder, so that
# another shell can take the cloud down; veths are made inside their namespaces, so nothing
# ever shows in the machine's own. Functions return non-zero and explain on stderr.
# shellcheck shell=bash

cloud_repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CLOUD= CLOUD_DIR= CLOUD_BIN=
CLOUD_UNDERLAY=4 # before anything starts: 6 for IPv6 tunnel addresses, fd99:N::2
CLOUD_TLS= # "yes" before anything starts: weftd serves https, agents show certificates of their hosts

# Names the cloud P and keeps its state in FOLDER; makes nothing yet.
cloud_use() { # P FOLDER
	CLOUD=$1 CLOUD_DIR=$2 CLOUD_BIN=${BUILD:-$cloud_repo/build}
	CLOUD_RUN=$CLOUD_DIR/run
	CLOUD_CONTROL=control CLOUD_LISTEN=10.99.0.2:9696 # where weftd runs, and its callers
}

# Runs COMMAND in a namespace of the cloud. Not `ip netns exec`: that hides the bpffs.
N() { # NAMESPACE COMMAND...
	local namespace=$1
	shift
	nsenter --net="/run/netns/$CLOUD-$namespace" -- "$@"
}

# The same by exec, so that $! and pid files are the program's own.
cloud_exec() { # NAMESPACE COMMAND...
	local namespace=$1
	shift
	exec nsenter --net="/run/netns/$CLOUD-$namespace" -- "$@"
}

cloud_namespace() { # NAMESPACE
	ip netns add "$CLOUD-$1" || return
	ip -n "$CLOUD-$1" link set lo up
	# The machine's default may be BBR, which without fq makes throughput a lottery. Where cubic
	# is not among the algorithms a namespace may choose, reno always is.
	N "$1" sysctl -qw net.ipv4.tcp_congestion_control=cubic 2>/dev/null ||
		N "$1" sysctl -qw net.ipv4.tcp_congestion_control=reno
	N "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
}

cloud_wire() { # NAMESPACE NUMBER MTU: a leg of the underlay to the router
	ip link add u0 netns "$CLOUD-$1" mtu "$3" type veth peer name "$1" netns "$CLOUD-r" || return
	ip -n "$CLOUD-r" link set "$1" mtu "$3" up
	ip -n "$CLOUD-r" addr add "10.99.$2.1/24" dev "$1"
	ip -n "$CLOUD-$1" addr add "10.99.$2.2/24" dev u0
	ip -n "$CLOUD-$1" link set u0 up
	ip -n "$CLOUD-$1" route add default via "10.99.$2.1"
	[ "$CLOUD_UNDERLAY" = 6 ] || return 0
	ip -n "$CLOUD-r" addr add "fd99:${2}::1/64" dev "$1" nodad
	ip -n "$CLOUD-$1" addr add "fd99:${2}::2/64" dev u0 nodad
	ip -n "$CLOUD-$1" route add default via "fd99:${2}::1"
}

# The router, the controller's namespace and COUNT hosts h1 ...
cloud_up() { # COUNT [MTU]
	local n mtu=${2:-1500}
	# weftd is nobody: it may pass, and has a folder of its own.
	mkdir -p "$CLOUD_DIR/pid" "$CLOUD_DIR/log" "$CLOUD_RUN" && chmod 711 "$CLOUD_DIR" &&
		install -d -o nobody -m 700 "$CLOUD_DIR/weftd" || return
	cloud_namespace r && cloud_namespace control || return
	N r sysctl -qw net.ipv4.ip_forward=1
	[ "$CLOUD_UNDERLAY" != 6 ] || N r sysctl -qw net.ipv6.conf.all.forwarding=1
	cloud_wire control 0 "$mtu" || return
	for n in $(seq "$1"); do
		cloud_namespace "h$n" && cloud_wire "h$n" "$n" "$mtu" || return
	done
	cloud_tokens
}

cloud_tokens() {
	# A token is a secret, a project and roles; an agent's names its host. Placing ports on hosts
	# is an administrator's, for red too.
	cat >"$CLOUD_DIR/tokens" <<-END
		admin-secret admin admin root
		red-secret red member red
		red-admin-secret red admin red-admin
		blue-secret blue member blue
		blue-admin-secret blue admin blue-admin
		agent-secret * agent hosts
	END
}

# Starts a program in a namespace in the background, with a log and a pid file.
cloud_start() { # NAME NAMESPACE COMMAND...
	local name=$1 namespace=$2
	shift 2
	(cloud_exec "$namespace" "$@") </dev/null >>"$CLOUD_DIR/log/$name" 2>&1 &
	echo $! >"$CLOUD_DIR/pid/$name"
	disown
}

cloud_pid() { # NAME
	cat "$CLOUD_DIR/pid/$1" 2>/dev/null
}

cloud_running() { # NAME
	local pid
	pid=$(cloud_pid "$1") && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}

# Sends SIGNAL (default TERM) to a started program and waits for its end.
cloud_stop() { # NAME [SIGNAL]
	local pid
	pid=$(cloud_pid "$1") || return 0
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	if ! cloud_wait 10 cloud_ended "$pid"; then
		echo "$1 does not end" >&2
		kill -KILL "$pid" 2>/dev/null
	fi
	rm -f "$CLOUD_DIR/pid/$1"
}

cloud_ended() { # PID
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# Tries COMMAND every 20 ms for SECONDS.
cloud_wait() { # SECONDS COMMAND...
	local end=$(($(date +%s%N) + $1 * 1000000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s%N)" -lt $end ] || return 1
		sleep 0.02
	done
}

cloud_url() {
	echo "http${CLOUD_TLS:+s}://$CLOUD_LISTEN"
}

# The cloud's own authority, once; certificates of weftd and of every host there is.
cloud_pki() {
	local host pki=$CLOUD_DIR/pki weft=$CLOUD_BIN/cli/weft
	[ ! -e "$pki/ca.crt" ] || return 0
	"$weft" pki init "$pki" --name "$CLOUD" && "$weft" pki server "$pki" weftd --ip "${CLOUD_LISTEN%:*}" || return
	chmod 711 "$pki" && cloud_give_key || return
	for host in $(cloud_namespaces | sed -n "s/^$CLOUD-\(h[0-9]*\)\$/\1/p"); do
		"$weft" pki host "$pki" "$host" || return
	done
}

# weftd's key, where and as weftd may read it.
cloud_give_key() {
	install -o nobody -m 400 "$CLOUD_DIR/pki/weftd.key" "$CLOUD_DIR/weftd/new.key" &&
		mv "$CLOUD_DIR/weftd/new.key" "$CLOUD_DIR/weftd/weftd.key"
}

cloud_weftd() { # [OPTION...]
	local pki=$CLOUD_DIR/pki
	if [ -n "$CLOUD_TLS" ]; then
		cloud_pki || return
		set -- --tls-cert "$pki/weftd.crt" --tls-key "$CLOUD_DIR/weftd/weftd.key" --tls-ca "$pki/ca.crt" \
			--tls-crl "$pki/ca.crl" "$@"
	fi
	[ "$CLOUD_UNDERLAY" != 6 ] || set -- --underlay-version 6 "$@"
	cloud_start weftd $CLOUD_CONTROL "$CLOUD_BIN/controller/weftd" --listen $CLOUD_LISTEN \
		--user nobody --store "sqlite:$CLOUD_DIR/weftd/weft.db" --auth tokens --tokens "$CLOUD_DIR/tokens" "$@"
	cloud_wait 20 api GET / || { echo 'weftd does not answer' >&2; cloud_log weftd; return 1; }
}

cloud_agent() { # NUMBER [OPTION...]
	local host=h$1 number=$1 pki=$CLOUD_DIR/pki address=10.99.$1.2
	shift
	[ "$CLOUD_UNDERLAY" != 6 ] || address=fd99:${number}::2
	if [ -n "$CLOUD_TLS" ]; then
		set -- --ca "$pki/ca.crt" --crl "$pki/ca.crl" --cert "$pki/$host.crt" \
			--key "$pki/$host.key" "$@"
	else
		set -- --token agent-secret "$@"
	fi
	cloud_start "agent-$host" "$host" "$CLOUD_BIN/agent/weft-agent" --controller "$(cloud_url)" \
		--host "$host" --tunnel-ip "$address" --run "$CLOUD_RUN" "$@"
	cloud_wait 20 agent "$host" GET /v1/status ||
		{ echo "weft-agent $host does not answer" >&2; cloud_log "agent-$host"; return 1; }
}

# A real Prometheus beside weftd. It reads weftd with an administrator's token and the agents of
# COUNT hosts, which were started with --metrics at port 9698, and has the rules of deploy/.
cloud_prometheus() { # COUNT
	local n agents='' tls='{}' folder=$CLOUD_DIR/prometheus
	for n in $(seq "$1"); do agents="$agents${agents:+, }'10.99.$n.2:9698'"; done
	[ -z "$CLOUD_TLS" ] || tls="{ ca_file: $CLOUD_DIR/pki/ca.crt }"
	mkdir -p "$folder" && cp "$cloud_repo/deploy/alerts.yml" "$folder" || return
	cat >"$folder/prometheus.yml" <<-END
		global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
		rule_files: [alerts.yml]
		scrape_configs:
		  - job_name: weftd
		    scheme: http${CLOUD_TLS:+s}
		    authorization: { credentials: admin-secret }
		    tls_config: $tls
		    static_configs: [{ targets: ['$CLOUD_LISTEN'] }]
		  - job_name: weft-agent
		    static_configs: [{ targets: [$agents] }]
	END
	cloud_start prometheus $CLOUD_CONTROL prometheus --config.file="$folder/prometheus.yml" \
		--storage.tsdb.path="$folder/data" --web.listen-address=10.99.0.2:9090 --log.level=warn
	cloud_wait 20 N $CLOUD_CONTROL curl -sf http://10.99.0.2:9090/-/ready ||
		{ echo 'prometheus is not ready' >&2; cloud_log prometheus; return 1; }
}

# What it says to EXPRESSION: a line for each sample, labels and value.
cloud_query() { # EXPRESSION
	N $CLOUD_CONTROL curl -sfG --data-urlencode "query=$1" http://10.99.0.2:9090/api/v1/query |
		/usr/bin/python3 -c '
import json, sys
for sample in json.load(sys.stdin)["data"]["result"]:
    print(*sample["metric"].values(), sample["value"][1])'
}

cloud_log() { # NAME
	tail -n 20 "$CLOUD_DIR/log/$1" | sed 's/^/    /' >&2
}

# Calls the API as TOKEN ($AS, default admin-secret) and prints the reply; false from status 400 on.
api() { # METHOD PATH [BODY]
	N $CLOUD_CONTROL curl -sS --fail-with-body -m 20 -X "$1" -H "X-Auth-Token: ${AS:-admin-secret}" \
		-H 'Content-Type: application/json' ${3:+-d "$3"} \
		${CLOUD_TLS:+--cacert "$CLOUD_DIR/pki/ca.crt"} "$(cloud_url)$2"
}

# Runs COMMAND as one of the callers in the token file: admin, red, blue.
as() { # CALLER COMMAND...
	local AS=$1-secret
	shift
	"$@"
}

# Calls a host's agent.
agent() { # HOST METHOD PATH [BODY]
	curl -sS --fail-with-body -m 20 -X "$2" --unix-socket "$CLOUD_RUN/$1/agent.sock" \
		${4:+-d "$4"} "http://agent$3"
}

# Prints one member of the JSON on stdin, by a path of names and numbers: `get port fixed_ips 0`.
get() { # MEMBER...
	/usr/bin/python3 -c '
import json, sys
value = json.load(sys.stdin)
for step in sys.argv[1:]:
    value = value[int(step)] if isinstance(value, list) else value[step]
print(value if isinstance(value, str) else json.dumps(value))' "$@"
}

# Makes an object and prints its id. BODY is the object's members without braces.
make() { # RESOURCE BODY
	local reply
	reply=$(api POST "/v2.0/$1s" "{\"$1\":{$2}}") || { echo "POST $1 {$2}: $reply" >&2; return 1; }
	printf '%s' "$reply" | get "$1" id
}

# A port on HOST with the given addresses; prints its id. MORE is further members of the body.
make_port() { # NETWORK HOST "ADDRESS..." [MORE]
	local address list=
	for address in $3; do list="$list${list:+,}{\"ip_address\":\"$address\"}"; done
	as admin make port "\"network_id\":\"$1\",\"binding:host_id\":\"$2\"${list:+,\"fixed_ips\":[$list]}${4:+,$4}"
}

# One member of what `ip link` knows of a device. Not from /sys, which shows another namespace.
device() { # NAMESPACE DEVICE MEMBER...
	local namespace=$1 name=$2
	shift 2
	ip -n "$CLOUD-$namespace" -s -j link show dev "$name" | get 0 "$@"
}

workload() { # NAME
	cloud_namespace "$1"
}

# Attaches PORT of HOST to workload NAME as eth0.
attach() { # HOST PORT NAME
	local reply
	reply=$(agent "$1" POST /v1/attach "{\"port\":\"$2\",\"netns\":\"$CLOUD-$3\",\"name\":\"eth0\"}") ||
		{ echo "attach $2: $reply" >&2; return 1; }
}

# Gives workload NAME's eth0 its addresses (with prefix length) and a default route by a GATEWAY.
addresses() { # NAME "ADDRESS/LENGTH..." [GATEWAY...]
	local name=$1 address gateway
	for address in $2; do ip -n "$CLOUD-$name" addr add "$address" dev eth0; done
	ip -n "$CLOUD-$name" link set eth0 up
	shift 2
	for gateway in "$@"; do ip -n "$CLOUD-$name" route add default via "$gateway" dev eth0; done
}

port_active() { # PORT
	[ "$(api GET "/v2.0/ports/$1?fields=status" | get port status)" = ACTIVE ]
}

# Everything together: a namespace with a port on HOST, up and running. Prints the port's id.
place() { # NAME HOST NETWORK "ADDRESS/LENGTH..." [GATEWAY...]
	local name=$1 host=$2 network=$3 list=$4 bare= address port
	shift 4
	for address in $list; do bare="$bare ${address%/*}"; done
	port=$(make_port "$network" "$host" "$bare" "\"name\":\"$name\"") || return
	workload "$name" && attach "$host" "$port" "$name" && addresses "$name" "$list" "$@" || return
	cloud_wait 10 port_active "$port" || { echo "port $name does not become ACTIVE" >&2; return 1; }
	echo "$port"
}

# Everybody may speak to the ports that are in PORT's first group.
let_in() { # PORT
	local group family
	group=$(api GET "/v2.0/ports/$1" | python3 -c \
		'import json, sys; print(json.load(sys.stdin)["port"]["security_groups"][0])') || return
	for family in IPv4 IPv6; do
		api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$group\",
			\"direction\":\"ingress\",\"ethertype\":\"$family\"}}" >/dev/null || return
	done
}

# Takes everything down that carries the cloud's name, whoever made it.
cloud_down() {
	local namespace pids file mount
	for file in "$CLOUD_DIR"/pid/*; do
		[ -e "$file" ] && kill -TERM "$(cat "$file")" 2>/dev/null
	done
	for namespace in $(cloud_namespaces); do
		pids=$(ip netns pids "$namespace")
		# shellcheck disable=SC2086
		[ -z "$pids" ] || kill -TERM $pids 2>/dev/null
	done
	cloud_wait 5 cloud_quiet
	for namespace in $(cloud_namespaces); do
		pids=$(ip netns pids "$namespace")
		# shellcheck disable=SC2086
		[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
		ip netns del "$namespace"
	done
	cloud_mounts | while read -r mount; do umount "$mount"; done
	if [ -n "${KEEP_LOGS:-}" ]; then
		rm -rf "$KEEP_LOGS" && cp -r "$CLOUD_DIR/log" "$KEEP_LOGS"
	fi
	rm -rf "$CLOUD_DIR" "${CLOUD_RUN:?}"
}

cloud_quiet() {
	local namespace
	for namespace in $(cloud_namespaces); do
		[ -z "$(ip netns pids "$namespace")" ] || return 1
	done
}

cloud_namespaces() {
	ip netns list | awk -v prefix="$CLOUD-" 'index($1, prefix) == 1 { print $1 }'
}

cloud_mounts() { # deepest first
	awk -v a="$CLOUD_DIR/" -v b="$CLOUD_RUN/" 'index($2, a) == 1 || index($2, b) == 1 { print $2 }' \
		/proc/mounts | sort -r
}

# What the cloud's programs hold of BPF and what is pinned: lines of KIND ID.
cloud_kernel() {
	local file
	for file in "$CLOUD_DIR"/pid/*; do
		[ -e "$file" ] && cat "/proc/$(cat "$file")"/fdinfo/* 2>/dev/null
	done | /usr/bin/python3 "$cloud_repo/test/net/bpf_ids.py" held "$CLOUD_RUN"/*/bpf/*
}

# Prints those of `KIND ID...` on stdin that are still in the kernel; true when there are none.
cloud_kernel_gone() {
	/usr/bin/python3 "$cloud_repo/test/net/bpf_ids.py" gone
}

# Prints what is still there; true when that is nothing. PIDS are those noted before the end.
cloud_leftovers() { # PID...
	local pid left=0
	cloud_namespaces | sed 's/^/namespace /' | grep . && left=1
	cloud_mounts | sed 's/^/mount /' | grep . && left=1
	[ ! -e "$CLOUD_DIR" ] || { echo "folder $CLOUD_DIR"; left=1; }
	[ ! -e "$CLOUD_RUN" ] || { echo "folder $CLOUD_RUN"; left=1; }
	for pid in "$@"; do
		cloud_ended "$pid" || { echo "process $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"; left=1; }
	done
	ip -o link show | grep -E "^[0-9]+: ($CLOUD-|wf[0-9a-f]{11})" && left=1
	return $left
}
