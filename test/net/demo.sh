#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The demo as a newcomer meets it: it comes up, does what it says, and leaves nothing behind.
#
#   see demo/status.sh
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../../demo/lib.sh"

if [ -e "$CLOUD_DIR" ]; then
	skipped 'the demo' 'it is up on this machine; make demo-down ends it'
	tests_end
	exit
fi
output=$(mktemp)
KEEP_LOGS=${BUILD:-$cloud_repo/build}/log/demo.logs
export KEEP_LOGS
end() {
	trap - EXIT INT TERM HUP
	check_not 'no sanitizer report' grep -rhE 'ERROR: (Address|Leak)Sanitizer|runtime error:' "$CLOUD_DIR/log"
	pids=$(cat "$CLOUD_DIR"/pid/* 2>/dev/null)
	check 'it goes down and leaves nothing' "$demo_folder/down.sh"
	# shellcheck disable=SC2086
	check 'looked at once more' cloud_leftovers $pids
	rm -f "$output"
	tests_end
	exit $?
}
trap end EXIT
trap 'exit 1' INT TERM HUP

if "$demo_folder/up.sh" >"$output" 2>&1; then
	passed 'it comes up'
else
	failed 'it comes up'
	sed 's/^/    /' "$output"
	exit 1
fi
cat "$output"
check_match 'it says that IPv6 works' 'red-web2 -> red-app[12] -> red-db: visit [0-9]+ of red by IPv6' "$(cat "$output")"
for tenant in red blue; do
	for n in 1 2 3 4; do
		check_match "$tenant: web2 -> app -> db, time $n" "^$tenant-web2 -> $tenant-app[12] -> $tenant-db: visit [0-9]+ of $tenant$" \
			"$(demo_ask $tenant web1 10.0.1.12)"
	done
	check_match "$tenant: from the database to the web" "$tenant-web1 -> $tenant-app" "$(demo_ask $tenant db 10.0.1.11)"
	check_match "$tenant: web2 -> app -> db by IPv6" "^$tenant-web2 -> $tenant-app[12] -> $tenant-db: visit [0-9]+ of $tenant by IPv6$" \
		"$(demo_ask6 $tenant web1 web2)"
	check "$tenant: the gateway answers" N $tenant-db ping -n -c 1 -W 1 10.0.3.1
done
check_not 'red does not reach what only blue has' N red-web2 ping -n -c 2 -i 0.2 -W 0.5 10.0.1.99
check 'blue does' N blue-web2 ping -n -c 1 -W 1 10.0.1.99
# Security groups: web asks app asks db, and no tier is left out.
quiet() { ! N "$1" curl -s --connect-timeout 1 --max-time 2 "telnet://$2" </dev/null; }
for tenant in red blue; do
	check "$tenant: web does not reach the database" quiet $tenant-web1 10.0.3.11:6379
	check "$tenant: nor the database an app" quiet $tenant-db 10.0.2.11:8080
	check "$tenant: nor by IPv6" quiet $tenant-web1 "[${demo_address6[db]}]:6379"
	check "$tenant: but app does" N $tenant-app1 redis-cli -h 10.0.3.11 get tenant
done
check_match 'status shows a denied connection and its trace' 'red-db: ingress IPv4: the default denies it' "$(cat "$output")"
check_match 'and how it ended' 'dropped .*ingress-denied' "$(cat "$output")"
# Both tenants' databases are at one address, and each has its own visits.
visits() { N "$1-db" redis-cli -h 10.0.3.11 get "$2"; }
check_equal 'the database of red is red' red "$(visits red tenant)"
check_equal 'the database of blue is blue' blue "$(visits blue tenant)"
check 'demo/in runs a command inside' "$demo_folder/in" h1 weft host list
check_match 'and the hosts are alive' '3' "$("$demo_folder/in" h1 weft host list -f json | grep -ciE '"(alive|status)": *(true|"active")')"
check_not 'up.sh a second time refuses' "$demo_folder/up.sh"
check 'and has disturbed nothing' "$demo_folder/in" red-web1 curl -sf --max-time 5 http://10.0.1.12/
