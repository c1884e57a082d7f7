#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TCP streams: stream.py serve PORT | send ADDRESS PORT SECONDS | take PORT | give ADDRESS PORT |
push PORT SECONDS | hear ADDRESS PORT

`send` numbers its blocks and `serve` echoes each: prints `BLOCKS blocks, LONGEST ms` with the longest
wait for an echo; fails when the connection breaks or a number is wrong. `give` sends its standard
input, which is what `take` prints. `push` says something ten times a second to whoever has asked, and
`hear` never says anything: it fails when there is silence for ten seconds.
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


def accept(port):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return listener.accept()[0]


if sys.argv[1] == "serve":
    sock = accept(int(sys.argv[2]))
    while len(data := receive(sock)) == BLOCK:
        sock.sendall(data)
elif sys.argv[1] == "take":
    sock = accept(int(sys.argv[2]))
    while data := sock.recv(1 << 20):
        sys.stdout.buffer.write(data)
elif sys.argv[1] == "give":
    sock = socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=10)
    sock.sendall(sys.stdin.buffer.read())
    sock.shutdown(socket.SHUT_WR)
    sock.recv(1)
elif sys.argv[1] == "push":
    sock = accept(int(sys.argv[2]))
    sock.settimeout(20)
    for _ in range(int(float(sys.argv[3]) * 10)):
        sock.sendall(b"x")
        time.sleep(0.1)
elif sys.argv[1] == "hear":
    sock = socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=10)
    while sock.recv(1 << 16):
        pass
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
