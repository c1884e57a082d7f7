#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Quotas: limits, who may say them, and that a crowd gets no more than there is."""
import os, subprocess, sys, threading
sys.dont_write_bytecode = True
from lib import BUILD, Weftd, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--tokens", tokens, "--quota", "router=3")
with open(tokens, "w") as f:
    f.write("root admins admin\na pa member\nb pb member\n")
w.start()
admin, a, b = ({"X-Auth-Token": x} for x in ("root", "a", "b"))
put = lambda project, headers=admin, **limits: w.call(
    "PUT", "/v2.0/quotas/" + project, {"quota": limits}, headers)

q = w.get("quotas/pa", a)["quota"]
check("defaults", q["network"] == 100 and q["subnet"] == 100 and q["port"] == 500, q)
equal("an option's default", 3, q["router"])
equal("whose", "pa", w.get("quotas/tenant", a)["tenant"]["tenant_id"])
refused("another's quota", w.get("quotas/pb", a), 403, "PolicyNotAuthorized", "get_quota")
refused("nobody raises one's own", put("pa", a, network=9), 403, "PolicyNotAuthorized",
        "update_quota")
refused("nor deletes it", w.call("DELETE", "/v2.0/quotas/pa", None, a), 403,
        "PolicyNotAuthorized")
equal("nobody has one of their own", [], w.get("quotas", admin)["quotas"])
r = put("pa", network=2, subnet="1", port=-1)
check("set", r.status == 200 and r["quota"]["network"] == 2 and r["quota"]["subnet"] == 1 and
      r["quota"]["port"] == -1 and r["quota"]["router"] == 3, r)
equal("and listed", [("pa", 2)], [(x["project_id"], x["network"])
                                  for x in w.get("quotas", admin)["quotas"]])
equal("the default is as it was", 100, w.get("quotas/pa/default", a)["quota"]["network"])
for limits in {"network": -2}, {"network": "x"}, {"network": 1.5}, {"network": None}, \
        {"network": 1 << 31}:
    refused("no limit: %s" % limits, put("pa", **limits), 400, "HTTPBadRequest", "network")
refused("no such resource", put("pa", nonsense=1), 400, "HTTPBadRequest",
        "Unrecognized attribute(s) 'nonsense'")
refused("no quota", w.call("PUT", "/v2.0/quotas/pa", {"x": 1}, admin), 400, "HTTPBadRequest",
        "Unable to find 'quota'")

over = lambda name, reply, kind: refused(name, reply, 409, "OverQuota",
                                         "Quota exceeded for resources: ['%s']." % kind)
n = w.create("network", a)
w.create("network", a)
over("one too many", w.post("network", a), "network")
over("an administrator makes it no larger", w.post("network", admin, project_id="pa"), "network")
equal("others are not touched", 201, w.post("network", b).status)
w.create("subnet", a, network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
over("subnets", w.post("subnet", a, network_id=n["id"], ip_version=4, cidr="10.1.0.0/24"), "subnet")
r = w.get("quotas/pa/details.json", a)["quota"]
equal("details", {"limit": 2, "used": 2, "reserved": 0}, r["network"])
equal("details of what has no limit", -1, r["port"]["limit"])
refused("not below what is in use", put("pa", network=1, check_limit=True), 409, "OverQuota",
        "network")
equal("unless it is not asked", 200, put("pa", network=1).status)
over("then nothing new", w.post("network", a), "network")
equal("deleting makes room", 204, w.delete("network", w.get("networks?fields=id", a)[
    "networks"][1]["id"], a).status)
put("pa", network=3)
r = w.call("POST", "/v2.0/networks", {"networks": [{}, {}, {}]}, a)
over("bulk counts all", r, "network")
equal("and makes none", 1, len(w.get("networks", a)["networks"]))
equal("bulk to the brim", 201, w.call("POST", "/v2.0/networks", {"networks": [{}, {}]}, a).status)
r = w.call("DELETE", "/v2.0/quotas/pa", None, admin)
check("deleted", r.status == 204, r)
equal("the default holds again", 100, w.get("quotas/pa", a)["quota"]["network"])
refused("what is not set is not deleted", w.call("DELETE", "/v2.0/quotas/pa", None, admin), 404,
        "TenantQuotaNotFound")

# Interfaces of routers are ports, too
put("pb", port=0)
nb = w.get("networks", b)["networks"][0]
sb = w.create("subnet", b, network_id=nb["id"], ip_version=4, cidr="10.0.0.0/24")
ro = w.create("router", b)
over("a router's interface", w.call("PUT", "/v2.0/routers/%s/add_router_interface" % ro["id"],
     {"subnet_id": sb["id"]}, b), "port")

# A crowd
put("pb", port=37, router=20)
won, lost, other = [], [], []


def hammer():
    link = w.connect()
    for _ in range(8):
        r = w.call("POST", "/v2.0/ports", {"port": {"network_id": nb["id"]}}, b, link)
        (won if r.status == 201 else lost if r.fault.get("type") == "OverQuota" else
         other).append(r)


crowd = [threading.Thread(target=hammer) for _ in range(8)]
[t.start() for t in crowd]
[t.join() for t in crowd]
equal("a crowd gets what there is, exactly", (37, 27, 0), (len(won), len(lost), len(other)))
equal("and it is there", 37, w.get("quotas/pb/details", b)["quota"]["port"]["used"])

equal("weftd ends cleanly", 0, w.stop())
w.start()
check("a restart forgets nothing", w.get("quotas/pb", b)["quota"]["port"] == 37 and
      w.post("port", b, network_id=nb["id"]).fault.get("type") == "OverQuota")
w.stop()
audit = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--audit", "--store",
                        "sqlite:" + w.path("weft.db")], capture_output=True, text=True)
check("the store is whole", audit.returncode == 0 and " 0 findings" in audit.stdout, audit)
free = Weftd().start()
equal("without authentication there are no limits", -1,
      free.get("quotas/default")["quota"]["network"])
end()
