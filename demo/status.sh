#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What runs where in the demo, what was measured when it came up, and how to look around.
. "$(dirname "$0")/lib.sh"
[ -e "$CLOUD_DIR/figures" ] || { echo 'the demo is not up' >&2; exit 1; }
. "$CLOUD_DIR/figures"

column() { # HOST LINE: the workload in this line of the host's column
	local tenant member n=0
	for tenant in red blue; do
		for member in $demo_members guest; do
			[ $tenant$member != redguest ] && [ "$(demo_host $tenant $member)" = "$1" ] || continue
			n=$((n + 1))
			[ $n = "$2" ] || continue
			printf '%-10s %-10s' $tenant-$member "${demo_address[$member]}"
			return
		done
	done
}

cat <<END

                                  weftd  10.99.0.2  (SQLite)
                                        |
   .--------------------- router of the underlay --------------------.
   |                                    |                            |
END
printf '%-26s%-26s%-26s\n' '   h1  10.99.1.2' '   h2  10.99.2.2' '   h3  10.99.3.2'
for line in 1 2 3 4; do
	printf '   %-23s   %-23s   %-23s\n' "$(column h1 $line)" "$(column h2 $line)" "$(column h3 $line)" | sed 's, *$,,'
done
cat <<END

   web: nginx   app: busybox httpd   db: redis   addresses: udhcpc, served by the host's agent
   IPv6: web fd00:1::/64, app fd00:2::/64, db fd00:3::/64; the kernels heed the routers' advertisements
   red and blue have equal addresses and one router each; nothing passes between them.

   curl in red-web1:    $red_answer
   curl in blue-web1:   $blue_answer
   the same by IPv6:    $red_answer6
                        $blue_answer6
   ping in red-web1:    10.0.1.99 is silent (blue's guest has it; blue reaches it)

   security groups:     the world asks web, web asks app, app asks db, and nobody else does
   redis-cli in red-web1 to red-db gets no answer; weft trace says why:
$(sed 's/^/      /' <<<"$denied")

   template to ping     $first_ping_ms ms (of which the stack $stack_ms ms)
   round trip           $overlay_us us routed between hosts, $local_us us inside one; the bare underlay $bare_us us
   throughput           $overlay_gbit Gbit/s routed between hosts; the bare underlay $bare_gbit Gbit/s

   Look around:
     demo/in red-web1 curl -s http://10.0.1.12/          web -> app -> db
     demo/in red-web1 ping 10.0.2.12                     another network, another host
     demo/in red-web1 curl -s http://[${demo_address6[web2]}]/    the same by IPv6
     demo/in red-web1 rdisc6 eth0                        what its router advertises
     demo/in control weft port list --long               what the API says
     demo/in control weft security group rule list red-db
     demo/in control weft trace red-web1 'tcp 10.0.3.11:6379'     why not
     demo/in h1 weft host list
     demo/in h1 weft drops
     demo/in h1 weft flows
     demo/in h1 tcpdump -n -i u0 udp port 4789           the tunnel
     demo/status.sh                                      this picture;  make demo-down  ends it
END
