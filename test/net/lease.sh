#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What udhcpc and dhclient call with a lease: writes what they were told to $LEASE, and sets the
# device up as a workload's own script would.
exec >>"$LEASE" 2>&1
env | grep -E '^(ip|mask|subnet|router|dns|mtu|lease|hostname|domain|staticroutes|serverid|tftp|opt66|opt121|message|new_[a-z_0-9]*)=' | sort
case "${1:-}${reason:-}" in
bound | renew | BOUND | RENEW | REBIND | REBOOT)
	ip addr replace "${ip:-$new_ip_address}/${mask:-$(echo "$new_subnet_mask" | awk -F. '{
		for (i = 1; i <= 4; i++) for (v = $i; v; v = int(v / 2)) n += v % 2
		print n }')}" dev "$interface"
	ip link set "$interface" mtu "${mtu:-${new_interface_mtu:-1450}}" up
	for gateway in ${router:-${new_routers:-}}; do
		ip route replace default via "$gateway" dev "$interface" onlink
	done
	;;
deconfig | PREINIT | EXPIRE | RELEASE)
	ip link set "$interface" up
	ip addr flush dev "$interface"
	;;
esac
echo "end=${1:-}${reason:-}"
