#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Both sides of a gateway: outside.py serve PORT | ask tcp|udp ADDRESS PORT [SOURCE] | crowd NAME ADDRESS PORT SOURCE COUNT

`serve` tells whoever connects, or sends a datagram, under which address and port it is seen, and echoes.
`ask` prints that. `crowd` holds COUNT connections from as many source ports, from SOURCE on, has each echo
something of NAME's and its own while all are open, and prints as whom each is seen, a line each; it fails when
one gets anything else.
"""
import resource
import selectors
import socket
import sys

PATIENCE = 20  # seconds


def serve(port):
    poll = selectors.DefaultSelector()
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096)
    datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    datagrams.bind(("::", port))
    poll.register(server, selectors.EVENT_READ)
    poll.register(datagrams, selectors.EVENT_READ)
    while True:
        for key, _ in poll.select():
            if key.fileobj is server:
                sock, peer = server.accept()
                sock.sendall(f"{seen(peer)}\n".encode())
                poll.register(sock, selectors.EVENT_READ)
            elif key.fileobj is datagrams:
                data, peer = datagrams.recvfrom(65536)
                datagrams.sendto(f"{seen(peer)}\n".encode() + data, peer)
            else:
                try:
                    data = key.fileobj.recv(65536)
                    key.fileobj.sendall(data)
                except OSError:
                    data = b""
                if not data:
                    poll.unregister(key.fileobj)
                    key.fileobj.close()


def seen(peer):
    return f"{peer[0].removeprefix('::ffff:')} {peer[1]}"


def line(sock):
    data = b""
    while not data.endswith(b"\n"):
        more = sock.recv(1)
        if not more:
            raise SystemExit("closed")
        data += more
    return data.decode().strip()


def ask(kind, address, port, source):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.settimeout(3)
    sock.bind(("::" if family == socket.AF_INET6 else "", source))
    sock.connect((address, port))
    if kind == "udp":
        sock.send(b"question")
        told, data = sock.recv(65536).split(b"\n", 1)
        assert data == b"question", data
        print(told.decode())
        return
    print(line(sock))
    sock.sendall(b"question\n")
    assert line(sock) == "question"


def crowd(name, address, port, source, count):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    socks = []
    for n in range(count):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(PATIENCE)
        sock.bind(("", source + n))
        sock.connect((address, port))
        socks.append(sock)
    told = [line(sock) for sock in socks]
    for n, sock in enumerate(socks):
        sock.sendall(f"{name} {n}\n".encode())
    for n, sock in enumerate(socks):
        answer = line(sock)
        if answer != f"{name} {n}":
            raise SystemExit(f"connection {n} is told {answer}")
    print("\n".join(told))


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
elif sys.argv[1] == "ask":
    ask(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]) if len(sys.argv) > 5 else 0)
else:
    crowd(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]))
