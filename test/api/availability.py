#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many addresses of a network there are, and are in use."""
import sys, uuid
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
w.options = ("--tokens", w.path("tokens"), "--policy", w.path("policy.yaml"))
with open(w.path("tokens"), "w") as f:
    f.write("root admin admin\nmember red member\nother blue member\n")
open(w.path("policy.yaml"), "w").close()
w.headers = {"X-Auth-Token": "root"}
w.start()
MEMBER, OTHER = {"X-Auth-Token": "member"}, {"X-Auth-Token": "other"}
PATH = "network-ip-availabilities"


def show(network):
    return w.get("%s/%s" % (PATH, network["id"]))["network_ip_availability"]


def names(query, headers=None):
    return sorted(a["network_name"] for a in
                  w.get(PATH + "?" + query, headers)["network_ip_availabilities"])


def count(network):
    a = show(network)
    return a["used_ips"], a["total_ips"], [(s["used_ips"], s["total_ips"])
                                           for s in a["subnet_ip_availability"]]


# Counting
n = w.create("network", MEMBER, name="one")
equal("a network without subnets", {
    "network_id": n["id"], "network_name": "one", "project_id": "red", "tenant_id": "red",
    "subnet_ip_availability": [], "total_ips": 0, "used_ips": 0}, show(n))
s4 = w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24", name="four")
equal("neither network, gateway nor broadcast", {
    "subnet_id": s4["id"], "subnet_name": "four", "cidr": "10.0.0.0/24", "ip_version": 4,
    "total_ips": 253, "used_ips": 0}, show(n)["subnet_ip_availability"][0])
p = w.create("port", MEMBER, network_id=n["id"])
equal("a port", (1, 253, [(1, 253)]), count(n))
r = w.create("router", MEMBER)
w.call("PUT", "/v2.0/routers/%s/add_router_interface" % r["id"], {"subnet_id": s4["id"]}, MEMBER)
equal("a router at the gateway, which is in no pool", (2, 253, [(2, 253)]), count(n))
w.put("port", p["id"], fixed_ips=[{"ip_address": "10.0.0.7"}])
equal("another address instead", (2, 253, [(2, 253)]), count(n))
w.put("port", p["id"], fixed_ips=[{"ip_address": "10.0.0.7"}, {"ip_address": "10.0.0.8"}])
equal("two", (3, 253, [(3, 253)]), count(n))
refused("one that is taken", w.post("port", network_id=n["id"], fixed_ips=[
    {"ip_address": "10.0.0.9"}, {"ip_address": "10.0.0.8"}]), 409, "IpAddressAlreadyAllocated")
equal("what is refused uses none", (3, 253, [(3, 253)]), count(n))
s6 = w.create("subnet", network_id=n["id"], ip_version=6, cidr="fd00::/64")
equal("IPv6, exactly", (3, 253 + 2 ** 64 - 2, [(0, 2 ** 64 - 2), (3, 253)]),
      (*count(n)[:2], sorted(count(n)[2])))
check("in digits", '"total_ips":%d,' % (253 + 2 ** 64 - 2) in w.get("%s/%s" % (PATH, n["id"])).text,
      w.get("%s/%s" % (PATH, n["id"])))
m = w.create("network", OTHER, name="two")
w.create("subnet", network_id=m["id"], ip_version=6, cidr="2001:db8::/32", gateway_ip=None)
w.create("subnet", network_id=m["id"], ip_version=4, cidr="10.1.0.0/24", allocation_pools=[
    {"start": "10.1.0.10", "end": "10.1.0.19"}, {"start": "10.1.0.30", "end": "10.1.0.30"}])
equal("of pools, not of the range", [11, 2 ** 96 - 1],
      sorted(s["total_ips"] for s in show(m)["subnet_ip_availability"]))
equal("their sum", 2 ** 96 + 10, show(m)["total_ips"])
e = w.create("network", name="three")
w.create("subnet", network_id=e["id"], ip_version=4, cidr="10.2.0.0/24", allocation_pools=[])
equal("of the range, without pools", (0, 256, [(0, 256)]), count(e))
a = w.create("network", name="four")
w.create("subnet", network_id=a["id"], ip_version=6, cidr="fd01::/64", ipv6_ra_mode="slaac",
         ipv6_address_mode="slaac")
w.create("port", network_id=a["id"])
equal("an automatic address", (1, 2 ** 64 - 2, [(1, 2 ** 64 - 2)]), count(a))

# Lists
listed = w.get(PATH)["network_ip_availabilities"]
equal("all", {x["id"] for x in (n, m, e, a)}, {x["network_id"] for x in listed})
equal("each as it is shown", [show({"id": x["network_id"]}) for x in listed], listed)
equal("by id", ["two"], names("network_id=" + m["id"]))
equal("by name", ["one", "three"], names("network_name=one&network_name=three"))
equal("by project", (["two"], ["one"]), (names("project_id=blue"), names("tenant_id=red")))
equal("by version", (["one", "three", "two"], ["four", "one", "two"]),
      (names("ip_version=4"), names("ip_version=6")))
equal("both", ["four", "one", "three", "two"], names("ip_version=4&ip_version=6"))
x, = w.get(PATH + "?ip_version=4&network_name=one")["network_ip_availabilities"]
equal("and only their subnets count", ([s4["id"]], 253, 3), (
    [s["subnet_id"] for s in x["subnet_ip_availability"]], x["total_ips"], x["used_ips"]))
equal("no such version", [], names("ip_version=5"))
refused("no version", w.get(PATH + "?ip_version=four"), 400, "HTTPBadRequest", "ip_version", "'four'")
refused("no filter", w.get(PATH + "?color=red"), 400, "HTTPBadRequest", "color")
equal("fields", [{"network_name": "two", "used_ips": 0}], w.get(
    PATH + "?network_name=two&fields=network_name&fields=used_ips")["network_ip_availabilities"])
equal("sorted", ["two", "three", "one", "four"], [x["network_name"] for x in w.get(
    PATH + "?sort_key=network_name&sort_dir=desc")["network_ip_availabilities"]])
equal("by size", ["three", "four", "one", "two"], [x["network_name"] for x in w.get(
    PATH + "?sort_key=total_ips")["network_ip_availabilities"]])

# Who may ask, and what
equal("members list none", [], names("", MEMBER))
refused("and see none", w.get("%s/%s" % (PATH, n["id"]), MEMBER), 404, "NetworkNotFound", n["id"])
nobody = str(uuid.uuid4())
refused("no such network", w.get("%s/%s" % (PATH, nobody)), 404, "NetworkNotFound", nobody)
refused("no id", w.get(PATH + "/x"), 404, "NetworkNotFound", "x")
refused("nothing below", w.get("%s/%s/ports" % (PATH, n["id"])), 404, "HTTPNotFound")
refused("nobody makes one", w.call("POST", "/v2.0/" + PATH, {}), 405, "HTTPMethodNotAllowed")
refused("or deletes it", w.call("DELETE", "/v2.0/%s/%s" % (PATH, n["id"])), 405, "HTTPMethodNotAllowed")
check("announced", any(x["alias"] == "network-ip-availability" for x in w.get("extensions")["extensions"]))

# Later
w.delete("port", p["id"])
equal("a port that is gone", 1, show(n)["used_ips"])
w.stop()
with open(w.path("policy.yaml"), "w") as f:
    f.write('get_network_ip_availability: "rule:admin_only or project_id:%(project_id)s"\n')
w.start()
equal("a restart knows", (1, [(0, 2 ** 64 - 2), (1, 253)]), (count(n)[0], sorted(count(n)[2])))
equal("an operator lets owners see their own", (["one"], ["two"]), (names("", MEMBER), names("", OTHER)))
refused("and no other", w.get("%s/%s" % (PATH, m["id"]), MEMBER), 404, "NetworkNotFound")
equal("weftd ends cleanly", 0, w.stop())
equal("the store is whole", 0, audit(w.path(w.db))[0])
end()
