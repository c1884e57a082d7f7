#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""RBAC policies: what is shared with whom, who sees and uses it, and what may not be taken back;
also while it is used at the same moment, and after a kill."""
import signal, sys, threading
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--tokens", tokens)
with open(tokens, "w") as f:
    f.write("root admins admin\na pa member\nb pb member\nc pc member\nr pa reader\n")
w.start()
admin, a, b, c, r = ({"X-Auth-Token": x} for x in ("root", "a", "b", "c", "r"))
nobody = "00000000-0000-4000-8000-00000000dead"
PATHS = {"rbac_policy": "rbac-policies", "network": "networks", "security_group": "security-groups",
         "security_group_rule": "security-group-rules", "address_group": "address-groups",
         "port": "ports", "policy": "policies"}


def call(method, kind, headers, id=None, **attrs):
    path = "/v2.0/" + PATHS[kind] + ("/" + id if id else "")
    return w.call(method, path, {kind: attrs} if method in ("POST", "PUT") else None, headers)


def make(kind, headers, **attrs):
    reply = call("POST", kind, headers, **attrs)
    if reply.status != 201:
        raise AssertionError("create %s %s: %s" % (kind, attrs, reply))
    return reply[kind]


def share(kind, object, target, headers=a, action="access_as_shared"):
    return call("POST", "rbac_policy", headers, object_type=kind, object_id=object["id"],
                action=action, target_tenant=target)


def sees(kind, object, headers):
    """Whether it is in the list and can be shown; the two must agree."""
    listed = object["id"] in [x["id"] for x in w.get(PATHS[kind], headers)[kind + "s"]]
    shown = call("GET", kind, headers, object["id"]).status == 200
    return listed if listed == shown else "list: %s, show: %s" % (listed, shown)


def shared(kind, object, headers):
    return call("GET", kind, headers, object["id"])[kind]["shared"]


aliases = {x["alias"] for x in w.get("extensions", a)["extensions"]}
for alias in ("rbac-policies", "rbac-security-groups", "rbac-address-group", "external-net",
              "security-groups-shared-filtering"):
    check("announced: " + alias, alias in aliases)

# The resource
n = make("network", a, name="n")
s = w.create("subnet", a, network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
equal("a network is its project's alone", (True, False), (sees("network", n, a), sees("network", n, b)))
before = call("GET", "network", a, n["id"])["network"]["revision_number"]
p = share("network", n, "pb")["rbac_policy"]
equal("all that a policy has", {"id": p["id"], "object_type": "network", "object_id": n["id"],
      "action": "access_as_shared", "target_tenant": "pb", "project_id": "pa", "tenant_id": "pa", "tags": []}, p)
check("its network's revision has grown",
      call("GET", "network", a, n["id"])["network"]["revision_number"] > before)
equal("the target sees the network", True, sees("network", n, b))
equal("others do not", False, sees("network", n, c))
equal("shared is what it is to who asks", (True, False, False),
      tuple(shared("network", n, x) for x in (b, a, admin)))
for headers, wanted in ((b, [n["id"]]), (a, []), (c, [])):
    equal("a list of what is shared", wanted,
          [x["id"] for x in w.get("networks?shared=True", headers)["networks"]])
equal("and of what is not", [n["id"]], [x["id"] for x in w.get("networks?shared=false", a)["networks"]])
equal("its subnet is seen", s["id"], w.get("subnets/" + s["id"], b)["subnet"]["id"])
refused("but the network is not the target's to change", call("PUT", "network", b, n["id"], name="x"),
        403, "PolicyNotAuthorized")
tags = "/v2.0/rbac-policies/%s/tags" % p["id"]
equal("a policy keeps tags, for stacks", (201, ["t"]), (w.call("PUT", tags + "/t", None, a).status,
                                                       w.call("GET", tags, None, a)["tags"]))
refused("which are the owner's", w.call("PUT", tags + "/u", None, b), 404, "TagResourceNotFound")
refused("the policy neither: it does not see it", call("GET", "rbac_policy", b, p["id"]), 404,
        "RbacPolicyNotFound")
refused("nor deletes it", call("DELETE", "rbac_policy", b, p["id"]), 404, "RbacPolicyNotFound")
equal("nor lists it", [], w.get("rbac-policies", b)["rbac_policies"])
equal("its owner does", [p["id"]], [x["id"] for x in w.get("rbac-policies", a)["rbac_policies"]])
equal("and a reader", [p["id"]], [x["id"] for x in w.get(
    "rbac-policies?object_type=network&action=access_as_shared&target_tenant=pb", r)["rbac_policies"]])
equal("a filter", [], w.get("rbac-policies?target_tenant=pc", a)["rbac_policies"])
equal("an administrator", 200, call("GET", "rbac_policy", admin, p["id"]).status)

for name, reply, status, type, word in (
        ("the same once more", share("network", n, "pb"), 409, "DuplicateRbacPolicy", "exists"),
        ("everybody, by a member", share("network", n, "*"), 403, "PolicyNotAuthorized",
         "create_rbac_policy:target_tenant"),
        ("by a reader", share("network", n, "pc", r), 403, "PolicyNotAuthorized", "create_rbac_policy"),
        ("what one only uses", share("network", n, "pc", b), 400, "InvalidInput", "do not own"),
        ("what one does not see", share("network", n, "pc", c), 400, "InvalidInput", n["id"]),
        ("what there is not", share("network", {"id": nobody}, "pc"), 400, "InvalidInput", nobody),
        ("a network that is a group", share("security_group", n, "pc"), 400, "InvalidInput", n["id"]),
        ("an unknown type", share("zoo", n, "pc"), 400, "HTTPBadRequest", "zoo"),
        ("an unknown action", share("network", n, "pc", action="steal"), 400, "HTTPBadRequest", "steal"),
        ("no target", share("network", n, ""), 400, "InvalidInput", "target_tenant"),
        ("without an object", call("POST", "rbac_policy", a, object_type="network",
         action="access_as_shared", target_tenant="pc"), 400, "HTTPBadRequest", "object_id"),
        ("another object", call("PUT", "rbac_policy", a, p["id"], object_id=nobody), 400,
         "HTTPBadRequest", "object_id"),
        ("everybody later", call("PUT", "rbac_policy", a, p["id"], target_tenant="*"), 403,
         "PolicyNotAuthorized", "update_rbac_policy:target_tenant")):
    refused("refused: " + name, reply, status, type, word)
equal("nothing of that was made", 1, len(w.get("rbac-policies", admin)["rbac_policies"]))

# In use
port = make("port", b, network_id=n["id"])
equal("the target has a port on it", ("pb", s["id"]), (port["project_id"], port["fixed_ips"][0]["subnet_id"]))
refused("who does not see it has none", call("POST", "port", c, network_id=n["id"]), 404, "NetworkNotFound")
refused("a policy in use stays", call("DELETE", "rbac_policy", a, p["id"]), 409, "RbacPolicyInUse", n["id"])
refused("and its target", call("PUT", "rbac_policy", a, p["id"], target_tenant="pc"), 409,
        "RbacPolicyInUse")
refused("an administrator's word, too", call("DELETE", "rbac_policy", admin, p["id"]), 409, "RbacPolicyInUse")
every = share("network", n, "*", admin)["rbac_policy"]
equal("everybody covers it", 204, call("DELETE", "rbac_policy", a, p["id"]).status)
equal("all see the network now", (True, True, True), tuple(shared("network", n, x) for x in (a, b, c)))
refused("then that one stays", call("DELETE", "rbac_policy", admin, every["id"]), 409, "RbacPolicyInUse")
refused("which is what PUT says, too", call("PUT", "network", admin, n["id"], shared=False), 409,
        "InvalidSharedSetting")
p = share("network", n, "pb")["rbac_policy"]
reply = call("PUT", "network", admin, n["id"], shared=False)
equal("the target's own covers it, and the answer says so", (200, False), (reply.status, reply["network"]["shared"]))
equal("and the one for everybody is gone", [p["id"]],
      [x["id"] for x in w.get("rbac-policies", admin)["rbac_policies"]])
equal("the target's port ends", 204, call("DELETE", "port", b, port["id"]).status)
equal("then the policy moves", "pc",
      call("PUT", "rbac_policy", a, p["id"], target_tenant="pc")["rbac_policy"]["target_tenant"])
equal("and with it who sees", (False, True), (sees("network", n, b), sees("network", n, c)))
equal("to what it is already: no change", 200,
      call("PUT", "rbac_policy", a, p["id"], target_tenant="pc").status)
equal("and goes", 204, call("DELETE", "rbac_policy", a, p["id"]).status)
equal("nobody sees it again", False, sees("network", n, c))

# shared of a network is the policy for everybody
call("PUT", "network", admin, n["id"], shared=True)
x = w.get("rbac-policies", a)["rbac_policies"]
equal("shared=True is a policy of the network's owner",
      [("network", n["id"], "access_as_shared", "*", "pa")],
      [(y["object_type"], y["object_id"], y["action"], y["target_tenant"], y["project_id"]) for y in x])
equal("whose end is shared=False", 204, call("DELETE", "rbac_policy", a, x[0]["id"]).status)
equal("as the network says", (False, False), (shared("network", n, admin), sees("network", n, c)))
m = make("network", admin, name="m", shared=True)
equal("a new network is shared at once", (True, True), (m["shared"], shared("network", m, c)))
many = [call("POST", "network", admin, name="m%d" % i, shared=True) for i in range(11)]
equal("a quota of ten policies is no limit of shared networks", [201] * 11, [x.status for x in many])
refused("but of policies as such", share("network", n, "pd", admin), 409, "OverQuota", "rbac_policy")
for x in many:
    call("DELETE", "network", admin, x["network"]["id"])
equal("a shared network ends", 204, call("DELETE", "network", admin, m["id"]).status)
equal("a network takes its policies with it", [], w.get("rbac-policies?object_id=" + m["id"],
      admin)["rbac_policies"])
r10 = [share("network", n, "p%d" % i).status for i in range(11)]
equal("ten policies a project", [201] * 10 + [409], r10)
refused("the eleventh is over", share("network", n, "p99"), 409, "OverQuota", "rbac_policy")
for x in w.get("rbac-policies?fields=id", a)["rbac_policies"]:
    call("DELETE", "rbac_policy", a, x["id"])

# External networks
x = make("network", admin, name="out", **{"router:external": True})
equal("an external network is seen by all", (True, True), (sees("network", x, a), x["router:external"]))
equal("and is not shared", False, shared("network", x, a))
equal("it is found as such", [x["id"]], [y["id"] for y in w.get("networks?router:external=True", a)["networks"]])
refused("members make none", call("POST", "network", a, **{"router:external": True}), 403,
        "PolicyNotAuthorized", "router:external")
x = w.get("rbac-policies?object_id=" + x["id"], admin)["rbac_policies"]
equal("it is one by a policy", [("access_as_external", "*")], [(y["action"], y["target_tenant"]) for y in x])
out = {"id": x[0]["object_id"]}
q = share("network", out, "pb", admin, "access_as_external")["rbac_policy"]
equal("one may be chosen", 204, call("DELETE", "rbac_policy", admin, x[0]["id"]).status)
equal("then it is external for that one", (True, False), (sees("network", out, b), sees("network", out, a)))
equal("and says so", True, call("GET", "network", b, out["id"])["network"]["router:external"])
call("DELETE", "rbac_policy", admin, q["id"])
equal("without a policy it is a network as any", False,
      call("GET", "network", admin, out["id"])["network"]["router:external"])
q = share("network", n, "pc", admin, "access_as_external")
equal("a policy makes one", (True, True), (q.status == 201, call("GET", "network", a, n["id"])
                                           ["network"]["router:external"]))
equal("and PUT unmakes it", False, call("PUT", "network", admin, n["id"], **{
    "router:external": False})["network"]["router:external"])
equal("with its policies", [], w.get("rbac-policies?object_id=" + n["id"], admin)["rbac_policies"])
sg = make("security_group", a, name="web")
refused("nothing else is external", share("security_group", sg, "pb", a, "access_as_external"), 400,
        "InvalidInput", "access_as_external", "security_group")

# Security groups
own = make("network", b, name="own")
w.create("subnet", b, network_id=own["id"], ip_version=4, cidr="10.1.0.0/24")
refused("a foreign group", call("POST", "port", b, network_id=own["id"], security_groups=[sg["id"]]), 404,
        "SecurityGroupNotFound")
p = share("security_group", sg, "pb")["rbac_policy"]
equal("a group is seen", (True, False), (sees("security_group", sg, b), sees("security_group", sg, c)))
equal("and shared with who asks", (True, False), (shared("security_group", sg, b),
                                                  shared("security_group", sg, a)))
equal("a list of shared ones", [sg["id"]], [y["id"] for y in w.get(
    "security-groups?shared=True", b)["security_groups"]])
refused("its rules are its owner's", call("POST", "security_group_rule", b, security_group_id=sg["id"],
        direction="ingress"), 403, "PolicyNotAuthorized", "create_security_group_rule")
refused("it, too", call("DELETE", "security_group", b, sg["id"]), 403, "PolicyNotAuthorized")
port = make("port", b, network_id=own["id"], security_groups=[sg["id"]])
refused("a policy that a port is in a group by", call("DELETE", "rbac_policy", a, p["id"]), 409,
        "RbacPolicyInUse", sg["id"])
refused("the group itself", call("DELETE", "security_group", a, sg["id"]), 409, "SecurityGroupInUse")
mine = [y["id"] for y in w.get("security-groups?name=default", b)["security_groups"]]
equal("a rule may name it", 201, call("POST", "security_group_rule", b, security_group_id=mine[0],
      direction="ingress", remote_group_id=sg["id"]).status)
call("DELETE", "port", b, port["id"])
equal("without the port it goes", 204, call("DELETE", "rbac_policy", a, p["id"]).status)
port = make("port", b, network_id=own["id"])
refused("and the group cannot be entered", call("PUT", "port", b, port["id"], security_groups=[sg["id"]]),
        404, "SecurityGroupNotFound")

# Address groups
ag = make("address_group", a, name="peers", addresses=["10.9.0.0/16"])
p = share("address_group", ag, "pb")["rbac_policy"]
equal("an address group is seen", (True, True, False), (sees("address_group", ag, b), shared(
    "address_group", ag, b), sees("address_group", ag, c)))
rule = make("security_group_rule", b, security_group_id=mine[0], direction="ingress",
            remote_address_group_id=ag["id"])
refused("while a rule names it", call("DELETE", "rbac_policy", a, p["id"]), 409, "RbacPolicyInUse")
refused("it is not the target's to change", w.call("PUT", "/v2.0/address-groups/%s/add_addresses" % ag["id"],
        {"addresses": ["10.8.0.0/16"]}, b), 404, "AddressGroupNotFound")
refused("nor to call otherwise", call("PUT", "address_group", b, ag["id"], name="x"), 404, "AddressGroupNotFound")
refused("nor to end", call("DELETE", "address_group", b, ag["id"]), 404, "AddressGroupNotFound")
refused("a reader of its own project is told why", call("PUT", "address_group", r, ag["id"], name="x"), 403,
        "PolicyNotAuthorized", "update_address_group")
call("DELETE", "security_group_rule", b, rule["id"])
peer = make("policy", b, name="p", rules=[{"direction": "ingress", "peers": [{"address_group_id": ag["id"]}]}])
refused("nor while a policy of labels does", call("DELETE", "rbac_policy", a, p["id"]), 409, "RbacPolicyInUse",
        "pb")
call("DELETE", "policy", b, peer["id"])
equal("then it goes", 204, call("DELETE", "rbac_policy", a, p["id"]).status)

# At the same moment: a port by a policy, or the policy's end, but never both
for round in range(30):
    p = share("network", n, "pb")["rbac_policy"]
    start, got = threading.Barrier(3), {}

    def run(key, method, kind, headers, id=None, **attrs):
        link = w.connect()
        body = None if method == "DELETE" else {kind: attrs}
        start.wait()
        got[key] = w.call(method, "/v2.0/" + PATHS[kind] + ("/" + id if id else ""), body, headers, link)

    runs = [threading.Thread(target=run, args=("port", "POST", "port", b), kwargs={"network_id": n["id"]}),
            threading.Thread(target=run, args=("del", "DELETE", "rbac_policy", a, p["id"]))]
    for x in runs:
        x.start()
    start.wait()
    for x in runs:
        x.join()
    if (got["port"].status, got["del"].status) not in ((201, 409), (404, 204)):
        check("a port and the end of its policy exclude each other", False,
              (round, str(got["port"]), str(got["del"])))
        break
    if got["port"].status == 201:
        call("DELETE", "port", b, got["port"]["port"]["id"])
        call("DELETE", "rbac_policy", a, p["id"])
else:
    check("a port and the end of its policy exclude each other, 30 times", True)

p = share("network", n, "pb")["rbac_policy"]
w.stop(signal.SIGKILL)
w.start()
equal("what is shared is, after a kill", (True, True), (sees("network", n, b), shared("network", n, b)))
equal("and who shared it", p, call("GET", "rbac_policy", a, p["id"])["rbac_policy"])
equal("weftd ends cleanly", 0, w.stop())
equal("and its store is whole", (0, []), (audit(w.path(w.db))[0], [x for x in audit(w.path(w.db))[1]
                                                                   if "rbac" in x]))
end()
