#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The first and only process of the guest: makes it a machine, runs the suites named in
# /etc/suites (a line each: NAME LIMIT COMMAND...), tells the host about them on the second
# serial line, and turns the machine off. The kernel's own messages go to the first one.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /dev/net
mknod /dev/net/tun c 10 200
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
ln -s /proc/self/fd /dev/fd
exec </dev/null >/dev/ttyS1 2>&1
stty -F /dev/ttyS1 raw
ip link set lo up
# shellcheck source=/dev/null
. /etc/environment
cd "$REPO" || exit

echo "@ kernel $(uname -r), up after $(cut -d ' ' -f 1 /proc/uptime) s"
while read -r name limit command; do
	echo "@ begin $name"
	timeout -k 5 "$limit" bash -o pipefail -c "$command"
	echo "@ end $name $?"
done </etc/suites
dmesg >/dev/ttyS0
echo '@ done'
sync
echo o >/proc/sysrq-trigger
sleep 60
