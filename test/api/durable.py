#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A reply means durable; many clients at once never get the same thing twice."""
import signal, sqlite3, sys, threading
sys.dont_write_bytecode = True
from lib import Weftd, check, end, equal, refused

w = Weftd().start()


def crowd(count, work):
    """WORK(link, number) by COUNT clients at the same time: the list of what they give."""
    results, gate = [None] * count, threading.Barrier(count)

    def run(number):
        link = w.connect()
        gate.wait()
        try:
            results[number] = work(link, number)
        except OSError as error:
            results[number] = error
        link.close()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def everything():
    return {kind: sorted(w.get(kind)[kind], key=lambda x: x["id"])
            for kind in ("networks", "subnets", "ports", "routers", "hosts")}


# Restarts
n = w.create("network", name="n", tags=["t"])
s = w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24", dns_nameservers=[
    "1.1.1.1"], host_routes=[{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}])
r = w.create("router")
w.call("PUT", "/v2.0/routers/%s/add_router_interface" % r["id"], {"subnet_id": s["id"]})
w.put("router", r["id"], routes=[{"destination": "10.8.0.0/16", "nexthop": "10.0.0.8"}])
w.create("host", name="h1", tunnel_ip="10.99.0.2")
w.create("port", network_id=n["id"], name="\u00e4\u20ac\"\\", **{"binding:host_id": "h1"},
         allowed_address_pairs=[{"ip_address": "10.7.0.0/16"}],
         extra_dhcp_opts=[{"opt_name": "mtu", "opt_value": "1400"}])
before = everything()
equal("weftd ends cleanly", 0, w.stop())
w.start()
equal("nothing is lost by a restart", before, everything())
w.stop(signal.SIGKILL)
w.start()
equal("nothing is lost by a kill", before, everything())
equal("claims are kept", 409, w.post("port", network_id=n["id"], fixed_ips=[
    {"ip_address": "10.0.0.1"}]).status)
equal("VNIs are kept", 409, w.post("network", **{
    "provider:segmentation_id": n["provider:segmentation_id"]}).status)
refused("guards are kept", w.delete("network", n["id"]), 409, "NetworkInUse")

# A kill in the middle: what was answered is there, and no address is there twice
made, stop = [], threading.Event()


def maker(link, number):
    while not stop.is_set():
        reply = w.call("POST", "/v2.0/ports", {"port": {"network_id": n["id"]}}, link=link)
        if reply.status == 201:
            made.append(reply["port"]["id"])


killer = threading.Timer(0.3, lambda: (w.process.kill(), stop.set()))
killer.start()
crowd(4, maker)
w.process.wait()
w.link = None
w.start()
ports = w.get("ports?network_id=" + n["id"])["ports"]
check("some were made", len(made) > 4, len(made))
equal("what was answered is there", set(), set(made) - {x["id"] for x in ports})
got = [x["fixed_ips"][0]["ip_address"] for x in ports]
equal("no address twice after a kill", len(got), len(set(got)))
for x in ports:
    w.delete("port", x["id"])

# Many at once
m = w.create("network")
w.create("subnet", network_id=m["id"], ip_version=4, cidr="10.1.0.0/26")
replies = sum(crowd(8, lambda link, i: [w.call("POST", "/v2.0/ports", {
    "port": {"network_id": m["id"]}}, link=link) for _ in range(10)]), [])
good = [x["port"]["fixed_ips"][0]["ip_address"] for x in replies if x.status == 201]
equal("80 ports in 61 addresses", (61, 61, 19), (len(good), len(set(good)), sum(
    x.status == 409 and x.fault["type"] == "IpAddressGenerationFailure" for x in replies)))
k = w.create("network")
w.create("subnet", network_id=k["id"], ip_version=4, cidr="10.1.0.0/24")
statuses = lambda replies: sorted(x.status for x in replies)
equal("one address, eight want it", [201] + [409] * 7, statuses(crowd(8, lambda link, i: w.call(
    "POST", "/v2.0/ports", {"port": {"network_id": k["id"], "fixed_ips": [
        {"ip_address": "10.1.0.50"}]}}, link=link))))
equal("one MAC, eight want it", [201] + [409] * 7, statuses(crowd(8, lambda link, i: w.call(
    "POST", "/v2.0/ports", {"port": {"network_id": k["id"], "mac_address": "02:00:00:00:00:01"}},
    link=link))))
equal("one VNI, eight want it", [201] + [409] * 7, statuses(crowd(8, lambda link, i: w.call(
    "POST", "/v2.0/networks", {"network": {"provider:segmentation_id": 9999}}, link=link))))
vnis = [x["network"]["provider:segmentation_id"] for x in crowd(8, lambda link, i: w.call(
    "POST", "/v2.0/networks", {"network": {}}, link=link))]
equal("eight networks, eight VNIs", 8, len(set(vnis)))
equal("subnets that overlap: one", [201] + [400] * 7, statuses(crowd(8, lambda link, i: w.call(
    "POST", "/v2.0/subnets", {"subnet": {"network_id": k["id"], "ip_version": 4,
                                         "cidr": "10.2.0.0/%d" % (17 + i)}}, link=link))))
equal("subnets that do not: all", [201] * 8, statuses(crowd(8, lambda link, i: w.call(
    "POST", "/v2.0/subnets", {"subnet": {"network_id": k["id"], "ip_version": 4,
                                         "cidr": "10.3.%d.0/24" % i}}, link=link))))
free = w.get("subnets?network_id=%s&cidr=10.3.0.0/24" % k["id"])["subnets"][0]["id"]
equal("one interface, eight add it", [200] + [400] * 7, statuses(crowd(8, lambda link, i: w.call(
    "PUT", "/v2.0/routers/%s/add_router_interface" % r["id"], {"subnet_id": free}, link=link))))
replies = sum(crowd(8, lambda link, i: [w.call("PUT", "/v2.0/networks/" + k["id"], {
    "network": {"description": "%d %d" % (i, j)}}, link=link) for j in range(25)]), [])
equal("200 updates of one network", ([200] * 200, 200),
      (statuses(replies), len({x["network"]["revision_number"] for x in replies})))
names = crowd(8, lambda link, i: w.call("PUT", "/v2.0/networks/" + k["id"], {
    "network": {"name": "x%d" % i}}, link=link))
equal("eight updates: all", [200] * 8, statuses(names))
equal("each its own revision", 8, len({x["network"]["revision_number"] for x in names}))
revision = w.get("networks/" + k["id"])["network"]["revision_number"]
equal("eight with If-Match: one", [200] + [412] * 7, statuses(crowd(8, lambda link, i: w.call(
    "PUT", "/v2.0/networks/" + k["id"], {"network": {"name": "y"}},
    {"If-Match": "revision_number=%d" % revision}, link))))

bad = 0
for turn in range(15):
    x = w.create("network")
    crowd(4, lambda link, i: w.call("DELETE", "/v2.0/networks/" + x["id"], link=link) if i == 0 else
          w.call("POST", "/v2.0/ports", {"port": {"network_id": x["id"]}}, link=link))
    there = w.get("networks/" + x["id"]).status == 200
    bad += bool(w.get("ports?network_id=" + x["id"])["ports"]) and not there
equal("no port on a network that went", 0, bad)
bad = 0
for turn in range(15):
    x = w.create("subnet", network_id=m["id"], ip_version=6, cidr="fd00:%x::/64" % (turn + 1))
    crowd(4, lambda link, i: w.call("DELETE", "/v2.0/subnets/" + x["id"], link=link) if i == 0 else
          w.call("POST", "/v2.0/ports", {"port": {"network_id": m["id"], "fixed_ips": [
              {"subnet_id": x["id"]}]}}, link=link))
    there = w.get("subnets/" + x["id"]).status == 200
    ports = w.get("ports?fixed_ips=subnet_id%%3D%s" % x["id"])["ports"]
    bad += bool(ports) and not there
    for port in ports:
        w.delete("port", port["id"])
    w.delete("subnet", x["id"])
equal("no address of a subnet that went", 0, bad)

before = everything()
equal("weftd ends cleanly", 0, w.stop())
w.start()
equal("nothing is lost of all this", before, everything())

# Everything goes, and leaves nothing behind but the identities of projects; those of groups go
# with them
for x in w.get("routers")["routers"]:
    w.put("router", x["id"], routes=[])
    for p in w.get("ports?device_id=" + x["id"])["ports"]:
        w.call("PUT", "/v2.0/routers/%s/remove_router_interface" % x["id"], {"port_id": p["id"]})
for kind in "port", "router", "network", "host":
    bad = [r.status for r in (w.delete(kind, x["id"]) for x in w.get(kind + "s")[kind + "s"])
           if r.status != 204]
    equal("every %s goes" % kind, [], bad)
for g in w.get("security-groups")["security_groups"]:
    w.call("DELETE", "/v2.0/security-groups/" + g["id"])
w.stop()
store = sqlite3.connect(w.path("weft.db"))
left = sorted(key for key, in store.execute("SELECT key FROM entry"))
identities = [key for key in left if key.startswith(("claim/label/", "claim/identity/"))]
equal("nothing else is left but the default range", ["network_segment_range"],
      [key.split("/")[0] for key in left if key not in identities])
equal("one identity, of ports that are in no group", ["identity", "label"],
      [key.split("/")[1] for key in identities])
end()
