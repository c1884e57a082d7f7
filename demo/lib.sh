# SPDX-License-Identifier: Apache-2.0
# What the demo's scripts share: the cloud in namespaces that the tests use too, under the name
# `wd`, and the programs that run in it.
# shellcheck shell=bash

demo_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$demo_folder/../test/net/cloud.sh"
cloud_use wd /run/weft-demo
CLOUD_TLS=yes

# Where each workload runs: host of web1 web2 app1 app2 db, for either tenant.
demo_members='web1 web2 app1 app2 db'
declare -A demo_hosts=([red]='h1 h2 h2 h3 h3' [blue]='h3 h1 h1 h2 h2')
declare -A demo_address=([web1]=10.0.1.11 [web2]=10.0.1.12 [app1]=10.0.2.11 [app2]=10.0.2.12
	[db]=10.0.3.11 [guest]=10.0.1.99)
# Made of the MACs that the template gives.
declare -A demo_address6=([web1]=fd00:1::f816:3eff:fe00:111 [web2]=fd00:1::f816:3eff:fe00:112
	[app1]=fd00:2::f816:3eff:fe00:211 [app2]=fd00:2::f816:3eff:fe00:212
	[db]=fd00:3::f816:3eff:fe00:311)

demo_host() { # TENANT MEMBER
	local member n=1
	[ "$2" = guest ] && { echo h1; return; } # blue's alone
	for member in $demo_members; do
		[ "$member" = "$2" ] && { cut -d' ' -f$n <<<"${demo_hosts[$1]}"; return; }
		n=$((n + 1))
	done
}

# Runs the command line on a host, as a caller of the token file.
demo_weft() { # CALLER HOST ARGUMENT...
	local caller=$1 host=$2
	shift 2
	WEFT_URL=$(cloud_url) WEFT_CA=$CLOUD_DIR/pki/ca.crt WEFT_TOKEN=$caller-secret \
		WEFT_AGENT=$CLOUD_RUN/$host/agent.sock N "$host" "$CLOUD_BIN/cli/weft" "$@"
}

# Attaches a workload, lets a DHCP client configure it, and waits for its lease.
demo_join() { # TENANT MEMBER
	local name=$1-$2 host
	host=$(demo_host "$1" "$2")
	demo_weft admin "$host" port attach "$name" --netns "$CLOUD-$name" --name eth0 >/dev/null || return
	cloud_start "dhcp-$name" "$name" env LEASE="$CLOUD_DIR/lease-$name" \
		udhcpc -f -R -i eth0 -t 10 -T 1 -s "$cloud_repo/test/net/lease"
	cloud_wait 10 grep -q end=bound "$CLOUD_DIR/lease-$name" ||
		{ echo "$name gets no lease" >&2; cloud_log "dhcp-$name"; return 1; }
}

# True when the kernel of a workload has made its address of the router's advertisement.
demo_has6() { # TENANT MEMBER
	ip -n "$CLOUD-$1-$2" -6 addr show dev eth0 | grep -qF " ${demo_address6[$2]}/"
}

# Starts the real server of a workload.
demo_serve() { # TENANT MEMBER
	local name=$1-$2 folder=$CLOUD_DIR/$1-$2
	mkdir -p "$folder/cgi-bin"
	cloud_wait 10 demo_has6 "$1" "$2" || { echo "$name has not ${demo_address6[$2]}" >&2; return 1; }
	case $2 in
	web*)
		sed -e "s#FOLDER#$folder#g; s#NAME#$name#g" "$demo_folder/nginx.conf" >"$folder/nginx.conf"
		cloud_start "nginx-$name" "$name" nginx -c "$folder/nginx.conf"
		;;
	app*)
		cp "$demo_folder/page.cgi" "$folder/cgi-bin/page"
		printf 'name=%s\ndb=%s\ndb6=%s\n' "$name" "${demo_address[db]}" "${demo_address6[db]}" >"$folder/cgi-bin/settings"
		cloud_start "httpd-$name" "$name" busybox httpd -f -p 8080 -h "$folder"
		;;
	db)
		cloud_start "redis-$name" "$name" redis-server --bind "${demo_address[db]}" "${demo_address6[db]}" --port 6379 \
			--protected-mode no --save '' --appendonly no --dir "$folder"
		cloud_wait 10 N "$name" redis-cli -h "${demo_address[db]}" set tenant "$1"
		;;
	esac
}

demo_ask() { # TENANT MEMBER ADDRESS
	N "$1-$2" curl -s --connect-timeout 2 --max-time 5 "http://$3/"
}

# The same all the way by IPv6.
demo_ask6() { # TENANT MEMBER TO
	demo_ask "$1" "$2" "[${demo_address6[$3]}]"
}
