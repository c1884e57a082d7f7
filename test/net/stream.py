#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP stream that may not stall: stream.py serve PORT | send ADDRESS PORT SECONDS

The sender numbers its blocks; the receiver echoes each. Prints `BLOCKS blocks, LONGEST ms` with the
longest wait for an echo; fails when the connection breaks or a number is wrong.
"""
import socket
import struct
import sys
import time

BLOCK = 4096


def receive(sock):
    data = b""
    while len(data) < BLOCK:
        more = sock.recv(BLOCK - len(data))
        if not more:
            return data
        data += more
    return data


if sys.argv[1] == "serve":
    listener = socket.create_server(("::", int(sys.argv[2])), family=socket.AF_INET6,
                                    dualstack_ipv6=True)
    sock, _ = listener.accept()
    while len(data := receive(sock)) == BLOCK:
        sock.sendall(data)
else:
    sock = socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    end, count, longest = time.monotonic() + float(sys.argv[4]), 0, 0.0
    while (start := time.monotonic()) < end:
        sock.sendall(struct.pack("!Q", count).ljust(BLOCK, b"x"))
        if struct.unpack("!Q", receive(sock)[:8])[0] != count:
            sys.exit("stream.py: the echo is of another block")
        longest = max(longest, time.monotonic() - start)
        count += 1
    print(f"{count} blocks, {longest * 1000:.0f} ms")
