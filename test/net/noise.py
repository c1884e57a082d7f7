#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends frames of noise, the same ones on each run: noise.py DEVICE COUNT SEED

Half are random bytes, half an honest frame with some bytes changed or cut off.
"""
import fcntl
import random
import socket
import struct
import sys

SIOCGIFHWADDR = 0x8927

device, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((device, 0))
own = fcntl.ioctl(out, SIOCGIFHWADDR, struct.pack("256s", device.encode()))[18:24]
HONEST = [bytes.fromhex(text) for text in (
    "45000024000040004001225b0a00010b0a00010c08000000000700010000000000000000",  # ping
    "45000028000040004006000a0a00010b0a00010c1388139000000001000000005002faf000000000",  # TCP
    "450000240000400040110000000000ffffffffff004400430010000001010600123456780000",  # DHCP
)]
KINDS = [b"\x08\x00", b"\x86\xdd", b"\x08\x06", b"\x81\x00", b"\x88\xb5", b"\x00\x20"]
for _ in range(count):
    if rng.random() < 0.5:
        body = rng.randbytes(rng.randrange(0, 1400))
        kind = rng.choice(KINDS)
    else:
        changed = bytearray(rng.choice(HONEST) + rng.randbytes(rng.randrange(0, 64)))
        for _ in range(rng.randrange(1, 6)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        body, kind = bytes(changed[: rng.randrange(1, len(changed) + 1)]), b"\x08\x00"
    target = rng.choice([b"\xff" * 6, bytes.fromhex("020000000112"), rng.randbytes(6)])
    source = own if rng.random() < 0.8 else rng.randbytes(6)
    try:
        out.send(target + source + kind + body)
    except OSError:
        pass  # shorter than the device takes
