#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Subnets and ports: pools, gateways, addresses, MACs, binding."""
import ipaddress, re, sys, uuid
sys.dont_write_bytecode = True
from lib import Host, Weftd, check, end, equal, refused, soon

w = Weftd("--mtu", "9000").start()
NOBODY = str(uuid.uuid4())


def net(*cidrs, **more):
    n = w.create("network")
    return n, [w.create("subnet", network_id=n["id"], cidr=c,
                        ip_version=ipaddress.ip_network(c).version, **more) for c in cidrs]


def ips(port):
    return [x["ip_address"] for x in port["fixed_ips"]]


# Subnets
n, (s,) = net("10.0.0.0/24")
check("subnet's defaults", s["gateway_ip"] == "10.0.0.1" and s["enable_dhcp"] is True and
      s["allocation_pools"] == [{"start": "10.0.0.2", "end": "10.0.0.254"}] and
      s["ipv6_ra_mode"] is None and s["dns_nameservers"] == [] and s["host_routes"] == [], s)
equal("the network lists it", [s["id"]], w.get("networks/" + n["id"])["network"]["subnets"])
equal("the network's revision grew", n["revision_number"] + 1,
      w.get("networks/" + n["id"])["network"]["revision_number"])
equal("MTU follows the underlay", 8950, n["mtu"])
sub = lambda name, status, type, *words, **attrs: refused(
    name, w.post("subnet", **{"network_id": n["id"], "ip_version": 4, **attrs}), status, type, *words)
sub("overlap", 400, "InvalidInput", "overlaps", cidr="10.0.0.128/25")
clear = w.post("subnet", network_id=n["id"], ip_version=4, cidr="10.1.0.9/24")
equal("host bits are cleared", "10.1.0.0/24", clear["subnet"]["cidr"])
w.delete("subnet", clear["subnet"]["id"])
sub("no length", 400, "HTTPBadRequest", "'10.1.0.1'", cidr="10.1.0.1")
sub("no network", 404, "NetworkNotFound", cidr="10.1.0.0/24", network_id=NOBODY)
sub("wrong version", 400, "InvalidInput", "ip_version", cidr="fd00::/64")
sub("version 5", 400, "HTTPBadRequest", "'5'", cidr="10.1.0.0/24", ip_version=5)
sub("gateway outside", 400, "InvalidInput", "10.2.0.1", cidr="10.1.0.0/24", gateway_ip="10.2.0.1")
sub("gateway in a pool", 409, "GatewayConflictWithAllocationPools", cidr="10.1.0.0/24",
    allocation_pools=[{"start": "10.1.0.1", "end": "10.1.0.9"}])
sub("pools overlap", 409, "OverlappingAllocationPools", cidr="10.1.0.0/24", allocation_pools=[
    {"start": "10.1.0.5", "end": "10.1.0.9"}, {"start": "10.1.0.9", "end": "10.1.0.12"}])
sub("pool outside", 400, "OutOfBoundsAllocationPool", cidr="10.1.0.0/24",
    allocation_pools=[{"start": "10.1.0.5", "end": "10.1.1.9"}])
sub("pool upside down", 400, "InvalidAllocationPool", cidr="10.1.0.0/24",
    allocation_pools=[{"start": "10.1.0.9", "end": "10.1.0.5"}])
sub("pool without an end", 400, "HTTPBadRequest", "allocation_pools", "end", cidr="10.1.0.0/24",
    allocation_pools=[{"start": "10.1.0.9"}])
sub("the address that nobody has", 400, "InvalidInput", "unicast", cidr="::/128", ip_version=6,
    enable_dhcp=False)
sub("a server that nobody is", 400, "HTTPBadRequest", "dns_nameservers", "'::'", cidr="10.1.0.0/24",
    dns_nameservers=["::"])
sub("a hop by nobody", 400, "HTTPBadRequest", "host_routes", "'::'", cidr="10.1.0.0/24",
    host_routes=[{"destination": "10.2.0.0/24", "nexthop": "::"}])
sub("/31 with DHCP", 400, "InvalidInput", "/31", cidr="10.1.0.0/31")
sub("modes of an IPv4 subnet", 400, "InvalidInput", cidr="10.1.0.0/24", ipv6_ra_mode="slaac")
sub("SLAAC needs /64", 400, "InvalidInput", "/64", cidr="fd00::/80", ip_version=6,
    ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
equal("/31 without DHCP", 201, w.post("subnet", network_id=n["id"], ip_version=4,
                                      cidr="10.9.0.0/31", enable_dhcp=False).status)
r = w.post("subnet", network_id=n["id"], ip_version=4, cidr="10.8.0.0/24", gateway_ip=None)
equal("no gateway", (None, "10.8.0.1"), (r["subnet"]["gateway_ip"],
                                         r["subnet"]["allocation_pools"][0]["start"]))
r = w.call("POST", "/v2.0/subnets", {"subnets": [
    {"network_id": n["id"], "ip_version": 4, "cidr": c} for c in ("10.7.0.0/24", "10.7.0.0/25")]})
refused("bulk: overlap inside", r, 400, "InvalidInput", "overlaps")
r = w.put("subnet", s["id"], gateway_ip="10.0.0.77")
refused("gateway moved into a pool", r, 409, "GatewayConflictWithAllocationPools")
r = w.put("subnet", s["id"], gateway_ip="10.0.0.254",
          allocation_pools=[{"start": "10.0.0.10", "end": "10.0.0.12"}],
          dns_nameservers=["1.1.1.1"], host_routes=[
              {"destination": "10.20.0.0/16", "nexthop": "10.0.0.9"}])
check("gateway and pools moved", r.status == 200 and r["subnet"]["gateway_ip"] == "10.0.0.254" and
      r["subnet"]["host_routes"][0]["nexthop"] == "10.0.0.9", r)
refused("cidr stays", w.put("subnet", s["id"], cidr="10.0.1.0/24"), 400, "HTTPBadRequest",
        "Cannot update read-only attribute cidr")

# Addresses
n, (s,) = net("10.0.0.0/24", allocation_pools=[{"start": "10.0.0.10", "end": "10.0.0.12"}])
p = w.create("port", network_id=n["id"])
check("MAC of our range", re.fullmatch("fa:16:3e(:[0-9a-f]{2}){3}", p["mac_address"]), p)
check("port's defaults", p["status"] == "DOWN" and p["device_id"] == p["device_owner"] == "" and
      p["binding:vif_type"] == "unbound" and p["binding:host_id"] == "" and
      p["port_security_enabled"] is True and p["binding:vnic_type"] == "normal", p)
got = {ips(w.create("port", network_id=n["id"]))[0] for _ in range(2)} | set(ips(p))
equal("from the pool, each once", {"10.0.0.10", "10.0.0.11", "10.0.0.12"}, got)
refused("exhausted", w.post("port", network_id=n["id"]), 409, "IpAddressGenerationFailure",
        n["id"])
fixed = lambda **entry: w.post("port", network_id=n["id"], fixed_ips=[entry])
r = fixed(ip_address="10.0.0.200")
equal("by address, outside the pool", ["10.0.0.200"], ips(r["port"]))
equal("its subnet is found", s["id"], r["port"]["fixed_ips"][0]["subnet_id"])
refused("address in use", fixed(ip_address="10.0.0.200"), 409, "IpAddressAlreadyAllocated",
        "10.0.0.200")
refused("address of no subnet", fixed(ip_address="10.5.0.1"), 400, "InvalidIpForNetwork",
        "10.5.0.1")
refused("address of another subnet", fixed(ip_address="10.5.0.1", subnet_id=s["id"]), 400,
        "InvalidIpForSubnet", "10.5.0.1")
refused("broadcast address", fixed(ip_address="10.0.0.255"), 400, "InvalidIpForSubnet")
refused("subnet unknown", fixed(subnet_id=NOBODY), 404, "SubnetNotFound")
refused("the id of nothing", fixed(subnet_id="00000000-0000-0000-0000-000000000000"), 400, "HTTPBadRequest", "subnet_id",
        "'00000000-0000-0000-0000-000000000000'")
other, (foreign,) = net("10.6.0.0/24")
refused("subnet of another network", fixed(subnet_id=foreign["id"]), 400, "InvalidInput",
        foreign["id"])
refused("the same address twice", w.post("port", network_id=n["id"], fixed_ips=[
    {"ip_address": "10.0.0.201"}, {"ip_address": "10.0.0.201"}]), 400, "HTTPBadRequest",
    "Duplicate IP address '10.0.0.201'")
refused("not an address", fixed(ip_address="10.0.0.999"), 400, "HTTPBadRequest", "'10.0.0.999'")
refused("not an entry", w.post("port", network_id=n["id"], fixed_ips=["10.0.0.9"]), 400,
        "HTTPBadRequest", "fixed_ips")
equal("none wanted", [], w.create("port", network_id=n["id"], fixed_ips=[])["fixed_ips"])
w.delete("port", p["id"])
equal("given back", ips(p), ips(w.create("port", network_id=n["id"])))
two = w.post("port", network_id=n["id"], fixed_ips=[{"ip_address": "10.0.0.100"},
                                                    {"ip_address": "10.0.0.101"}])["port"]
r = w.put("port", two["id"], fixed_ips=[{"ip_address": "10.0.0.101"}, {"ip_address": "10.0.0.102"}])
equal("addresses changed", ["10.0.0.101", "10.0.0.102"], ips(r["port"]))
equal("the old one is free", 201, fixed(ip_address="10.0.0.100").status)
refused("the new one is not", fixed(ip_address="10.0.0.102"), 409, "IpAddressAlreadyAllocated")
r = w.put("port", two["id"], fixed_ips=[{"subnet_id": s["id"]}])
check("by subnet, it keeps one it has", ips(r["port"])[0] in ("10.0.0.101", "10.0.0.102"), r)
equal("filter by address", [two["id"]], [x["id"] for x in w.get(
    "ports?fixed_ips=ip_address%%3D%s" % ips(r["port"])[0])["ports"]])
part = lambda text: {x["id"] for x in w.get("ports?fixed_ips=ip_address_substr%%3D%s" % text)["ports"]}
check("filter by a part of an address", two["id"] in part("0.0.10") and
      two["id"] in part(ips(r["port"])[0]) and not part("10.0.0.255"), part("0.0.10"))
refused("... of no key", w.get("ports?fixed_ips=mac_substr%3D1"), 400, "HTTPBadRequest", "mac_substr=1")
check("filter by subnet", len(w.get("ports?fixed_ips=subnet_id%%3D%s" % s["id"])["ports"]) >= 4)

# Several subnets, and IPv6
n, (a, b, c, d) = net("10.0.0.0/30", "10.0.1.0/24", "fd00:1::/64", "fd00:2::/64")
p = w.create("port", network_id=n["id"])
equal("one of each version", [4, 6], sorted(ipaddress.ip_address(x).version for x in ips(p)))
more = [w.create("port", network_id=n["id"]) for _ in range(3)]
equal("the next subnet when one is full", 4, len({ips(x)[0] for x in more + [p]}))
auto = w.create("subnet", network_id=n["id"], ip_version=6, cidr="fd00:3::/64",
                ipv6_address_mode="slaac", ipv6_ra_mode="slaac")


def eui64(prefix, mac):
    m = [int(x, 16) for x in mac.split(":")]
    low = bytes([m[0] ^ 2, m[1], m[2], 255, 254, m[3], m[4], m[5]])
    return str(ipaddress.ip_address(ipaddress.ip_network(prefix).network_address.packed[:8] + low))


check("SLAAC for ports that were there",
      eui64("fd00:3::/64", p["mac_address"]) in ips(w.get("ports/" + p["id"])["port"]))
q = w.create("port", network_id=n["id"], mac_address="02:11:22:33:44:55")
check("SLAAC for new ports", eui64("fd00:3::/64", "02:11:22:33:44:55") in ips(q) and
      len(ips(q)) == 3, q)
chosen = w.create("port", network_id=n["id"], fixed_ips=[{"subnet_id": b["id"]}])
equal("SLAAC beside chosen addresses, since the kernel makes its own",
      [eui64("fd00:3::/64", chosen["mac_address"])], [x for x in ips(chosen) if ":" in x])
chosen = w.put("port", chosen["id"], fixed_ips=[{"subnet_id": c["id"]}])["port"]
equal("and after they have changed", [False, True, True], sorted([
    ips(chosen)[0].startswith("10."), eui64("fd00:3::/64", chosen["mac_address"]) in ips(chosen),
    any(x.startswith("fd00:1:") for x in ips(chosen))]))
equal("a port that goes gives them back", 204, w.delete("port", chosen["id"]).status)
refused("no choice on a SLAAC subnet", w.post("port", network_id=n["id"], fixed_ips=[
    {"ip_address": "fd00:3::5"}]), 400, "AllocationOnAutoAddressSubnet")
q = w.put("port", q["id"], mac_address="02:11:22:33:44:66")["port"]
check("SLAAC follows the MAC", eui64("fd00:3::/64", "02:11:22:33:44:66") in ips(q), q)
equal("a SLAAC subnet goes from under its ports", 204, w.delete("subnet", auto["id"]).status)
check("and takes its addresses along", all(not x.startswith("fd00:3:") for x in ips(
    w.get("ports/" + p["id"])["port"])))
refused("other subnets stay", w.delete("subnet", b["id"]), 409, "SubnetInUse", b["id"])

# Service types
k, (free,) = net("10.0.0.0/24")
equal("a subnet serves all", [], free["service_types"])
mk = lambda cidr, *types, **more: w.create("subnet", network_id=k["id"], cidr=cidr, ip_version=ipaddress.ip_network(
    cidr).version, service_types=list(types), **more)
web = mk("10.0.1.0/24", "compute:web", "network:router_interface",
         allocation_pools=[{"start": "10.0.1.10", "end": "10.0.1.10"}])
equal("kept in their order", ["compute:web", "network:router_interface"],
      w.get("subnets/" + web["id"])["subnet"]["service_types"])
slow = mk("10.0.2.0/24", "test:type_1", enable_dhcp=False)
owned = lambda owner="", **more: w.post("port", network_id=k["id"], device_owner=owner, **more)
where = lambda reply: [x["subnet_id"] for x in reply["port"]["fixed_ips"]]
equal("of its kind first", [web["id"]], where(owned("compute:web")))
equal("when that is full, where all are served", [free["id"]], where(owned("compute:web")))
equal("another kind", [slow["id"]], where(owned("test:type_1")))
equal("no part of a kind", [free["id"]], where(owned("compute:we")))
plain = owned()
equal("no kind", [free["id"]], where(plain))
equal("a subnet that is named", [slow["id"]], where(owned("compute:web", fixed_ips=[{"subnet_id": slow["id"]}])))
refused("an address alone is looked for where it is served", owned("compute:web", fixed_ips=[
    {"ip_address": "10.0.2.9"}]), 400, "InvalidIpForNetwork", "10.0.2.9")
equal("its own kind's is found", [slow["id"]], where(owned("test:type_1", fixed_ips=[{"ip_address": "10.0.2.9"}])))
r = w.put("port", plain["port"]["id"], device_owner="test:type_1")
equal("another kind later keeps its addresses", plain["port"]["fixed_ips"], r["port"]["fixed_ips"])
auto = mk("fd00:4::/64", "compute:six", ipv6_address_mode="slaac", ipv6_ra_mode="slaac")
equal("SLAAC of its kind: not for ports that were there", plain["port"]["fixed_ips"],
      w.get("ports/" + plain["port"]["id"])["port"]["fixed_ips"])
equal("not for others", [free["id"]], where(owned("compute:x")))
six = owned("compute:six")
equal("for those", {free["id"], auto["id"]}, set(where(six)))
r = w.put("port", six["port"]["id"], fixed_ips=[{"subnet_id": free["id"]}])
equal("whatever else they choose", {free["id"], auto["id"]}, set(where(r)))
r = w.put("subnet", free["id"], service_types=["compute:web"])
equal("changed", ["compute:web"], r["subnet"]["service_types"])
none = ("IpAddressGenerationFailureNoMatchingSubnet", k["id"])
refused("nobody serves it", owned("compute:x"), 409, *none, "compute:x")
refused("nor what has no kind", owned(), 409, *none)
refused("nor by name", owned("compute:x", fixed_ips=[{"subnet_id": free["id"]}]), 409, *none)
equal("without an address it may be", [], where(owned("compute:x", fixed_ips=[])))
equal("what is there may change", 200, w.put("port", six["port"]["id"], device_owner="compute:x").status)
refused("but get no other address", w.put("port", six["port"]["id"], fixed_ips=[{"subnet_id": free["id"]}]),
        409, *none)
equal("DHCP is wherever it is served", {free["id"], auto["id"]}, set(where(owned("network:dhcp"))))
equal("none again: it serves all", 201, (w.put("subnet", free["id"], service_types=[]),
                                         owned("compute:x"))[1].status)
types = lambda *bad: w.put("subnet", free["id"], service_types=list(bad))
refused("no owner", types("compute:x", "foo"), 400, "InvalidSubnetServiceType", "service_types", "'foo'")
refused("an empty one", types(""), 400, "InvalidSubnetServiceType", "service_types", "''")
refused("no text", types("compute:x", 2), 400, "InvalidInputSubnetServiceType", "service_types", "'2'")
refused("nothing", types(None), 400, "InvalidInputSubnetServiceType", "service_types")
refused("too long", types("compute:" + 250 * "x"), 400, "InvalidInputSubnetServiceType", "service_types")
refused("one twice", types("compute:x", "compute:x"), 400, "HTTPBadRequest", "service_types", "'compute:x'")
refused("too many", types(*("compute:%d" % i for i in range(65))), 400, "HTTPBadRequest", "service_types", "64")
refused("no list", w.put("subnet", free["id"], service_types="compute:x"), 400, "HTTPBadRequest",
        "service_types", "not a list")
equal("nothing of it was kept", [], w.get("subnets/" + free["id"])["subnet"]["service_types"])
check("announced", any(x["alias"] == "subnet-service-types" for x in w.get("extensions")["extensions"]))
k, (one,) = net("10.0.0.0/24", service_types=["compute:x"])
router = w.create("router")
add = lambda: w.call("PUT", "/v2.0/routers/%s/add_router_interface" % router["id"], {"subnet_id": one["id"]})
refused("a router is served as others are", add(), 409, "IpAddressGenerationFailureNoMatchingSubnet",
        "network:router_interface")
w.put("subnet", one["id"], service_types=["compute:x", "network:router_interface"])
equal("once it is of the kind", 200, add().status)

# MACs, pairs, options
refused("MAC in use", w.post("port", network_id=n["id"], mac_address="02-11-22-33-44-66"), 409,
        "MacAddressInUse", "02:11:22:33:44:66")
m2, _ = net("10.0.0.0/24")
equal("the same MAC elsewhere", 201,
      w.post("port", network_id=m2["id"], mac_address="02:11:22:33:44:66").status)
refused("an address that says nothing", w.post("port", network_id=n["id"], fixed_ips=[{}]), 400,
        "InvalidInput", "subnet_id or ip_address")
refused("multicast MAC", w.post("port", network_id=n["id"], mac_address="01:00:5e:00:00:01"), 400,
        "HTTPBadRequest", "01:00:5e:00:00:01")
r = w.put("port", q["id"], mac_address=None)
check("a new MAC for null", r["port"]["mac_address"].startswith("fa:16:3e"), r)
equal("the old MAC is free", 201,
      w.post("port", network_id=n["id"], mac_address="02:11:22:33:44:66").status)
r = w.post("port", network_id=n["id"], allowed_address_pairs=[
    {"ip_address": "10.9.0.0/16"}, {"ip_address": "10.0.0.5", "mac_address": "02:00:00:00:00:09"}])
equal("address pairs", [["10.9.0.0/16", r["port"]["mac_address"]],
                        ["10.0.0.5", "02:00:00:00:00:09"]],
      [[x["ip_address"], x["mac_address"]] for x in r["port"]["allowed_address_pairs"]])
refused("a pair twice", w.post("port", network_id=n["id"], allowed_address_pairs=[
    {"ip_address": "10.9.0.1"}, {"ip_address": "10.9.0.1/32"}]), 400,
    "DuplicateAddressPairInRequest")
refused("too many pairs", w.post("port", network_id=n["id"], allowed_address_pairs=[
    {"ip_address": "10.9.0.%d" % i} for i in range(11)]), 400, "AllowedAddressPairExhausted")
refused("pairs without guard", w.post("port", network_id=n["id"], port_security_enabled=False,
        allowed_address_pairs=[{"ip_address": "10.9.0.1"}]), 409,
        "AddressPairAndPortSecurityRequired")
r = w.post("port", network_id=n["id"], extra_dhcp_opts=[
    {"opt_name": "mtu", "opt_value": "1400"}, {"opt_name": "tftp", "opt_value": "x",
                                               "ip_version": 6}])
equal("DHCP options", [4, 6], [x["ip_version"] for x in r["port"]["extra_dhcp_opts"]])
for bad in (None, ""):
    refused("a DHCP option without a value", w.post("port", network_id=n["id"], extra_dhcp_opts=[
        {"opt_name": "mtu", "opt_value": bad}]), 400, "HTTPBadRequest", "'mtu' has no value")
options = lambda *changes: sorted((x["opt_name"], x["opt_value"], x["ip_version"]) for x in w.put(
    "port", r["port"]["id"], extra_dhcp_opts=list(changes))["port"]["extra_dhcp_opts"])
equal("an update changes what it names",
      [("mtu", "1300", 4), ("ntp-server", "10.0.0.9", 4), ("tftp", "x", 6)],
      options({"opt_name": "mtu", "opt_value": "1300"},
              {"opt_name": "ntp-server", "opt_value": "10.0.0.9"}))
equal("null takes an option away", [("mtu", "1300", 4), ("ntp-server", "10.0.0.9", 4)],
      options({"opt_name": "tftp", "opt_value": None, "ip_version": 6}))
equal("of the version it names", [("mtu", "1300", 4), ("ntp-server", "10.0.0.9", 4)],
      options({"opt_name": "mtu", "opt_value": None, "ip_version": 6}))
equal("so does the empty value", [("ntp-server", "10.0.0.9", 4)],
      options({"opt_name": "mtu", "opt_value": ""}))
equal("nothing named, nothing changed", [("ntp-server", "10.0.0.9", 4)], options())
open_net = w.create("network", port_security_enabled=False)
equal("guard as the network says", False,
      w.create("port", network_id=open_net["id"])["port_security_enabled"])

# Binding
h1 = Host(w, "h1", "10.99.0.2")
soon("a host is there", lambda: w.get("hosts")["hosts"][0]["alive"])
p = w.create("port", network_id=n["id"], **{"binding:host_id": "h1"})
check("bound", p["binding:vif_type"] == "tap" and p["binding:vif_details"]["port_filter"] is True,
      p)
r = w.put("port", p["id"], **{"binding:host_id": "h9", "binding:profile": {"a": 1}})
check("bound to nobody's host", r.status == 200 and
      r["port"]["binding:vif_type"] == "binding_failed" and
      r["port"]["binding:profile"] == {"a": 1}, r)
equal("filter by host", [p["id"]], [x["id"] for x in w.get("ports?binding:host_id=h9")["ports"]])
refused("MAC of a bound port", w.put("port", p["id"], mac_address="02:00:00:00:00:01"), 409,
        "PortBound", p["id"])
r = w.put("port", p["id"], **{"binding:host_id": ""})
equal("unbound", "unbound", r["port"]["binding:vif_type"])
w.put("port", p["id"], **{"binding:host_id": "h1"})
r = w.put("port", p["id"], **{"binding:host_id": None, "binding:profile": None})
equal("unbound by null", ["unbound", "", {}],
      [r["port"]["binding:" + x] for x in ("vif_type", "host_id", "profile")])

# Ends
refused("network with ports", w.delete("network", n["id"]), 409, "NetworkInUse", n["id"])
for x in w.get("ports?network_id=" + n["id"])["ports"]:
    w.delete("port", x["id"])
equal("network goes with its subnets", 204, w.delete("network", n["id"]).status)
refused("they are gone", w.get("subnets/" + a["id"]), 404, "SubnetNotFound")
e = w.create("network", **{"provider:segmentation_id": 4242})
refused("VNI in use", w.post("network", **{"provider:segmentation_id": 4242}), 409, "TunnelIdInUse")
w.delete("network", e["id"])
equal("VNI given back", 201, w.post("network", **{"provider:segmentation_id": 4242}).status)
equal("weftd ends cleanly", 0, w.stop())
end()
