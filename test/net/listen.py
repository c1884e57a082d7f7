#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts what arrives: listen.py SECONDS[:COUNT] udp PORT [GROUP ...] | frames DEVICE TEXT

Prints `ready` once it listens, then the count at the end: after SECONDS, at a SIGTERM, or soon after
COUNT, so that one too many is seen, and a busy machine has its time. `udp` joins the multicast groups
and counts datagrams; `frames` counts frames a device receives that contain TEXT.
"""
import signal
import socket
import struct
import sys
import time

(seconds, _, enough), kind = sys.argv[1].partition(":"), sys.argv[2]
if kind == "udp":
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.bind(("::", int(sys.argv[3])))
    index = socket.if_nametoindex("eth0")
    for group in sys.argv[4:]:
        if ":" in group:
            request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
        else:
            request = struct.pack("@4s4si", socket.inet_aton(group), b"\0" * 4, index)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    wanted = b""
else:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.bind((sys.argv[3], 3))
    wanted = sys.argv[4].encode()



def told(number, frame):
    raise TimeoutError


signal.signal(signal.SIGTERM, told)
print("ready", flush=True)
count, end = 0, time.monotonic() + float(seconds)
try:
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        data, sender = sock.recvfrom(65536)
        # An AF_PACKET socket also sees what its own device sends (packet type 4).
        if wanted in data and not (kind == "frames" and sender[2] == 4):
            count += 1
            if enough and count == int(enough):
                end = min(end, time.monotonic() + 0.3)
except TimeoutError:
    pass
print(count)
