#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Mutual TLS between agents and weftd: who a certificate lets in and what it opens, what happens when it
# is revoked, expired or replaced. Nothing is restarted but, at last, a weftd whose agents shall look again.
#
#   h1: a 10.0.1.11 ---underlay--- h2: b 10.0.1.12        control: weftd on https
. "$(dirname "$0")/lib.sh"

CLOUD_TLS=yes

pki() { "$CLOUD_BIN/cli/weft" pki "$@"; }

# curl to weftd with the certificate of NAME, or "" for none; prints status and body.
ask() { # NAME PATH [CURL OPTION...]
	local name=$1 path=$2
	shift 2
	N $CLOUD_CONTROL curl -sS -m 5 -w ' %{http_code}' --cacert "$PKI/ca.crt" \
		${name:+--cert "$PKI/$name.crt" --key "$PKI/$name.key"} "$@" "https://$CLOUD_LISTEN$path"
}

story tls 2
PKI=$CLOUD_DIR/pki
pki user "$PKI" red && pki admin "$PKI" root || exit 1
weft() { # OPTION...
	N $CLOUD_CONTROL "$CLOUD_BIN/cli/weft" --url "https://$CLOUD_LISTEN" --ca "$PKI/ca.crt" "$@"
}
connected() { # HOST
	[ "$(agent "$1" GET /v1/status | get connected)" = true ]
}
disconnected() { ! connected "$1"; }
logged() { # LOG PATTERN
	grep -Eq -- "$2" "$CLOUD_DIR/log/$1"
}
serial() { # NAME [LINE]
	pki list "$PKI" -f value -c name -c serial | awk -v name="$1" '$1 == name { print $2 }' | sed -n "${2:-1}p"
}

check 'h1 connects with its certificate' cloud_wait 10 connected h1
check 'h2 connects with its certificate' cloud_wait 10 connected h2
one=$(as red make network '"name":"one"') || exit 1
as red make subnet "\"network_id\":\"$one\",\"ip_version\":4,\"cidr\":\"10.0.1.0/24\"" >/dev/null
a=$(place a h1 "$one" 10.0.1.11/24) || exit 1
b=$(place b h2 "$one" 10.0.1.12/24) || exit 1
check 'ports become ACTIVE and reach each other' reaches a 10.0.1.12

# What a certificate opens.
check_match 'h1 may not read the rows of h2' '403$' "$(ask h1 '/weft/v1/hosts/h2/rows?ip=10.99.2.2')"
check_match 'h1 may not report for h2' '403$' "$(ask h1 /weft/v1/hosts/h2/status -d '{"rev":1,"ports":{}}')"
check_match 'h1 may not ask for the connections of h2' '403$' "$(ask h1 '/weft/v1/hosts/h2/conns?address=10.0.0.1')"
check_match 'nor for its own in this way' '404$' "$(ask h1 '/weft/v1/hosts/h1/conns?address=10.0.0.1')"
check_match 'h1 may not answer for h2' '403$' "$(ask h1 /weft/v1/hosts/h2/answer -d '{"id":"x","flows":[]}')"
check_match 'nor what it was not asked' '404$' "$(ask h1 /weft/v1/hosts/h1/answer -d '{"id":"x","flows":[]}')"
check_match 'h1 may report for itself' '200$' "$(ask h1 /weft/v1/hosts/h1/status -d '{"rev":1,"ports":{}}')"
check_match 'h1 may not ask the API' 'rows and status, not /v2.0/ports.* 403$' "$(ask h1 /v2.0/ports)"
check_match 'not even with a token' ' 403$' "$(ask h1 /v2.0/ports -H 'X-Auth-Token: admin-secret')"
check_match 'without a certificate nobody has rows' ' 401$' "$(ask '' /weft/v1/hosts/h1/rows?ip=10.99.1.2)"
check_match 'nor connections' ' 401$' "$(ask '' '/weft/v1/hosts/h1/conns?address=10.0.0.1')"
check_match 'a tenant has no rows' ' 403$' "$(ask red /weft/v1/hosts/h1/rows?ip=10.99.1.2)"
check_match 'a token is as good as before' ' 200$' "$(ask '' /v2.0/ports -H 'X-Auth-Token: red-secret')"
check_match 'a project has a certificate' "$one.* 200\$" "$(ask red /v2.0/networks)"
check_match 'which is no administrator'\''s' ' 403$' "$(ask red /v2.0/hosts -H 'Content-Type: application/json' -d '{"host":{"name":"h9","tunnel_ip":"10.99.9.9"}}')"
check_equal 'weft works with an administrator'\''s' h1 \
	"$(weft --cert "$PKI/root.crt" --key "$PKI/root.key" host show h1 -f value -c name)"
check_match 'weft names who is not trusted' 'certificate' "$(WEFT_TOKEN=admin-secret N $CLOUD_CONTROL \
	"$CLOUD_BIN/cli/weft" --url "https://$CLOUD_LISTEN" network list 2>&1)"
check_not 'TLS 1.2 is refused' ask '' / --tls-max 1.2
check_not 'plain HTTP is refused' N $CLOUD_CONTROL curl -sS -m 5 -f "http://$CLOUD_LISTEN/"

# Expired, and of another cloud.
pki host "$PKI" late --days -1
check_match 'an expired certificate is refused, and told so' \
	"certificate of host late, serial $(serial late): has expired at .* 403\$" "$(ask late /weft/v1/hosts/late/rows)"
check 'weftd logs subject and serial' logged weftd "certificate of host late, serial $(serial late): has expired"
pki init "$PKI/other" && pki host "$PKI/other" h1
check_match 'a certificate of another cloud is refused' "not signed by this cloud's authority.* 403\$" \
	"$(ask other/h1 /weft/v1/hosts/h1/rows)"

# Rotation: new files are in force without a restart, and nothing that is open notices.
shown() { # the serial that weftd shows
	N $CLOUD_CONTROL curl -s -m 5 -v --cacert "$PKI/ca.crt" -o /dev/null -w '%{certs}' "https://$CLOUD_LISTEN/" |
		sed -n 's/^Serial Number://p' | tr -d ' :' | head -n 1
}
shows() { [ "$(shown)" = "$1" ]; }
check 'weftd shows its certificate' shows "$(serial weftd)"
connects=$(grep -c 'connected$' "$CLOUD_DIR/log/agent-h1")
pki server "$PKI" weftd --ip "${CLOUD_LISTEN%:*}" --days 300 && cloud_give_key
check 'weftd shows the new certificate' cloud_wait 6 shows "$(pki list "$PKI" -f json |
	/usr/bin/python3 -c 'import json, sys; print(min((c for c in json.load(sys.stdin) if c["name"] == "weftd"),
		key=lambda c: c["expires"])["serial"])')"
check_equal 'streams stay open' "$connects" "$(grep -c 'connected$' "$CLOUD_DIR/log/agent-h1")"
c=$(place c h1 "$one" 10.0.1.13/24) || exit 1
check 'and carry rows' reaches b 10.0.1.13

# Revoked: the open stream is cut, what comes after is refused, both logs say so.
revoked=$(serial h2)
pki revoke "$PKI" h2
check 'revoked: the agent is cut off' cloud_wait 10 disconnected h2
check 'revoked: weftd logs that it cut the stream' cloud_wait 5 logged weftd "host h2, serial $revoked: is revoked: stream to .* cut"
check 'revoked: weftd logs that it refused' cloud_wait 10 logged weftd "host h2, serial $revoked: is revoked: refused, from 10.99.2.2:"
check 'revoked: the agent logs why' cloud_wait 10 logged agent-h2 "refused with 403: .*host h2, serial $revoked: is revoked"
check 'revoked: traffic goes on' reaches a 10.0.1.12
check 'h1 is not concerned' connected h1
pki host "$PKI" h2
check 'with a new certificate it is back, not restarted' cloud_wait 20 connected h2
check 'and its ports are ACTIVE' cloud_wait 15 port_active "$b"

# A controller that was revoked is not believed by who connects anew.
pki revoke "$PKI" weftd
cloud_stop weftd
cloud_weftd
check 'a revoked controller: the agent does not connect' cloud_wait 10 logged agent-h1 'verification failed'
check 'and says so' disconnected h1
pki server "$PKI" weftd --ip "${CLOUD_LISTEN%:*}" && cloud_give_key
check 'with a new certificate it does' cloud_wait 20 connected h1

# What does not fit together is not taken.
cp "$PKI/h1.key" "$CLOUD_DIR/weftd/weftd.key"
check 'a key that does not fit is logged' cloud_wait 6 logged weftd 'kept as they were: .*weftd.key: is not the key'
check_match 'and the old pair serves on' ' 200$' "$(ask red /v2.0/networks)"
cloud_give_key
story_told
