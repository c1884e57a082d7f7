#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts as agents, availability zones, and routers' flags."""
import re, sys, uuid
sys.dont_write_bytecode = True
from lib import Host, Weftd, audit, check, end, equal, refused, soon

w = Weftd()
w.options = ("--tokens", w.path("tokens"))
with open(w.path("tokens"), "w") as f:
    f.write("root admin admin\nany * agent\nmember red member\n")
w.headers = {"X-Auth-Token": "root"}
w.start()
MEMBER = {"X-Auth-Token": "member"}
h1 = Host(w, "h1", "10.99.0.2&zone=east", "any")
h2 = Host(w, "h2", "10.99.0.3", "any")
soon("two hosts", lambda: len(w.get("hosts")["hosts"]) == 2)
agents = {a["host"]: a for a in w.get("agents")["agents"]}
a1, a2 = agents["h1"], agents["h2"]
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
equal("an agent's attributes", {"id", "agent_type", "binary", "topic", "host", "admin_state_up",
      "alive", "availability_zone", "created_at", "started_at", "heartbeat_timestamp",
      "configurations", "description"}, set(a1))
check("and their values", a1["binary"] == "weft-agent" and a1["alive"] is True and
      a1["configurations"]["tunneling_ip"] == "10.99.0.2" and
      all(re.fullmatch(TIME, a1[x]) for x in ("created_at", "started_at", "heartbeat_timestamp")), a1)
equal("the host's id", w.get("hosts?name=h1")["hosts"][0]["id"], a1["id"])
equal("zones: the agent's option, the default", ("east", "nova"),
      (a1["availability_zone"], a2["availability_zone"]))
equal("one", a1["host"], w.get("agents/" + a1["id"])["agent"]["host"])
names = lambda query: [a["host"] for a in w.get("agents?" + query)["agents"]]
equal("filter by host", ["h2"], names("host=h2"))
equal("by zone", ["h1"], names("availability_zone=east"))
equal("by alive", ["h1", "h2"], sorted(names("alive=true")))
equal("sorted", ["h2", "h1"], names("sort_key=host&sort_dir=desc"))
equal("fields", [{"host": "h1"}], w.get("agents?host=h1&fields=host")["agents"])
refused("none", w.get("agents/%s" % uuid.uuid4()), 404, "AgentNotFound")
refused("a member sees none", w.get("agents/" + a1["id"], MEMBER), 404, "AgentNotFound")
equal("and lists none", [], w.get("agents", MEMBER)["agents"])
refused("nobody makes one", w.post("agent", host="h3"), 400, "HTTPBadRequest", "host")
r = w.put("agent", a2["id"], admin_state_up=False, description="broken fan")
check("closed to new ports", r.status == 200 and r["agent"]["admin_state_up"] is False and
      r["agent"]["description"] == "broken fan", r)
equal("so is its host", False, w.get("hosts/" + a2["id"])["host"]["admin_state_up"])
n = w.create("network")
equal("and takes none", "binding_failed", w.create("port", network_id=n["id"], **{
    "binding:host_id": "h2"})["binding:vif_type"])
w.put("agent", a2["id"], admin_state_up=True)
equal("open again", "tap", w.create("port", network_id=n["id"], **{"binding:host_id": "h2"})[
    "binding:vif_type"])
refused("its zone is the host's", w.put("agent", a2["id"], availability_zone="x"), 400,
        "HTTPBadRequest", "availability_zone")

# Zones
zones = lambda query="", headers=None: [tuple(z[x] for x in ("name", "resource", "state")) for z in
                                        w.get("availability_zones" + query, headers)["availability_zones"]]
equal("zones", sorted((z, r, "available") for z in ("east", "nova") for r in ("network", "router")),
      sorted(zones()))
equal("filter", [("east", "router", "available")], zones("?name=east&resource=router"))
equal("members see them", 4, len(zones("", MEMBER)))
refused("an unknown filter", w.get("availability_zones?color=red"), 400, "HTTPBadRequest", "color")
w.put("host", a2["id"], availability_zone="west")
equal("an operator moves a host", {"east", "west"}, {z[0] for z in zones()})
refused("to what is no name", w.put("host", a2["id"], availability_zone="a:b"), 400,
        "HTTPBadRequest", "'a:b'")
for bad in ("%ff", "a%01b", "a%3Ab"):
    equal("nor does an agent say one: " + bad, 400, w.call(
        "GET", "/weft/v1/hosts/h9/rows?ip=10.99.0.9&zone=" + bad).status)
equal("nor an address: %ff", 400, w.call("GET", "/weft/v1/hosts/h9/rows?ip=%ff").status)
h1.close()
soon("a lost host's zone is not available", lambda: ("east", "network", "unavailable") in zones())
equal("filter by state", {"west"}, {z[0] for z in zones("?state=available")})
soon("its agent is not alive", lambda: names("alive=false") == ["h1"])
h1 = Host(w, "h1", "10.99.0.2", "any")
soon("back without an option", lambda: ("east", "network", "available") in zones())
h2.close()
h2 = Host(w, "h2", "10.99.0.3&zone=north", "any")
soon("the option goes before what an operator said", lambda: w.get("agents/" + a2["id"])["agent"][
    "availability_zone"] == "north")
n = w.create("network", availability_zone_hints=["east"])
equal("a network's hints, and where it is", (["east"], ["east", "north"]),
      (n["availability_zone_hints"], n["availability_zones"]))
equal("without", ([], ["east", "north"]), tuple(w.create("network")[x] for x in (
    "availability_zone_hints", "availability_zones")))
r = w.create("router", availability_zone_hints=["north", "east"])
equal("a router's", (["north", "east"], ["east", "north"]),
      (r["availability_zone_hints"], r["availability_zones"]))
for kind in "network", "router":
    refused("no zone of that name: " + kind, w.post(kind, availability_zone_hints=["x"]), 404,
            "AvailabilityZoneNotFound", "x")
    refused("no list: " + kind, w.post(kind, availability_zone_hints="east"), 400,
            "HTTPBadRequest", "availability_zone_hints")
refused("hints stay", w.put("network", n["id"], availability_zone_hints=[]), 400,
        "HTTPBadRequest", "availability_zone_hints")

# Routers are everywhere
equal("distributed", (True, False), (r["distributed"], r["ha"]))
equal("asked for", 201, w.post("router", distributed=True, ha=False).status)
refused("ha is not to be had", w.post("router", ha=True), 400, "HTTPBadRequest", "ha")
refused("nor is one place", w.put("router", r["id"], distributed=False), 400, "HTTPBadRequest",
        "distributed")
m = w.create("router", MEMBER)
check("members are not told", "distributed" not in m and "ha" not in m, m)
refused("and may not ask", w.post("router", MEMBER, distributed=False), 403, "PolicyNotAuthorized")

# Who does what
equal("service providers", [{"service_type": "L3_ROUTER_NAT", "name": "weft", "default": True}],
      w.get("service-providers", MEMBER)["service_providers"])
equal("filter", [], w.get("service-providers?service_type=VPN")["service_providers"])
n = w.create("network")
s = w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
equal("addresses at once, or none", ["immediate", "none"], [w.create(
    "port", network_id=n["id"], **more)["ip_allocation"] for more in ({}, {"fixed_ips": []})])
equal("found by it", 1, len(w.get("ports?ip_allocation=immediate")["ports"]))

# Ends
w.stop()
w.start()
equal("a restart knows", {"h1": "east", "h2": "north"},
      {a["host"]: a["availability_zone"] for a in w.get("agents")["agents"]})
for port in w.get("ports")["ports"]:
    w.delete("port", port["id"])
equal("an agent that is gone is deleted with its host", (204, ["h2"]), (
    w.delete("agent", a1["id"]).status, [h["name"] for h in w.get("hosts")["hosts"]]))
equal("and its zone", {"north"}, {z[0] for z in zones()})
equal("weftd ends cleanly", 0, w.stop())
equal("the store is whole", 0, audit(w.path(w.db))[0])
end()
