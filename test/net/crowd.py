#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many TCP connections that stay open: crowd.py serve PORT | hold ADDRESS PORT COUNT FIFO

`serve` echoes. `hold` opens COUNT connections and asks each for an echo, at once and whenever a
line comes by FIFO; it prints `N of COUNT answer` each time. A connection that broke stays broken.
"""
import resource
import selectors
import socket
import sys
import time

PATIENCE = 20  # seconds for all answers of one question


def serve(port):
    poll = selectors.DefaultSelector()
    server = socket.create_server(("", port), backlog=4096)
    poll.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in poll.select():
            if key.fileobj is server:
                poll.register(server.accept()[0], selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(4096)
                key.fileobj.sendall(data)
            except OSError:
                data = b""
            if not data:
                poll.unregister(key.fileobj)
                key.fileobj.close()


def question(socks):
    """How many of SOCKS echo what each is told now."""
    poll, good, end = selectors.DefaultSelector(), 0, time.monotonic() + PATIENCE
    for number, sock in enumerate(socks):
        try:
            sock.sendall(number.to_bytes(4, "big"))
            poll.register(sock, selectors.EVENT_READ, number)
        except OSError as error:
            print(f"connection {number}: {error}", file=sys.stderr)
    while poll.get_map() and time.monotonic() < end:
        for key, _ in poll.select(1):
            try:
                good += key.fileobj.recv(4) == key.data.to_bytes(4, "big")
            except OSError as error:
                print(f"connection {key.data}: {error}", file=sys.stderr)
            poll.unregister(key.fileobj)
    return good


def asked(fifo):
    """A line has come. Opened again before the last writer has closed it, it ends without one."""
    with open(fifo, encoding="utf-8") as lines:
        return lines.readline() != ""


def hold(address, port, count, fifo):
    socks = [socket.create_connection((address, port), timeout=10) for _ in range(count)]
    while True:
        print(f"{question(socks)} of {count} answer", flush=True)
        while not asked(fifo):
            pass


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    hold(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
