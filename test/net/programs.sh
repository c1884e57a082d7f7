#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Real programs under a firewall that lets the server send nothing of its own: curl, redis, iperf3, ping,
# traceroute, hping3, DNS and QUIC as connection tracking likes them least, SCTP by its number, and
# a port that speaks with itself through its router.
#
#   h1: front 10.4.0.11 ---- router ---- h2: back 10.5.0.12
. "$(dirname "$0")/lib.sh"
story programs 2

group() { # NAME
	api POST /v2.0/security-groups "{\"security_group\":{\"name\":\"$1\"}}" | get security_group id
}
let_in() { # GROUP PROTOCOL [MIN MAX]: from the front
	api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$1\",\"direction\":\"ingress\",
		\"protocol\":\"$2\",\"port_range_min\":${3:-null},\"port_range_max\":${4:-null},\"remote_group_id\":\"$fronts\"}}" >/dev/null
}
seat() { # NAME HOST NETWORK ADDRESS GATEWAY GROUP: its id is in $NAME
	local id
	id=$(make_port "$3" "$2" "$4" "\"name\":\"$1\",\"security_groups\":[\"$6\"]") && workload "$1" &&
		attach "$2" "$id" "$1" && addresses "$1" "$4/24" "$5" || return
	cloud_wait 10 port_active "$id" || return
	eval "$1=$id"
}
one=$(make network '"name":"one","port_security_enabled":true')
two=$(make network '"name":"two","port_security_enabled":true')
router=$(make router '"name":"edge"')
for cidr in "$one 10.4.0" "$two 10.5.0"; do
	id=$(make subnet "\"network_id\":\"${cidr% *}\",\"ip_version\":4,\"cidr\":\"${cidr#* }.0/24\"")
	api PUT "/v2.0/routers/$router/add_router_interface" "{\"subnet_id\":\"$id\"}" >/dev/null
done
fronts=$(group front)
backs=$(group back)
for id in $(api GET "/v2.0/security-group-rules?security_group_id=$backs&fields=id" | grep -o '[0-9a-f-]\{36\}'); do
	api DELETE "/v2.0/security-group-rules/$id" >/dev/null
done
for what in 'tcp 80 81' 'tcp 6379 6379' 'tcp 5201 5201' 'udp 5201 5201' 'icmp 8 0' 'udp 33434 33534' 'udp 53 53' \
	'udp 4433 4433' 132; do
	# shellcheck disable=SC2086
	let_in "$backs" $what
done
seat front h1 "$one" 10.4.0.11 10.4.0.1 "$fronts" || exit 1
seat back h2 "$two" 10.5.0.12 10.5.0.1 "$backs" || exit 1

# ------------------------------------------------------------ TCP and ping

check 'ping' reaches front 10.5.0.12
check 'but not the other way' unreached back 10.4.0.11
echo 'a page' >"$CLOUD_DIR/page"
(cd "$CLOUD_DIR" && cloud_start web back /usr/bin/python3 -m http.server 80)
cloud_start redis back redis-server --save '' --protected-mode no --bind 10.5.0.12 --dir /
cloud_start iperf back iperf3 -s
for port in 80 6379 5201; do check "a server listens on $port" cloud_wait 10 listening back $port; done
check_equal 'curl' 'a page' "$(N front curl -s -m 5 http://10.5.0.12/page)"
check_not 'curl to a port that no rule names' N front curl -s -m 1 http://10.5.0.12:8080/
check_equal 'redis: set' OK "$(N front timeout 5 redis-cli -h 10.5.0.12 set k v)"
check_equal 'redis: get' v "$(N front timeout 5 redis-cli -h 10.5.0.12 get k)"
check 'redis: a subscriber that only listens is told' eval '
	N front timeout 5 redis-cli -h 10.5.0.12 subscribe c >"$CLOUD_DIR/told" & sub=$!
	told() { N front timeout 5 redis-cli -h 10.5.0.12 publish c hello >/dev/null; grep -q hello "$CLOUD_DIR/told"; }
	cloud_wait 5 told; status=$?; wait $sub; [ $status = 0 ]'
sent() { # OPTION...: bytes that arrived
	N front timeout 30 iperf3 -c 10.5.0.12 -n 4M -J "$@" | /usr/bin/python3 -c '
import json, sys
end = json.load(sys.stdin)["end"]
total = end.get("sum_received") or end["sum"]
print(int(total["bytes"] * (1 - total.get("lost_percent", 0) / 100)))'
}
# what is still on its way when the sender has ended is not counted
check 'iperf3: TCP' test "$(sent)" -ge 1000000
check 'iperf3: TCP, the other way, four at a time' test "$(sent -R -P 4)" -ge 1000000
check 'iperf3: UDP' test "$(sent -u -b 20M -l 1200)" -ge 1000000
check 'iperf3: UDP, the other way' test "$(sent -u -b 20M -l 1200 -R)" -ge 1000000

# ------------------------------------------------- traceroute, odd packets

route=$(N front traceroute -n -q 1 -w 1 10.5.0.12)
check_match 'traceroute shows the router' '^ 1 +10\.4\.0\.1 ' "$(sed -n 2p <<<"$route")"
check_match 'and the server, whose refusal belongs to what it was sent' '^ 2 +10\.5\.0\.12 ' "$(sed -n 3p <<<"$route")"
odd() { # SOURCE OPTION...: the flags of what comes back; each from a port of its own
	local port=$1
	shift
	N front timeout 5 hping3 -c 1 -s "$port" "$@" 10.5.0.12 2>/dev/null | sed -n 's/.*flags=\([A-Z]*\).*/\1/p'
}
check_equal 'SYN to an open port' SA "$(odd 3000 -S -p 80)"
check_equal 'SYN to a closed one: its reset is a reply' RA "$(odd 3001 -S -p 81)"
before=$(drops h1 "$front" no-connection)
port=3001
for flags in -A -F '-S -A' -R '-F -P -U'; do
	port=$((port + 1))
	# shellcheck disable=SC2086
	check_equal "what opens nothing is not answered: $flags" '' "$(odd $port $flags -p 80)"
done
check_equal 'for it does not leave' 5 "$(($(drops h1 "$front" no-connection) - before))"

# ------------------------------------------------------------- hostile UDP

cloud_start names back /usr/bin/python3 -c '
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 53))
while True:
    query, whom = sock.recvfrom(512)
    size = 4000 if b"large" in query else 100
    sock.sendto(query[:2] + b"\x81\x80" + query[4:] + b"x" * size, whom)'
cloud_start quic back /usr/bin/python3 -c '
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 4433))
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
while True:
    data, whom = sock.recvfrom(2000)
    for i in range(3): sock.sendto(data[:1200], whom)'
bound() { N back ss -Hlun "sport = :$1" | grep -q .; }
check 'DNS and QUIC are there' eval 'cloud_wait 5 bound 53 && cloud_wait 5 bound 4433'
check_equal 'DNS: each of 300 queries from a port of its own is answered' 300 "$(N front /usr/bin/python3 -c '
import socket
good = 0
for i in range(300):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(2)
    query = i.to_bytes(2, "big") + b"\1\0\0\1" + b"\0" * 6 + b"\3web\0\0\1\0\1"
    sock.sendto(query, ("10.5.0.12", 53))
    good += sock.recv(9000)[:2] == query[:2]
print(good)')"
check_equal 'DNS: an answer in fragments' 4020 "$(N front /usr/bin/python3 -c '
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(2)
sock.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0\5large\0\0"[:20], ("10.5.0.12", 53))
print(len(sock.recv(9000)))')"
check_equal 'QUIC: full datagrams, three back for each, and the client changes its port' '1800 1800' \
	"$(N front /usr/bin/python3 -c '
import socket
got = []
for port in range(2):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(5)
    sock.connect(("10.5.0.12", 4433))
    count = 0
    for i in range(600):
        sock.send(i.to_bytes(4, "big") * 300)
        count += sum(sock.recv(2000)[:4] == i.to_bytes(4, "big") for _ in range(3))
    got.append(count)
print(*got)')"

# Rules come and go while packets walk: none finds its policy missing.
before="$(drops h1 "$front" no-policy) $(drops h2 "$back" no-policy)"
cloud_start flows front /usr/bin/python3 -c '
import socket, time
while True: # each a walk of its own
    time.sleep(0.001)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.sendto(b"x", ("10.5.0.12", 4433))
    sock.close()'
changed() {
	local n id
	for n in $(seq 60); do
		id=$(api POST /v2.0/security-group-rules "{\"security_group_rule\":{\"security_group_id\":\"$backs\",
			\"direction\":\"ingress\",\"protocol\":\"tcp\",\"port_range_min\":$((7000 + n)),\"port_range_max\":$((7000 + n))}}" |
			get security_group_rule id) && api DELETE "/v2.0/security-group-rules/$id" >/dev/null || return
	done
}
check 'sixty rules come and go' changed
cloud_stop flows
check_equal 'no packet has found its policy missing' "$before" "$(drops h1 "$front" no-policy) $(drops h2 "$back" no-policy)"

# ------------------------------------------------------- SCTP, by its number

cat >"$CLOUD_DIR/sctp.py" <<'EOF'
"""sctp.py answer | ask ADDRESS | push ADDRESS: SCTP's INIT (RFC 9260) by a raw socket; `ask` prints
what came back, `push` sends one from port 7 to 9."""
import socket, struct, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 132)
def init(sport, dport, chunk):
    return struct.pack("!HHIIBBHIIHHI", sport, dport, 0, 0, chunk, 0, 20, 1, 65535, 1, 1, 1)
if sys.argv[1] == "answer":
    while True:
        data, whom = sock.recvfrom(2000)
        sport, dport = struct.unpack("!HH", data[20:24])
        if data[32] == 1: sock.sendto(init(dport, sport, 2), whom)
else:
    sock.settimeout(2)
    sock.sendto(init(*((5000, 9) if sys.argv[1] == "ask" else (7, 9)), 1), (sys.argv[2], 0))
    try: print("chunk", sock.recv(2000)[32])
    except TimeoutError: print("nothing")
EOF
cloud_start sctp back /usr/bin/python3 "$CLOUD_DIR/sctp.py" answer
raw() { N back ss -Hwan | grep -q ':132 '; }
cloud_wait 5 raw
check_equal 'SCTP: INIT is answered by INIT ACK' 'chunk 2' "$(N front /usr/bin/python3 "$CLOUD_DIR/sctp.py" ask 10.5.0.12)"
check_equal 'SCTP: the server opens nothing' nothing "$(N back /usr/bin/python3 "$CLOUD_DIR/sctp.py" push 10.4.0.11)"
sctp_known() { agent h2 GET "/v1/flows?port=$back&limit=100000" | grep -q '"protocol":"sctp"'; }
check 'SCTP: it is a connection like others' sctp_known

# -------------------------------------------------- itself, through its router

# An echo request from the port to its own address by the router's MAC: how many come back.
myself() {
	N front /usr/bin/python3 -c '
import socket, struct, subprocess, sys, time
def check(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff
neigh = subprocess.run(["ip", "neigh", "show", "10.4.0.1"], capture_output=True, text=True).stdout.split()
router = bytes.fromhex(neigh[neigh.index("lladdr") + 1].replace(":", ""))
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x800))
sock.bind(("eth0", 0x800))
own = sock.getsockname()[4]
address = socket.inet_aton("10.4.0.11")
icmp = struct.pack("!BBHHH", 8, 0, 0, 77, 1)
icmp = icmp[:2] + struct.pack("!H", check(icmp)) + icmp[4:]
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 1, 0, address, address)
ip = ip[:10] + struct.pack("!H", check(ip)) + ip[12:]
sock.send(router + own + b"\x08\x00" + ip + icmp)
sock.settimeout(0.2)
count, end = 0, time.monotonic() + 1
while time.monotonic() < end:
    try: frame, whence = sock.recvfrom(2000)
    except TimeoutError: continue
    count += whence[2] != socket.PACKET_OUTGOING and frame[26:34] == address * 2
print(count)'
}
check 'the router answers' reaches front 10.4.0.1
before=$(drops h1 "$front" ingress-denied)
check_equal 'itself through its router: who may not be spoken to by the group is not' 0 "$(myself)"
check_equal 'as its own policy says' 1 "$(($(drops h1 "$front" ingress-denied) - before))"
let_in "$fronts" icmp 8 0
met() { [ "$(myself)" = 1 ]; }
check 'itself through its router: once the group lets its own in' cloud_wait 10 met
story_told
