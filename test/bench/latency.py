#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Create-port and port-ready latencies: called by latency.sh inside the cloud it made.

create: POST /v2.0/ports until the reply. ready: the same with binding:host_id, then attach to the
host's agent, an address on the device, and pings until a workload on the other host answers.
together: attaches of ports that are there already, by eight clients at once.
"""
import ctypes
import fcntl
import http.client
import json
import os
import select
import socket
import struct
import sys
import threading
import time

cloud, count, network, listen, agent_path, peer = (sys.argv[1], int(sys.argv[2]), *sys.argv[3:7])
libc = ctypes.CDLL(None, use_errno=True)
SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x891C, 0x8914, 1


class Inside:
    """The network namespace of one of the cloud's machines, for what is opened in it."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{cloud}-{self.name}", os.O_RDONLY)
        if libc.setns(there, 0):
            raise OSError(ctypes.get_errno(), self.name)
        os.close(there)

    def __exit__(self, *_):
        libc.setns(self.home, 0)
        os.close(self.home)


class Agent(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(agent_path)


def ask(connection, method, path, body=None):
    connection.request(method, path, json.dumps(body) if body else None,
                       {"X-Auth-Token": "admin-secret", "Content-Type": "application/json"})
    reply = connection.getresponse()
    text = reply.read()
    if reply.status >= 400:
        sys.exit(f"{method} {path}: {reply.status} {text.decode()}")
    return json.loads(text) if text else None


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)


ECHO = struct.pack("!BBHHH", 8, 0, 0, 7, 1)
ECHO = ECHO[:2] + checksum(ECHO) + ECHO[4:]


def configure(control, address):
    """What `ip addr add` and `ip link set up` do, without starting a program."""
    def request(code, value):
        fcntl.ioctl(control, code, struct.pack("16sHH4s8x", b"eth0", socket.AF_INET, 0, value))
    request(SIOCSIFADDR, socket.inet_aton(address))
    request(SIOCSIFNETMASK, socket.inet_aton("255.255.0.0"))
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"eth0", IFF_UP))


def ping(echo):
    """Asks every 2 ms until the peer answers."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            echo.sendto(ECHO, (peer, 0))
        except OSError:
            pass  # no route yet
        if select.select([echo], [], [], 0.002)[0] and echo.recvfrom(256)[0][20] == 0:
            return
    sys.exit("no answer within ten seconds")


def report(name, samples):
    samples.sort()
    mid, high = samples[len(samples) // 2], samples[min(len(samples) - 1, len(samples) * 99 // 100)]
    print(f"{name:42s} p50 {mid * 1000:7.2f} ms   p99 {high * 1000:7.2f} ms   of {len(samples)}")


with Inside("control"):
    api = http.client.HTTPConnection(listen)
    api.connect()
api.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

samples = []
for _ in range(count):
    start = time.monotonic()
    ask(api, "POST", "/v2.0/ports", {"port": {"network_id": network}})
    samples.append(time.monotonic() - start)
report("create port, durable", samples)

agent, samples, parts = Agent("agent"), [], {"create": [], "attach": [], "ping": []}
for n in range(1, count + 1):
    with Inside(f"w{n}"):
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        echo = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    start = time.monotonic()
    port = ask(api, "POST", "/v2.0/ports",
               {"port": {"network_id": network, "binding:host_id": "h1"}})["port"]
    created = time.monotonic()
    ask(agent, "POST", "/v1/attach",
        {"port": port["id"], "netns": f"{cloud}-w{n}", "name": "eth0"})
    attached = time.monotonic()
    configure(control, port["fixed_ips"][0]["ip_address"])
    ping(echo)
    done = time.monotonic()
    samples.append(done - start)
    for name, value in zip(parts, (created - start, attached - created, done - attached)):
        parts[name].append(value)
    control.close()
    echo.close()
report("create, bind, attach, first answered ping", samples)
for name, values in parts.items():
    report(f"    of which {name}", values)

body = {"ports": [{"network_id": network, "binding:host_id": "h1"} for _ in range(count)]}
ports = [port["id"] for port in ask(api, "POST", "/v2.0/ports", body)["ports"]]


def attach_share(share):
    client = Agent("agent")
    for n in range(share, count, CLIENTS):
        ask(client, "POST", "/v1/attach",
            {"port": ports[n], "netns": f"{cloud}-w{n + 1}", "name": "eth1"})


CLIENTS = 8
threads = [threading.Thread(target=attach_share, args=(share,)) for share in range(CLIENTS)]
start = time.monotonic()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"{'attach, eight clients together':42s} {count / (time.monotonic() - start):11.0f} a second")
