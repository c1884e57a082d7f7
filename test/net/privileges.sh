#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the programs may still do once they run, and that they can do all of their work with it.
#
#   h1: a 10.0.1.11   c (of a stranger's process)   ---underlay---   h2: b 10.0.1.12
. "$(dirname "$0")/lib.sh"

CLOUD_TLS=yes
story privileges 2

# A line of /proc/PID/status: the first word behind its name.
status() { # PROGRAM FIELD
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$(cloud_pid "$1")/status"
}

# The names of capabilities in one of its sets, sorted.
capabilities() { # PROGRAM SET
	/usr/bin/python3 -c '
import sys
names = {12: "net_admin", 13: "net_raw", 21: "sys_admin", 38: "perfmon", 39: "bpf"}
bits = int(sys.argv[1], 16)
print(*sorted(names.get(i, f"cap{i}") for i in range(64) if bits >> i & 1))' "$(status "$1" "$2")"
}

modest() { # AGENT WHEN
	check_equal "$1 $2: in force is" 'bpf net_admin perfmon' "$(capabilities "$1" CapEff)"
	check_equal "$1 $2: to be raised is" 'bpf net_admin perfmon sys_admin' "$(capabilities "$1" CapPrm)"
	check_equal "$1 $2: inherited is nothing" '' "$(capabilities "$1" CapInh)$(capabilities "$1" CapAmb)"
	check_equal "$1 $2: what it executes could get nothing" '' "$(capabilities "$1" CapBnd)"
	check_equal "$1 $2: no_new_privs" 1 "$(status "$1" NoNewPrivs)"
}

check_equal 'weftd is nobody' "$(id -u nobody)" "$(status weftd Uid)"
check_equal 'in the group of nobody alone' "$(id -g nobody)" "$(awk '/^Groups:/ { $1 = ""; print $2 $3 }' "/proc/$(cloud_pid weftd)/status")"
check_equal 'weftd has no capability' '' "$(capabilities weftd CapEff)$(capabilities weftd CapPrm)$(capabilities weftd CapBnd)"
check_equal 'weftd: no_new_privs' 1 "$(status weftd NoNewPrivs)"
modest agent-h1 'at work'

network=$(as red make network '"name":"red"')
as red make subnet "\"network_id\":\"$network\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
place a h1 "$network" 10.0.1.11/24 >/dev/null || exit 1
place b h2 "$network" 10.0.1.12/24 >/dev/null || exit 1
check 'a namespace with a name: attached, and reached' reaches a 10.0.1.12

# A container's namespace has no name but its process', whom the agent may not look into: it is
# another user, or has more capabilities.
container() { # NAME CAPABILITIES...
	local name=$1
	shift
	workload "$name"
	cloud_start "$name" "$name" "$@" sleep 300
	cloud_wait 5 eval "tr '\\0' ' ' </proc/$(cloud_pid "$name")/cmdline | grep -q ^sleep"
}
attach_process() { # PORT PID
	agent h1 POST /v1/attach "{\"port\":\"$1\",\"netns\":\"/proc/$2/ns/net\",\"name\":\"eth0\"}"
}
container c
container d setpriv --reuid nobody --regid nogroup --clear-groups
octet=13
for name in c d; do
	port=$(make_port "$network" h1 10.0.1.$octet)
	check "a process' namespace: $name is attached" attach_process "$port" "$(cloud_pid $name)"
	check "the same again is fine: $name" attach_process "$port" "$(cloud_pid $name)"
	addresses $name 10.0.1.$octet/24
	check "it reaches another host: $name" reaches $name 10.0.1.12
	octet=$((octet + 1))
done

# The one thing that a namespace is entered for.
as red api PUT "/v2.0/networks/$network" '{"network":{"mtu":1300}}' >/dev/null
smaller() { [ "$(device a eth0 mtu)" = 1300 ]; }
check 'an MTU that changes reaches the workload' cloud_wait 10 smaller
modest agent-h1 'after a visit'

cloud_stop agent-h1
check 'without its agent traffic goes on' reaches a 10.0.1.12
cloud_agent 1
modest agent-h1 'restarted'
check 'a restart finds all again' reaches a 10.0.1.12
cloud_stop agent-h1 KILL
# An upgrade is another program file, and a layout that it reads anew.
cp "$CLOUD_BIN/agent/weft-agent" "$CLOUD_DIR/weft-agent"
cloud_start agent-h1 h1 "$CLOUD_DIR/weft-agent" --controller "$(cloud_url)" --host h1 --tunnel-ip 10.99.1.2 \
	--run "$CLOUD_RUN" --ca "$CLOUD_DIR/pki/ca.crt" --cert "$CLOUD_DIR/pki/h1.crt" --key "$CLOUD_DIR/pki/h1.key"
check 'an upgraded agent answers' cloud_wait 20 agent h1 GET /v1/status
modest agent-h1 'upgraded'
place e h1 "$network" 10.0.1.20/24 >/dev/null
check 'and attaches' reaches e 10.0.1.12

# weftd reads its next key as the user that it is.
"$CLOUD_BIN/cli/weft" pki server "$CLOUD_DIR/pki" weftd --ip "${CLOUD_LISTEN%:*}" && cloud_give_key
check 'weftd takes a new key' cloud_wait 6 grep -q 'certificates: read again' "$CLOUD_DIR/log/weftd"
install -o root -m 600 "$CLOUD_DIR/pki/weftd.key" "$CLOUD_DIR/weftd/weftd.key"
check 'a key that it may not read is named' cloud_wait 6 grep -q 'kept as they were: .*weftd.key' "$CLOUD_DIR/log/weftd"
cloud_give_key
cloud_stop weftd
cloud_weftd
check 'weftd restarted: its store is its own' cloud_wait 10 api GET /v2.0/ports
check_equal 'and it is nobody again' "$(id -u nobody)" "$(status weftd Uid)"

# What is missing is named at the start.
less=$(setpriv --bounding-set -bpf "$CLOUD_BIN/agent/weft-agent" --controller http://127.0.0.1:1 --host x \
	--tunnel-ip 127.0.0.1 --run "$CLOUD_DIR/x" 2>&1)
check_equal 'an agent without CAP_BPF does not start: denied' 6 $?
check_match 'and says so' 'bpf: is needed and missing' "$less"
check_match 'a user that there is not' 'user nobody-at-all: not known' \
	"$("$CLOUD_BIN/controller/weftd" --user nobody-at-all --store "sqlite:$CLOUD_DIR/x.db" 2>&1)"
story_told
