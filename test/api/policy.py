#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Policy: roles by the default rules, an operator's file, and its changes while weftd runs."""
import os, signal, subprocess, sys, time
sys.dont_write_bytecode = True
from lib import BUILD, Weftd, check, end, equal, refused

w = Weftd()
tokens, rules = w.path("tokens"), w.path("policy.yaml")
w.options = ("--tokens", tokens, "--policy", rules)
with open(tokens, "w") as f:
    f.write("root admins admin\na pa member\nboss pa manager\nr pa reader\nb pb member\n"
            "nobody pa\tguest\nnova service service\nsays pa data_plane_integrator\n")
with open(rules, "w") as f:
    f.write("# the defaults\n")
w.start()
admin, a, boss, r, b, nobody, nova = ({"X-Auth-Token": x} for x in (
    "root", "a", "boss", "r", "b", "nobody", "nova"))


def denied(name, reply, rule):
    refused(name, reply, 403, "PolicyNotAuthorized", rule + " is disallowed by policy")


# Roles
n = w.create("network", a)
s = w.create("subnet", a, network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
p = w.create("port", a, network_id=n["id"])
for kind, x in ("network", n), ("subnet", s), ("port", p):
    equal("a reader sees the %s" % kind, 200, w.get("%ss/%s" % (kind, x["id"]), r).status)
    denied("and changes it not", w.put(kind, x["id"], r, name="x"), "rule:update_" + kind)
    denied("nor deletes it", w.delete(kind, x["id"], r), "rule:delete_" + kind)
    refused("without a role there is no %s" % kind, w.get("%ss/%s" % (kind, x["id"]), nobody),
            404, kind.capitalize() + "NotFound")
    equal("nor a list", [], w.get(kind + "s", nobody)[kind + "s"])
    equal("a manager is a member", 200, w.put(kind, x["id"], boss, name="x").status)
denied("a reader creates nothing", w.post("network", r), "rule:create_network")
denied("nor tags", w.call("PUT", "/v2.0/networks/%s/tags/x" % n["id"], None, r),
       "rule:update_network")
equal("a service sees all ports", [p["id"]], [x["id"] for x in w.get("ports", nova)["ports"]])
x = w.put("port", p["id"], nova, **{"binding:host_id": "h1"})
check("and binds them", x.status == 200 and x["port"]["binding:host_id"] == "h1" and
      "binding:vif_type" in x["port"], x)
denied("but deletes no network", w.delete("network", n["id"], nova), "rule:delete_network")

# Attributes
denied("an attribute that is not a member's", w.post("port", a, network_id=n["id"],
       **{"binding:profile": {"x": 1}}), "(rule:create_port and rule:create_port:binding:profile)")
w.put("network", n["id"], admin, shared=True)
denied("an address on another's network", w.post("port", b, network_id=n["id"],
       fixed_ips=[{"ip_address": "10.0.0.77"}]), "rule:create_port:fixed_ips:ip_address)")
x = w.post("port", b, network_id=n["id"], fixed_ips=[{"subnet_id": s["id"]}])
equal("a subnet of it is fine when it is shared", 201, x.status)
pb = x["port"]
denied("a pair on another's network", w.put("port", pb["id"], b, allowed_address_pairs=[
    {"ip_address": "10.0.0.9"}]), "rule:update_port:allowed_address_pairs)")
equal("on one's own it is fine", 200, w.put("port", p["id"], a, allowed_address_pairs=[
    {"ip_address": "10.0.0.9"}]).status)
x = w.post("subnet", a, network_id=n["id"], ip_version=4, cidr="10.0.9.0/24", service_types=["compute:x"])
equal("what kinds of ports a subnet serves says its owner", (201, ["compute:x"]),
      (x.status, x["subnet"]["service_types"]))
equal("later, too", 200, w.put("subnet", x["subnet"]["id"], a, service_types=["compute:y"]).status)
denied("a network's device on another's network", w.post("port", b, network_id=n["id"],
       device_owner="network:x"), "rule:create_port:device_owner)")
equal("another device is fine", 201, w.post("port", b, network_id=n["id"],
      device_owner="compute:x").status)
denied("a MAC is not changed by its owner", w.put("port", p["id"], a,
       mac_address="02:00:00:00:00:01"), "rule:update_port:mac_address)")
equal("the network's owner sees a guest's port", 200, w.get("ports/" + pb["id"], a).status)
denied("but changes it not", w.put("port", pb["id"], a, name="x"), "rule:update_port")
equal("and may end it", 204, w.delete("port", pb["id"], a).status)

# Rules are their group's owner's, whoever made them
g = w.call("POST", "/v2.0/security-groups", {"security_group": {"name": "g"}}, a)["security_group"]
x = w.call("POST", "/v2.0/security-group-rules", {"security_group_rule": {
    "security_group_id": g["id"], "direction": "ingress"}}, admin)["security_group_rule"]
equal("an administrator's rule in one's group: its project", "admins", x["project_id"])
at = "/v2.0/security-group-rules/" + x["id"]
equal("is seen by readers of the group", [200, 200, 404], [w.call("GET", at, None, who).status for who in (a, r, b)])
denied("and not theirs to delete", w.call("DELETE", at, None, r), "rule:delete_security_group_rule")
equal("but members'", 204, w.call("DELETE", at, None, a).status)
equal("tags are members'", (403, 200, 200), tuple(w.call(
    "PUT", "/v2.0/security-groups/%s/tags" % g["id"], {"tags": ["t"]}, who).status for who in (r, a, admin)))

# What is hidden is not found by, either
equal("a filter by what is hidden finds nothing", ([], [n["id"]]), tuple(
    [x["id"] for x in w.get("networks?provider:network_type=vxlan&id=" + n["id"], who)["networks"]] for who in (a, admin)))
equal("nor by its absence", [], w.get("ports?binding:host_id=&id=" + p["id"], a)["ports"])


# An operator's file
def reload(text, wait=True):
    with open(rules, "w") as file:
        file.write(text)
    log = open(w.path("log")).read().count("policy:")
    w.process.send_signal(signal.SIGHUP)
    for _ in range(200):
        if open(w.path("log")).read().count("policy:") > log:
            return
        time.sleep(0.02)
    check("weftd says what became of the policy", False, open(w.path("log")).read()[-500:])


reload('"create_network": "role:manager and project_id:%(project_id)s"\n'
       '"get_network:description": "rule:owner"\n'
       '"get_port:binding:host_id": "@"\n'
       '"update_network:name": "not field:networks:name=~^x-"\n'
       '"delete_network:tags": "role:manager and project_id:%(project_id)s"\n'
       '"get_security_group:tags": "role:member"\n')
tags = "/v2.0/networks/%s/tags" % n["id"]
equal("tags have rules of their own", (201, 201), (w.call("PUT", tags + "/x", None, a).status,
      w.call("PUT", tags + "/y", None, a).status))
denied("each request one", w.call("DELETE", tags + "/x", None, a), "rule:delete_network:tags")
equal("to be met", 204, w.call("DELETE", tags + "/x", None, boss).status)
tags = "/v2.0/security-groups/%s/tags" % g["id"]
denied("hidden ones are not shown", w.call("GET", tags, None, r),
       "(rule:get_security_group and rule:get_security_group:tags)")
equal("but to whom they may be", ["t"], w.call("GET", tags, None, a)["tags"])
denied("members create no networks now", w.post("network", a), "rule:create_network")
equal("managers do", 201, w.post("network", boss).status)
equal("an administrator is a manager", 201, w.post("network", admin).status)
check("hidden from others only", "description" in w.get("networks/" + n["id"], a)["network"] and
      "description" not in w.get("networks/" + n["id"], b)["network"])
check("in lists, too", ["description" in x for x in w.get("networks?id=" + n["id"], b)["networks"]]
      == [False] and ["description" in x for x in w.get("networks?id=" + n["id"], a)["networks"]]
      == [True])
equal("and found by it: one's own", ([n["id"]], []), tuple(
    [x["id"] for x in w.get("networks?description=&id=" + n["id"], who)["networks"]] for who in (a, b)))
refused("nor does its order show", w.get("networks?sort_key=description&sort_dir=asc", b), 400, "HTTPBadRequest",
        "description")
check("shown to members", "binding:host_id" in w.get("ports/" + p["id"], a)["port"])
denied("by a name's beginning", w.put("network", n["id"], a, name="x-1"),
       "(rule:update_network and rule:update_network:name)")
equal("another name is fine", 200, w.put("network", n["id"], a, name="y").status)
reload('"create_network": "rol"\n')
denied("a file that cannot be read changes nothing", w.post("network", a), "rule:create_network")
check("and is told of", "create_network" in open(w.path("log")).read().split("kept as it was")[-1])
reload("")
equal("nothing in the file: the defaults", 201, w.post("network", a).status)
check("and what was shown is hidden", "binding:host_id" not in w.get("ports/" + p["id"], a)["port"])

out = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--print-policy"],
                     capture_output=True, text=True).stdout
check("the defaults in print", '#"create_network:shared": "rule:admin_only"\n' in out and
      out.count('\n#"') > 150, out[:200])
reload(out.replace('\n#"', '\n"'))
equal("they can be read back", 201, w.post("network", a).status)
denied("and mean the same", w.post("network", a, shared=True),
       "(rule:create_network and rule:create_network:shared)")
equal("weftd ends cleanly", 0, w.stop())
with open(rules, "w") as f:
    f.write('"a": "rule:b"\n"b": "rule:a"\n')
p = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--store", "sqlite::memory:",
                    "--policy", rules], capture_output=True, text=True, timeout=20)
check("a ring of rules is refused at the start", p.returncode == 2 and "ring" in p.stderr, p)
end()
