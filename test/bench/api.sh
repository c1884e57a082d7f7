#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What each request of the API costs beside many ports: p50, p99, rate, processor time; lists; a crowd;
# bulk, and a GET beside it. With tokens, on SQLite and on an etcd of its own, on loopback.
#
#   test/bench/api.sh [sqlite|etcd] [PORTS]      default: both, 10000
set -u
here=$(cd "$(dirname "$0")" && pwd)
weftd=$here/../../build/controller/weftd
folder=$(mktemp -d)
etcd=
trap '[ -z "$etcd" ] || kill "$etcd"; rm -rf "$folder"' EXIT

start_etcd() {
	etcd --data-dir "$folder/etcd" --max-txn-ops=10240 --max-request-bytes=10485760 \
		--listen-client-urls http://127.0.0.1:19698 --advertise-client-urls http://127.0.0.1:19698 \
		--listen-peer-urls http://127.0.0.1:19699 >"$folder/etcd.log" 2>&1 &
	etcd=$!
	for _ in $(seq 100); do
		curl -sf http://127.0.0.1:19698/health >/dev/null && return
		sleep 0.1
	done
	cat "$folder/etcd.log"
	exit 1
}

case ${1:-both} in
sqlite | both) /usr/bin/python3 "$here/api.py" "$weftd" "$folder" "sqlite:$folder/weft.db" "${2:-10000}" || exit ;;
esac
case ${1:-both} in
etcd | both)
	start_etcd
	/usr/bin/python3 "$here/api.py" "$weftd" "$folder" etcd:http://127.0.0.1:19698 "${2:-10000}"
	;;
esac
