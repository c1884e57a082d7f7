#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Subnet pools and address scopes: what is taken from a pool, by whom and how much, in a crowd and
after a kill; what may be in a scope."""
import ipaddress, signal, sys, threading
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--tokens", tokens, "--quota", "all=-1")
with open(tokens, "w") as f:
    f.write("root admins admin\na pa member\nb pb member\n")
w.start()
admin, a, b = ({"X-Auth-Token": x} for x in ("root", "a", "b"))
w.headers = a
nobody = "00000000-0000-4000-8000-00000000dead"


def post(kind, headers=None, **attrs):
    return w.call("POST", "/v2.0/" + (kind + "s").replace("_", "-"), {kind: attrs}, headers)


def make(kind, headers=None, **attrs):
    reply = post(kind, headers, **attrs)
    if reply.status != 201:
        raise AssertionError("create %s %s: %s" % (kind, attrs, reply))
    return reply[kind]


def put(kind, object, headers=None, **attrs):
    return w.call("PUT", "/v2.0/%ss/%s" % (kind.replace("_", "-"), object["id"]), {kind: attrs}, headers)


def act(pool, action, headers=None, **body):
    return w.call("PUT", "/v2.0/subnetpools/%s/%s" % (pool["id"], action), body, headers)


def delete(kind, object, headers=None):
    return w.call("DELETE", "/v2.0/%ss/%s" % (kind.replace("_", "-"), object["id"]), None, headers)


def take(pool, network=None, headers=None, version=4, **attrs):
    """A subnet from POOL, on a network of its own."""
    network = network or make("network", headers)
    return post("subnet", headers, network_id=network["id"], ip_version=version,
                subnetpool_id=pool["id"], **attrs)


aliases = {x["alias"] for x in w.get("extensions")["extensions"]}
for alias in ("subnet_allocation", "default-subnetpools", "subnetpool-prefix-ops", "subnet_onboard",
              "address-scope", "rbac-subnetpool", "rbac-address-scope"):
    check("announced: " + alias, alias in aliases)

# Pools
p = make("subnetpool", name="p", prefixes=["10.0.1.0/24", "10.0.0.0/24", "10.8.0.0/16"],
         min_prefixlen="24", default_prefixlen=26)
equal("a pool", (["10.0.0.0/23", "10.8.0.0/16"], 4, "24", "32", "26", None, None, False, False),
      tuple(p[x] for x in ("prefixes", "ip_version", "min_prefixlen", "max_prefixlen",
                           "default_prefixlen", "default_quota", "address_scope_id", "shared", "is_default")))
six = make("subnetpool", name="six", prefixes=["fd00::/48"])
equal("one of IPv6", (6, "64", "128", "64"), tuple(six[x] for x in (
    "ip_version", "min_prefixlen", "max_prefixlen", "default_prefixlen")))
large = make("subnetpool", name="large", prefixes=["2001:db8:10::1/44"], min_prefixlen=48)
equal("one of larger subnets than usual", ("48", "128", "48"), tuple(large[x] for x in (
    "min_prefixlen", "max_prefixlen", "default_prefixlen")))
equal("gives them", "2001:db8:10::/48", take(large, version=6)["subnet"]["cidr"])
for name, attrs, type in (
        ("no prefix", dict(prefixes=[]), "EmptySubnetPoolPrefixList"),
        ("both versions", dict(prefixes=["10.0.0.0/8", "fd00::/48"]), "PrefixVersionMismatch"),
        ("no length", dict(prefixes=["10.0.0.0"]), "HTTPBadRequest"),
        ("min 0", dict(prefixes=["10.0.0.0/8"], min_prefixlen=0), "UnsupportedMinSubnetPoolPrefix"),
        ("min below 0", dict(prefixes=["10.0.0.0/8"], min_prefixlen=-1), "HTTPBadRequest"),
        ("max above 32", dict(prefixes=["10.0.0.0/8"], max_prefixlen=33), "IllegalSubnetPoolPrefixBounds"),
        ("min above max", dict(prefixes=["10.0.0.0/8"], min_prefixlen=20, max_prefixlen=18),
         "IllegalSubnetPoolPrefixBounds"),
        ("default outside", dict(prefixes=["10.0.0.0/8"], min_prefixlen=20, default_prefixlen=18),
         "IllegalSubnetPoolPrefixBounds"),
        ("no id of a scope", dict(prefixes=["10.0.0.0/8"], address_scope_id="x"), "HTTPBadRequest")):
    refused("refused: " + name, post("subnetpool", name="x", **attrs), 400, type)
refused("without a name", post("subnetpool", prefixes=["10.0.0.0/8"], name=""), 400, "HTTPBadRequest", "name")
refused("shared is an administrator's", post("subnetpool", name="x", prefixes=["10.0.0.0/8"], shared=True),
        403, "PolicyNotAuthorized", "create_subnetpool:shared")
refused("default, too", post("subnetpool", name="x", prefixes=["10.0.0.0/8"], is_default=True), 403,
        "PolicyNotAuthorized", "is_default")

# Taking
n = make("network")
s = take(p, n)["subnet"]
equal("the first is the smallest that is free", ("10.0.0.0/26", p["id"], "10.0.0.1"),
      (s["cidr"], s["subnetpool_id"], s["gateway_ip"]))
t = take(p, n, prefixlen=25)["subnet"]
equal("a larger one", "10.0.0.128/25", t["cidr"])
equal("small ones fill what is left", "10.0.0.64/26", take(p)["subnet"]["cidr"])
equal("one that is named", "10.8.7.0/24", take(p, cidr="10.8.7.0/24")["subnet"]["cidr"])
equal("of IPv6", "fd00::/64", take(six, version=6)["subnet"]["cidr"])
for name, reply, status, type in (
        ("what is taken", take(p, cidr="10.8.7.128/25"), 409, "SubnetAllocationError"),
        ("what is not in it", take(p, cidr="10.9.0.0/24"), 400, "SubnetAllocationError"),
        ("too large", take(p, prefixlen=23), 400, "MinPrefixSubnetAllocationError"),
        ("too small", take(p, prefixlen=33), 400, "MaxPrefixSubnetAllocationError"),
        ("another version", take(six), 400, "InvalidInput"),
        ("both a prefix and a length", take(p, cidr="10.8.9.0/24", prefixlen=24), 400, "BadRequest"),
        ("a gateway of what is not known", take(p, gateway_ip="10.0.0.9"), 400, "BadRequest"),
        ("no such pool", take({"id": nobody}), 404, "SubnetPoolNotFound"),
        ("neither prefix nor pool", post("subnet", network_id=n["id"], ip_version=4), 400, "BadRequest"),
        ("beside another pool's on a network", post("subnet", network_id=n["id"], ip_version=4,
         cidr="192.0.2.0/24"), 400, "NetworkSubnetPoolAffinityError"),
        ("no default", post("subnet", network_id=n["id"], ip_version=4, use_default_subnetpool=True), 400,
         "BadRequest")):
    refused("refused: " + name, reply, status, type)
equal("by pool", 4, len(w.get("subnets?subnetpool_id=" + p["id"])["subnets"]))
r = w.call("POST", "/v2.0/subnets", {"subnets": [dict(network_id=n["id"], ip_version=4,
           subnetpool_id=p["id"], prefixlen=26) for _ in range(4)]})
equal("a bulk overlaps nothing", 4, len({x["cidr"] for x in r["subnets"]}))
delete("subnet", t)
equal("what is given back is taken again", "10.0.0.128/25", take(p, prefixlen=25)["subnet"]["cidr"])
small = make("subnetpool", name="small", prefixes=["192.0.2.0/29"], min_prefixlen=8, default_prefixlen=30)
equal("to its end", [201, 201, 409], [take(small).status for _ in range(3)])
refused("a pool that is used", delete("subnetpool", small), 400, "SubnetPoolDeleteError")
quota = make("subnetpool", name="q", prefixes=["10.0.0.0/8"], default_quota=512, default_prefixlen=24)
equal("a project's share", [201, 201, 409], [take(quota).status for _ in range(3)])
refused("has a name", take(quota), 409, "SubnetPoolQuotaExceeded")

# Prefixes come and go
refused("a prefix that is used stays", act(p, "remove_prefixes", prefixes=["10.8.0.0/16"]), 400,
        "IllegalSubnetPoolPrefixUpdate", "10.8.7.0/24")
equal("one is added", ["10.0.0.0/23", "10.2.0.0/16", "10.8.0.0/16"],
      act(p, "add_prefixes", prefixes=["10.2.0.0/16"])["prefixes"])
equal("and goes", ["10.0.0.0/23", "10.8.0.0/16"], act(p, "remove_prefixes", prefixes=["10.2.0.0/16"])["prefixes"])
refused("what is not there does not", act(p, "remove_prefixes", prefixes=["10.2.0.0/16"]), 400,
        "IllegalSubnetPoolPrefixUpdate", "10.2.0.0/16")
refused("of another version", act(p, "add_prefixes", prefixes=["fd01::/48"]), 400, "PrefixVersionMismatch")
many = make("subnetpool", name="many", prefixes=["172.16.%d.0/24" % (2 * i) for i in range(128)])
act(many, "add_prefixes", prefixes=["172.17.%d.0/24" % (2 * i) for i in range(128)])
refused("nor more than can be read again", act(many, "add_prefixes", prefixes=["172.18.0.0/24"]), 400,
        "HTTPBadRequest", "prefixes", "257", "256")
net = make("network")
make("subnet", network_id=net["id"], ip_version=4, cidr="172.19.0.0/24")
refused("by a network neither", act(many, "onboard_network_subnets", network_id=net["id"]), 400,
        "HTTPBadRequest", "prefixes", "257", "256")
refused("PUT does not take away", put("subnetpool", p, prefixes=["10.0.0.0/23"]), 400,
        "IllegalSubnetPoolPrefixUpdate")
equal("it adds", ["10.0.0.0/23", "10.3.0.0/16", "10.8.0.0/16"], put("subnetpool", p, prefixes=[
    "10.0.0.0/23", "10.3.0.0/16", "10.8.0.0/16"])["subnetpool"]["prefixes"])

# Onboarding
plain = make("network")
s = make("subnet", network_id=plain["id"], ip_version=4, cidr="198.51.100.0/24")
equal("a network's subnets come in", 200, act(p, "onboard_network_subnets", network_id=plain["id"]).status)
equal("with their prefixes", (p["id"], True), (w.get("subnets/" + s["id"])["subnet"]["subnetpool_id"],
      "198.51.100.0/24" in w.get("subnetpools/" + p["id"])["subnetpool"]["prefixes"]))
refused("once", act(small, "onboard_network_subnets", network_id=plain["id"]), 400, "IllegalSubnetPoolUpdate")
refused("another's network", act(p, "onboard_network_subnets", network_id=make("network", b)["id"]), 404,
        "NetworkNotFound")

# Shared, and default
every = make("subnetpool", admin, name="every", prefixes=["172.16.0.0/16"], default_prefixlen=24,
             shared=True, is_default=True)
equal("all take from it", ("172.16.0.0/24", "pb"), (lambda x: (x["cidr"], x["project_id"]))(
    take(every, None, b)["subnet"]))
equal("by default, too", every["id"], post("subnet", network_id=make("network")["id"], ip_version=4,
      use_default_subnetpool=True)["subnet"]["subnetpool_id"])
refused("one default a version", post("subnetpool", admin, name="x", prefixes=["10.0.0.0/8"],
        is_default=True), 400, "InvalidInput", "default")
put("subnetpool", every, admin, is_default=False)
equal("then another", 201, post("subnetpool", admin, name="d", prefixes=["10.0.0.0/8"],
      is_default=True).status)
refused("a foreign pool", take(p, None, b), 404, "SubnetPoolNotFound")


def share(kind, object, target):
    return w.call("POST", "/v2.0/rbac-policies", {"rbac_policy": {
        "object_type": kind, "object_id": object["id"], "action": "access_as_shared", "target_tenant": target}},
        admin if target == "*" else None)


policy = share("subnetpool", p, "pb")["rbac_policy"]
s = take(p, None, b, prefixlen=28)
equal("shared by a policy", 201, s.status)
refused("which stays", w.call("DELETE", "/v2.0/rbac-policies/" + policy["id"]), 409, "RbacPolicyInUse")

# Scopes
scope = make("address_scope", name="s", ip_version=4)
other = make("address_scope", name="o", ip_version=4)
x = make("subnetpool", name="x", prefixes=["10.20.0.0/16"], address_scope_id=scope["id"], default_prefixlen=24)
refused("pools of a scope do not overlap", post("subnetpool", name="y", prefixes=["10.20.5.0/24"],
        address_scope_id=scope["id"]), 409, "AddressScopePrefixConflict")
y = make("subnetpool", name="y", prefixes=["10.21.0.0/16"], address_scope_id=scope["id"], default_prefixlen=24)
refused("later neither", act(y, "add_prefixes", prefixes=["10.20.9.0/24"]), 409, "AddressScopePrefixConflict")
refused("versions agree", post("subnetpool", name="z", prefixes=["fd02::/48"], address_scope_id=scope["id"]),
        400, "IllegalSubnetPoolIpVersionAssociationToAddressScope")
refused("a scope in use", delete("address_scope", scope), 409, "AddressScopeInUse")
for target in "pc", "*":
    refused("a pool is for who sees its scope: " + target, share("subnetpool", x, target), 400, "InvalidInput",
            "target_tenant", target, scope["id"], x["id"])
equal("then it is shared", (201, 201), (share("address_scope", scope, "pc").status, share("subnetpool", x, "pc").status))
refused("with nobody else", share("subnetpool", x, "*"), 400, "InvalidInput", "target_tenant")
refused("no version 5", post("address_scope", name="five", ip_version=5), 400, "HTTPBadRequest", "5")
n = make("network")
take(x, n)
equal("a network is in its subnets' scope", (scope["id"], None), (lambda x: (
    x["ipv4_address_scope"], x["ipv6_address_scope"]))(w.get("networks/" + n["id"])["network"]))
equal("two pools of one scope", 201, take(y, n).status)
refused("but not of two", take(p, n), 400, "NetworkAddressScopeAffinityError")
n = make("network")
refused("nor at once", w.call("POST", "/v2.0/subnets", {"subnets": [
    dict(network_id=n["id"], ip_version=4, subnetpool_id=x["id"]),
    dict(network_id=n["id"], ip_version=4, cidr="192.0.2.0/24")]}), 400, "NetworkAddressScopeAffinityError")
refused("nor does a pool move away", put("subnetpool", y, address_scope_id=other["id"]), 400,
        "NetworkAddressScopeAffinityError")
for name, id in ("a foreign scope", other["id"]), ("none", nobody):
    refused(name, post("subnetpool", b, name="f", prefixes=["10.30.0.0/16"], address_scope_id=id), 404,
            "AddressScopeNotFound", id)
shared = make("address_scope", admin, name="all", ip_version=4, shared=True)
f = make("subnetpool", b, name="f", prefixes=["10.30.0.0/16"], address_scope_id=shared["id"])
equal("a shared one is for all", shared["id"], f["address_scope_id"])
for name, attrs in ("adds nothing to it later", dict(prefixes=["10.30.0.0/15"])), ("nor leaves it", dict(address_scope_id=None)):
    refused("who uses one " + name, put("subnetpool", f, b, **attrs), 400, "IllegalSubnetPoolUpdate", f["id"], shared["id"])
refused("not by an action either", act(f, "add_prefixes", b, prefixes=["10.32.0.0/16"]), 400, "IllegalSubnetPoolUpdate")
equal("but may call its pool otherwise", 200, put("subnetpool", f, b, name="g").status)
equal("an administrator adds", 200, put("subnetpool", f, admin, prefixes=["10.30.0.0/15"]).status)
refused("what cannot be set is refused whether there is a pool or not",
        put("subnetpool", {"id": nobody}, b, shared=True), 400, "HTTPBadRequest", "shared")
refused("and stays so", put("address_scope", shared, admin, shared=False), 400, "AddressScopeUpdateError")
equal("an empty one ends", 204, delete("address_scope", other).status)

# A crowd, and a kill
crowd = make("subnetpool", admin, name="crowd", prefixes=["10.64.0.0/18"], default_prefixlen=26, shared=True)
got, lock = [], threading.Lock()


def run(headers, count):
    link = w.connect()
    for i in range(count):
        net = w.call("POST", "/v2.0/networks", {"network": {}}, headers, link)["network"]
        reply = w.call("POST", "/v2.0/subnets", {"subnet": dict(network_id=net["id"], ip_version=4,
                       subnetpool_id=crowd["id"], prefixlen=24 + i % 4)}, headers, link)
        with lock:
            got.append(reply)


threads = [threading.Thread(target=run, args=(x, 20)) for x in (a, b, a, b)]
for x in threads:
    x.start()
for x in threads:
    x.join()
taken = sorted((ipaddress.ip_network(x["subnet"]["cidr"]) for x in got if x.status == 201),
               key=lambda x: int(x.network_address))
equal("a crowd gets all it asks for", (80, [201]), (len(taken), sorted({x.status for x in got})))
equal("and nothing twice", [], [(x, y) for x, y in zip(taken, taken[1:]) if x.overlaps(y)])
w.stop(signal.SIGKILL)
w.start()
equal("a kill forgets none", [], [x for x in taken if str(x) not in {
    y["cidr"] for y in w.get("subnets?subnetpool_id=" + crowd["id"], admin)["subnets"]}])
check("and the next is another", not any(ipaddress.ip_network(take(crowd)["subnet"]["cidr"]).overlaps(x)
                                         for x in taken))
equal("weftd ends cleanly", 0, w.stop())
status, lines = audit(w.path(w.db))
equal("and its store is whole", (0, 1), (status, len(lines)))
end()
