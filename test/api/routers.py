#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Routers: interfaces, static routes, and what keeps one from going."""
import sys, uuid
sys.dont_write_bytecode = True
from lib import Weftd, check, end, equal, refused

w = Weftd().start()
NOBODY = str(uuid.uuid4())
act = lambda r, what, **body: w.call("PUT", "/v2.0/routers/%s/%s" % (r["id"], what), body)
add = lambda r, **body: act(r, "add_router_interface", **body)
remove = lambda r, **body: act(r, "remove_router_interface", **body)


def net(cidr, **more):
    n = w.create("network")
    return n, w.create("subnet", network_id=n["id"], ip_version=6 if ":" in cidr else 4, cidr=cidr,
                       **more)


n1, s1 = net("10.0.1.0/24")
n2, s2 = net("10.0.2.0/24")
r = w.create("router", name="r")
check("defaults", r["admin_state_up"] is True and r["routes"] == [] and r["status"] == "ACTIVE" and
      r["external_gateway_info"] is None, r)
for none in None, {}:
    g = w.create("router", external_gateway_info=none)
    equal("no gateway, said as %r" % none, None, g["external_gateway_info"])
    equal("and later", 200, w.put("router", g["id"], external_gateway_info=none).status)
    for name, wanted, status, type in (
            ("no network", {}, 400, "HTTPBadRequest"),
            ("no id", {"network_id": "ext"}, 400, "HTTPBadRequest"),
            ("nobody's", {"network_id": str(uuid.uuid4())}, 404, "NetworkNotFound"),
            ("not external", {"network_id": n1["id"]}, 400, "BadRequest")):
        refused("a gateway: " + name, w.put("router", g["id"], external_gateway_info={
            "enable_snat": True, **wanted}), status, type)
    equal("nothing came of it", 204, w.delete("router", g["id"]).status)
i = add(r, subnet_id=s1["id"])
check("interface by subnet", i.status == 200 and i["id"] == r["id"] and
      i["subnet_id"] == s1["id"] and i["subnet_ids"] == [s1["id"]] and
      i["network_id"] == n1["id"] and i["tenant_id"] == i["project_id"] == "default", i)
p = w.get("ports/" + i["port_id"])["port"]
check("its port", p["device_owner"] == "network:router_interface" and p["device_id"] == r["id"] and
      p["fixed_ips"] == [{"subnet_id": s1["id"], "ip_address": "10.0.1.1"}] and
      p["status"] == "ACTIVE", p)
equal("the router's revision grew", r["revision_number"] + 1,
      w.get("routers/" + r["id"])["router"]["revision_number"])
equal("filter by router", [p["id"]], [x["id"] for x in w.get(
    "ports?device_id=%s&device_owner=network:router_interface" % r["id"])["ports"]])
refused("the same subnet again", add(r, subnet_id=s1["id"]), 400, "BadRequest", s1["id"])
_, same = net("10.0.1.128/25")
refused("overlap", add(r, subnet_id=same["id"]), 400, "BadRequest", "overlaps", "10.0.1.0/24")
refused("both", add(r, subnet_id=s2["id"], port_id=p["id"]), 400, "BadRequest",
        "Cannot specify both subnet-id and port-id")
refused("neither", add(r), 400, "BadRequest", "Either subnet_id or port_id must be specified")
refused("no id", add(r, subnet_id="x"), 400, "HTTPBadRequest", "'x' is not a valid UUID")
refused("no such subnet", add(r, subnet_id=NOBODY), 404, "SubnetNotFound")
refused("no such port", add(r, port_id=NOBODY), 404, "PortNotFound")
refused("no such router", add({"id": NOBODY}, subnet_id=s2["id"]), 404, "RouterNotFound")
_, bare = net("10.0.3.0/24", gateway_ip=None)
refused("no gateway", add(r, subnet_id=bare["id"]), 400, "BadRequest", "gateway")
equal("an action only by PUT", 405, w.call(
    "GET", "/v2.0/routers/%s/add_router_interface" % r["id"]).status)
refused("no such action", act(r, "explode"), 404, "HTTPNotFound")

q = w.create("port", network_id=n2["id"], fixed_ips=[{"ip_address": "10.0.2.9"}])
i2 = add(r, port_id=q["id"])
check("interface by port", i2.status == 200 and i2["port_id"] == q["id"], i2)
equal("the port is the router's", "network:router_interface",
      w.get("ports/" + q["id"])["port"]["device_owner"])
other = w.create("router")
refused("a port in use", add(other, port_id=q["id"]), 409, "PortInUse", q["id"], r["id"])
empty = w.create("port", network_id=n2["id"], fixed_ips=[])
refused("a port without address", add(other, port_id=empty["id"]), 400, "BadRequest")
equal("a subnet on a second router by port", 200, add(other, port_id=w.create(
    "port", network_id=n1["id"], fixed_ips=[{"ip_address": "10.0.1.2"}])["id"]).status)
refused("its gateway is taken", add(other, subnet_id=s2["id"]).__class__ and add(
    w.create("router"), subnet_id=s1["id"]), 409, "IpAddressAlreadyAllocated", "10.0.1.1")
n6, s6 = net("fd00:6::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
first = add(r, subnet_id=s6["id"])
equal("an IPv6 subnet's gateway", 200, first.status)
s7 = w.create("subnet", network_id=n6["id"], ip_version=6, cidr="fd00:7::/64")
second = add(r, subnet_id=s7["id"])
equal("a further IPv6 subnet joins the interface", first["port_id"], second["port_id"])
equal("... with both gateways", ["fd00:6::1", "fd00:7::1"], sorted(
    x["ip_address"] for x in w.get("ports/" + first["port_id"])["port"]["fixed_ips"]))
refused("once", add(r, subnet_id=s7["id"]), 400, "BadRequest", s7["id"])
equal("and leaves it", 200, remove(r, subnet_id=s7["id"]).status)
equal("... as it was", ["fd00:6::1"], [
    x["ip_address"] for x in w.get("ports/" + first["port_id"])["port"]["fixed_ips"]])
equal("its address is free", 204, w.delete("subnet", s7["id"]).status)

refused("the port is not deleted by itself", w.delete("port", p["id"]), 409, "ServicePortInUse")
refused("nor changed", w.put("port", p["id"], device_id="x"), 409, "UnsupportedPortDeviceOwner")
refused("nor made by hand", w.post("port", network_id=n1["id"], device_id=r["id"],
        device_owner="network:router_interface"), 409, "UnsupportedPortDeviceOwner")
equal("but named", 200, w.put("port", p["id"], name="leg").status)

# Its addresses are
leg, owner = w.create("network"), w.create("router")
la, lb = (w.create("subnet", network_id=leg["id"], ip_version=4, cidr=x)
          for x in ("10.77.1.0/24", "10.77.2.0/24"))
l6 = w.create("subnet", network_id=leg["id"], ip_version=6, cidr="fd77::/64")
_, far = net("10.77.3.0/24")
add(owner, subnet_id=far["id"])
lp = add(owner, subnet_id=la["id"])["port_id"]
move = lambda *ips: w.put("port", lp, fixed_ips=list(ips))
addresses = lambda: sorted(x["ip_address"] for x in w.get("ports/" + lp)["port"]["fixed_ips"])
before = w.get("routers/" + owner["id"])["router"]["revision_number"]
equal("an interface is given its subnet again", 200, move({"subnet_id": la["id"]}).status)
equal("and keeps its address", ["10.77.1.1"], addresses())
equal("the router's revision grows", before + 1,
      w.get("routers/" + owner["id"])["router"]["revision_number"])
equal("another address", 200, move({"ip_address": "10.77.1.9"}).status)
equal("the gateway's is free then", 201, w.post("port", network_id=leg["id"], fixed_ips=[
    {"ip_address": "10.77.1.1"}]).status)
equal("and a subnet of IPv6", 200, move({"ip_address": "10.77.1.9"}, {"ip_address": "fd77::1"}).status)
equal("it has both", ["10.77.1.9", "fd77::1"], addresses())
refused("no address at all", move(), 400, "BadRequest", "at least one")
refused("two of IPv4", move({"ip_address": "10.77.1.9"}, {"ip_address": "10.77.2.9"}), 400,
        "BadRequest", "multiple IPv4")
equal("a route over it", 200, w.put("router", owner["id"], routes=[
    {"destination": "192.0.2.0/24", "nexthop": "10.77.1.20"}]).status)
refused("keeps the subnet", move({"ip_address": "10.77.2.9"}), 409, "RouterInterfaceInUseByRoute")
equal("not the address", 200, move({"ip_address": "10.77.1.10"}).status)
w.put("router", owner["id"], routes=[])
equal("then another subnet", 200, move({"ip_address": "10.77.2.9"}).status)
_, clash = net("10.77.1.0/25")
equal("the old one may be joined from elsewhere", 200, add(owner, subnet_id=clash["id"]).status)
refused("and not come back then", move({"ip_address": "10.77.1.9"}), 400, "BadRequest", "overlaps")
equal("what was refused changed nothing", ["10.77.2.9"], addresses())
refused("the gateway stays", w.put("subnet", s1["id"], gateway_ip=None), 409, "GatewayIpInUse",
        p["id"])
refused("the subnet stays", w.delete("subnet", s1["id"]), 409, "SubnetInUse")
refused("a SLAAC subnet with a router stays", w.delete("subnet", s6["id"]), 409, "SubnetInUse")
refused("the network stays", w.delete("network", n1["id"]), 409, "NetworkInUse")
refused("the router stays", w.delete("router", r["id"]), 409, "RouterInUse", r["id"])

route = lambda d, h: {"destination": d, "nexthop": h}
routes = lambda x: sorted((y["destination"], y["nexthop"]) for y in x["router"]["routes"])
g = w.put("router", r["id"], routes=[route("10.50.0.0/16", "10.0.1.50"),
                                     route("0.0.0.0/0", "10.0.2.50")])
equal("routes", [("0.0.0.0/0", "10.0.2.50"), ("10.50.0.0/16", "10.0.1.50")], routes(g))
refused("routes on create", w.post("router", routes=[]), 400, "HTTPBadRequest",
        "Attribute 'routes' not allowed in POST")
refused("next hop elsewhere", w.put("router", r["id"], routes=[route("10.51.0.0/16", "10.9.9.9")]),
        400, "InvalidRoutes", "10.9.9.9")
refused("next hop is the router", w.put("router", r["id"], routes=[
    route("10.51.0.0/16", "10.0.1.1")]), 400, "InvalidRoutes", "10.0.1.1")
refused("mixed versions", w.put("router", r["id"], routes=[route("fd00::/64", "10.0.1.9")]), 400,
        "HTTPBadRequest", "routes")
refused("a route twice", w.put("router", r["id"], routes=[route("10.1.0.0/16", "10.0.1.9")] * 2),
        400, "HTTPBadRequest", "Duplicate")
refused("too many", w.put("router", r["id"], routes=[
    route("10.1.%d.0/24" % x, "10.0.1.9") for x in range(31)]), 400, "RoutesExhausted")
refused("no prefix", w.put("router", r["id"], routes=[route("10.1.0.9/16", "10.0.1.9")]), 400,
        "HTTPBadRequest", "10.1.0.9/16")
equal("refused routes changed nothing", 2, len(w.get("routers/" + r["id"])["router"]["routes"]))
g = act(r, "add_extraroutes", router={"routes": [route("10.52.0.0/16", "10.0.1.51"),
                                                 route("0.0.0.0/0", "10.0.2.50")]})
check("routes added", g.status == 200 and len(routes(g)) == 3, g)
g = act(r, "remove_extraroutes", router={"routes": [route("10.50.0.0/16", "10.0.1.50"),
                                                    route("10.77.0.0/16", "10.0.1.50")]})
equal("routes removed", [("0.0.0.0/0", "10.0.2.50"), ("10.52.0.0/16", "10.0.1.51")], routes(g))
refused("routes added wrongly", act(r, "add_extraroutes", router={}), 400, "HTTPBadRequest",
        "routes")
refused("an interface that routes need", remove(r, subnet_id=s1["id"]), 409,
        "RouterInterfaceInUseByRoute")
g = w.put("router", r["id"], routes=None)
equal("no routes", [], routes(g))

refused("mismatch", remove(r, port_id=p["id"], subnet_id=s2["id"]), 400, "SubnetMismatchForPort")
refused("not an interface", remove(r, port_id=empty["id"]), 404, "RouterInterfaceNotFound")
refused("not on it", remove(r, subnet_id=bare["id"]), 404, "RouterInterfaceNotFoundForSubnet")
g = remove(r, subnet_id=s1["id"])
check("removed by subnet", g.status == 200 and g["port_id"] == p["id"], g)
refused("its port is gone", w.get("ports/" + p["id"]), 404, "PortNotFound")
equal("removed by port", 200, remove(r, port_id=q["id"]).status)
equal("removed", 200, remove(r, subnet_id=s6["id"]).status)
equal("the address is free again", 200, add(r, subnet_id=s1["id"]).status)
equal("removed again", 200, remove(r, subnet_id=s1["id"]).status)
equal("the router goes", 204, w.delete("router", r["id"]).status)
equal("weftd ends cleanly", 0, w.stop())
end()
