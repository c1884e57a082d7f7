#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Creates networks and ports through several controllers at once, as clients that retry do, and
says what they saw. etcd_load.py COUNT CLIENTS URL... [--network NET]

A client has a controller of its own and goes to the next one when its connection breaks, as it
would behind a balancer; what it then asks for again may exist already, under the same name. Any answer of
400 and above is an error: with one controller there would be none."""
import http.client, json, sys, threading, time, urllib.parse

count, clients = int(sys.argv[1]), int(sys.argv[2])
urls = sys.argv[3:]
headers = {"X-Auth-Token": "admin-secret", "Content-Type": "application/json"}
errors, times, retries = [], [], 0
lock = threading.Lock()
todo = iter(range(count))
networks = []


class Client:
    def __init__(self, number):
        self.at, self.connection = number % len(urls), None

    def ask(self, method, path, body):
        """Tries every controller until one answers; 30 s."""
        global retries
        end = time.monotonic() + 30
        while True:
            try:
                if not self.connection:
                    where = urllib.parse.urlparse(urls[self.at])
                    self.connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
                self.connection.request(method, path, json.dumps(body) if body else None, headers)
                reply = self.connection.getresponse()
                text = reply.read()
                return reply.status, json.loads(text or b"null")
            except (OSError, http.client.HTTPException):
                self.connection = None
                self.at = (self.at + 1) % len(urls)
                with lock:
                    retries += 1
                if time.monotonic() > end:
                    return 0, "no controller answers"
                time.sleep(0.02)


def work(number):
    client = Client(number)
    while True:
        with lock:
            n = next(todo, None)
        if n is None:
            return
        if n % 50 == 0:
            body, path = {"network": {"name": f"load-{n}"}}, "/v2.0/networks"
        else:
            body, path = {"port": {"name": f"load-{n}", "network_id": networks[n % len(networks)]}}, "/v2.0/ports"
        start = time.monotonic()
        status, reply = client.ask("POST", path, body)
        with lock:
            times.append(time.monotonic() - start)
            if status != 201:
                errors.append((status, reply))


def begin():
    """Three networks, each made through one controller and its subnet through the next."""
    first = Client(0)
    for n in range(3):
        first.connection, first.at = None, n % len(urls)
        status, reply = first.ask("POST", "/v2.0/networks", {"network": {"name": f"shared-{n}"}})
        assert status == 201, reply
        networks.append(reply["network"]["id"])
        first.connection, first.at = None, (n + 1) % len(urls)
        status, reply = first.ask("POST", "/v2.0/subnets", {"subnet": {
            "network_id": networks[-1], "ip_version": 4, "cidr": f"10.{100 + n}.0.0/16"}})
        assert status == 201, reply


begin()
began = time.monotonic()
threads = [threading.Thread(target=work, args=(n,)) for n in range(clients)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
took = time.monotonic() - began
times.sort()
print(f"{len(times)} requests in {took:.1f} s, {len(times) / took:.0f}/s, p50 {times[len(times) // 2] * 1e3:.1f} ms, "
      f"p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms, {retries} retries, {len(errors)} errors")
for error in errors[:5]:
    print(*error)
sys.exit(1 if errors or len(times) != count else 0)
