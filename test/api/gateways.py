#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gateways of routers: external_gateway_info, the port behind it, what may not be taken from under
one, and which host has it, also when that is lost."""
import json, sys, time, uuid
sys.dont_write_bytecode = True
from lib import Host, Weftd, audit, check, end, equal, refused, soon

w = Weftd()
tokens = w.path("tokens")
with open(tokens, "w") as f:
    f.write("root admins admin\na pa member\nb pb member\nhost * agent\n")
w.options = ("--tokens", tokens, "--quota", "all=-1")
w.start()
admin, a, b = ({"X-Auth-Token": x} for x in ("root", "a", "b"))
w.headers = admin
GATEWAY = "network:router_gateway"
NOBODY = str(uuid.uuid4())
SERIAL = [0]


def external(physical=True, **more):
    """An external network of a physical one of its own, with no subnet."""
    SERIAL[0] += 1
    marker = {"provider:network_type": "flat", "provider:physical_network": "phys%d" % SERIAL[0]}
    return w.create("network", **{"router:external": True, **(marker if physical else {}), **more})


def subnet(network, cidr, headers=None, **more):
    return w.create("subnet", headers, network_id=network["id"], cidr=cidr, ip_version=6 if ":" in cidr else 4, **more)


def inside(cidr, headers=a):
    return subnet(w.create("network", headers), cidr, headers)


def router(info, headers=None, **more):
    return w.create("router", headers, external_gateway_info=info, **more)


def ports(id):
    return w.get("ports?device_id=%s&device_owner=%s" % (id, GATEWAY))["ports"]


def show(kind, id):
    return w.get("%ss/%s" % (kind, id))[kind]


def addresses(info):
    return sorted(x["ip_address"] for x in info["external_fixed_ips"])


def act(id, what, headers=a, **body):
    return w.call("PUT", "/v2.0/routers/%s/%s" % (id, what), body, headers)


def put(id, info, headers=None, **more):
    return w.put("router", id, headers, external_gateway_info=info, **more)


net = external(name="out")
s4 = subnet(net, "203.0.113.0/24", enable_dhcp=False)
only = {"network_id": net["id"]}

# What it is
r = router(only, a, name="r")
info = r["external_gateway_info"]
equal("it tells all in the same answer", ({"network_id", "enable_snat", "external_fixed_ips"}, net["id"], True),
      (set(info), info["network_id"], info["enable_snat"]))
equal("an address of the subnet", [s4["id"]], [x["subnet_id"] for x in info["external_fixed_ips"]])
equal("and later", info, w.get("routers/" + r["id"], a)["router"]["external_gateway_info"])
equal("and in a list", [info], [x["external_gateway_info"] for x in w.get("routers", a)["routers"]])
[p] = ports(r["id"])
check("its port", p["device_owner"] == GATEWAY and p["network_id"] == net["id"] and p["tenant_id"] == p["project_id"] == "" and
      p["name"] == "" and p["admin_state_up"] is True and p["security_groups"] == [] and p["port_security_enabled"] is False and
      [x["ip_address"] for x in p["fixed_ips"]] == addresses(info), p)
check("no host is there yet", p["status"] == "DOWN" and p["binding:vif_type"] == "binding_failed" and
      p["binding:host_id"] == "", p)
equal("the project does not see it", [], w.get("ports?device_id=" + r["id"], a)["ports"])
equal("nor by its id", 404, w.get("ports/" + p["id"], a).status)
refused("it is not deleted by itself", w.delete("port", p["id"]), 409, "ServicePortInUse", GATEWAY)
refused("nor made by hand", w.post("port", network_id=net["id"], device_id=r["id"], device_owner=GATEWAY), 409,
        "UnsupportedPortDeviceOwner", GATEWAY)
for name, change in (("owner", {"device_owner": "compute:nova"}), ("router", {"device_id": NOBODY}), ("host", {
        "binding:host_id": "h1"}), ("MAC", {"mac_address": "02:00:00:00:00:01"}), ("addresses", {"fixed_ips": []})):
    refused("nor given another " + name, w.put("port", p["id"], **change), 409, "UnsupportedPortDeviceOwner", GATEWAY)
mine = w.create("port", network_id=w.create("network")["id"])
refused("nor does a port become one", w.put("port", mine["id"], device_owner=GATEWAY), 409, "UnsupportedPortDeviceOwner")
equal("but named and closed", 200, w.put("port", p["id"], name="way out", admin_state_up=False).status)
w.put("port", p["id"], admin_state_up=True)
refused("it is no interface", act(r["id"], "add_router_interface", admin, port_id=p["id"]), 409, "PortInUse")
refused("and has no bindings of Nova's", w.get("ports/%s/bindings" % p["id"]), 400, "BadRequest")
equal("it is not counted to any project", 0, w.get("quotas/pa/details.json")["quota"]["port"]["used"])
used = w.get("network-ip-availabilities/" + net["id"])["network_ip_availability"]
equal("its address is in use", 1, used["used_ips"])

# What it may not be
wrong = (
    ("nothing", "x", 400, "HTTPBadRequest"), ("a list", [only], 400, "HTTPBadRequest"), ("no network", {"enable_snat": True}, 400, "HTTPBadRequest"),
    ("no id", {"network_id": "out"}, 400, "HTTPBadRequest"), ("null", {"network_id": None}, 400, "HTTPBadRequest"),
    ("nobody's network", {"network_id": NOBODY}, 404, "NetworkNotFound"), ("an unknown key", {**only, "bandwidth": 5}, 400, "HTTPBadRequest"),
    ("a strange truth", {**only, "enable_snat": "perhaps"}, 400, "HTTPBadRequest"),
    ("a QoS policy", {**only, "qos_policy_id": NOBODY}, 400, "HTTPBadRequest"),
    ("addresses that are none", {**only, "external_fixed_ips": "203.0.113.9"}, 400, "HTTPBadRequest"),
    ("an address that is none", {**only, "external_fixed_ips": [{"ip_address": "x"}]}, 400, "HTTPBadRequest"),
    ("an unknown key of an address", {**only, "external_fixed_ips": [{"ip": "203.0.113.9"}]}, 400, "HTTPBadRequest"),
    ("neither subnet nor address", {**only, "external_fixed_ips": [{}]}, 400, "InvalidInput"),
    ("the same twice", {**only, "external_fixed_ips": 2 * [{"ip_address": "203.0.113.9"}]}, 400, "HTTPBadRequest"),
    ("an address elsewhere", {**only, "external_fixed_ips": [{"ip_address": "198.51.100.9"}]}, 400, "InvalidIpForNetwork"),
    ("not of the named subnet", {**only, "external_fixed_ips": [{"ip_address": "198.51.100.9", "subnet_id": s4["id"]}]}, 400,
     "InvalidIpForSubnet"),
    ("a broadcast address", {**only, "external_fixed_ips": [{"ip_address": "203.0.113.255"}]}, 400, "InvalidIpForSubnet"),
    ("the router's outside", {**only, "external_fixed_ips": [{"ip_address": "203.0.113.1"}]}, 400, "BadRequest"),
    ("another network's subnet", {**only, "external_fixed_ips": [{"subnet_id": inside("10.9.0.0/24", admin)["id"]}]}, 400, "InvalidInput"),
    ("nobody's subnet", {**only, "external_fixed_ips": [{"subnet_id": NOBODY}]}, 404, "SubnetNotFound"),
    ("one in use", {**only, "external_fixed_ips": [{"ip_address": addresses(info)[0]}]}, 409, "IpAddressAlreadyAllocated"),
    ("too many", {**only, "external_fixed_ips": 65 * [{"subnet_id": s4["id"]}]}, 400, "HTTPBadRequest"))
bare = w.create("router")
count = len(w.get("ports")["ports"])
for name, what, status, type in wrong:
    refused("made with " + name, w.post("router", external_gateway_info=what), status, type)
    refused("given " + name, put(bare["id"], what), status, type)
private = w.create("network", a)
refused("a network that is no way out", put(bare["id"], {"network_id": private["id"]}), 400, "BadRequest", "not an external network")
refused("one that is not seen", w.post("router", b, external_gateway_info={"network_id": private["id"]}), 404, "NetworkNotFound")
equal("nothing came of all that", (None, count, 1), (show("router", bare["id"])["external_gateway_info"], len(w.get("ports")["ports"]),
      w.get("network-ip-availabilities/" + net["id"])["network_ip_availability"]["used_ips"]))

# Who may say what
for key, value in (("enable_snat", False), ("enable_snat", True), ("external_fixed_ips", [{"subnet_id": s4["id"]}])):
    refused("a member does not say " + key, w.post("router", a, external_gateway_info={**only, key: value}), 403,
            "PolicyNotAuthorized", "create_router:external_gateway_info:" + key)
    refused("nor later", put(r["id"], {**only, key: value}, a), 403, "PolicyNotAuthorized",
            "update_router:external_gateway_info:" + key)
refused("nobody else's router", put(r["id"], {}, b), 404, "RouterNotFound")

# Changing
before = show("router", r["id"])
g = put(r["id"], only, a)
equal("the same again changes nothing but the revision", (200, info, before["revision_number"] + 1, p["id"]),
      (g.status, g["router"]["external_gateway_info"], g["router"]["revision_number"], ports(r["id"])[0]["id"]))
g = put(r["id"], {**only, "enable_snat": False})
equal("without translation", {**info, "enable_snat": False}, g["router"]["external_gateway_info"])
equal("which stays while something else changes", False, w.put("router", r["id"], a, name="q")["router"]["external_gateway_info"]["enable_snat"])
equal("and is the default again when it is not said", True, put(r["id"], only, a)["router"]["external_gateway_info"]["enable_snat"])
g = put(r["id"], {**only, "external_fixed_ips": [{"ip_address": "203.0.113.77"}]})
equal("another address", ["203.0.113.77"], addresses(g["router"]["external_gateway_info"]))
equal("of the same port", (p["id"], ["203.0.113.77"]), (ports(r["id"])[0]["id"], [x["ip_address"] for x in ports(r["id"])[0]["fixed_ips"]]))
equal("by its subnet it keeps that", ["203.0.113.77"], addresses(put(r["id"], {**only, "external_fixed_ips": [
    {"subnet_id": s4["id"]}]})["router"]["external_gateway_info"]))
equal("two of them", ["203.0.113.77", "203.0.113.78"], addresses(put(r["id"], {**only, "external_fixed_ips": [
    {"ip_address": "203.0.113.77"}, {"ip_address": "203.0.113.78"}]})["router"]["external_gateway_info"]))
equal("the old address is free", 201, w.post("port", network_id=net["id"], fixed_ips=[{"ip_address": addresses(info)[0]}]).status)
other = external()
so = [subnet(other, x) for x in ("198.51.100.0/25", "198.51.100.128/25", "2001:db8:77::/64")]
g = put(r["id"], {"network_id": other["id"]}, a)["router"]["external_gateway_info"]
equal("another network: one address of each version", (other["id"], [4, 6]), (g["network_id"], sorted(
    6 if ":" in x else 4 for x in addresses(g))))
equal("the old one has no port of it", [], [x for x in w.get("ports?network_id=" + net["id"])["ports"] if x["device_owner"] == GATEWAY])
for none in ({}, None):
    put(r["id"], only, a)
    equal("none, said as %r" % none, (200, None), (lambda x: (x.status, x["router"]["external_gateway_info"]))(put(r["id"], none, a)))
    equal("and no port", [], ports(r["id"]))
equal("nor is there one to take away", 200, put(r["id"], {}, a).status)

# What hangs together
r = router(only, a)
[p] = ports(r["id"])
refused("the network stays", w.delete("network", net["id"]), 409, "NetworkInUse")
refused("the subnet stays", w.delete("subnet", s4["id"]), 409, "SubnetInUse")
refused("and the way out one", w.put("network", net["id"], **{"router:external": False}), 409, "ExternalNetworkInUse", net["id"])
refused("nothing but its name changes it", w.put("network", net["id"], **{"provider:physical_network": "x"}), 400, "HTTPBadRequest")
leg = inside("10.1.0.0/24")
equal("an interface", 200, act(r["id"], "add_router_interface", subnet_id=leg["id"]).status)
refused("the router stays", w.delete("router", r["id"], a), 409, "RouterInUse")
clash = inside("203.0.113.128/25")
refused("an interface where the outside is", act(r["id"], "add_router_interface", subnet_id=clash["id"]), 400, "BadRequest", "overlaps")
both = w.create("router", a)
equal("it would do without a gateway", 200, act(both["id"], "add_router_interface", subnet_id=clash["id"]).status)
refused("which it does not get then", put(both["id"], only, a), 400, "BadRequest", "overlaps", "203.0.113.0/24")

# Routes: outside there is one next hop
route = lambda to, by: {"destination": to, "nexthop": by}
equal("a route by the router outside", 200, w.put("router", r["id"], a, routes=[route("192.0.2.0/24", "203.0.113.1")]).status)
for hop in ("203.0.113.2", "198.51.100.1", addresses(show("router", r["id"])["external_gateway_info"])[0]):
    refused("by another, " + hop, w.put("router", r["id"], a, routes=[route("192.0.2.0/24", hop)]), 400, "InvalidRoutes", hop)
refused("added by itself, too", act(r["id"], "add_extraroutes", router={"routes": [route("192.0.3.0/24", "203.0.113.3")]}), 400, "InvalidRoutes")
refused("its gateway stays", put(r["id"], {}, a), 409, "RouterInterfaceInUseByRoute")
refused("where it is", put(r["id"], {"network_id": other["id"]}, a), 409, "RouterInterfaceInUseByRoute")
equal("unless the route goes, too", 200, put(r["id"], {"network_id": other["id"]}, a, routes=[]).status)
equal("or changes with it", 200, put(r["id"], only, a, routes=[route("192.0.2.0/24", "203.0.113.1")]).status)
equal("another address of it", 200, put(r["id"], {**only, "external_fixed_ips": [{"ip_address": "203.0.113.90"}]}).status)
w.put("router", r["id"], a, routes=[])

# The end
act(r["id"], "remove_router_interface", subnet_id=leg["id"])
[p] = ports(r["id"])
equal("the router goes", 204, w.delete("router", r["id"], a).status)
equal("and its gateway with it", 404, w.get("ports/" + p["id"]).status)
equal("no address is lost", 1, w.get("network-ip-availabilities/" + net["id"])["network_ip_availability"]["used_ips"])
w.delete("port", w.get("ports?network_id=" + net["id"])["ports"][0]["id"])
equal("then the network goes", 204, w.delete("network", net["id"]).status)

# No room, and no subnet yet
net = external()
tiny = subnet(net, "192.0.2.0/29", allocation_pools=[{"start": "192.0.2.2", "end": "192.0.2.3"}])
full = [router({"network_id": net["id"]}, a) for _ in range(2)]
refused("no address is left", w.post("router", a, external_gateway_info={"network_id": net["id"]}), 409, "IpAddressGenerationFailure")
put(full[0]["id"], {}, a)
equal("then there is one", 200, put(both["id"], {"network_id": net["id"]}, a).status)
put(both["id"], {}, a)
late = external()
waits = router({"network_id": late["id"]}, a)
equal("a network without subnets gives none", [], waits["external_gateway_info"]["external_fixed_ips"])
typed = subnet(late, "192.0.2.128/26", service_types=["compute:nova"])
refused("who is not served gets none", w.post("router", a, external_gateway_info={"network_id": late["id"]}), 409,
        "IpAddressGenerationFailureNoMatchingSubnet")
subnet(late, "192.0.2.192/26", service_types=[GATEWAY])
soon("one that comes later does", lambda: show("router", waits["id"])["external_gateway_info"]["external_fixed_ips"])
auto = external()
sl = subnet(auto, "2001:db8:5::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
ra = router({"network_id": auto["id"]}, a)
mac = ports(ra["id"])[0]["mac_address"].split(":")
check("where addresses are made of the MAC it has such a one", addresses(ra["external_gateway_info"])[0].endswith(
    "fe%s:%s" % (mac[3], (mac[4] + mac[5]).lstrip("0"))), ra)

# A network of several places gives addresses where hosts are not
multi = w.create("network", **{"router:external": True, "segments": [{"provider:network_type": "vxlan"}, {
    "provider:network_type": "vlan", "provider:physical_network": "deep", "provider:segmentation_id": 7}]})
outer = [x for x in w.get("segments?network_id=" + multi["id"])["segments"] if x["network_type"] == "vlan"][0]
sm = subnet(multi, "192.0.2.64/26", segment_id=outer["id"])
rm = router({"network_id": multi["id"]}, a)
equal("the subnet that is outside is the gateway's", [sm["id"]], [x["subnet_id"] for x in rm["external_gateway_info"]["external_fixed_ips"]])

# Sharing: a way out by policies
shy = w.create("network", **{"provider:network_type": "flat", "provider:physical_network": "shy", "router:external": True})
subnet(shy, "100.64.0.0/24")
[all_] = w.get("rbac-policies?object_id=%s&action=access_as_external" % shy["id"])["rbac_policies"]
policy = lambda target, action="access_as_external": w.call("POST", "/v2.0/rbac-policies", {"rbac_policy": {
    "object_type": "network", "object_id": shy["id"], "action": action, "target_tenant": target}})["rbac_policy"]
drop = lambda x: w.call("DELETE", "/v2.0/rbac-policies/" + x["id"])
aim = lambda x, target: w.call("PUT", "/v2.0/rbac-policies/" + x["id"], {"rbac_policy": {"target_tenant": target}})
ra = router({"network_id": shy["id"]}, a)
refused("what lets a router out stays", drop(all_), 409, "RbacPolicyInUse", "pa")
refused("and is not another's", aim(all_, "pb"), 409, "RbacPolicyInUse", "pa")
equal("but that project's alone", 200, aim(all_, "pa").status)
refused("others do not see it then", w.post("router", b, external_gateway_info={"network_id": shy["id"]}), 404, "NetworkNotFound")
second = policy("*")
equal("of two one may go", 204, drop(all_).status)
shared = policy("*", "access_as_shared")
equal("who only goes out uses no shared network", 204, drop(shared).status)
own = router({"network_id": shy["id"]})
put(ra["id"], {}, a)
refused("its owner's router needs one, too", drop(second), 409, "RbacPolicyInUse", "admins")
put(own["id"], {})
equal("without routers it goes", 204, drop(second).status)
equal("and is no way out then", False, show("network", shy["id"])["router:external"])
refused("for nobody", put(own["id"], {"network_id": shy["id"]}), 400, "BadRequest", "not an external network")
third = policy("pb")
alien = router({"network_id": shy["id"]}, project_id="pz")
refused("whose router an administrator let out keeps it a way out", drop(third), 409, "RbacPolicyInUse", "pz")
w.delete("router", alien["id"])
equal("until that is gone", 204, drop(third).status)

# Hosts
lone = external(**{"provider:physical_network": "lone"})
subnet(lone, "100.64.1.0/24")
vlan = w.create("network", **{"router:external": True, "provider:network_type": "vlan", "provider:physical_network": "lone",
                              "provider:segmentation_id": 100})
subnet(vlan, "100.64.2.0/24")
where = lambda id: ports(id)[0]["binding:host_id"]
for name, physical in (("a comma too much", "lone,"), ("no VLAN", "lone:0"), ("a strange VLAN", "lone:x"), ("no name", ":7"),
                       ("a long name", 65 * "x"), ("too many", ",".join("p%d" % i for i in range(65)))):
    answer = w.call("GET", "/weft/v1/hosts/hx/rows?ip=10.99.0.9&physical=" + physical, None, {"X-Auth-Token": "host"})
    check("a host is refused with " + name, answer.status == 400 and "physical_networks" in answer.text, answer)
equal("and is not there", [], [x["name"] for x in w.get("hosts")["hosts"]])
early = router({"network_id": lone["id"]}, a)
equal("nobody has it yet", "", where(early["id"]))
h1 = Host(w, "h1", "10.99.0.1", "host", "lone")
soon("the host that comes gets it", lambda: where(early["id"]) == "h1")
check("it is not wired by that", ports(early["id"])[0]["status"] == "DOWN" and
      ports(early["id"])[0]["binding:vif_type"] == "other", ports(early["id"]))
h1.until(lambda h: True)
[pe] = ports(early["id"])
h1.tell(**{pe["id"]: True})
soon("but when its host says so", lambda: ports(early["id"])[0]["status"] == "ACTIVE")
tagged = router({"network_id": vlan["id"]}, a)
equal("a VLAN is another network", "", where(tagged["id"]))
h2 = Host(w, "h2", "10.99.0.2", "host", "lone:100,else,lone:100")
soon("and has its host", lambda: where(tagged["id"]) == "h2")
equal("hosts tell what they are on", {"h1": ["lone"], "h2": ["else", "lone:100"]}, {x["name"]: x["physical_networks"] for x in w.get("hosts")["hosts"]})
equal("and agents", {"h1": ["lone"], "h2": ["else", "lone:100"]}, {x["host"]: sorted(x["configurations"]["bridge_mappings"]) for x in w.get("agents")["agents"]})
refused("which the API does not set", w.put("host", [x["id"] for x in w.get("hosts")["hosts"] if x["name"] == "h1"][0], physical_networks=["x"]),
        400, "HTTPBadRequest")
refused("a gateway is not wired by a stranger", w.get("ports/" + NOBODY), 404, "PortNotFound")
h2.until(lambda h: True)
h2.tell(**{pe["id"]: True})
made = router({"network_id": lone["id"]}, a)
equal("a new one is there at once", "h1", where(made["id"]))
h3 = Host(w, "h3", "10.99.0.3", "host", "lone")
crowd = [router({"network_id": lone["id"]}, a) for _ in range(24)]
places = [where(x["id"]) for x in crowd]
equal("several share them", {"h1", "h3"}, set(places))
equal("those that were there stay", ("h1", "h1"), (where(early["id"]), where(made["id"])))
host = lambda name: [x for x in w.get("hosts")["hosts"] if x["name"] == name][0]
w.put("host", host("h3")["id"], admin_state_up=False)
equal("a closed host gets no more", {"h1"}, {where(router({"network_id": lone["id"]}, a)["id"]) for _ in range(8)})
soon("and what it has goes to another", lambda: {where(x["id"]) for x in crowd} == {"h1"})
w.put("host", host("h1")["id"], admin_state_up=False)
time.sleep(2)
equal("where nobody else is open it stays", {"h1"}, {where(x["id"]) for x in crowd + [early, made]})
w.put("host", host("h3")["id"], admin_state_up=True)
soon("until somebody is", lambda: {where(x["id"]) for x in crowd + [early, made]} == {"h3"})
w.put("host", host("h1")["id"], admin_state_up=True)
time.sleep(2)
equal("and nobody goes back for that", {"h3"}, {where(x["id"]) for x in crowd + [early, made]})
w.put("host", host("h3")["id"], admin_state_up=False)
soon("closed again, all are where they were", lambda: {where(x["id"]) for x in crowd + [early, made]} == {"h1"})
w.put("host", host("h3")["id"], admin_state_up=True)
h1.close()
soon("of a lost host they go to another", lambda: {where(x["id"]) for x in crowd + [early, made]} == {"h3"}, 60)
h1 = Host(w, "h1", "10.99.0.1", "host", "lone")
time.sleep(2)
equal("and stay there when it comes back", {"h3"}, {where(x["id"]) for x in crowd + [early, made]})
h1.close()
h3.close()
time.sleep(13)
check("where nobody else is they stay", {where(x["id"]) for x in crowd} == {"h3"} and
      ports(early["id"])[0]["status"] == "DOWN" and ports(early["id"])[0]["binding:vif_type"] == "binding_failed", ports(early["id"]))
h3 = Host(w, "h3", "10.99.0.3", "host", "else")
soon("who comes back without the network loses them", lambda: {where(x["id"]) for x in crowd} == {""})
h1 = Host(w, "h1", "10.99.0.1", "host", "lone")
soon("to the next who has it", lambda: {where(x["id"]) for x in crowd} == {"h1"})
h1.close()
h3.close()
soon("a lost host", lambda: not host("h1")["alive"] and not host("h3")["alive"])
h4 = Host(w, "h4", "10.99.0.4", "host", "lone")
equal("is deleted with its gateways", 204, w.delete("host", host("h1")["id"]).status)
equal("which are on another at once", {"h4"}, {where(x["id"]) for x in crowd})
log = open(w.path("log")).read()
check("the log tells of it", "gateways: elected" in log and "on host h3 instead of h1" in log and "is not joined" in log, log[-2000:])
metrics = {x.split(" ")[0]: float(x.split(" ")[1]) for x in w.call("GET", "/metrics").text.splitlines() if x[:13] == "weft_gateways" or
           x[:13] == "weft_gateway_"}
check("and so do metrics", metrics['weft_gateways{state="alive"}'] >= 24 and metrics["weft_gateway_moves_total"] >= 50, metrics)

# A restart moves nothing
before = {x["id"]: where(x["id"]) for x in crowd}
w.stop()
h4.close()
w.start()
time.sleep(2)
equal("a restart moves none", before, {x["id"]: where(x["id"]) for x in crowd})
equal("nor loses one", info["enable_snat"], show("router", crowd[0]["id"])["external_gateway_info"]["enable_snat"])

# The default one
d = w.put("network", lone["id"], is_default=True)
equal("one external network is the default", (200, True), (d.status, d["network"]["is_default"]))
equal("found by that", [lone["id"]], [x["id"] for x in w.get("networks?is_default=true")["networks"]])
equal("again", 200, w.put("network", lone["id"], is_default=True).status)
refused("there is one", w.put("network", vlan["id"], is_default=True), 409, "DefaultExternalNetworkExists", lone["id"])
refused("also of a request", w.call("POST", "/v2.0/networks", {"networks": 2 * [{"router:external": True, "is_default": True}]}), 409,
        "DefaultExternalNetworkExists")
refused("that is external", w.put("network", private["id"], is_default=True), 400, "InvalidInput", "not external")
refused("a member does not say so", w.put("network", private["id"], a, is_default=True), 403, "PolicyNotAuthorized")
[everybody] = w.get("rbac-policies?object_id=" + lone["id"])["rbac_policies"]
refused("it is everybody's", drop(everybody), 409, "RbacPolicyInUse", "everyone")
refused("and not another's alone", aim(everybody, "pa"), 409, "RbacPolicyInUse", "everyone")
equal("it may end to be", False, w.put("network", lone["id"], is_default=False)["network"]["is_default"])
unused = external(False, is_default=True)
equal("and does when it is no way out any more", (False, False), (lambda x: (x["is_default"], x["router:external"]))(
    w.put("network", unused["id"], **{"router:external": False})["network"]))
unused = external(False, is_default=True)
equal("and when it goes", 204, w.delete("network", unused["id"]).status)
equal("so another may be", 200, w.put("network", vlan["id"], is_default=True).status)

w.stop()
equal("the store is whole", (0, []), (lambda x: (x[0], x[1][:-1]))(audit(w.path("weft.db"))))
end()
