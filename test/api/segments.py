#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Segments of networks, markers of physical networks, ranges of numbers; also from a crowd."""
import json, sqlite3, sys, threading
sys.dont_write_bytecode = True
from lib import Host, Weftd, audit, check, end, equal, refused, soon

w = Weftd()
tokens = w.path("tokens")
w.options = ("--vni-range", "1-40", "--quota", "all=-1", "--tokens", tokens)
with open(tokens, "w") as f:
    f.write("root default admin\na p1 member\nb p2 member\nh * agent\n")
w.start()
w.headers = {"X-Auth-Token": "root"}
member, two = ({"X-Auth-Token": x} for x in "ab")
nobody = "12345678-1234-4234-8234-123456789012"
OUT = {"router:external": True}


def place(type, physical=None, number=None):
    return {"provider:network_type": type, **({"provider:physical_network": physical} if physical else {}),
            **({"provider:segmentation_id": number} if number else {})}


def told(network):
    return tuple(network["provider:" + x] for x in ("network_type", "physical_network", "segmentation_id"))


def segments(network, **filters):
    query = "".join("&%s=%s" % x for x in filters.items())
    return sorted(((x["network_type"], x["physical_network"], x["segmentation_id"])
                   for x in w.get("segments?network_id=%s%s" % (network["id"], query))["segments"]),
                  key=str)


aliases = {x["alias"] for x in w.get("extensions")["extensions"]}
for alias in ("multi-provider", "provider", "segment", "standard-attr-segment", "subnet-segmentid-writable",
              "network-segment-range"):
    check("announced: " + alias, alias in aliases)
check("not announced: no route of a host follows from a segment", "segments-peer-subnet-host-routes" not in aliases)

# A network of hosts
n = w.create("network")
equal("a network is on the overlay", ("vxlan", None, 1), told(n))
equal("and not of several segments", [], n["segments"])
equal("its segment", [("vxlan", None, 1)], segments(n))
s = w.get("segments")["segments"][0]
equal("has standard attributes", (None, "", 1, n["created_at"]), tuple(
    s[x] for x in ("name", "description", "revision_number", "created_at")))
t = w.put("segment", s["id"], name="over", description="d")["segment"]
equal("which may be set", ("over", "d", 2), tuple(t[x] for x in ("name", "description", "revision_number")))
equal("null is no name", None, w.put("segment", s["id"], name=None)["segment"]["name"])
refused("its number may not", w.put("segment", s["id"], segmentation_id=9), 400, "HTTPBadRequest", "segmentation_id")
equal("found by type", 1, len(w.get("segments?network_type=vxlan&sort_key=segmentation_id&sort_dir=asc")["segments"]))
equal("and by no other", [], w.get("segments?network_type=vlan")["segments"])
equal("a member sees none", [], w.get("segments", member)["segments"])
refused("one by one neither", w.get("segments/" + s["id"], member), 404, "SegmentNotFound")
own = w.create("network", member)
refused("and makes none", w.post("segment", member, network_id=own["id"], network_type="flat",
                                 physical_network="p"), 403, "PolicyNotAuthorized", "create_segment")
check("nor what its own network is", not [x for x in own if x.startswith("provider:")] and "segments" not in own, own)
for name, attrs in ("a type", place("vlan")), ("a physical network", {"provider:physical_network": "p"}), \
        ("segments", {"segments": [place("vxlan")]}):
    refused("a member does not choose " + name, w.post("network", member, **attrs), 403, "PolicyNotAuthorized")
refused("the overlay's segment stays", w.delete("segment", s["id"]), 409, "SegmentInUse", s["id"])
refused("there is one of them", w.post("segment", network_id=n["id"], network_type="vxlan"), 400, "InvalidInput",
        n["id"])
refused("of networks that are there", w.post("segment", network_id=nobody, network_type="vxlan"), 404,
        "NetworkNotFound")
refused("a number twice", w.post("network", **place("vxlan", None, 1)), 409, "TunnelIdInUse", "1")
refused("a physical network of the overlay", w.post("network", **place("vxlan", "p")), 400, "InvalidInput",
        "physical_network", "vxlan")
refused("an unknown type", w.post("network", **place("geneve")), 400, "HTTPBadRequest", "geneve")

# Markers
for name, attrs, type in (
        ("a VLAN that hosts should join", place("vlan", "p", 7), "InvalidInput"),
        ("flat without a physical network", {**place("flat"), **OUT}, "InvalidInput"),
        ("flat with a number", {**place("flat", "p", 7), **OUT}, "InvalidInput"),
        ("a VLAN without a physical network", {**place("vlan", None, 7), **OUT}, "InvalidInput"),
        ("a VLAN above 4094", {**place("vlan", "p", 4095), **OUT}, "InvalidInput")):
    refused("refused: " + name, w.post("network", name="x", **attrs), 400, type)
refused("a VLAN without a range of them", w.post("network", **place("vlan", "p"), **OUT), 503, "NoNetworkAvailable")
flat = w.create("network", name="flat", **place("flat", "p"), **OUT)
vlan = w.create("network", name="vlan", **place("vlan", "p", 7), **OUT)
equal("flat", ("flat", "p", None), told(flat))
equal("a VLAN", ("vlan", "p", 7), told(vlan))
equal("it crosses no tunnel", (1500, 1450), (vlan["mtu"], n["mtu"]))
refused("one flat network of a physical one", w.post("network", **place("flat", "p"), **OUT), 409,
        "FlatNetworkInUse", "physical network p")
refused("one network of a VLAN", w.post("network", **place("vlan", "p", 7), **OUT), 409, "VlanIdInUse",
        "VLAN 7 on physical network p")
equal("elsewhere it is another", ("vlan", "q", 7), told(w.create("network", name="q", **place("vlan", "q", 7), **OUT)))
for query, names in (("provider:network_type=vlan", ["q", "vlan"]), ("provider:physical_network=p", ["flat", "vlan"]),
                     ("provider:segmentation_id=7&provider:physical_network=q", ["q"])):
    equal("found by " + query, names, sorted(x["name"] for x in w.get("networks?" + query)["networks"]))
refused("it stays external", w.put("network", vlan["id"], **{"router:external": False}), 400, "InvalidInput", "vlan")
equal("anything else may be set", "wire", w.put("network", vlan["id"], name="wire")["network"]["name"])

# What hosts do with one
h1 = Host(w, "h1", "10.99.0.2", "h")
soon("a host", lambda: w.get("hosts")["hosts"])
sub = w.create("subnet", network_id=vlan["id"], ip_version=4, cidr="192.0.2.0/24")
port = w.create("port", network_id=vlan["id"])
equal("an address for who is on no host", 1, len(port["fixed_ips"]))
bound = w.put("port", port["id"], **{"binding:host_id": "h1"})
equal("no host joins it", (200, "binding_failed", "DOWN"), (
    bound.status, bound["port"]["binding:vif_type"], bound["port"]["status"]))
equal("nor a port that is made so", "binding_failed", w.create(
    "port", network_id=vlan["id"], **{"binding:host_id": "h1"})["binding:vif_type"])
compute = w.create("port", network_id=vlan["id"], device_owner="compute:nova", device_id="x")
r = w.call("POST", "/v2.0/ports/%s/bindings" % compute["id"], {"binding": {"host": "h1"}})
refused("nor a further binding", r, 500, "PortBindingError", "h1")
router = w.create("router", name="r")
refused("no router is joined to it", w.call("PUT", "/v2.0/routers/%s/add_router_interface" % router["id"],
        {"subnet_id": sub["id"]}), 400, "BadRequest", "physical network")
refused("by a port neither", w.call("PUT", "/v2.0/routers/%s/add_router_interface" % router["id"],
        {"port_id": w.create("port", network_id=vlan["id"])["id"]}), 400, "BadRequest", "physical network")
h1.until(lambda h: True)
check("and no host hears of it", not [x for x in h1.held if vlan["id"] in str(x) or vlan["id"] in str(h1.held[x])], h1.held)

# Several segments
refused("both ways", w.post("network", **place("vxlan"), segments=[place("vxlan")]), 400,
        "SegmentsSetInConjunctionWithProviders")
for name, list in ("one twice", [place("flat", "z"), place("flat", "z")]), ("two overlays", [place("vxlan")] * 2):
    refused("refused: " + name, w.post("network", segments=list, **OUT), 400, "SegmentsContainDuplicateEntry")
refused("refused: no type", w.post("network", segments=[{"provider:physical_network": "z"}], **OUT), 400,
        "HTTPBadRequest", "provider:network_type")
refused("refused: markers of what is not external", w.post("network", segments=[place("vxlan"), place("flat", "z")]),
        400, "InvalidInput")
equal("one is as if it were alone", ("flat", "y", None), told(w.create("network", segments=[place("flat", "y")], **OUT)))
refused("one that is taken", w.post("network", segments=[place("vxlan"), place("vlan", "p", 7)], **OUT), 409, "VlanIdInUse")
before = len(w.get("segments")["segments"])
m = w.create("network", name="m", segments=[place("vlan", "m", 5), place("vxlan"), place("flat", "m")], **OUT)
equal("several are told as such", [place("vlan", "m", 5), place("vxlan", None, m["segments"][1][
    "provider:segmentation_id"]), place("flat", "m")],
    [{k: v for k, v in x.items() if v is not None} for x in m["segments"]])
equal("and none as the only one", (None, None, None), told(m))
for query, names in (("provider:network_type=vlan&provider:physical_network=m", ["m"]),
                     ("provider:network_type=vxlan&provider:segmentation_id=%d" % m["segments"][1]["provider:segmentation_id"],
                      ["m"]),
                     ("provider:segmentation_id=5", ["m"]), ("provider:physical_network=m", ["m"]),
                     ("provider:network_type=flat&provider:segmentation_id=5", []),
                     ("provider:network_type=vlan&provider:network_type=flat&provider:physical_network=m&"
                      "provider:physical_network=q", ["m", "q"])):
    equal("found by one of them: " + query, names, sorted(x["name"] for x in w.get("networks?" + query)["networks"]))
equal("each is one", 3, len(w.get("segments")["segments"]) - before)
equal("hosts join it by the overlay", "tap", w.create(
    "port", network_id=m["id"], **{"binding:host_id": "h1"})["binding:vif_type"])
of = {x["network_type"]: x for x in w.get("segments?network_id=" + m["id"])["segments"]}
refused("which stays", w.delete("segment", of["vxlan"]["id"]), 409, "SegmentInUse")
equal("markers go", [204, 204], [w.delete("segment", of[x]["id"]).status for x in ("flat", "vlan")])
left = w.get("networks/" + m["id"])["network"]
equal("what is left is the only one", ("vxlan", [], m["revision_number"] + 2), (
    told(left)[0], left["segments"], left["revision_number"]))
again = w.post("segment", network_id=m["id"], network_type="vlan", physical_network="m", segmentation_id=5, name="five")
equal("what went is free", 201, again.status)
five = again["segment"]
equal("the network says so", 2, len(w.get("networks/" + m["id"])["network"]["segments"]))
refused("a marker that is taken", w.post("segment", network_id=m["id"], network_type="vlan", physical_network="m",
                                         segmentation_id=5), 409, "VlanIdInUse")
refused("the overlay for a marker", w.post("segment", network_id=vlan["id"], network_type="vxlan"), 400, "InvalidInput")
refused("a marker for hosts' own", w.post("segment", network_id=n["id"], network_type="flat", physical_network="n"),
        400, "InvalidInput", "external")
only = w.get("segments?network_id=" + vlan["id"])["segments"][0]
refused("the last stays", w.delete("segment", only["id"]), 409, "SegmentInUse", "only")
more = w.call("POST", "/v2.0/segments", {"segments": [dict(
    network_id=vlan["id"], network_type="vlan", physical_network="p", segmentation_id=x) for x in (8, 9)]})
equal("in bulk", 201, more.status)
equal("the first goes", 204, w.delete("segment", only["id"]).status)
equal("and another is told", [("vlan", "p", 8), ("vlan", "p", 9)], segments(vlan))
for i in range(14):
    w.create("segment", network_id=vlan["id"], network_type="vlan", physical_network="p", segmentation_id=100 + i)
refused("sixteen at most", w.post("segment", network_id=vlan["id"], network_type="vlan", physical_network="p",
                                  segmentation_id=99), 400, "InvalidInput", "16")

# Subnets on segments
over = w.get("segments?network_type=vxlan&network_id=" + m["id"])["segments"][0]
for name, attrs, status, type in (
        ("no segment", dict(segment_id=nobody), 404, "SegmentNotFound"),
        ("another network's", dict(segment_id=s["id"]), 400, "NetworkIdsDontMatch")):
    refused("refused: " + name, w.post("subnet", network_id=m["id"], ip_version=4, cidr="10.1.0.0/24", **attrs),
            status, type)
marked = w.create("subnet", network_id=m["id"], ip_version=4, cidr="10.1.0.0/24", segment_id=five["id"])
equal("a subnet on a marker", (five["id"], 1), (marked["segment_id"], len(w.get(
    "subnets?segment_id=" + five["id"])["subnets"])))
refused("all or none", w.post("subnet", network_id=m["id"], ip_version=4, cidr="10.2.0.0/24"), 400,
        "SubnetsNotAllAssociatedWithSegments")
refused("it is not moved", w.put("subnet", marked["id"], segment_id=over["id"]), 400,
        "SubnetSegmentAssociationChangeNotAllowed")
refused("and holds its segment", w.delete("segment", five["id"]), 409, "SegmentInUse", "subnet")
late = w.create("port", network_id=m["id"])
equal("a port waits for its address", ([], "deferred"), (late["fixed_ips"], late["ip_allocation"]))
refused("in vain", w.put("port", late["id"], **{"binding:host_id": "h1"}), 409, "HostNotConnectedToAnySegment", "h1")
refused("a new one is told at once", w.post("port", network_id=m["id"], **{"binding:host_id": "h1"}), 409,
        "HostNotConnectedToAnySegment")
chosen = w.create("port", network_id=m["id"], fixed_ips=[{"subnet_id": marked["id"]}])
equal("who names it gets one", "immediate", chosen["ip_allocation"])
refused("and goes to no host", w.put("port", chosen["id"], **{"binding:host_id": "h1"}), 409,
        "HostNotCompatibleWithFixedIps", chosen["id"])
refused("no router there", w.call("PUT", "/v2.0/routers/%s/add_router_interface" % router["id"],
        {"subnet_id": marked["id"]}), 400, "BadRequest", "physical network")
near = w.create("subnet", network_id=m["id"], ip_version=4, cidr="10.2.0.0/24", segment_id=over["id"])
got = w.create("port", network_id=m["id"], **{"binding:host_id": "h1"})
equal("on the overlay there are addresses", (near["id"], "tap"), (got["fixed_ips"][0]["subnet_id"],
                                                                 got["binding:vif_type"]))
bare = w.create("port", network_id=m["id"], fixed_ips=[])
equal("one that wants none waits for none", "none", bare["ip_allocation"])
equal("nor is given any", [], w.put("port", bare["id"], **{"binding:host_id": "h1"})["port"]["fixed_ips"])
equal("one that waits goes on waiting", "deferred", w.put("port", late["id"], name="late")["port"]["ip_allocation"])
r = w.put("port", late["id"], **{"binding:host_id": "h1"})["port"]
equal("until it is on a host that is joined to some", ([near["id"]], "immediate", "tap"), (
    [x["subnet_id"] for x in r["fixed_ips"]], r["ip_allocation"], r["binding:vif_type"]))
check("which hears of it", h1.until(lambda h: r["fixed_ips"][0]["ip_address"] in str(h.held)), h1.held)
r = w.put("port", late["id"], **{"binding:host_id": ""})["port"]
equal("and keeps it", ([near["id"]], "immediate"), ([x["subnet_id"] for x in r["fixed_ips"]], r["ip_allocation"]))
plain = w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.3.0.0/24")
equal("a subnet is put on its network's only segment", s["id"], w.put(
    "subnet", plain["id"], segment_id=s["id"])["subnet"]["segment_id"])
refused("not where there are several", w.put("subnet", sub["id"], segment_id=w.get(
    "segments?network_id=" + vlan["id"])["segments"][0]["id"]), 400, "NoUpdateSubnetWhenMultipleSegmentsOnNetwork")
ext = w.create("network", **place("flat", "ext"), **OUT)
sn = w.create("subnet", network_id=ext["id"], ip_version=4, cidr="10.4.0.0/24")
es = w.get("segments?network_id=" + ext["id"])["segments"][0]
ep = w.create("port", network_id=ext["id"])
refused("nor from under ports", w.put("subnet", sn["id"], segment_id=es["id"]), 409, "SubnetInUse")
w.delete("port", ep["id"])
equal("once they are gone it is", 200, w.put("subnet", sn["id"], segment_id=es["id"]).status)
equal("a network takes its segments along", (204, []), (w.delete("network", ext["id"]).status, segments(ext)))
equal("and gives the place back", 201, w.post("network", **place("flat", "ext"), **OUT).status)
refused("segment_id is an administrator's", w.post("subnet", member, network_id=own["id"], ip_version=4,
        cidr="10.5.0.0/24", segment_id=nobody), 403, "PolicyNotAuthorized", "segment_id")
check("and no member sees it", "segment_id" not in w.create("subnet", member, network_id=own["id"], ip_version=4,
                                                           cidr="10.5.0.0/24"))

# Ranges
ranges = w.get("network_segment_ranges")["network_segment_ranges"]
equal("the default range is weftd's option", [("default", True, True, "vxlan", 1, 40)], [
    tuple(x[y] for y in ("name", "default", "shared", "network_type", "minimum", "maximum")) for x in ranges])
default = ranges[0]
in_use = sorted(x["segmentation_id"] for x in w.get("segments?network_type=vxlan")["segments"])
equal("what is used", in_use, sorted(map(int, default["used"])))
equal("and what is not", [x for x in range(1, 41) if x not in in_use], default["available"])
equal("of whom", "p1", default["used"][str(w.get("networks/" + own["id"])["network"]["provider:segmentation_id"])])
refused("nobody changes it", w.put("network_segment_range", default["id"], name="x"), 400,
        "NetworkSegmentRangeDefaultReadOnly", default["id"])
refused("nor deletes it", w.delete("network_segment_range", default["id"]), 400, "NetworkSegmentRangeDefaultReadOnly")
refused("a member sees none", w.get("network_segment_ranges", member), 403, "PolicyNotAuthorized")


def span(low, high, type="vxlan", **more):
    return w.post("network_segment_range", **{"name": "r", "network_type": type, "minimum": low, "maximum": high, **more})


for name, reply, type in (
        ("no end", w.post("network_segment_range", name="r", network_type="vxlan", minimum=5), "HTTPBadRequest"),
        ("the wrong way round", span(9, 8), "BadRequest"), ("nothing", span(0, 8), "HTTPBadRequest"),
        ("beyond VNIs", span(1, 1 << 24), "BadRequest"),
        ("beyond VLANs", span(1, 4095, "vlan", physical_network="p"), "BadRequest"),
        ("VLANs of nothing", span(1, 2, "vlan"), "BadRequest"),
        ("VNIs of something", span(1, 2, physical_network="p"), "BadRequest"),
        ("flat", span(1, 2, "flat"), "HTTPBadRequest"),
        ("gre", span(1, 2, "gre"), "NetworkSegmentRangeNetTypeNotSupported"),
        ("geneve", span(1, 2, "geneve"), "NetworkSegmentRangeNetTypeNotSupported")):
    refused("refused: " + name, reply, 400, type)
mine = span(30, 33, shared=False, project_id="p2")["network_segment_range"]
equal("a range of a project", (False, "p2", [30, 31, 32, 33], {}), tuple(
    mine[x] for x in ("shared", "project_id", "available", "used")))
refused("another one there", span(33, 35), 409, "NetworkSegmentRangeOverlaps", mine["id"])
refused("twice in one request", w.call("POST", "/v2.0/network_segment_ranges", {"network_segment_ranges": [
    dict(name="r", network_type="vxlan", minimum=1000, maximum=1010) for _ in range(2)]}), 409, "NetworkSegmentRangeOverlaps")


def number(headers=None, **attrs):
    made = w.post("network", headers, **attrs)
    return w.get("networks/" + made["network"]["id"])["network"]["provider:segmentation_id"] if made.status == 201 \
        else made.fault["type"]


equal("its networks are in it, from the top", [33, 32], [number(two) for _ in range(2)])
others = [number(), number(member)]
check("for others the default is", all(isinstance(x, int) and not 30 <= x <= 33 for x in others), others)
rest = []
while rest[-1:] != ["NoNetworkAvailable"] and len(rest) < 50:
    rest.append(number())
equal("to its end, with nothing of the other's", [x for x in range(1, 41) if x not in in_use + others + [30, 31, 32, 33]],
      sorted(rest[:-1]))
equal("which has kept it", [31, 30, "NoNetworkAvailable"], [number(two) for _ in range(3)])
full = w.get("network_segment_ranges/" + default["id"])["network_segment_range"]
equal("nothing is left", ([], 40), (full["available"], len(full["used"])))
wide = span(500, 501)["network_segment_range"]
equal("a shared range is room for all", [500, 501, "NoNetworkAvailable"], [number(member) for _ in range(3)])
refused("one that is used stays", w.delete("network_segment_range", wide["id"]), 409,
        "NetworkSegmentRangeReferencedByProject", wide["id"])
for name, bounds in ("from below", dict(minimum=501, maximum=600)), ("from above", dict(minimum=400, maximum=500)):
    refused("and is not cut " + name, w.put("network_segment_range", wide["id"], **bounds), 409,
            "NetworkSegmentRangeReferencedByProject")
grown = w.put("network_segment_range", wide["id"], minimum=499, maximum=502, name="wider")["network_segment_range"]
equal("but may grow", ("wider", 499, 502, [499, 502]), tuple(grown[x] for x in ("name", "minimum", "maximum", "available")))
equal("where there is room at once", [499, 502], sorted(number() for _ in range(2)))
refused("not into another", w.put("network_segment_range", wide["id"], minimum=33), 409, "NetworkSegmentRangeOverlaps")
refused("what it is for stays", w.put("network_segment_range", wide["id"], shared=False), 400, "HTTPBadRequest", "shared")
equal("an administrator names any number", 32000, number(**place("vxlan", None, 32000)))
equal("by either path", [w.get(x).status for x in ("network-segment-ranges", "network_segment_ranges",
      "network-segment-ranges/" + wide["id"], "network-segment_range")], [200, 200, 200, 404])
tags = w.call("PUT", "/v2.0/network_segment_ranges/%s/tags/a" % wide["id"])
equal("ranges have tags", (201, 1), (tags.status, len(w.get("network_segment_ranges?tags=a")["network_segment_ranges"])))
lanes = span(11, 12, "vlan", physical_network="v")["network_segment_range"]
equal("VLANs come from their physical network's", [11, 12, "NoNetworkAvailable"],
      [number(**place("vlan", "v"), **OUT) for _ in range(3)])
equal("a range says whose", ({"11": "default", "12": "default"}, []), tuple(w.get(
    "network_segment_ranges/" + lanes["id"])["network_segment_range"][x] for x in ("used", "available")))
spare = span(700, 800)["network_segment_range"]
equal("an unused one goes", 204, w.delete("network_segment_range", spare["id"]).status)
big = span(1000, 100000)["network_segment_range"]
equal("the lowest 4096 are listed", (4096, 1000), (len(big["available"]), big["available"][0]))

# A crowd
mine = span(200001, 200064, shared=False, project_id="p3")["network_segment_range"]
got, lock = [], threading.Lock()


def take():
    link = w.connect()
    for _ in range(10):
        r = w.call("POST", "/v2.0/networks", {"network": {"project_id": "p3"}}, None, link)
        with lock:
            got.append(r["network"]["provider:segmentation_id"] if r.status == 201 else r.text)


crowd = [threading.Thread(target=take) for _ in range(6)]
[x.start() for x in crowd]
[x.join() for x in crowd]
equal("each gets one of its own", 60, len({x for x in got if isinstance(x, int) and 200001 <= x <= 200064}))

# Restarts


def all_of(what):
    return sorted(w.get(what + "?fields=id&fields=used&fields=network_id&fields=segmentation_id")[what],
                  key=lambda x: x["id"])


everything = [all_of(x) for x in ("segments", "network_segment_ranges")]
h1.close()
equal("weftd ends cleanly", 0, w.stop())
w.options = ("--vni-range", "1-50", *w.options[2:])
w.start()
soon("another option is another default", lambda: w.get("network_segment_ranges/" + default["id"])[
    "network_segment_range"]["maximum"] == 50)
equal("nothing else has changed", everything, [all_of(x) for x in ("segments", "network_segment_ranges")])
w.stop()
equal("the store is whole", 0, audit(w.path("weft.db"))[0])

# A store of a weftd that knew no segments
store = sqlite3.connect(w.path("weft.db"), isolation_level=None)
old_ones = set()
for key, text in store.execute("SELECT key, value FROM entry WHERE key LIKE 'network/%'").fetchall():
    old = json.loads(text)
    if old["segments"] or old["provider:network_type"] != "vxlan":
        continue
    old_ones.add(old["id"])
    del old["segments"], old["provider:physical_network"]
    store.execute("UPDATE entry SET value = ? WHERE key = ?", (json.dumps(old).encode(), key))
    store.execute("DELETE FROM entry WHERE key LIKE 'segment/%' AND value LIKE ?", ("%" + old["id"] + "%",))
store.execute("DELETE FROM entry WHERE key LIKE 'network_segment_range/%' AND value LIKE '%\"default\":true%'")
store.close()
w.start()
wanted = sorted((x["network_id"], x["segmentation_id"]) for x in everything[0] if x["network_id"] in old_ones)
soon("its networks get segments", lambda: len(wanted) > 100 and wanted == sorted(
    (x["network_id"], x["segmentation_id"]) for x in all_of("segments") if x["network_id"] in old_ones))
soon("and it has a default range", lambda: w.get("network_segment_ranges?default=true")["network_segment_ranges"])
w.stop()
status, lines = audit(w.path("weft.db"))
check("whole again", [x for x in lines if "subnet/" not in x][:-1] == [], lines)
end()
