#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tokens, projects and roles: who sees what, and who may say what."""
import os, signal, subprocess, sys, time
sys.dont_write_bytecode = True
from lib import BUILD, Weftd, check, end, equal, refused

w = Weftd("--auth", "tokens", "--tokens", "TOKENS")
tokens = w.path("tokens")
w.options = ("--auth", "tokens", "--tokens", tokens)
with open(tokens, "w") as f:
    f.write("# comment\nroot admins admin boss\na pa member alice\nb pb member,reader bob # x\n"
            "agent h1 agent\n\n")
w.start()
admin, a, b = ({"X-Auth-Token": x} for x in ("root", "a", "b"))

r = w.get("networks")
check("no token", r.status == 401 and r["error"]["code"] == 401 and
      r["error"]["title"] == "Unauthorized", r)
equal("wrong token", 401, w.get("networks", {"X-Auth-Token": "x"}).status)
equal("versions are everybody's", 200, w.call("GET", "/").status)
equal("health is everybody's", 200, w.call("GET", "/healthcheck").status)
equal("resources are not", 401, w.get("extensions").status)

w.headers = a
n = w.create("network", name="mine")
equal("owned by the project", "pa", n["project_id"])
check("no provider attributes for members", not any(k.startswith("provider:") for k in n), n)
s = w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
p = w.create("port", network_id=n["id"])
check("no binding for members", "binding:host_id" not in p and "binding:vif_type" not in p and
      "binding:vnic_type" in p, p)
ro = w.create("router")
for kind, x in ("network", n), ("subnet", s), ("port", p), ("router", ro):
    title = kind.capitalize() + "NotFound"
    refused("foreign %s: show" % kind, w.get("%ss/%s" % (kind, x["id"]), b), 404, title)
    refused("foreign %s: update" % kind, w.put(kind, x["id"], b, name="y"), 404, title)
    refused("foreign %s: delete" % kind, w.delete(kind, x["id"], b), 404, title)
    equal("foreign %s: list" % kind, [], w.get(kind + "s", b)[kind + "s"])
    equal("admin sees the %s" % kind, [x["id"]],
          [y["id"] for y in w.get(kind + "s", admin)[kind + "s"]])
refused("foreign tags", w.call("PUT", "/v2.0/networks/%s/tags/x" % n["id"], None, b), 404,
        "TagResourceNotFound")
refused("foreign network for a port", w.post("port", b, network_id=n["id"]), 404, "NetworkNotFound")
refused("foreign network for a subnet", w.post("subnet", b, network_id=n["id"], ip_version=4,
        cidr="10.1.0.0/24"), 404, "NetworkNotFound")
refused("foreign router's interface", w.call(
    "PUT", "/v2.0/routers/%s/add_router_interface" % ro["id"], {"subnet_id": s["id"]}, b), 404,
    "RouterNotFound")
rb = w.create("router", b)
refused("foreign subnet for a router", w.call(
    "PUT", "/v2.0/routers/%s/add_router_interface" % rb["id"], {"subnet_id": s["id"]}, b), 404,
    "SubnetNotFound")
refused("another's project", w.post("network", project_id="pb"), 400, "HTTPBadRequest", "admin")
equal("admin names a project", "pb", w.create("network", admin, tenant_id="pb")["project_id"])

refused("shared is admin's", w.post("network", shared=True), 403, "PolicyNotAuthorized",
        "(rule:create_network and rule:create_network:shared) is disallowed by policy")
equal("what all get anyway may be said", 201, w.post("network", shared=False).status)
refused("VNI is admin's", w.post("network", **{"provider:segmentation_id": 99}), 403,
        "PolicyNotAuthorized", "provider:segmentation_id")
refused("binding is admin's", w.put("port", p["id"], **{"binding:host_id": "h1"}), 403,
        "PolicyNotAuthorized", "update_port:binding:host_id")
equal("admin binds", "h1", w.put("port", p["id"], admin, **{"binding:host_id": "h1"})["port"]
      ["binding:host_id"])
for call in w.get("hosts"), w.post("host", name="x", tunnel_ip="10.9.9.9"):
    refused("hosts are admin's", call, 403, "PolicyNotAuthorized", "host")

w.put("network", n["id"], admin, shared=True)
equal("a shared network is seen", "mine", w.get("networks/" + n["id"], b)["network"]["name"])
equal("and its subnets by it", ([s["id"]], []), tuple([x["id"] for x in w.get(
    "subnets?shared=%s" % x, b)["subnets"]] for x in (True, False)))
equal("its subnet too", s["id"], w.get("subnets/" + s["id"], b)["subnet"]["id"])
refused("but not changed", w.put("network", n["id"], b, name="y"), 403, "PolicyNotAuthorized",
        "rule:update_network")
refused("nor deleted", w.delete("network", n["id"], b), 403, "PolicyNotAuthorized")
refused("nor given subnets", w.post("subnet", b, network_id=n["id"], ip_version=4,
        cidr="10.1.0.0/24"), 403, "PolicyNotAuthorized")
pb = w.create("port", b, network_id=n["id"])
equal("a port on it", "pb", pb["project_id"])
refused("with no MAC of one's own", w.post("port", b, network_id=n["id"],
        mac_address="02:00:00:00:00:01"), 403, "PolicyNotAuthorized", "mac_address")
refused("nor address", w.post("port", b, network_id=n["id"], fixed_ips=[
    {"ip_address": "10.0.0.99"}]), 403, "PolicyNotAuthorized", "fixed_ips")
refused("nor made without", w.post("port", b, network_id=n["id"], port_security_enabled=False), 403,
        "PolicyNotAuthorized", "create_port:port_security_enabled")
refused("nor without guard", w.put("port", pb["id"], b, port_security_enabled=False), 403,
        "PolicyNotAuthorized", "port_security_enabled")
equal("the network's owner sees it", pb["id"], w.get("ports/" + pb["id"], a)["port"]["id"])
refused("it is not taken back from others", w.put("network", n["id"], admin, shared=False), 409,
        "InvalidSharedSetting")
equal("the network's owner ends it", 204, w.delete("port", pb["id"], a).status)
equal("then it is", 200, w.put("network", n["id"], admin, shared=False).status)

with open(tokens, "a") as f:
    f.write("new pa member\n")
w.process.send_signal(signal.SIGHUP)
for _ in range(100):
    if w.get("networks", {"X-Auth-Token": "new"}).status == 200:
        break
    time.sleep(0.02)
equal("SIGHUP reads the tokens again", 200, w.get("networks", {"X-Auth-Token": "new"}).status)
with open(tokens, "a") as f:
    f.write("broken\n")
w.process.send_signal(signal.SIGHUP)
time.sleep(0.2)
equal("a broken file is not taken", 200, w.get("networks", {"X-Auth-Token": "new"}).status)
equal("weftd ends cleanly", 0, w.stop())


def start(*options):
    p = subprocess.run([os.path.join(BUILD, "controller/weftd"), *options], capture_output=True,
                       text=True, timeout=20)
    lines = [x for x in p.stderr.splitlines() if not x.startswith("warn weftd: runs as root")]
    return p.returncode, len(lines) - 1, p.stderr


for name, options, word in (
        ("nobody's network without tokens", ("--listen", "0.0.0.0:0"), "0.0.0.0:0"),
        ("unknown option", ("--colour",), "--colour"),
        ("a word too many", ("now",), "now"),
        ("auth of neither kind", ("--auth", "maybe"), "maybe"),
        ("tokens without a file", ("--auth", "tokens"), "--tokens"),
        ("a token file that is none", ("--tokens", tokens, "--store", "sqlite::memory:"), "line"),
        ("a range that is none", ("--vni-range", "5-2"), "5-2"),
        ("an MTU that is none", ("--mtu", "12"), "12"),
        ("a level that is none", ("--log", "loud"), "loud"),
        ("a config that is not there", ("--config", "/nonexistent"), "nonexistent")):
    code, lines, text = start(*options)
    check("weftd refuses " + name, code == 2 and lines == 0 and word in text, (code, text))
code, lines, text = start("--store", "sqlite:/proc/nobody/x.db")
check("weftd refuses a store that cannot be", code not in (0, 2) and "/proc/nobody" in text,
      (code, text))
end()
