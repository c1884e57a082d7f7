#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weft pki` as its user meets it, and as OpenSSL sees what it makes; what weftd and weft say about files
# that are not what they should be.
. test/lib.sh
BIN=${BUILD:-$PWD/build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
pki=$dir/pki
weft() { "$BIN/cli/weft" "$@"; }

fails() { # EXIT-CODE PATTERN COMMAND...
	local code=$1 pattern=$2 output status
	shift 2
	output=$("$@" 2>&1)
	status=$?
	[ "$status" = "$code" ] && [ "$(wc -l <<<"$output")" = 1 ] && grep -Eq -- "$pattern" <<<"$output" ||
		{ echo "$status: $output"; return 1; }
}
verified() { # NAME
	openssl verify -CAfile "$pki/ca.crt" -CRLfile "$pki/ca.crl" -crl_check -x509_strict "$pki/$1.crt"
}
column() { # NAME COLUMN
	weft pki list "$pki" -f csv -c name -c "$2" | tr -d '\r"' | awk -F, -v n="$1" '$1 == n { print $2 }'
}

check 'an authority' weft pki init "$pki" --name acme
check 'is made once' fails 4 'there is an authority already' weft pki init "$pki"
check 'a server' weft pki server "$pki" weftd --ip 192.0.2.1 --ip 2001:db8::1 --dns api.example
check 'a host' weft pki host "$pki" h1
check 'OpenSSL finds the server good' verified weftd
check 'and the host' verified h1
names=$(openssl x509 -in "$pki/weftd.crt" -noout -ext subjectAltName,extendedKeyUsage)
check_match 'the server has its names' \
	'URI:weft:server/weftd, DNS:weftd, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, DNS:api.example' "$names"
check_no_match 'and is no client' 'Client' "$names"
check_equal 'keys are their owner'\''s' '600 600 600' "$(stat -c %a "$pki"/*.key | tr '\n' ' ' | sed 's/ $//')"
check_equal 'the list names kinds' host "$(column h1 kind)"
check_equal 'nothing is revoked' False "$(column h1 revoked | sed 's/.*/\u&/')"

check 'a certificate is revoked' weft pki revoke "$pki" "$(column h1 serial)"
check_equal 'the list says so' True "$(column h1 revoked | sed 's/.*/\u&/')"
check_not 'OpenSSL does, too' verified h1
check 'others are not concerned' verified weftd
check 'twice is told' fails 3 'is revoked already' weft pki revoke "$pki" h1

check 'a name is no path' fails 2 "name '../x'" weft pki host "$pki" ../x
check 'a name has one kind' fails 4 'a server has this name' weft pki host "$pki" weftd
check 'an address is one' fails 2 "ip '192.0.2.256'" weft pki server "$pki" other --ip 192.0.2.256
check 'days are a number' fails 2 '--days ten' weft pki host "$pki" h2 --days ten
check 'nobody is revoked who is not there' fails 3 "'h9'" weft pki revoke "$pki" h9
check 'a folder without authority is named' fails 7 "$dir/none" weft pki host "$dir/none" h1
check_equal 'what failed has made nothing' 'h1 weftd' "$(weft pki list "$pki" -f value -c name | tr '\n' ' ' | sed 's/ $//')"

weftd() { timeout 5 "$BIN/controller/weftd" --store "sqlite:$dir/db" --listen 127.0.0.1:0 "$@"; }
check 'weftd: a certificate needs its key' fails 2 'needs --tls-key' weftd --tls-cert "$pki/weftd.crt"
check 'weftd: https needs a certificate' fails 2 'needs --tls-cert' weftd --listen https://127.0.0.1:0
check 'weftd: a list needs its authority' fails 2 'needs --tls-ca' \
	weftd --tls-cert "$pki/weftd.crt" --tls-key "$pki/weftd.key" --tls-crl "$pki/ca.crl"
check 'weftd: a key that does not fit is named' fails 7 'h1.key: is not the key' \
	weftd --log error --tls-cert "$pki/weftd.crt" --tls-key "$pki/h1.key"
check 'weft: a file that is not there is named' fails 7 "$dir/none" \
	weft --url https://127.0.0.1:1 --ca "$dir/none" network list
check 'weft-agent: so does the agent' fails 2 "$dir/none" "$BIN/agent/weft-agent" \
	--controller https://127.0.0.1:1 --host h1 --tunnel-ip 192.0.2.9 --ca "$dir/none"
tests_end
