#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A controller that is alone on an etcd reads from memory. Others come while it is stopped, killed or cut off from
etcd: what they have answered it never denies."""
import base64, http.client, json, os, re, select, signal, socket, sys, threading, time, urllib.request
sys.dont_write_bytecode = True
from etcd import Etcd, Shared, free_port
from lib import audit, check, end, equal, soon


class Way:
    """To etcd, for one controller; shut, nothing goes through and nothing is closed."""
    def __init__(self, to):
        self.port, self.to, self.open = free_port(), to, True
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            here = self.listener.accept()[0]
            threading.Thread(target=self.carry, args=(here,), daemon=True).start()

    def carry(self, here):
        there = socket.create_connection(("127.0.0.1", self.to))
        other = {here: there, there: here}
        try:
            while True:
                for one in select.select(list(other), [], [], 0.05)[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    other[one].sendall(data)
                while not self.open:
                    time.sleep(0.01)
        except OSError:
            pass
        finally:
            here.close()
            there.close()


class Behind(Shared):
    """A controller whose etcd is at the end of a way of its own."""
    def __init__(self, etcd, way):
        super().__init__(etcd)
        self.etcd = way


def ask_etcd(path, body=None):
    body = body and json.dumps(body).encode()
    with urllib.request.urlopen("http://127.0.0.1:%d%s" % (etcd.port, path), body, 10) as answer:
        return answer.read().decode()


def gate():
    key = base64.b64encode(b"weft/gate").decode()
    return base64.b64decode(json.loads(ask_etcd("/v3/kv/range", {"key": key}))["kvs"][0].get("value", "")).decode()


def ranges():
    """How many of them etcd has served."""
    found = re.search(r'grpc_server_handled_total\{grpc_code="OK",grpc_method="Range".*\} ([0-9.e+]+)', ask_etcd("/metrics"))
    return float(found.group(1))


def alone(name):
    soon(name, lambda: gate() not in ("", before) and gate()[0] != "!", 60)


folder = Shared(None)
etcd = Etcd(folder.path("etcd"), folder.log)
way = Way(etcd.port)
first = Behind(etcd, way).start()
before = ""
alone("it has the gate")
network = first.create("network", name="n")["id"]
asked = ranges()
for _ in range(1000):
    first.get("networks/" + network)
check("who is alone asks nobody", ranges() - asked < 500, ranges() - asked)

# Stopped, with a question waiting for it, while another one comes
stale = []
for round in range(4):
    before = ""
    alone("round %d: it is alone" % round)
    first.get("networks/" + network)
    os.kill(first.process.pid, signal.SIGSTOP)
    way.open = False
    second = Shared(etcd).start()
    new = second.create("network", name="r%d" % round)["id"]
    link = first.connect()
    link.request("GET", "/v2.0/networks/" + new)
    os.kill(first.process.pid, signal.SIGCONT)
    time.sleep(0.3)  # in which it has only its memory, and its clock
    way.open = True
    stale.append(link.getresponse().status)
    link.close()
    equal("round %d: the second one ends" % round, 0, second.stop())
equal("it never denied what the other had answered", [200] * 4, stale)

# Not stopped: both are asked in turn, from the first moment
for round in range(4):
    alone("it is alone again")
    second = Shared(etcd).start()
    for n in range(25):
        new = second.create("network", name="t%d-%d" % (round, n))["id"]
        stale.append(first.get("networks/" + new).status)
        new = first.create("network", name="u%d-%d" % (round, n))["id"]
        stale.append(second.get("networks/" + new).status)
    equal("and the gate is open to both", "", gate())
    second.stop()
equal("each knew what the other had answered", {200}, set(stale))

# Cut off from etcd: it may be silent, but what it says is true
alone("it is alone once more")
first.get("networks/" + network)
way.open = False
second = Shared(etcd).start()
new = second.create("network", name="cut off")["id"]
said, until = [], time.monotonic() + 3
while time.monotonic() < until:
    link = http.client.HTTPConnection("127.0.0.1", first.port, timeout=max(0.1, until - time.monotonic()))
    try:
        link.request("GET", "/v2.0/networks/" + new)
        said.append(link.getresponse().status)
    except OSError:
        pass
    link.close()
equal("who is cut off denies nothing for as long as it waits for etcd", set(), set(said) - {200})
way.open = True
soon("and knows it when it hears again", lambda: first.get("networks/" + new).status == 200, 60)
second.stop()

# Killed while it has the gate
alone("it is alone for the last time")
before = gate()
first.stop(signal.SIGKILL)
second = Shared(etcd).start()
check("who comes after it writes", second.create("network", name="after")["id"])
alone("and is alone when the dead one is forgotten")
equal("it ends cleanly", 0, second.stop())
equal("and leaves the gate open", "", gate())
equal("the store is whole", 0, audit("etcd:http://127.0.0.1:%d" % etcd.port)[0])
end()
