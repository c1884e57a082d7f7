#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""weftd is killed (SIGKILL) at random moments while clients make, change and delete 10,000
things. What was acknowledged is there after each restart, what was not is there whole or not at
all, and the store is whole (weftd --audit) as each kill left it."""
import os, random, sys, threading, time
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal

CLIENTS, CREATES, KILLS = 12, 10000, 12
SEED = int(os.environ.get("SEED", random.randrange(1 << 30)))
print("seed %d" % SEED)
KINDS = ("network", "subnet", "router", "port")
w = Weftd().start()
created = 0          # acknowledged, over all clients
lock = threading.Lock()
over = threading.Event()


class Away(Exception):
    """weftd was killed before it answered: the ledger says what was under way."""


class Client(threading.Thread):
    """Works in networks of its own, so that it knows what must be there; what all share are
    VNIs, router numbers, MACs' claims and the store."""

    def __init__(self, number):
        super().__init__(daemon=True)
        self.random = random.Random(SEED * 1000 + number)
        self.number, self.link = number, None
        self.known = {kind: {} for kind in KINDS}  # id -> the object as last acknowledged
        self.legs = {}                             # (router, subnet) -> port id
        self.doubt = None                          # (what, arguments) that has no answer yet
        self.serial, self.left, self.wrong = 0, 0, []

    def call(self, doubt, method, path, body=None):
        self.doubt = doubt
        try:
            self.link = self.link or w.connect()
            reply = w.call(method, path, body, link=self.link)
        except Exception as error:
            self.link = None
            raise Away() from error
        if reply.status >= 400:
            if reply.status not in (400, 409, 404):
                self.wrong.append("%s %s %s: %s" % (method, path, body, reply))
            self.doubt = None
        return reply

    def make(self, kind, **attrs):
        global created
        self.serial += 1
        name = "c%d-%d" % (self.number, self.serial)
        reply = self.call(("make", kind, name), "POST", "/v2.0/%ss" % kind,
                          {kind: dict(attrs, name=name)})
        if reply.status == 201:
            self.known[kind][reply[kind]["id"]] = reply[kind]
            with lock:
                created += 1
                if created >= CREATES:
                    over.set()
        self.doubt = None

    def pick(self, kind):
        ids = list(self.known[kind])
        return self.random.choice(ids) if ids else None

    def change(self, kind, **attrs):
        id = self.pick(kind)
        if not id:
            return
        self.serial += 1
        text = "d%d-%d" % (self.number, self.serial)
        reply = self.call(("change", kind, id, text), "PUT", "/v2.0/%ss/%s" % (kind, id),
                          {kind: dict(attrs, description=text)})
        if reply.status == 200:
            self.known[kind][id] = reply[kind]
        self.doubt = None

    def remove(self, kind):
        id = self.pick(kind)
        if not id:
            return
        reply = self.call(("remove", kind, id), "DELETE", "/v2.0/%ss/%s" % (kind, id))
        if reply.status == 204:
            self.forget(kind, id)
        self.doubt = None

    def forget(self, kind, id):
        del self.known[kind][id]
        if kind == "network":  # takes its subnets along
            for subnet in [x["id"] for x in self.known["subnet"].values()
                           if x["network_id"] == id]:
                del self.known["subnet"][subnet]

    def leg(self, add):
        router, subnet = self.pick("router"), self.pick("subnet")
        if not add and self.legs:
            router, subnet = self.random.choice(list(self.legs))
        if not router or not subnet:
            return
        reply = self.call(("leg", router, subnet, add), "PUT", "/v2.0/routers/%s/%s_router_"
                          "interface" % (router, "add" if add else "remove"),
                          {"subnet_id": subnet})
        if reply.status == 200 and add:
            self.legs[router, subnet] = reply["port_id"]
        elif reply.status == 200:
            del self.legs[router, subnet]
        self.doubt = None

    def step(self):
        dice = self.random.random()
        network = self.pick("network")
        if not network or dice < 0.05:
            return self.make("network")
        if dice < 0.12:
            return self.make("subnet", network_id=network, ip_version=4,
                             cidr="10.%d.0.0/24" % self.random.randrange(256))
        if dice < 0.15:
            return self.make("router")
        if dice < 0.25:
            return self.leg(self.random.random() < 0.6)
        if dice < 0.70:
            subnet = self.pick("subnet") if self.random.random() < 0.9 else None
            return self.make("port", network_id=subnet and self.known["subnet"][subnet][
                "network_id"] or network)
        if dice < 0.85:
            if self.random.random() < 0.3 and self.known["subnet"]:
                port = self.pick("port")  # other addresses: claims move
                subnets = port and [x for x in self.known["subnet"].values() if x["network_id"]
                                    == self.known["port"][port]["network_id"]]
                if subnets:
                    return self.change("port", fixed_ips=[
                        {"subnet_id": self.random.choice(subnets)["id"]}])
            return self.change(self.random.choice(KINDS))
        self.remove(self.random.choice(("port", "port", "port", "port", "subnet", "network",
                                        "router")))

    def run(self):
        while not over.is_set():
            try:
                while True:
                    self.step()
            except Away:
                parked.wait()
                resumed.wait()
        self.doubt = None
        while self.legs:
            (router, subnet), port = self.legs.popitem()
            self.left += self.call(None, "PUT", "/v2.0/routers/%s/remove_router_interface" % router,
                                   {"port_id": port}).status != 200
        for kind in "router", "port", "subnet", "network":
            for id in self.known[kind]:
                self.left += self.call(None, "DELETE", "/v2.0/%ss/%s" % (kind, id)).status != 204

    def settle(self, there, legs):
        """What was under way when weftd was killed happened, or it did not."""
        what, *rest = self.doubt or (None,)
        self.doubt = None
        if what == "make":
            kind, name = rest
            self.known[kind].update((x["id"], x) for x in there[kind].values()
                                    if x["name"] == name)
        elif what == "change":
            kind, id, text = rest
            if there[kind].get(id, {}).get("description") == text:
                self.known[kind][id] = there[kind][id]
        elif what == "remove":
            kind, id = rest
            if id not in there[kind] and id in self.known[kind]:
                self.forget(kind, id)
        elif what == "leg":
            router, subnet, add = rest
            if add and (router, subnet) in legs:
                self.legs[router, subnet] = legs[router, subnet]
            if not add and (router, subnet) not in legs:
                self.legs.pop((router, subnet), None)

    def compare(self, there, legs):
        """A line for each thing that is not as it was acknowledged."""
        bad = []
        for kind in KINDS:
            mine = {id: x for id, x in there[kind].items()
                    if x["name"].startswith("c%d-" % self.number)}
            bad += ["%s %s was made and is not there" % (kind, id)
                    for id in set(self.known[kind]) - set(mine)]
            bad += ["%s %s is there and was deleted, or never made" % (kind, id)
                    for id in set(mine) - set(self.known[kind])]
            for id in set(mine) & set(self.known[kind]):
                was, now = self.known[kind][id], mine[id]
                # A child changes its parent's revision; whether a host is alive is not stored.
                moves = {"status", "subnets"} | (
                    {"revision_number", "updated_at"} if kind in ("network", "router") else set())
                if any(was[x] != now[x] for x in was if x not in moves) or \
                        now["revision_number"] < was["revision_number"]:
                    bad.append("%s %s: was %s, is %s" % (kind, id, was, now))
        mine = {leg: port for leg, port in legs.items() if leg[0] in self.known["router"]}
        if mine != self.legs:
            bad.append("interfaces: were %s, are %s" % (self.legs, mine))
        return bad


def everything():
    there = {kind: {x["id"]: x for x in w.get(kind + "s")[kind + "s"]} for kind in KINDS}
    legs = {(x["device_id"], f["subnet_id"]): x["id"] for x in there["port"].values()
            if x["device_owner"] == "network:router_interface" for f in x["fixed_ips"]}
    return there, legs


parked, resumed = threading.Barrier(CLIENTS + 1), threading.Barrier(CLIENTS + 1)
clients = [Client(n) for n in range(CLIENTS)]
for c in clients:
    c.start()
dice, kills, whole, lost, halves, audited = random.Random(SEED), 0, 0, [], 0, []
while not over.is_set():
    # A dozen kills on the way to the last object, the others as they come.
    aim = created + dice.randrange(2, 2 * CREATES // KILLS)
    while created < aim and not over.is_set():
        time.sleep(dice.random() * 0.01)
    w.process.kill()
    w.process.wait()
    parked.wait(60)
    kills += 1
    doubts = sum(c.doubt is not None for c in clients)
    status, lines = audit(w.path("weft.db"))
    audited += lines[:-1] if status else []
    w.start()
    there, legs = everything()
    for c in clients:
        c.settle(there, legs)
        lost += c.compare(there, legs)
    halves += doubts
    print("kill %d: %d made, %d under way, %s" % (kills, created, doubts, lines[-1]))
    resumed.wait(60)
for c in clients:
    c.join(300)
check("%d things were made" % created, created >= CREATES)
check("weftd was killed %d times" % kills, kills >= 4, kills)
check("with %d requests under way" % halves, halves > kills, halves)
equal("what was acknowledged is there, and nothing else", [], lost[:5])
equal("the store was whole at every kill", [], audited[:5])
equal("no request had an answer that it should not have", [], sum((c.wrong for c in clients), [])[:5])
equal("everything could be deleted", 0, sum(c.left for c in clients))
w.process.kill()
w.process.wait()
status, lines = audit(w.path("weft.db"))
# The default group, its rules and its claim; the default range; two identities, each a number and a label.
check("no claim is left but the project's", status == 0 and lines[0].endswith(
    " 6 objects, 5 claims, 0 findings"), lines)
end()
