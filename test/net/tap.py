#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A guest in thirty lines: reads a tap and answers. tap.py DEVICE MAC ADDRESS [PEER]

Answers ARP and ping for ADDRESS until it is killed. With PEER it asks for PEER's MAC first, again
and again as guests do (a tap that has just come up loses what it is sent), pings it from its own
side, and prints `answered` when the echo comes back.
"""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000

device, own, address = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", "")), socket.inet_aton(sys.argv[3])
peer = socket.inet_aton(sys.argv[4]) if len(sys.argv) > 4 else None
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TAP | IFF_NO_PI))


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def arp(op, to_mac, to_address):
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, op)
    return to_mac + own + b"\x08\x06" + head + own + address + to_mac + to_address


def echo(to_mac, to_address, kind, rest):
    icmp = struct.pack("!BBH", kind, 0, 0) + rest
    icmp = icmp[:2] + checksum(icmp) + icmp[4:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, 0) + address + to_address
    return to_mac + own + b"\x08\x00" + head[:10] + checksum(head) + head[12:] + icmp


print("ready", flush=True)
asking = peer is not None
while True:
    if asking:
        os.write(tap, arp(1, b"\xff" * 6, peer))
        if not select.select([tap], [], [], 0.2)[0]:
            continue
    frame = os.read(tap, 65536)
    if frame[:6] not in (own, b"\xff" * 6):
        continue
    if frame[12:14] == b"\x08\x06" and frame[38:42] == address:
        if frame[20:22] == b"\0\1":
            os.write(tap, arp(2, frame[22:28], frame[28:32]))
        elif frame[28:32] == peer:
            os.write(tap, echo(frame[22:28], peer, 8, b"\0\7\0\1weft"))
    elif frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[30:34] == address:
        size = struct.unpack("!H", frame[16:18])[0]
        if frame[34] == 8:
            os.write(tap, echo(frame[6:12], frame[26:30], 0, frame[38:14 + size]))
        elif frame[34] == 0:
            asking = False
            print("answered", flush=True)
