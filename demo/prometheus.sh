#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make demo-prometheus: a real Prometheus watches the demo; shows what it knows. It goes with the
# demo (demo/down.sh).
set -u
. "$(dirname "$0")/lib.sh"

fail() {
	echo "demo: $*" >&2
	exit 1
}
[ -e "$CLOUD_DIR" ] || "$demo_folder/up.sh" || fail 'it does not come up'
cloud_running prometheus || cloud_prometheus 3 || fail 'no Prometheus'

# Traffic to count, until the figures are shown.
(cloud_exec red-web1 ping -n -q -i 0.01 -w 60 "${demo_address[app2]}") >/dev/null 2>&1 &
pings=$!
(cloud_exec blue-web1 ping -n -q -i 0.01 -w 60 "${demo_address[db]}") >/dev/null 2>&1 &
pings="$pings $!"
# shellcheck disable=SC2086
trap 'kill $pings 2>/dev/null' EXIT
for _ in 1 2 3 4 5 6 7 8; do
	for tenant in red blue; do demo_ask $tenant web1 "${demo_address[web2]}" >/dev/null; done
	demo_weft admin control port list >/dev/null
	sleep 1
done
everything_up() { [ "$(cloud_query 'sum(up)')" = 4 ]; }
cloud_wait 10 everything_up || fail "not every target is up: $(cloud_query up)"

show() { # TITLE EXPRESSION
	echo "   $1"
	cloud_query "$2" | sed 's/^/      /'
}
echo
show 'targets that are up' 'sum by (job) (up)'
show 'hosts' 'sum by (state) (weft_hosts)'
show 'objects' 'sum by (kind) (weft_objects)'
show 'slowest of 100 requests, milliseconds' \
	'round(1000 * histogram_quantile(0.99, sum by (le) (weft_api_request_duration_seconds_bucket)), 0.01)'
show 'packets of a hundred that the flow cache knew, by host' \
	'round(100 * sum by (instance) (rate(weft_flow_cache_hits_total[10s])) / sum by (instance) (rate(weft_flow_cache_hits_total[10s]) + rate(weft_flow_cache_misses_total[10s])), 0.1)'
show 'packets a second, the five busiest ports' \
	'round(topk(5, sum by (name) (rate(weft_port_transmit_packets_total[10s]))))'
show 'connections by state' 'sum by (state) (weft_connections)'
show 'drops by reason' 'sum by (reason) (weft_drops_total) > 0'
show 'alerts' 'ALERTS'
cat <<END

   Look around:
     demo/in control promtool query instant http://10.99.0.2:9090 'rate(weft_port_receive_bytes_total[10s])'
     demo/in h1 curl -s http://10.99.1.2:9698/metrics       what it reads of a host
     make demo-down                                         ends both
END
