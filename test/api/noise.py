#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Thousands of requests, half of them nonsense: weftd answers each, and what it then holds is
whole. `noise.py SEED SECONDS` repeats a run."""
import ipaddress, random, sys, time
from urllib.parse import quote
sys.dont_write_bytecode = True
from lib import Weftd, check, end, equal

seed = int(sys.argv[1]) if len(sys.argv) > 1 else int(time.time())
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 6
print("seed %d" % seed)
rnd = random.Random(seed)
w = Weftd().start()
ids = {kind: [] for kind in ("network", "subnet", "port", "router", "host")}
NOBODY = "11111111-1111-4111-8111-111111111111"
ATTRS = {
    "network": "name mtu shared admin_state_up provider:segmentation_id tags flood tenant_id",
    "subnet": "network_id ip_version cidr gateway_ip allocation_pools enable_dhcp dns_nameservers "
              "host_routes ipv6_ra_mode ipv6_address_mode service_types name",
    "port": "network_id mac_address fixed_ips allowed_address_pairs extra_dhcp_opts device_id "
            "device_owner binding:host_id binding:profile port_security_enabled tags project_id",
    "router": "name routes admin_state_up", "host": "name tunnel_ip"}
ATTRS = {kind: names.split() for kind, names in ATTRS.items()}
QUERY = "fields limit marker sort_key sort_dir page_reverse tags changed_since id created_at".split()


def some(kind=None):
    return rnd.choice(ids[kind or rnd.choice(list(ids))] + [NOBODY])


def value():
    n = rnd.randint(0, 20)
    return rnd.choice([
        None, True, False, 0, 1, -1, 4, 6, 1 << 40, 1.5, "", "x", "\u00e4" * 300, "slaac", "h1",
        "10.0.0.%d" % n, "10.%d.0.0/%d" % (n % 3, n + 12), "fd00::/64", "fd00::%d" % n,
        "02:00:00:00:00:%02x" % n, some(), [], {}, [{}], [1], ["a", "b"], "compute:x",
        "network:router_interface", [{"ip_address": "10.0.0.%d" % n}],
        [{"subnet_id": some("subnet")}], [{"start": "10.0.0.2", "end": "10.0.0.9"}],
        [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.%d" % n}],
        [{"opt_name": "a", "opt_value": None}]])


def body(kind):
    n = rnd.randint(0, 9)
    base = {"network": {}, "router": {}, "port": {"network_id": some("network")},
            "host": {"name": "h%d" % n, "tunnel_ip": "10.9.0.%d" % rnd.randint(1, 9)},
            "subnet": rnd.choice([
                {"network_id": some("network"), "ip_version": 4, "cidr": "10.%d.0.0/28" % n},
                {"network_id": some("network"), "ip_version": 6, "cidr": "fd00:%d::/64" % n,
                 "ipv6_address_mode": rnd.choice([None, "slaac"])}])}[kind]
    for _ in range(rnd.choice([0, 0, 1, 1, 2])):
        base[rnd.choice(ATTRS[kind])] = value()
    return base


def create(kind):
    bulk = rnd.random() < 0.15
    sent = {kind + "s": [body(kind) for _ in range(rnd.randint(0, 3))]} if bulk else {
        kind: body(kind)}
    r = w.call("POST", "/v2.0/%ss" % kind, sent)
    if r.status == 201:
        ids[kind] += [x["id"] for x in (r[kind + "s"] if bulk else [r[kind]])]
    return r


def delete(kind):
    gone = some(kind)
    r = w.delete(kind, gone)
    if r.status == 204:
        ids[kind].remove(gone)
    return r


def update(kind):
    return w.put(kind, some(kind), **{rnd.choice(ATTRS[kind]): value()})


def act(kind):
    action = rnd.choice(["add_router_interface", "remove_router_interface", "add_extraroutes"])
    return w.call("PUT", "/v2.0/routers/%s/%s" % (some("router"), action), rnd.choice([
        {"subnet_id": some("subnet")}, {"port_id": some("port")}, {"router": {"routes": value()}},
        value()]))


def ask(kind):
    return w.get("%ss?%s" % (kind, "&".join(
        "%s=%s" % (quote(rnd.choice(ATTRS[kind] + QUERY)), quote(str(value())))
        for _ in range(rnd.randint(0, 4)))))


def tag(kind):
    return w.call(rnd.choice(["PUT", "DELETE", "GET"]), "/v2.0/%ss/%s/tags%s" % (
        kind, some(kind), rnd.choice(["", "/x", "/y"])), rnd.choice([None, {"tags": value()}]))


def everything():
    return {kind: sorted(w.get(kind + "s")[kind + "s"], key=lambda x: x["id"]) for kind in ids}


seen, bad, until = {}, [], time.time() + seconds
while time.time() < until:
    what = rnd.choice([create] * 8 + [update] * 4 + [delete] * 2 + [act] * 2 + [ask] * 2 + [tag])
    r = what(rnd.choice(list(ids)))
    seen[r.status] = seen.get(r.status, 0) + 1
    if r.status not in (200, 201, 204, 400, 404, 409) or (
            r.status >= 400 and not r.fault.get("message")):
        bad.append((what.__name__, str(r)))
print(seen)
equal("every answer is one", [], bad[:3])
check("of each kind", all(seen.get(status) for status in (200, 201, 204, 400, 404, 409)), seen)

held = everything()
by = {x["id"]: x for kind in held for x in held[kind]}


def unique(name, keys):
    equal("no %s twice" % name, len(keys), len(set(keys)))


unique("address", [(x["subnet_id"], x["ip_address"]) for p in held["port"] for x in p["fixed_ips"]])
unique("MAC", [(p["network_id"], p["mac_address"]) for p in held["port"]])
unique("VNI", [n["provider:segmentation_id"] for n in held["network"]])
unique("host", [h["name"] for h in held["host"]])
unique("tunnel address", [h["tunnel_ip"] for h in held["host"]])
check("every port has its network", not [p for p in held["port"] if p["network_id"] not in by])
check("every subnet has its network", not [s for s in held["subnet"] if s["network_id"] not in by])
check("every address is its subnet's", not [
    (p, x) for p in held["port"] for x in p["fixed_ips"]
    if x["subnet_id"] not in by or by[x["subnet_id"]]["network_id"] != p["network_id"] or
    ipaddress.ip_address(x["ip_address"]) not in ipaddress.ip_network(by[x["subnet_id"]]["cidr"])])
check("every interface has its router", not [p for p in held["port"] if p["device_owner"] ==
      "network:router_interface" and p["device_id"] not in by])
overlap = 0
for n in held["network"]:
    nets = [ipaddress.ip_network(by[s]["cidr"]) for s in n["subnets"]]
    overlap += sum(a.version == b.version and a.overlaps(b) for i, a in enumerate(nets)
                   for b in nets[:i])
equal("no subnets overlap", 0, overlap)
equal("weftd ends cleanly", 0, w.stop())
w.start()
check("nothing is lost", held == everything())
equal("weftd ends cleanly again", 0, w.stop())
end()
