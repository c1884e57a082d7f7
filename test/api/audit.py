#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""weftd --audit: a store that is whole, and copies of it broken in every way it can name."""
import hashlib, json, os, shutil, signal, sqlite3, sys
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal

w = Weftd().start()
for name in "n1", "n2":
    n = w.create("network", name=name)
    part = "10.0.0" if name == "n1" else "10.0.1"
    s = w.create("subnet", network_id=n["id"], ip_version=4, cidr=part + ".0/24",
                 allocation_pools=[{"start": part + ".2", "end": part + ".60"}])  # .77 is nobody's
    r = w.create("router", name="r" + name)
    w.call("PUT", "/v2.0/routers/%s/add_router_interface" % r["id"], {"subnet_id": s["id"]})
    w.create("port", network_id=n["id"], name="a" + name)
    w.create("port", network_id=n["id"], name="b" + name)
w.create("subnet", network_id=n["id"], ip_version=6, cidr="fd00::/64",
         ipv6_address_mode="slaac", ipv6_ra_mode="slaac")
w.create("host", name="h1", tunnel_ip="10.99.0.1")
w.create("host", name="h2", tunnel_ip="10.99.0.2")
w.create("port", headers={"X-Project-Id": "other", "X-Roles": "admin"}, network_id=n["id"])
for target in "p1", "*":
    w.call("POST", "/v2.0/rbac-policies", {"rbac_policy": {
        "object_type": "network", "object_id": n["id"], "action": "access_as_shared",
        "target_tenant": target}})
scope = w.call("POST", "/v2.0/address-scopes", {"address_scope": {"name": "s", "ip_version": 4}})["address_scope"]
pools = [w.create("subnetpool", name=x, prefixes=[y], address_scope_id=scope["id"], is_default=x == "x",
                  default_prefixlen=24) for x, y in (("x", "10.20.0.0/16"), ("y", "10.21.0.0/16"))]
pooled = w.create("network", name="n3")
taken = [w.create("subnet", network_id=pooled["id"], ip_version=4, subnetpool_id=pools[0]["id"])
         for _ in range(2)]
outside = w.create("network", **{"router:external": True, "segments": [
    {"provider:network_type": "vxlan"}, {"provider:network_type": "flat", "provider:physical_network": "p"},
    {"provider:network_type": "vlan", "provider:physical_network": "p", "provider:segmentation_id": 7}]})
segments = {x["network_type"]: x for x in w.get("segments?network_id=" + outside["id"])["segments"]}
marked = w.create("subnet", network_id=outside["id"], ip_version=4, cidr="192.0.2.0/24",
                  segment_id=segments["vlan"]["id"])
way = w.create("network", name="way", is_default=True, **{"router:external": True})
w.create("subnet", network_id=way["id"], ip_version=4, cidr="198.51.100.0/24")
out = w.create("router", name="out", external_gateway_info={"network_id": way["id"]})
ranges = [w.create("network_segment_range", name="r", network_type="vlan", physical_network="p",
                   minimum=x, maximum=x + 9) for x in (100, 200)]
gate = w.get("ports?device_owner=network:router_interface&network_id=" + n["id"])["ports"][0]
wall = {}
for kind, plural, attrs in ("rule", "rules", {}), ("policy", "policies", {}), \
        ("group", "groups", {"ports": [gate["id"]]}):
    if kind == "policy":
        attrs["firewall_rules"] = [wall["rule"]["id"]]
    if kind == "group":
        attrs["egress_firewall_policy_id"] = wall["policy"]["id"]
    wall[kind] = w.call("POST", "/v2.0/fwaas/firewall_" + plural, {"firewall_" + kind: attrs})["firewall_" + kind]
profile = w.create("service_profile", driver="weft")
flavor = w.create("flavor", service_type="L3_ROUTER_NAT", service_profiles=[profile["id"]])
flavored = w.create("router", name="flavored", flavor_id=flavor["id"])


def dashed(kind, **attrs):
    return w.call("POST", "/v2.0/%ss" % kind.replace("_", "-"), {kind: attrs})[kind]


remote, addresses = dashed("security_group", name="remote"), dashed("address_group", addresses=["10.7.0.0/16"])
born = [dashed("default_security_group_rule", direction="ingress", protocol="tcp", port_range_min=n, port_range_max=n,
               **remote_of) for n, remote_of in ((80, {"remote_group_id": remote["id"]}),
                                                 (81, {"remote_address_group_id": addresses["id"]}))]
policies = w.get("rbac-policies?object_id=%s&sort_key=id&sort_dir=asc" % n["id"])["rbac_policies"]
named = {x["name"]: x for kind in ("networks", "routers", "ports", "subnets", "hosts")
         for x in w.get(kind)[kind]}
ports = w.get("ports")["ports"]
ways_out = w.get("rbac-policies?object_id=" + way["id"])["rbac_policies"]
all_segments = w.get("segments")["segments"]
of = {x["name"]: w.get("subnets?network_id=" + x["id"])["subnets"]
      for x in w.get("networks")["networks"]}

status, lines = audit(w.path("weft.db"))
equal("one in use is refused", 4, status)
check("and who has it is said", "in use by process %d" % w.process.pid in lines[0], lines)
w.process.send_signal(signal.SIGKILL)
w.process.wait()


def digest():
    return {name: hashlib.sha256(open(w.path(name), "rb").read()).hexdigest()
            for name in os.listdir(w.folder) if name.startswith("weft.db")}


before = digest()
check("the log that a kill leaves is there", "weft.db-wal" in before, before)
status, lines = audit(w.path("weft.db"))
equal("a store that is whole", (0, 1), (status, len(lines)))
check("is counted", lines and lines[0].endswith(" 0 findings") and
      " 75 objects, " in lines[0], lines)
equal("not a byte has changed", before, digest())

copy = w.path("copy.db")


def take():
    for suffix in "", "-wal":
        shutil.copyfile(w.path("weft.db" + suffix), copy + suffix)


def broken(name, wanted, *changes):
    """CHANGES (SQL, values...) to a copy: exactly the lines of WANTED are found, or those that
    begin with them."""
    take()
    store = sqlite3.connect(copy, isolation_level=None)
    for change in changes:
        if store.execute(change[0], change[1:]).rowcount < 1:
            check(name, False, "changes nothing: %s" % (change,))
    store.close()
    status, lines = audit(copy)
    good = status == 1 and len(lines) == len(wanted) + 1 and all(
        line.startswith(start) for line, start in zip(lines, sorted(wanted)))
    check(name, good, "wanted %s, got %s %s" % (sorted(wanted), status, lines))


def key(object, kind):
    return "%s/%s" % (kind, object["id"])


def value(key, **attrs):
    """The stored form of KEY with ATTRS changed."""
    return json.dumps({**json.loads(whole[key]), **attrs}, separators=(",", ":")).encode()


def put(key, **attrs):
    return "UPDATE entry SET value = ? WHERE key = ?", value(key, **attrs), key


def gone(key):
    return "DELETE FROM entry WHERE key = ?", key


def new(key, value):
    return "INSERT INTO entry VALUES (?, ?, 1)", key, value


take()
store = sqlite3.connect(copy)
whole = dict(store.execute("SELECT key, value FROM entry"))
store.close()
n1, n2, a, b, c = named["n1"], named["n2"], named["an1"], named["bn1"], named["an2"]
s1, s2 = of["n1"][0], [x for x in of["n2"] if x["ip_version"] == 4][0]
s6 = [x for x in of["n2"] if x["ip_version"] == 6][0]
ip = "claim/ip/%s/%s" % (s1["id"], a["fixed_ips"][0]["ip_address"])
its = "claim/ip/%s/%s" % (s1["id"], b["fixed_ips"][0]["ip_address"])
mac = "claim/mac/%s/%s" % (n1["id"], a["mac_address"])
vni = "claim/vni/%d" % n1["provider:segmentation_id"]
pa, pb, pc = (key(x, "port") for x in (a, b, c))
segment_of = lambda network: [x for x in all_segments if x["network_id"] == network["id"]][0]
nobody = "12345678-1234-4234-8234-123456789012"

# Claims
for claim, owner in (ip, pa), (mac, pa), (vni, key(n1, "network")), \
        ("claim/router/1", key(named["rn1"], "router")), \
        ("claim/hostname/h1", key(named["h1"], "host")), \
        ("claim/tunnel/10.99.0.1", key(named["h1"], "host")):
    kind = claim.split("/")[1]
    broken("a lost claim: " + kind, ["%s: %s is not claimed" % (owner, claim)], gone(claim))
    broken("another's claim: " + kind, ["%s: %s is claimed by %s" % (owner, claim, nobody)],
           ("UPDATE entry SET value = ? WHERE key = ?", nobody, claim))
leaked = "%s: claimed by " + nobody + ", which has nothing of it"
for claim in "claim/ip/%s/10.0.0.77" % s1["id"], "claim/mac/%s/02:00:00:00:00:01" % n1["id"], \
        "claim/vni/77", "claim/router/77", "claim/hostname/h77", "claim/tunnel/10.99.0.77", \
        "claim/identity/77":
    broken("a leaked claim: " + claim.split("/")[1], [leaked % claim], new(claim, nobody))
broken("a port gone, its claims left", [x + ": claimed by " + a["id"] for x in (ip, mac)], gone(pa))
broken("a port without the claims", [pa + ": " + x + " is not claimed" for x in (ip, mac)],
       gone(ip), gone(mac))

# Twice
first, second = sorted((pa, pb))
twin = b if first == pb else a
broken("an address twice", [
    "%s: claim/ip/%s/%s is %s's, too" % (
        second, s1["id"], twin["fixed_ips"][0]["ip_address"], first),
    "%s: claimed by" % (ip if second == pa else its)],
    put(second, fixed_ips=twin["fixed_ips"]))
broken("a MAC twice", [
    "%s: claim/mac/%s/%s is %s's, too" % (second, n1["id"], twin["mac_address"], first),
    "claim/mac/%s/%s: claimed by" % (n1["id"], (a if second == pa else b)["mac_address"])],
    put(second, mac_address=twin["mac_address"]))
na, nb = sorted((n1, n2), key=lambda x: x["id"])
broken("a VNI twice", [
    "network/%s: claim/vni/%d is network/%s's, too" % (
        nb["id"], na["provider:segmentation_id"], na["id"]),
    "claim/vni/%d: claimed by" % nb["provider:segmentation_id"],
    "segment/%s: its network does not know of Tunnel ID %d" % (
        segment_of(nb)["id"], nb["provider:segmentation_id"])],
    put(key(nb, "network"), **{"provider:segmentation_id": na["provider:segmentation_id"]}))

# References
inside = [x for x in ports if x["network_id"] == n1["id"]]
broken("a network gone", [
    vni + ": claimed by", "child/network/%s: there is no network/%s" % (n1["id"], n1["id"]),
    "segment/%s: network_id: there is no network/%s" % (segment_of(n1)["id"], n1["id"]),
    "%s: network_id: there is no network/%s" % (key(s1, "subnet"), n1["id"])] + [
    "%s: network_id: there is no network/%s" % (key(x, "port"), n1["id"]) for x in inside],
    gone(key(n1, "network")))
broken("a subnet gone", ["child/subnet/%s: there is no subnet/%s" % (s1["id"], s1["id"])] + [
    "%s: fixed_ips: there is no subnet/%s" % (key(x, "port"), s1["id"]) for x in inside],
    gone(key(s1, "subnet")))
leg = [x for x in inside if x["device_id"] == named["rn1"]["id"]][0]
broken("a router gone", [
    "claim/router/1: claimed by", "%s: device_id: there is no router/%s" % (
        key(leg, "port"), named["rn1"]["id"])], gone(key(named["rn1"], "router")))
broken("a router's interface of nobody", [
    "%s: device_id: 'x' is no router's" % key(leg, "port")], put(key(leg, "port"), device_id="x"))
broken("a guard gone: network", ["%s: child/network/%s is missing" % (
    key(x, "port"), n1["id"]) for x in inside], gone("child/network/" + n1["id"]))
broken("a guard gone: subnet", ["%s: child/subnet/%s is missing" % (
    key(x, "port"), s1["id"]) for x in inside], gone("child/subnet/" + s1["id"]))
broken("a guard of nobody", ["child/network/%s: there is no network/%s" % (nobody, nobody)],
       new("child/network/" + nobody, ""))

# Policies
one, other = (key(x, "rbac_policy") for x in policies)
every = [key(x, "rbac_policy") for x in policies if x["target_tenant"] == "*"][0]
broken("a policy of nothing", ["%s: object_id: there is no network/%s" % (one, nobody)],
       put(one, object_id=nobody, target_tenant="p9"))
broken("the same policy twice", ["%s: access_as_shared of %s for p7 is %s's, too" % (other, n2["id"], one)],
       put(one, target_tenant="p7"), put(other, target_tenant="p7"))
broken("a policy that its network does not know", [every + ": its network does not know of it"],
       put(key(n2, "network"), shared=False))

# Gateways
door = [x for x in ports if x["device_owner"] == "network:router_gateway"][0]
pd, ro, nw = key(door, "port"), key(out, "router"), key(way, "network")
broken("a gateway gone", [ro + ": external_gateway_info: there is no port that is its gateway"] + [
    x + ": claimed by " + door["id"] for x in ("claim/ip/%s/%s" % (of["way"][0]["id"], door["fixed_ips"][0]["ip_address"]),
                                             "claim/mac/%s/%s" % (way["id"], door["mac_address"]))], gone(pd))
broken("a gateway that its router does not know", [pd + ": its router has no gateway on " + nw], put(ro, gateway_network_id=None))
broken("a gateway of nobody", [pd + ": device_id: there is no router/" + nobody,
                               ro + ": external_gateway_info: there is no port that is its gateway"], put(pd, device_id=nobody))
broken("two gateways of a router", [
    "%s: its router has a gateway by %s, too" % (min(pc, pd), max(pc, pd)), "%s: its router has no gateway on network/%s" % (pc, n2["id"]),
    "%s: network/%s is not external" % (pc, n2["id"])], put(pc, device_owner="network:router_gateway", device_id=out["id"]))
broken("a way out that is none", [nw + ": it is the default, and not external", pd + ": %s is not external" % nw] + [
    key(x, "rbac_policy") + ": its network does not know of it" for x in ways_out], put(nw, **{"router:external": False}))
broken("a default that is not claimed", [nw + ": claim/default-external-network is not claimed"], gone("claim/default-external-network"))

# Segments
flat, vlan = (key(segments[x], "segment") for x in ("flat", "vlan"))
broken("a VLAN that is not claimed", [key(outside, "network") + ": claim/vlan/7/p is not claimed"],
       gone("claim/vlan/7/p"))
broken("a physical network of nobody", ["claim/flat/0/q: claimed by"], new("claim/flat/0/q", outside["id"]))
broken("a segment that its network does not know",
       [vlan + ": its network does not know of VLAN 8 on physical network p"], put(vlan, segmentation_id=8))
broken("two segments of a place", ["%s: physical network p is %s's, too" % (max(flat, vlan), min(flat, vlan))],
       put(vlan, network_type="flat", segmentation_id=None))
broken("a segment gone", ["child/%s: there is no %s" % (vlan, vlan),
       "subnet/%s: segment_id: there is no %s" % (marked["id"], vlan)], gone(vlan))
broken("a segment's guard gone", ["subnet/%s: child/%s is missing" % (marked["id"], vlan)],
       gone("child/" + vlan))
x, y = sorted(key(z, "network_segment_range") for z in ranges)
broken("ranges that overlap", ["%s: it overlaps %s" % (y, x)], put(x, minimum=205, maximum=215),
       put(y, minimum=215, maximum=225))

# Pools
x, y = (key(z, "subnetpool") for z in pools)
one, other = sorted(taken, key=lambda z: z["id"])
broken("a prefix taken twice", ["subnet/%s: cidr: %s overlaps %s of subnet/%s" % (
    other["id"], one["cidr"], one["cidr"], one["id"])] * 2, put(key(other, "subnet"), cidr=one["cidr"]))
broken("a prefix of no pool", ["subnet/%s: cidr: 10.99.0.0/24 is not in its subnet pool" % one["id"]],
       put(key(one, "subnet"), cidr="10.99.0.0/24"))
broken("a pool gone", ["child/%s: there is no %s" % (x, x), "claim/default-subnetpool/4: claimed by"] + [
    "subnet/%s: subnetpool_id: there is no %s" % (z["id"], x) for z in taken], gone(x))
broken("a scope gone", ["child/address_scope/%s: there is no address_scope/%s" % (scope["id"], scope["id"])] + [
    "%s: address_scope_id: there is no address_scope/%s" % (z, scope["id"]) for z in (x, y)],
    gone(key(scope, "address_scope")))
broken("pools of a scope that overlap", ["%s: prefixes: it overlaps %s of its scope" % (max(x, y), min(x, y))],
       put(y, prefixes=["10.20.0.0/15"]))
broken("a default that is not claimed", [x + ": claim/default-subnetpool/4 is not claimed"],
       gone("claim/default-subnetpool/4"))

# Firewalls: beside these there is the project's default group, whose claim has its name
rule, policy, group = (key(wall[x], "firewall_" + x) for x in ("rule", "policy", "group"))
claim = "claim/firewall/" + gate["id"]
broken("a port that is not claimed", ["%s: %s is not claimed" % (group, claim)], gone(claim))
broken("a port of another group", ["%s: %s is claimed by %s" % (group, claim, nobody)],
       ("UPDATE entry SET value = ? WHERE key = ?", nobody, claim))
broken("a port that its group has left", [claim + ": claimed by"],
       put(group, ports=[]))
broken("a port that is no interface", [
    claim + ": claimed by", "%s: claim/firewall/%s is not claimed" % (group, a["id"]),
    "%s: child/%s is missing" % (group, pa), "%s: ports: %s is no router's interface" % (group, a["id"])], put(group, ports=[a["id"]]))
broken("a rule gone", ["%s: firewall_rules: there is no %s" % (policy, rule)], gone(rule))
broken("a policy gone", ["child/%s: there is no %s" % (policy, policy),
                         "%s: egress_firewall_policy_id: there is no %s" % (group, policy)], gone(policy))
broken("a policy that its group does not guard", ["%s: child/%s is missing" % (group, policy)], gone("child/" + policy))
broken("a default group that is not claimed", ["firewall_group/"], gone("claim/default-firewall/default"))

# Flavors, and what new groups begin with
made, of_flavor, its_profile = key(flavored, "router"), key(flavor, "flavor"), key(profile, "service_profile")
broken("a flavor gone", ["child/%s: there is no %s" % (of_flavor, of_flavor),
                         "%s: flavor_id: there is no %s" % (made, of_flavor)], gone(of_flavor))
broken("a flavor that its router does not guard", ["%s: child/%s is missing" % (made, of_flavor)],
       gone("child/" + of_flavor))
broken("a service profile gone", ["child/%s: there is no %s" % (its_profile, its_profile),
                                  "%s: service_profiles: there is no %s" % (of_flavor, its_profile)], gone(its_profile))
broken("a service profile that its flavor does not guard", ["%s: child/%s is missing" % (of_flavor, its_profile)],
       gone("child/" + its_profile))
for rule, attr, of_rule in (born[0], "remote_group_id", key(remote, "security_group")), \
        (born[1], "remote_address_group_id", key(addresses, "address_group")):
    rule = key(rule, "default_security_group_rule")
    broken("a default rule's %s that its rule does not guard" % attr, ["%s: child/%s is missing" % (rule, of_rule)],
           gone("child/" + of_rule))
    broken("a default rule's %s that is nobody's" % attr, ["%s: %s: there is no" % (rule, attr),
                                                         "%s: child/" % rule], put(rule, **{attr: nobody}))

# What does not fit
broken("an address outside", [
    ip + ": claimed by", pa + ": claim/ip/%s/10.0.9.9 is not claimed" % s1["id"],
    pa + ": fixed_ips: 10.0.9.9 is outside of 10.0.0.0/24"],
    put(pa, fixed_ips=[{"subnet_id": s1["id"], "ip_address": "10.0.9.9"}]))
far = "claim/ip/%s/10.0.1.99" % s2["id"]
broken("an address of another network", [
    ip + ": claimed by", pa + ": fixed_ips: 10.0.1.99 is of another network's subnet"],
    put(pa, fixed_ips=[{"subnet_id": s2["id"], "ip_address": "10.0.1.99"}]), new(far, a["id"]))
x, y = sorted((s2, s6), key=lambda x: x["id"])
broken("subnets that overlap", ["subnet/%s: cidr: 10.0.1.0/24 overlaps 10.0.1.0/24" % y["id"]] + [
    "%s: fixed_ips: %s is outside of" % (key(z, "port"), f["ip_address"]) for z in ports
    for f in z["fixed_ips"] if f["subnet_id"] == s6["id"]],
    put(key(s6, "subnet"), cidr="10.0.1.0/24", ip_version=4))
group = a["security_groups"][0]
label, meaning = next((k, str(v, "utf-8") if isinstance(v, bytes) else v) for k, v in whole.items()
                      if k.startswith("claim/label/") and group.encode() in
                      (v if isinstance(v, bytes) else v.encode()))
number = meaning.split()[0]
broken("another's identity", [pa + ": identity 99, but that of its groups and labels is " + number],
       put(pa, identity=99))
broken("a label gone", ["claim/identity/%s: claimed by %s, which" % (number, label)] + sorted(
    "%s: %s is not claimed" % (key(x, "port"), label) for x in ports
    if x["security_groups"] == [group]), gone(label))
broken("a number gone", ["%s: claim/identity/%s is not claimed" % (label, number)],
       gone("claim/identity/" + number))
broken("what cannot be read", [pa + ": cannot be read: ", ip + ": claimed by", mac + ": claimed by"],
       ("UPDATE entry SET value = ? WHERE key = ?", b"{]", pa))
double = [pa + ": says that it has another id", ip + ": claimed by", mac + ": claimed by"]
double += [pb + ": claim/ip", pb + ": claim/mac"] if pa < pb else []
broken("another's value", double + [pa + ": claim/ip", pa + ": claim/mac"],
       ("UPDATE entry SET value = ? WHERE key = ?", value(pb), pa))
broken("half a transaction", [pa + ": revision 99999 is newer than the store's"],
       ("UPDATE entry SET revision = 99999 WHERE key = ?", pa))
broken("a stranger", ["colour/1: is nothing that this program knows"], new("colour/1", "red"))

# A file that is none
equal("no file", 3, audit(w.path("none.db"))[0])
take()
store = sqlite3.connect(copy)
store.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log goes into the file
page = (store.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entry'").fetchone()[0] - 1
        ) * 4096
store.close()
with open(copy, "r+b") as file:
    file.seek(page)
    file.write(b"\xff" * 4096)
status, lines = audit(copy)
check("a damaged file", status == 1 and "damaged: " in lines[0], (status, lines))
open(copy, "w").write("nothing of the kind" * 100)
check("another file", audit(copy)[0] not in (0, 1), audit(copy))
equal("not a byte has changed by all this", before, digest())
end()
