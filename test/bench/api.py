#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What each request costs beside 10,000 ports: latency, rate and weftd's processor time, with tokens; called
by api.sh with a store of its own.

Processor time is what all threads of weftd have spent (schedstat). The last column is what a two-hundredth of
Debian's neutron-server on a like machine would be.
"""
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time

program, folder, store, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
listen, times, bulk, token = "127.0.0.1:19697", 300, 1000, "of-an-administrator"
# ms: p50 and processor time of neutron-server 21 (four workers, MariaDB)
reference = {"create network": (191, 209), "create subnet": (146, 157), "create port": (376, 400),
             "show port": (31, 30), "update port": (279, 303), "bind port": (547, 595), "delete port": (401, 418)}


class Client:
    """A connection that is kept, with Nagle off."""

    def __init__(self):
        self.link = http.client.HTTPConnection(listen)
        self.link.connect()
        self.link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, path, body=None):
        """The reply's bytes, when its first byte came, and when its last."""
        begin = time.monotonic()
        self.link.request(method, "/v2.0/" + path, body, {"X-Auth-Token": token})
        reply = self.link.getresponse()
        first = time.monotonic()
        text = reply.read()
        end = time.monotonic()
        if reply.status >= 400:
            sys.exit(f"{method} {path}: {reply.status} {text.decode()[:300]}")
        return text, first - begin, end - begin

    def make(self, kind, **values):
        return json.loads(self.ask("POST", kind + "s", json.dumps({kind: values}))[0])[kind]


def spent():
    """Nanoseconds that weftd's threads have run."""
    total = 0
    for task in os.listdir(f"/proc/{server.pid}/task"):
        with open(f"/proc/{server.pid}/task/{task}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total


def percentile(samples, part):
    samples = sorted(samples)
    return samples[min(len(samples) - 1, int(len(samples) * part))] * 1000


def show(name, samples, cpu, more=""):
    p50, cpu = percentile(samples, .5), cpu / len(samples) / 1e6
    if name in reference:
        more = "asked: %.2f %.2f" % tuple(ms / 200 for ms in reference[name])
    print(f"{name:34s} {p50:9.2f} {percentile(samples, .99):9.2f} {len(samples) / sum(samples):10.0f} {cpu:9.3f}  {more}",
          flush=True)


def measure(name, requests):
    """REQUESTS: method, path, body. Returns the replies."""
    samples, replies, before = [], [], spent()
    for method, path, body in requests:
        text, _, whole = client.ask(method, path, body and json.dumps(body))
        samples.append(whole)
        replies.append(text)
    show(name, samples, spent() - before)
    return replies


def measure_list(name, path, rounds):
    samples, firsts, before = [], [], spent()
    for _ in range(rounds):
        text, first, whole = client.ask("GET", path)
        samples.append(whole)
        firsts.append(first)
    p50 = percentile(samples, .5)
    show(name, samples, spent() - before, f"first byte {percentile(firsts, .5):.2f} ms, {len(text) / 1e6:.2f} MB, "
         f"{len(text) / p50 / 1e3:.0f} MB/s")


def crowd(share):
    network, number = share
    one = Client()
    return [one.ask("POST", "ports", json.dumps({"port": {"network_id": network}}))[2] for _ in range(number)]


def read_on(path, stop, answers):
    one, samples = Client(), []
    while not stop.is_set():
        samples.append(one.ask("GET", path)[2])
        time.sleep(0.001)
    answers.put(samples)


def fill(networks):
    for n in range(0, count, bulk):
        body = {"ports": [{"network_id": networks[n // bulk % len(networks)], "name": f"vm-{k}",
                           **({"binding:host_id": f"host{k // 2 % 20}"} if k % 2 else {})}
                          for k in range(n, min(count, n + bulk))]}
        client.ask("POST", "ports", json.dumps(body))


with open(folder + "/tokens", "w") as tokens:
    tokens.write(f"{token} project-a admin\n")
server = subprocess.Popen([program, "--listen", listen, "--store", store, "--tokens", folder + "/tokens",
                           "--quota", "all=-1"], stdout=subprocess.DEVNULL, stderr=open(folder + "/log", "a"))
for _ in range(500):
    try:
        client = Client()
        break
    except OSError:
        time.sleep(0.02)
else:
    sys.exit(open(folder + "/log").read())

networks = [client.make("network", name=f"net-{n}")["id"] for n in range(10)]
for n, network in enumerate(networks):
    client.make("subnet", network_id=network, ip_version=4, cidr=f"10.{n}.0.0/16")
fill(networks)
print(f"{store.split(':')[0]}, {count} ports{'':12s}    p50 ms    p99 ms   a second    cpu ms")
made = measure("create network", [("POST", "networks", {"network": {"name": f"n{n}"}}) for n in range(times)])
spare = [json.loads(text)["network"]["id"] for text in made]
measure("create subnet", [("POST", "subnets", {"subnet": {"network_id": network, "ip_version": 4,
                                                          "cidr": "192.168.0.0/24"}}) for network in spare])
made = measure("create port", [("POST", "ports", {"port": {"network_id": networks[n % 10]}}) for n in range(times)])
ports = [json.loads(text)["port"]["id"] for text in made]
measure("show port", [("GET", f"ports/{port}", None) for port in ports])
measure("show network", [("GET", f"networks/{network}", None) for network in spare])
measure("update port", [("PUT", f"ports/{port}", {"port": {"name": "new"}}) for port in ports])
measure("bind port", [("PUT", f"ports/{port}", {"port": {"binding:host_id": "host1"}}) for port in ports])
measure_list("list 100 ports", "ports?limit=100", 100)
measure_list("list 300 ports", "ports?limit=300", 100)
measure_list("list 10,000 ports", "ports?limit=10000", 10)
measure_list("list of one network", f"ports?network_id={spare[0]}", 100)
measure_list("list by name", "ports?name=vm-77", 100)
measure_list("list by address", "ports?fixed_ips=ip_address%3D10.0.0.77", 100)
measure("delete port", [("DELETE", f"ports/{port}", None) for port in ports])
measure("delete network", [("DELETE", f"networks/{network}", None) for network in spare])

for clients in 4, 8:
    before = spent()
    with multiprocessing.Pool(clients) as pool:
        begin = time.monotonic()
        samples = sum(pool.map(crowd, [(networks[n], 1600 // clients) for n in range(clients)]), [])
        rate = len(samples) / (time.monotonic() - begin)
    show(f"create port, {clients} clients", samples, spent() - before, f"{rate:.0f} ports a second together")
stop, answers = multiprocessing.Event(), multiprocessing.Queue()
reader = multiprocessing.Process(target=read_on, args=(f"networks/{networks[0]}", stop, answers))
reader.start()
samples, before = [], spent()
for n in range(10):
    body = json.dumps({"ports": [{"network_id": networks[n]} for _ in range(bulk)]})
    samples.append(client.ask("POST", "ports", body)[2])
stop.set()
show(f"create {bulk} ports in bulk", samples, spent() - before, f"{bulk * len(samples) / sum(samples):.0f} ports a second")
meanwhile = answers.get()
show("    GET meanwhile", meanwhile, 0, f"worst {max(meanwhile) * 1000:.1f} ms of {len(meanwhile)}")
reader.join()
server.terminate()
server.wait()
