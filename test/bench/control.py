#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the controller costs: memory, creation and lists; called by control.sh with a weftd of its own.

Half of the ports are bound to hosts. Memory is what the resident set (VmRSS) has grown by, per port, at
the end and after a restart.
"""
import http.client
import json
import multiprocessing
import socket
import subprocess
import sys
import threading
import time

program, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
listen, bulk, hosts, clients = "127.0.0.1:19696", 1000, 20, 8
server = None


def start():
    global server
    server = subprocess.Popen([program, "--listen", listen, "--store", f"sqlite:{folder}/weft.db"],
                              stdout=subprocess.DEVNULL, stderr=open(f"{folder}/log", "a"))
    begin = time.monotonic()
    while True:
        try:
            ask(connect(), "GET", "/v2.0/networks?limit=1")
            return time.monotonic() - begin
        except OSError:
            if server.poll() is not None or time.monotonic() - begin > 60:
                sys.exit(open(f"{folder}/log").read())
            time.sleep(0.02)


def stop():
    server.terminate()
    server.wait()


def connect():
    connection = http.client.HTTPConnection(listen)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(connection, method, path, body=None):
    connection.request(method, path, body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    text = reply.read()
    if reply.status >= 400:
        sys.exit(f"{method} {path}: {reply.status} {text.decode()[:500]}")
    return text


def make(connection, resource, **values):
    return json.loads(ask(connection, "POST", f"/v2.0/{resource}s", json.dumps({resource: values})))[resource]


def resident():
    with open(f"/proc/{server.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))


def percentile(samples, part):
    samples = sorted(samples)
    return samples[min(len(samples) - 1, int(len(samples) * part))] * 1000


def say(name, value):
    print(f"{name:52s} {value}", flush=True)


def port(network, n):
    body = {"network_id": network, "name": f"vm-{n}"}
    if n % 2:
        body["binding:host_id"] = f"host{n // 2 % hosts}"
    return body


def one_by_one(share):
    network, first, number = share
    connection, samples = connect(), []
    for n in range(first, first + number):
        begin = time.monotonic()
        ask(connection, "POST", "/v2.0/ports", json.dumps({"port": port(network, n)}))
        samples.append(time.monotonic() - begin)
    return samples


def reader(url, over, samples):
    connection = connect()
    while not over.is_set():
        begin = time.monotonic()
        ask(connection, "GET", url)
        samples.append(time.monotonic() - begin)
        time.sleep(0.001)


def measure(connection, path, times=20):
    samples = []
    for _ in range(times):
        begin = time.monotonic()
        text = ask(connection, "GET", path)
        samples.append(time.monotonic() - begin)
    return samples, json.loads(text)


say("start with nothing", f"{start() * 1000:.0f} ms")
api = connect()
networks = []
for n in range(10):
    network = make(api, "network", name=f"net-{n}")["id"]
    make(api, "subnet", network_id=network, ip_version=4, cidr=f"10.{n}.0.0/16")
    networks.append(network)
before, done = resident(), 0

if count >= 20000:
    single = 10000
    with multiprocessing.Pool(clients) as pool:
        begin = time.monotonic()
        shares = pool.map(one_by_one, [(networks[k % 10], k * single // clients, single // clients)
                                       for k in range(clients)])
        spent = time.monotonic() - begin
    samples = [sample for share in shares for sample in share]
    say(f"create a port, {clients} clients, durable",
        f"p50 {percentile(samples, .5):.2f} ms  p99 {percentile(samples, .99):.2f} ms  "
        f"{single / spent:.0f} a second")
    done = single

over, samples = threading.Event(), []
some = json.loads(ask(api, "GET", "/v2.0/ports?limit=1"))["ports"]
if not some:
    some = [make(api, "port", network_id=networks[0])]
    done += 1
thread = threading.Thread(target=reader, args=(f"/v2.0/ports/{some[0]['id']}", over, samples))
thread.start()
bodies = [json.dumps({"ports": [port(networks[(n // bulk) % 10], k) for k in range(n, min(count, n + bulk))]})
          for n in range(done, count, bulk)]
begin, each = time.monotonic(), []
for body in bodies:
    start_one = time.monotonic()
    ask(api, "POST", "/v2.0/ports", body)
    each.append(time.monotonic() - start_one)
spent = time.monotonic() - begin
over.set()
thread.join()
say(f"create ports, {bulk} a request, durable",
    f"{(count - done) / spent:.0f} a second; a request p50 {percentile(each, .5):.0f} ms")
say("    GET of a port meanwhile", f"p50 {percentile(samples, .5):.2f} ms  p99 {percentile(samples, .99):.2f} ms  "
    f"worst {max(samples) * 1000:.1f} ms")
say(f"memory of {count} ports", f"{(resident() - before) / count:.0f} bytes a port  ({resident() >> 20} MB)")

for query in ("limit=100", "limit=100&sort_key=name&sort_dir=asc", "limit=100&sort_key=id&sort_dir=desc",
              f"limit=100&network_id={networks[0]}", "limit=100&sort_key=created_at&sort_dir=asc"):
    samples, page = measure(api, f"/v2.0/ports?{query}")
    marker = page["ports"][-1]["id"]
    deep, _ = measure(api, f"/v2.0/ports?{query}&marker={marker}")
    say(f"GET /ports?{query[:44]}", f"p50 {percentile(samples, .5):.1f} ms  next page {percentile(deep, .5):.1f} ms")
api.close()
stop()
say("start again", f"{start() * 1000:.0f} ms")
say(f"memory of {count} ports after a restart", f"{(resident() - before) / count:.0f} bytes a port  ({resident() >> 20} MB)")
stop()
