#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""auto-allocated-topology: what a project has without drawing it, made once by whoever asks first, at
whichever controller, and nothing of it when it cannot be made."""
import signal, sys, threading
sys.dont_write_bytecode = True
from etcd import Etcd, Shared
from lib import Host, Weftd, audit, check, end, equal, refused, soon

w = Weftd()
tokens = w.path("tokens")
with open(tokens, "w") as f:
    f.write("root admins admin\nhost * agent\na pa member\nb pb member\nr pr reader\nc pc member\nd pd member\n" +
            "".join("p%d p%d member\n" % (i, i) for i in range(12)))
w.options = ("--tokens", tokens, "--quota", "all=-1")
w.start()
admin, a, b, r, c, d = ({"X-Auth-Token": x} for x in ("root", "a", "b", "r", "c", "d"))
w.headers = admin
PATH = "/v2.0/auto-allocated-topology/"
KINDS = "networks", "subnets", "routers", "ports"


def ask(project="None", headers=a, query="", at=w, link=None):
    return at.call("GET", PATH + project + query, None, headers, link)


def drop(project="None", headers=a):
    return w.call("DELETE", PATH + project, None, headers)


def count(project=None, at=w):
    return [len(at.get(x + ("?project_id=" + project if project else ""), admin)[x]) for x in KINDS]


# What it takes
nothing = count()
refused("no default network", ask(), 409, "AutoAllocationFailure", "No default router:external network")
refused("nor for a dry run", ask(query="?fields=dry-run"), 409, "AutoAllocationFailure", "No default router:external network")
out = w.create("network", name="out", is_default=True, **{"router:external": True, "provider:network_type": "flat",
                                                          "provider:physical_network": "p"})
refused("no default pool", ask(), 409, "AutoAllocationFailure", "No default subnetpools")
refused("nor for a dry run", ask(query="?fields=dry-run"), 409, "AutoAllocationFailure", "No default subnetpools")
hidden = w.create("subnetpool", name="v4", prefixes=["10.64.0.0/16"], default_prefixlen=26, is_default=True)
refused("none that one may take from", ask(), 409, "AutoAllocationFailure", "No default subnetpools")
equal("an administrator might", 200, ask("pa", admin, "?fields=dry-run").status)
w.delete("subnetpool", hidden["id"])
pool = w.create("subnetpool", name="v4", prefixes=["10.64.0.0/16"], default_prefixlen=26, is_default=True, shared=True)
w.create("subnetpool", name="v6", prefixes=["fd64::/48"], default_prefixlen=64, is_default=True, shared=True)
g = ask(query="?fields=dry-run")
equal("a dry run passes", (200, {"id": "dry-run=pass", "tenant_id": "pa", "project_id": "pa"}),
      (g.status, g["auto_allocated_topology"]))
refused("another field", ask(query="?fields=colour"), 400, "BadRequest", "colour")
equal("nothing came of all that", [1, 0, 0, 0], [x - y for x, y in zip(count(), nothing)])

# What it is
made = ask()
equal("made", 200, made.status)
top = made["auto_allocated_topology"]
equal("for the caller", ({"id", "tenant_id", "project_id"}, "pa", "pa"), (set(top), top["tenant_id"], top["project_id"]))
n = w.get("networks/" + top["id"], a)["network"]
check("a network", n["name"] == "auto_allocated_network" and n["admin_state_up"] and not n["shared"] and n["project_id"] == "pa", n)
subnets = {x["ip_version"]: x for x in w.get("subnets", a)["subnets"]}
equal("a subnet of each pool", {4: "auto_allocated_subnet_v4", 6: "auto_allocated_subnet_v6"}, {k: v["name"] for k, v in subnets.items()})
equal("from the pool", (pool["id"], "/26"), (subnets[4]["subnetpool_id"], subnets[4]["cidr"][-3:]))
equal("with addresses that hosts make themselves", ("slaac", "slaac"), (subnets[6]["ipv6_address_mode"], subnets[6]["ipv6_ra_mode"]))
[router] = w.get("routers", a)["routers"]
equal("a router out", ("auto_allocated_router", out["id"], True), (router["name"], router["external_gateway_info"]["network_id"],
                                                                   router["admin_state_up"]))
equal("with an interface on each", sorted(x["gateway_ip"] for x in subnets.values()), sorted(
    y["ip_address"] for x in w.get("ports?device_owner=network:router_interface&device_id=" + router["id"], a)["ports"]
    for y in x["fixed_ips"]))
equal("a port there has two addresses", 2, len(w.create("port", a, network_id=n["id"], name="vm")["fixed_ips"]))
all_ = count()
equal("once", [top] * 3, [ask(x, y)["auto_allocated_topology"] for x, y in (("None", a), ("pa", a), ("pa", admin))])
equal("and no more", all_, count())
equal("a dry run of who has one", 200, ask(query="?fields=dry-run").status)

# Whose
refused("nobody else's", ask("pa", b), 403, "NotAuthorized")
refused("nor taken away", drop("pa", b), 403, "NotAuthorized")
refused("not by who only reads", drop("pr", r), 403, "PolicyNotAuthorized", "delete_auto_allocated_topology")
other = ask("pb", admin)["auto_allocated_topology"]
equal("an administrator's request is the project's", ("pb", [1, 2, 1, 2]), (other["tenant_id"], count("pb")))
equal("who finds it", other["id"], ask(headers=b)["auto_allocated_topology"]["id"])
for path, method, status in (("", "GET", 404), ("pa", "PUT", 405), ("pa", "POST", 405), ("pa/x", "GET", 404), (300 * "x", "GET", 404)):
    equal("%s of '%.5s'" % (method, path), status, w.call(method, PATH + path, {} if method != "GET" else None, admin).status)

# Its end
all_ = count()
refused("in use", drop(), 409, "NetworkInUse", top["id"])
equal("it is all there still", all_, count())
[vm] = w.get("ports?name=vm", a)["ports"]
w.delete("port", vm["id"])
extra = w.create("subnet", a, network_id=w.create("network", a)["id"], ip_version=4, cidr="10.200.0.0/24")
act = lambda what: w.call("PUT", "/v2.0/routers/%s/%s_router_interface" % (router["id"], what), {"subnet_id": extra["id"]}, a)
act("add")
refused("its router joins more", drop(), 409, "RouterInUse", router["id"])
act("remove")
w.delete("network", extra["network_id"])
equal("gone", (204, [0, 0, 0, 0]), (drop().status, count("pa")))
equal("twice is no error", 204, drop().status)
equal("its gateway, too", [], w.get("ports?device_owner=network:router_gateway&device_id=" + router["id"])["ports"])
again = ask()["auto_allocated_topology"]
equal("made again it is the same network", top["id"], again["id"])
w.call("PUT", "/v2.0/routers/%s/remove_router_interface" % router["id"], {"subnet_id": w.get("subnets?ip_version=4", a)["subnets"][0]["id"]}, a)
w.call("PUT", "/v2.0/routers/%s/remove_router_interface" % router["id"], {"subnet_id": w.get("subnets?ip_version=6", a)["subnets"][0]["id"]}, a)
equal("a project may take it apart", 204, w.delete("network", again["id"], a).status)
equal("and is given what is missing", (200, [1, 2, 1, 2]), (ask().status, count("pa")))
for s in w.get("subnets", a)["subnets"]:
    w.call("PUT", "/v2.0/routers/%s/remove_router_interface" % router["id"], {"subnet_id": s["id"]}, a)
w.delete("router", router["id"], a)
equal("without its router it is there", top["id"], ask()["auto_allocated_topology"]["id"])
equal("and goes", (204, [0, 0, 0, 0]), (drop().status, count("pa")))

# Where it fails nothing is left
before = count()
w.call("PUT", "/v2.0/quotas/pc", {"quota": {"router": 0}})
refused("over the quota", ask(headers=c), 409, "OverQuota", "router")
w.call("PUT", "/v2.0/quotas/pc", {"quota": {"router": 1, "port": 1}})
refused("over another", ask(headers=c), 409, "OverQuota", "port")
w.call("DELETE", "/v2.0/quotas/pc")
small = w.create("subnet", network_id=out["id"], ip_version=4, cidr="192.0.2.0/30")
taken = w.create("port", network_id=out["id"])
before = [x + y for x, y in zip(before, (0, 1, 0, 1))]
refused("no address outside", ask(headers=c), 409, "IpAddressGenerationFailure")
w.delete("port", taken["id"])
w.delete("subnet", small["id"])
clash = w.create("subnet", network_id=out["id"], ip_version=4, cidr="10.64.0.0/16")
refused("the pool is where the outside is", ask(headers=c), 409, "AutoAllocationFailure", "overlaps")
before = [x + y for x, y in zip(before, (0, 0, 0, -1))]
equal("nothing is left of them", before, count())
w.delete("subnet", clash["id"])
equal("then it works", 200, ask(headers=c).status)
w.put("network", out["id"], is_default=False)
equal("who has one needs no default", 200, ask(headers=c).status)
refused("who has none does", ask(headers=d), 409, "AutoAllocationFailure")
w.stop()
equal("the store is whole", (0, []), (lambda x: (x[0], x[1][:-1]))(audit(w.path("weft.db"))))

# A crowd at two controllers
etcd = Etcd(w.path("etcd"), w.log)
one, two = (Shared(etcd, "--tokens", tokens, "--quota", "all=-1").start() for _ in range(2))
one.headers = two.headers = admin
out = one.create("network", is_default=True, **{"router:external": True, "provider:network_type": "flat", "provider:physical_network": "p"})
one.create("subnet", network_id=out["id"], ip_version=4, cidr="203.0.113.0/24")
one.create("subnetpool", name="v4", prefixes=["10.64.0.0/16"], default_prefixlen=26, is_default=True, shared=True)


def at_once(size, run):
    start, got, lock = threading.Barrier(size), [], threading.Lock()

    def one_of(i):
        at = (one, two)[i % 2]
        link = at.connect()
        start.wait()
        reply = run(i, at, link)
        with lock:
            got.append(reply)

    threads = [threading.Thread(target=one_of, args=(i,)) for i in range(size)]
    [x.start() for x in threads]
    [x.join() for x in threads]
    return got


got = at_once(24, lambda i, at, link: ask(headers={"X-Auth-Token": "p%d" % (i // 4)}, at=at, link=link))
equal("all are served", {200}, {x.status for x in got})
equal("one for each project", 6, len({x["auto_allocated_topology"]["id"] for x in got}))
equal("and nothing beside", [[1, 1, 1, 1]] * 6, [count("p%d" % i, one) for i in range(6)])
for round in range(6):
    headers = {"X-Auth-Token": "p%d" % (6 + round)}
    at_once(8, lambda i, at, link: ask(headers=headers, at=at, link=link) if i % 3 else
            at.call("DELETE", PATH + "None", None, headers, link))
    left = count("p%d" % (6 + round), one)
    if left not in ([1, 1, 1, 1], [0, 0, 0, 0]):
        break
check("made and taken away at once it is whole or gone", round == 5 and left in ([1, 1, 1, 1], [0, 0, 0, 0]), (round, left))

# Routers' gateways: two controllers, one truth
make = lambda at, **more: at.create("router", **more)["id"]
nets = [one.create("network", **{"router:external": True, "provider:network_type": "flat", "provider:physical_network": "q%d" % i})
        for i in range(2)]
for i, net in enumerate(nets):
    one.create("subnet", network_id=net["id"], ip_version=4, cidr="100.64.%d.0/24" % i)
hurt = []
for round in range(10):
    id = make(one)
    got = at_once(6, lambda i, at, link: at.call("PUT", "/v2.0/routers/" + id, {"router": {"external_gateway_info": {
        "network_id": nets[i % 2]["id"]} if i < 4 else {}}}, admin, link))
    doors = one.get("ports?device_owner=network:router_gateway&device_id=" + id)["ports"]
    info = two.get("routers/" + id)["router"]["external_gateway_info"]
    if {x.status for x in got} != {200} or len(doors) != (info is not None) or (info and doors[0]["network_id"] != info["network_id"]):
        hurt.append(([str(x) for x in got], doors, info))
equal("many that change a gateway leave one, or none", [], hurt)
hurt = []
for round in range(60):
    id = make(one)
    net = one.create("network", **{"router:external": True})
    policy = one.get("rbac-policies?object_id=" + net["id"])["rbac_policies"][0]
    ends = ("DELETE", "/v2.0/networks/" + net["id"], None), ("DELETE", "/v2.0/rbac-policies/" + policy["id"], None), (
        "PUT", "/v2.0/networks/" + net["id"], {"network": {"router:external": False}})
    end_ = ends[round // 2 % 3]
    got = at_once(2, lambda i, at, link: at.call("PUT", "/v2.0/routers/" + id, {"router": {"external_gateway_info": {
        "network_id": net["id"]}}}, admin, link) if i ^ (round & 1) else at.call(*end_, admin, link))
    good = [x.status for x in got if x.status < 300]
    if len(good) != 1:
        hurt.append((end_, [str(x) for x in got]))
equal("a gateway or the end of what it needs, but never both", [], hurt)
# A host is lost while who gives its gateways away is killed, too
hosts = [Host(two, "h%d" % i, "10.99.0.%d" % i, "host", "q0") for i in (1, 2)]
soon("both are known", lambda: len(one.get("hosts")["hosts"]) == 2 and all(x["alive"] for x in one.get("hosts")["hosts"]))
ids = [make(one, external_gateway_info={"network_id": nets[0]["id"]}) for _ in range(16)]
where = lambda at: [at.get("ports?device_owner=network:router_gateway&device_id=" + x)["ports"][0]["binding:host_id"] for x in ids]
places = where(one)
equal("they share sixteen gateways", {"h1", "h2"}, set(places))
leader = [x for x in (one, two) if x.said("gateways: elected")]
equal("one of the controllers is elected", 1, len(leader))
other = two if leader[0] is one else one
if other is one:  # they come to who is left
    [x.close() for x in hosts]
    hosts = [Host(one, "h%d" % i, "10.99.0.%d" % i, "host", "q0") for i in (1, 2)]
    soon("the hosts have moved", lambda: all(x["alive"] for x in one.get("hosts")["hosts"]))
leader[0].stop(signal.SIGKILL)
hosts[0].close()
soon("the next one gives them to the other host", lambda: set(where(other)) == {"h2"}, 90)
equal("and none of that host's has moved meanwhile", ["h2"] * 16, where(other))
check("it says so", other.said("gateways: elected") and other.said("on host h2 instead of h1"))
other.stop()
equal("the store is whole", (0, []), (lambda x: (x[0], x[1][:-1]))(audit("etcd:http://127.0.0.1:%d" % etcd.port)))
end()
