#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An app workload of the demo: asks the database who it is for and counts the visit.
. ./settings
case $REMOTE_ADDR in
*::ffff:* | *.*) ;;
*) db=$db6 by=' by IPv6' ;; # who came by IPv6 is served by IPv6
esac
answer=$(printf 'INCR visits\r\nGET tenant\r\nQUIT\r\n' | busybox nc -w 3 "$db" 6379 | tr -d '\r')
visits=$(echo "$answer" | sed -n 's/^:\([0-9]*\)$/\1/p')
tenant=$(echo "$answer" | sed -n '/^\$/{n;p;}')
if [ -z "$visits" ]; then
	printf 'Status: 503 No database\r\nContent-Type: text/plain\r\n\r\nno database\n'
	exit
fi
printf 'Content-Type: text/plain\r\n\r\n'
echo "$HTTP_X_WEB -> $name -> $tenant-db: visit $visits of $tenant${by:-}"
