#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a host is told and what it tells: rows out, status in, ACTIVE and DOWN."""
import json, sys, time
sys.dont_write_bytecode = True
from lib import Weftd, check, end, equal, refused

w = Weftd("--auth", "tokens", "--tokens", "TOKENS")
w.options = ("--auth", "tokens", "--tokens", w.path("tokens"))
with open(w.path("tokens"), "w") as f:
    f.write("root admins admin\nt1 h1 agent\nany * agent\nm pa member\n")
w.start()
w.headers = {"X-Auth-Token": "root"}


class Agent:
    def __init__(self, name, ip, token, query=""):
        self.name, self.token, self.link = name, {"X-Auth-Token": token}, w.connect()
        self.link.request("GET", "/weft/v1/hosts/%s/rows?ip=%s%s" % (name, ip, query), None,
                          self.token)
        self.answer = self.link.getresponse()
        self.link.sock and self.link.sock.settimeout(10)
        self.rows, self.rev, self.epoch = {}, 0, None

    def until(self, wanted):
        """Takes rows until WANTED(self) holds at a boundary; False after 10 s."""
        deadline = time.time() + 10
        while not wanted(self):
            line = self.answer.readline()
            if not line or time.time() > deadline:
                return False
            row = json.loads(line)
            op = row["op"]
            if op == "hello":
                self.epoch, self.mode = row["epoch"], row["mode"]
            elif op == "put":
                self.rows[row["table"], row["key"]] = row["value"]
            elif op == "del":
                self.rows.pop((row["table"], row["key"]), None)
            elif op in ("commit", "end"):
                self.rev = row["rev"]
        return True

    def table(self, name):
        return {k: v for (t, k), v in self.rows.items() if t == name}

    def tell(self, full=True, refused=[], **ports):
        return w.call("POST", "/weft/v1/hosts/%s/status" % self.name, {
            "rev": self.rev, "full": full, "refused": refused,
            "ports": {k.replace("_", "-"): v for k, v in ports.items()}}, self.token)

    def close(self):
        self.answer.close()
        self.link.close()


def soon(name, good):
    for _ in range(200):
        if good():
            return check(name, True)
        time.sleep(0.1)
    return check(name, False, "not within 20 s")


a1 = Agent("h1", "10.99.0.2", "t1")
equal("an agent connects", 200, a1.answer.status)
check("it is told where it stands", a1.until(lambda a: a.epoch) and a1.mode == "full")
hosts = w.get("hosts")["hosts"]
equal("the host made itself known", [("h1", "10.99.0.2", True)],
      [(h["name"], h["tunnel_ip"], h["alive"]) for h in hosts])
equal("a token of another host", 403, Agent("h2", "10.99.0.3", "t1").answer.status)
equal("a token of no host", 403, Agent("h1", "10.99.0.2", "m").answer.status)
equal("no token", 401, Agent("h1", "10.99.0.2", "x").answer.status)
equal("an address of another host", 409, Agent("h2", "10.99.0.2", "any").answer.status)
a2 = Agent("h2", "10.99.0.3", "any")
equal("a second host", 200, a2.answer.status)

n = w.create("network")
s = w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
bound = lambda host: w.create("port", network_id=n["id"], **{"binding:host_id": host})
p1, p2 = bound("h1"), bound("h2")
check("the host gets its port", a1.until(lambda a: p1["id"] in a.table("port")))
check("and where the others are", a1.until(lambda a: len(a.table("location")) == 2 and
                                           "h2" in a.table("host")), a1.rows)
port = a1.table("port")[p1["id"]]
check("the port's row", port["mac"] == p1["mac_address"] and port["network"] == n["id"] and
      port["up"] is True and port["vni"] == n["provider:segmentation_id"] and
      0 < port["identity"] < 65536, port)
check("not the other's port", p2["id"] not in a1.table("port"))
status = lambda p: w.get("ports/" + p["id"])["port"]["status"]
equal("DOWN before it is wired", "DOWN", status(p1))
equal("the host reports", 200, a1.tell(**{p1["id"]: True}).status)
equal("ACTIVE when it is", "ACTIVE", status(p1))
equal("filter by status", [p1["id"]], [p["id"] for p in w.get("ports?status=ACTIVE")["ports"]])
a1.tell(**{p2["id"]: True})
equal("a host speaks only of its own", "DOWN", status(p2))
equal("a full report forgets", "DOWN", status(p1))
a1.tell(full=False, **{p1["id"]: True})
w.put("port", p1["id"], admin_state_up=False)
equal("DOWN when an admin says so", "DOWN", status(p1))
w.put("port", p1["id"], admin_state_up=True)
equal("ACTIVE again", "ACTIVE", status(p1))
equal("the applied revision goes north", a1.rev,
      w.get("hosts?name=h1")["hosts"][0]["applied_revision"])
equal("wrong status", 400, w.call("POST", "/weft/v1/hosts/h1/status", b"{", a1.token).status)

# What a host could not make is seen where it matters
def host(name):
    return w.get("hosts?name=" + name)["hosts"][0]


def metric(name):
    lines = w.call("GET", "/metrics").text.splitlines()
    return [float(line.split()[1]) for line in lines if line.startswith(name + " ")]


router = w.create("router")
leg = w.call("PUT", "/v2.0/routers/%s/add_router_interface" % router["id"], {"subnet_id": s["id"]})["port_id"]
wall = w.call("POST", "/v2.0/fwaas/firewall_groups", {"firewall_group": {"ports": [leg]}})["firewall_group"]
wall_status = lambda: w.get("fwaas/firewall_groups/" + wall["id"])["firewall_group"]["status"]
equal("a host that could make all says nothing", ([], "ACTIVE", [0]),
      (host("h1")["refused"], wall_status(), metric("weft_hosts_refused")))
why = [{"what": "fw:" + wall["id"], "why": "too many"}, {"what": "port:" + p1["id"], "why": "no room"},
       {"what": "acl:x", "why": "no number"}]
equal("what it could not is taken", 200, a1.tell(refused=why, **{p1["id"]: True}).status)
equal("and shown at the host", ["firewall group %s: too many" % wall["id"], "port %s: no room" % p1["id"],
                                "network ACL x: no number"], host("h1")["refused"])
equal("at the group, and in a metric", ("ERROR", [3]), (wall_status(), metric("weft_hosts_refused")))
equal("groups by it", [wall["id"]], [g["id"] for g in w.get("fwaas/firewall_groups?status=ERROR")["firewall_groups"]])
for what, list in (("no list", {}), ("an item more", [{"what": "x", "why": "y", "z": 1}]), ("no reason", [{"what": "x"}]),
                   ("an empty name", [{"what": "", "why": "y"}]), ("too long", [{"what": "x", "why": "y" * 600}]),
                   ("too many", [{"what": "x", "why": "y"}] * 101)):
    answer = a1.tell(refused=list)
    check("not taken: " + what, answer.status == 400 and "refused" in answer.text, answer)
equal("which changed nothing", ("ERROR", "ACTIVE"), (wall_status(), status(p1)))
a1.tell(**{p1["id"]: True})
equal("until it says otherwise", ([], "ACTIVE"), (host("h1")["refused"], wall_status()))
w.call("PUT", "/v2.0/fwaas/firewall_groups/" + wall["id"], {"firewall_group": {"ports": []}})
w.call("PUT", "/v2.0/routers/%s/remove_router_interface" % router["id"], {"port_id": leg})

w.put("port", p1["id"], **{"binding:host_id": "h2"})
check("a port that moves leaves", a1.until(lambda a: p1["id"] not in a.table("port")))
check("and arrives", a2.until(lambda a: p1["id"] in a.table("port")))
equal("DOWN until it is wired there", "DOWN", status(p1))
refused("a host that lives stays", w.delete("host", hosts[0]["id"]), 409, "Conflict", "h1")

a2.tell(**{p1["id"]: True, p2["id"]: True})
equal("both ACTIVE", ["ACTIVE"] * 2, [status(p) for p in (p1, p2)])
equal("weftd ends cleanly with streams", 0, w.stop())
w.start()
equal("DOWN after a restart, until the host says", "DOWN", status(p1))
again = Agent("h2", "10.99.0.3", "any", "&epoch=%s&rev=%d" % (a2.epoch, a2.rev))
check("the host comes back", again.until(lambda a: a.epoch) and again.epoch == a2.epoch)
again.rev = a2.rev
again.tell(**{p1["id"]: True, p2["id"]: True})
equal("ACTIVE as soon as it says", ["ACTIVE"] * 2, [status(p) for p in (p1, p2)])
again.close()
soon("DOWN when the host is lost", lambda: status(p1) == status(p2) == "DOWN")
moved = Agent("h2", "10.99.0.33", "any")
soon("a host moves", lambda: w.get("hosts?name=h2")["hosts"][0]["tunnel_ip"] == "10.99.0.33")
equal("weftd ends cleanly", 0, w.stop())
end()
