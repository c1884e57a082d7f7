#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Firewalls of routers (fwaas_v2): rules, policies in their order, groups before ports, the default
group of each project; what is refused and how, who sees what, who wins a race, what a restart keeps
and what weftd --audit says of it."""
import sys, threading
sys.dont_write_bytecode = True
from etcd import Etcd, Shared
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--auth", "tokens", "--tokens", tokens)
with open(tokens, "w") as f:
    f.write("root admins admin boss\na pa member alice\nb pb member bob\nr pa reader ann\n")
w.start()
admin, a, b, reader = ({"X-Auth-Token": x} for x in ("root", "a", "b", "r"))
w.headers = a
NOBODY = "00000000-0000-4000-8000-000000000000"
PATHS = {"rule": "fwaas/firewall_rules", "policy": "fwaas/firewall_policies", "group": "fwaas/firewall_groups"}


def call(method, path, body=None, headers=None, link=None):
    return w.call(method, "/v2.0/" + path, body, headers, link)


def post(kind, headers=None, **attrs):
    return call("POST", PATHS[kind], {"firewall_" + kind: attrs}, headers)


def make(kind, headers=None, **attrs):
    r = post(kind, headers, **attrs)
    assert r.status == 201, r
    return r["firewall_" + kind]


def show(kind, id, headers=None):
    return call("GET", "%s/%s" % (PATHS[kind], id), None, headers)


def get(kind, id, headers=None):
    return show(kind, id, headers)["firewall_" + kind]


def find(kind, query="", headers=None):
    plural = PATHS[kind].split("/")[1]
    return call("GET", PATHS[kind] + query, None, headers)[plural]


def put(kind, id, headers=None, **attrs):
    return call("PUT", "%s/%s" % (PATHS[kind], id), {"firewall_" + kind: attrs}, headers)


def drop(kind, id, headers=None):
    return call("DELETE", "%s/%s" % (PATHS[kind], id), None, headers)


def move(policy, verb, rule, headers=None, **attrs):
    return call("PUT", "%s/%s/%s_rule" % (PATHS["policy"], policy["id"], verb),
                {"firewall_rule_id": rule, **attrs}, headers)


def of(object, *names):
    return tuple(object[name] for name in names)


controllers = [w]


def race(*requests, headers=None):
    """What each of REQUESTS, sent at the same time on a link of its own, to all controllers in turn, is
    answered."""
    answers = [None] * len(requests)

    def run(n):
        one = controllers[n % len(controllers)]
        method, path, *body = requests[n]
        answers[n] = one.call(method, "/v2.0/" + path, *body or [None], headers, one.connect()).status

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(requests))]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return answers


### Rules
aliases = {e["alias"] for e in call("GET", "extensions")["extensions"]}
check("the extension is announced", {"fwaas_v2", "standard-attr-fwaas-v2"} <= aliases, aliases)
plain = make("rule", name="plain")
equal("a rule that says nothing denies IPv4", ("deny", 4, None, None, None, None, None, True, False, None, "pa"),
      of(plain, "action", "ip_version", "protocol", "source_ip_address", "destination_ip_address", "source_port",
         "destination_port", "enabled", "shared", "firewall_policy_id", "project_id"))
full = make("rule", name="full", action="allow", protocol="TCP", source_ip_address="10.0.0.0/8",
            source_port="1024:65535", destination_ip_address="10.1.0.7", destination_port=443, description="to the web",
            enabled=False)
equal("and one that says all", ("allow", "tcp", "10.0.0.0/8", "1024:65535", "10.1.0.7", "443", False, "to the web"),
      of(full, "action", "protocol", "source_ip_address", "source_port", "destination_ip_address", "destination_port",
         "enabled", "description"))
six = make("rule", ip_version=6, source_ip_address="fd00::/64", protocol=58, action="reject")
equal("of IPv6, a protocol by number", (6, "58", "fd00::/64", "reject"),
      of(six, "ip_version", "protocol", "source_ip_address", "action"))
equal("groups as peers are null", (None, None), of(
    make("rule", source_firewall_group_id=None), "source_firewall_group_id", "destination_firewall_group_id"))
for what, type, attrs, words in (
        ("an action that is none", "HTTPBadRequest", {"action": "accept"}, ["action", "accept"]),
        ("a protocol that is none", "HTTPBadRequest", {"protocol": "tpc"}, ["protocol", "tpc"]),
        ("a protocol beyond all", "HTTPBadRequest", {"protocol": 256}, ["protocol", "256"]),
        ("a version that is none", "HTTPBadRequest", {"ip_version": 5}, ["ip_version", "5"]),
        ("an address that is none", "HTTPBadRequest", {"source_ip_address": "10.0.0"}, ["source_ip_address", "10.0.0"]),
        ("host bits", "HTTPBadRequest", {"destination_ip_address": "10.0.0.1/24"},
         ["destination_ip_address", "10.0.0.1/24", "10.0.0.0/24"]),
        ("an address of the other version", "FirewallIpAddressConflict", {"source_ip_address": "fd00::1"},
         ["source_ip_address", "fd00::1", "4"]),
        ("one of the destination, too", "FirewallIpAddressConflict",
         {"destination_ip_address": "10.0.0.1", "ip_version": 6}, ["destination_ip_address", "10.0.0.1", "6"]),
        ("a port without a protocol", "FirewallRuleWithPortWithoutProtocolInvalid", {"destination_port": "80"},
         ["destination_port", "80"]),
        ("a port of ICMP", "FirewallRuleInvalidICMPParameter", {"protocol": "icmp", "source_port": "80"},
         ["source_port", "80", "icmp"]),
        ("a port of SCTP", "FirewallRuleInvalidICMPParameter", {"protocol": "sctp", "destination_port": "80"},
         ["destination_port", "sctp"]),
        ("ports backwards", "FirewallRuleInvalidPortValue", {"protocol": "tcp", "source_port": "9:8"},
         ["source_port", "9:8"]),
        ("a port beyond all", "HTTPBadRequest", {"protocol": "udp", "source_port": 65536}, ["source_port", "65536"]),
        ("no port at all", "HTTPBadRequest", {"protocol": "udp", "source_port": "dns"}, ["source_port", "dns"]),
        ("half a range", "HTTPBadRequest", {"protocol": "udp", "source_port": "53:"}, ["source_port", "53:"]),
        ("a group as a peer", "HTTPBadRequest", {"source_firewall_group_id": NOBODY},
         ["source_firewall_group_id", NOBODY]),
        ("a policy of its own wish", "HTTPBadRequest", {"firewall_policy_id": NOBODY}, ["firewall_policy_id"])):
    refused(what, post("rule", **attrs), 400, type, *words)
equal("a rule changes", ("deny", None), of(put(
    "rule", full["id"], action="deny", source_port=None)["firewall_rule"], "action", "source_port"))
refused("not to what does not agree", put("rule", full["id"], protocol="icmp"), 400, "FirewallRuleInvalidICMPParameter",
        "destination_port", "443", "icmp")
equal("and is as it was", "tcp", get("rule", full["id"])["protocol"])
equal("rules by action", [six["id"]], [r["id"] for r in find("rule", "?action=reject")])
equal("a rule goes", (204, 404), (drop("rule", six["id"]).status, show("rule", six["id"]).status))

### Policies
r1, r2, r3 = (make("rule", name=n, protocol="tcp", destination_port=80, action="allow") for n in ("r1", "r2", "r3"))
policy = make("policy", name="p", firewall_rules=[r2["id"], r1["id"]])
equal("a policy has its rules in their order", ([r2["id"], r1["id"]], False, False),
      of(policy, "firewall_rules", "audited", "shared"))
equal("a rule tells its policies", [policy["id"]], get("rule", r1["id"])["firewall_policy_id"])
second = make("policy", firewall_rules=[r1["id"]])
equal("of which there may be two", sorted([policy["id"], second["id"]]), get("rule", r1["id"])["firewall_policy_id"])
equal("rules by their policy", {r1["id"], r2["id"]}, {
    r["id"] for r in find("rule", "?firewall_policy_id=" + policy["id"])})
equal("policies by a rule", [policy["id"]], [p["id"] for p in find("policy", "?firewall_rules=" + r2["id"])])
refused("a rule that is not there", post("policy", firewall_rules=[NOBODY]), 404, "FirewallRuleNotFound", NOBODY)
refused("a rule twice", post("policy", firewall_rules=[r1["id"], r1["id"]]), 400, "HTTPBadRequest", r1["id"])
refused("a rule in a policy stays", drop("rule", r1["id"]), 409, "FirewallRuleInUse", r1["id"])
equal("a policy that goes leaves its rules", (204, [policy["id"]]),
      (drop("policy", second["id"]).status, get("rule", r1["id"])["firewall_policy_id"]))
equal("another order", [r1["id"], r2["id"]], put(
    "policy", policy["id"], firewall_rules=[r1["id"], r2["id"]])["firewall_policy"]["firewall_rules"])
answer = move(policy, "insert", r3["id"])
equal("a rule is inserted on top, and the answer is bare", (200, [r3["id"], r1["id"], r2["id"]]),
      (answer.status, answer.body.get("firewall_rules")))
refused("not twice", move(policy, "insert", r3["id"]), 409, "FirewallRuleAlreadyAssociated", r3["id"], policy["id"])
equal("and taken away", [r1["id"], r2["id"]], move(policy, "remove", r3["id"])["firewall_rules"])
refused("not twice either", move(policy, "remove", r3["id"]), 400, "FirewallRuleNotAssociatedWithPolicy", r3["id"])
equal("before another", [r1["id"], r3["id"], r2["id"]],
      move(policy, "insert", r3["id"], insert_before=r2["id"], insert_after=r2["id"])["firewall_rules"])
move(policy, "remove", r3["id"])
equal("behind another", [r1["id"], r2["id"], r3["id"]],
      move(policy, "insert", r3["id"], insert_before="", insert_after=r2["id"])["firewall_rules"])
refused("behind one that is elsewhere", move(policy, "insert", plain["id"], insert_after=full["id"]), 400,
        "FirewallRuleNotAssociatedWithPolicy", full["id"], policy["id"])
refused("no rule named", call("PUT", "%s/%s/insert_rule" % (PATHS["policy"], policy["id"]), {}), 400,
        "FirewallRuleInfoMissing", "firewall_rule_id")
refused("a rule that is none", move(policy, "insert", "web"), 404, "FirewallRuleNotFound", "web")
refused("a rule that is not there", move(policy, "remove", NOBODY), 404, "FirewallRuleNotFound", NOBODY)
refused("a policy that is not there", move({"id": NOBODY}, "insert", r1["id"]), 404, "FirewallPolicyNotFound")


def audit_it():
    assert put("policy", policy["id"], audited=True)["firewall_policy"]["audited"]


for what, change in (("its rule", lambda: put("rule", r1["id"], destination_port="81")),
                     ("its name", lambda: put("policy", policy["id"], name="q")),
                     ("a rule less", lambda: move(policy, "remove", r3["id"])),
                     ("a rule more", lambda: move(policy, "insert", r3["id"]))):
    audit_it()
    change()
    equal("audited no more after a change of " + what, False, get("policy", policy["id"])["audited"])
was = get("policy", policy["id"])["revision_number"]
call("PUT", "%s/%s/tags/blue" % (PATHS["policy"], policy["id"]))
equal("a change counts, and so does a tag", ([policy["id"]], True),
      ([p["id"] for p in find("policy", "?tags=blue")], get("policy", policy["id"])["revision_number"] > was))
audit_it()
put("rule", plain["id"], name="plainer")
equal("but still after that of another", True, get("policy", policy["id"])["audited"])

### Groups
net = w.create("network", name="n")
nets = [w.create("subnet", network_id=net["id"], ip_version=4, cidr="10.0.%d.0/24" % i) for i in range(3)]
router = w.create("router", name="r")


def join(subnet, headers=None):
    return w.call("PUT", "/v2.0/routers/%s/add_router_interface" % router["id"], {"subnet_id": subnet["id"]},
                  headers)["port_id"]


def leave(port, link=None):
    return w.call("PUT", "/v2.0/routers/%s/remove_router_interface" % router["id"], {"port_id": port}, None, link)


p1, p2, p3 = (join(s) for s in nets)
empty = make("group", name="empty")
equal("a group without ports is INACTIVE", ("INACTIVE", [], None, None, True, False), of(
    empty, "status", "ports", "ingress_firewall_policy_id", "egress_firewall_policy_id", "admin_state_up", "shared"))
group = make("group", name="edge", ingress_firewall_policy_id=policy["id"], ports=[p1, p2])
equal("with ports ACTIVE", ("ACTIVE", [p1, p2], policy["id"], None),
      of(group, "status", "ports", "ingress_firewall_policy_id", "egress_firewall_policy_id"))
equal("not up DOWN", "DOWN", put("group", group["id"], admin_state_up=False)["firewall_group"]["status"])
equal("groups by their status", [group["id"]], [g["id"] for g in find("group", "?status=DOWN")])
put("group", group["id"], admin_state_up=True)
equal("groups by a port", [group["id"]], [g["id"] for g in find("group", "?ports=" + p2)])
refused("a port of another group", post("group", ports=[p2]), 409, "FirewallGroupPortInUse", p2)
refused("nor by a change", put("group", empty["id"], ports=[p3, p2]), 409, "FirewallGroupPortInUse", p2)
refused("two groups of one request", call("POST", PATHS["group"], {"firewall_groups": [{"ports": [p3]}] * 2}), 409,
        "FirewallGroupPortInUse", p3)
refused("a port that is not there", post("group", ports=[NOBODY]), 404, "PortNotFound", NOBODY)
loose = w.create("port", network_id=net["id"])
refused("a port that is no router's", post("group", ports=[loose["id"]]), 409, "FirewallGroupPortInvalid", loose["id"])
server = w.create("port", network_id=net["id"], device_owner="compute:nova", device_id="x")
refused("a server's port", post("group", ports=[server["id"]]), 409, "FirewallGroupPortNotSupported", server["id"])
refused("a policy that is not there", post("group", egress_firewall_policy_id=NOBODY), 404, "FirewallPolicyNotFound",
        NOBODY)
refused("a policy in use stays", drop("policy", policy["id"]), 409, "FirewallPolicyInUse", policy["id"])
refused("a group with ports stays", drop("group", group["id"]), 409, "FirewallGroupInUse", group["id"])
equal("a port changes groups", ([p1], [p2]), (put("group", group["id"], ports=[p1])["firewall_group"]["ports"],
                                             put("group", empty["id"], ports=[p2])["firewall_group"]["ports"]))
equal("an interface that goes leaves its group", (200, [], "INACTIVE"),
      (leave(p2).status, *of(get("group", empty["id"]), "ports", "status")))
p2 = join(nets[1])
equal("the next is nobody's yet", 200, put("group", empty["id"], ports=[p2]).status)
put("group", empty["id"], ports=[])
equal("without ports a group goes", 204, drop("group", empty["id"]).status)
put("group", group["id"], ingress_firewall_policy_id=None, egress_firewall_policy_id=policy["id"])
refused("a policy of the other direction is in use, too", drop("policy", policy["id"]), 409, "FirewallPolicyInUse")
wide = make("policy", name="wide")
put("group", group["id"], egress_firewall_policy_id=wide["id"])
equal("and free again", 204, drop("policy", make("policy")["id"]).status)

### The default group
default = find("group", "?name=default")
equal("who looks has a default group", 1, len(default))
default = default[0]
ingress, egress = (get("policy", default[d + "_firewall_policy_id"]) for d in ("ingress", "egress"))
equal("its policies have names", ("default ingress", "default egress"), (ingress["name"], egress["name"]))
equal("and say no to what comes and yes to what goes", [("deny", 4), ("deny", 6), ("allow", 4), ("allow", 6)],
      [of(get("rule", r), "action", "ip_version") for p in (ingress, egress) for r in p["firewall_rules"]])
refused("another of the name", post("group", name="default"), 409, "FirewallDefaultParameterExists", "default")
refused("nor by a change", put("group", group["id"], name="default"), 409, "FirewallDefaultParameterExists", "default")
refused("nor a policy", post("policy", name="default egress"), 409, "FirewallDefaultParameterExists", "default egress")
refused("it keeps its name", put("group", default["id"], name="x"), 409, "FirewallDefaultObjectUpdateRestricted",
        default["id"], "name")
refused("and a member its policies", put("group", default["id"], ingress_firewall_policy_id=None), 409,
        "FirewallDefaultObjectUpdateRestricted", "ingress_firewall_policy_id")
refused("which keep what they are", put("policy", ingress["id"], firewall_rules=[]), 409,
        "FirewallDefaultObjectUpdateRestricted", ingress["id"])
equal("but takes ports", "ACTIVE", put("group", default["id"], ports=[p2])["firewall_group"]["status"])
put("group", default["id"], ports=[])
refused("a member does not delete it", drop("group", default["id"]), 409, "FirewallGroupCannotRemoveDefault")
equal("an administrator does", (204, 404), (drop("group", default["id"], admin).status,
                                            show("policy", ingress["id"]).status))
check("and there is a new one", find("group", "?name=default")[0]["id"] != default["id"])

### Whose
find("group", "", b)
refused("b does not see a rule", show("rule", r1["id"], b), 404, "FirewallRuleNotFound")
refused("nor a policy", show("policy", policy["id"], b), 404, "FirewallPolicyNotFound")
refused("nor a group", show("group", group["id"], b), 404, "FirewallGroupNotFound")
refused("nor names them", post("policy", b, firewall_rules=[r1["id"]]), 404, "FirewallRuleNotFound")
refused("nor these", post("group", b, ingress_firewall_policy_id=policy["id"]), 404, "FirewallPolicyNotFound")
refused("nor sets itself before another's ports", post("group", b, ports=[p2]), 404, "PortNotFound")
refused("nor an administrator his own group", post("group", admin, ports=[p2]), 409, "FirewallGroupPortInvalidProject",
        p2)
refused("nor uses a rule of a's", post("policy", admin, firewall_rules=[r1["id"]]), 409, "FirewallRuleConflict",
        r1["id"], "pa")
refused("nor a policy", post("group", admin, ingress_firewall_policy_id=policy["id"]), 404, "FirewallPolicyConflict",
        policy["id"])
equal("a reader sees them", [200] * 3, [show(*x, reader).status for x in (
    ("rule", r1["id"]), ("policy", policy["id"]), ("group", group["id"]))])
for kind, one in ("rule", r1), ("policy", policy), ("group", group):
    refused("and makes no " + kind, post(kind, reader), 403, "PolicyNotAuthorized", "create_firewall_" + kind)
    refused("nor changes one", put(kind, one["id"], reader, name="x"), 403, "PolicyNotAuthorized",
            "update_firewall_" + kind)
    refused("nor deletes one", drop(kind, one["id"], reader), 403, "PolicyNotAuthorized", "delete_firewall_" + kind)
refused("nor moves a rule", move(policy, "remove", r1["id"], reader), 403, "PolicyNotAuthorized", "remove_rule")
refused("a member shares nothing", put("rule", r1["id"], shared=True), 403, "PolicyNotAuthorized", "shared")
refused("a policy is shared with its rules", put("policy", policy["id"], admin, shared=True), 409,
        "FirewallPolicySharingConflict", policy["id"])
for r in get("policy", policy["id"])["firewall_rules"]:
    put("rule", r, admin, shared=True)
equal("with them it is", True, put("policy", policy["id"], admin, shared=True)["firewall_policy"]["shared"])
refused("and takes none that is not", move(policy, "insert", plain["id"]), 404, "FirewallRuleSharingConflict",
        plain["id"])
equal("b sees it now", 200, show("policy", policy["id"], b).status)
refused("but does not change it", put("policy", policy["id"], b, name="mine"), 403, "PolicyNotAuthorized")
refused("nor its rules", move(policy, "remove", r1["id"], b), 403, "PolicyNotAuthorized")
theirs = make("group", b, ingress_firewall_policy_id=policy["id"])
refused("while b has it, it stays shared", put("policy", policy["id"], admin, shared=False), 409, "FirewallPolicyInUse")
refused("and its rules", put("rule", r1["id"], admin, shared=False), 409, "FirewallRuleInUse", r1["id"])
drop("group", theirs["id"], b)
equal("and then not", 200, put("policy", policy["id"], admin, shared=False).status)
mine = make("policy", b, firewall_rules=[r1["id"]])
refused("a shared rule of b's policy stays so", put("rule", r1["id"], admin, shared=False), 409, "FirewallRuleInUse")
drop("policy", mine["id"], b)
quota = call("GET", "quotas/pa", None, admin)["quota"]
equal("there are quotas", (10, 10, 100), of(quota, "firewall_group", "firewall_policy", "firewall_rule"))
call("PUT", "quotas/pa", {"quota": {"firewall_rule": 1}}, admin)
refused("that hold", post("rule"), 409, "OverQuota", "firewall_rule")
call("DELETE", "quotas/pa", None, admin)

### What hosts could not make
def nest(n, **attrs):
    """A rule that overlaps with all others of its kind: of N the i-th means (N - i) ** 2 combinations."""
    ports = "%d:%d" % (n + 1, 60000 - n)
    return {"protocol": "tcp", "source_port": ports, "destination_port": ports, **attrs}


nested = [r["id"] for r in call("POST", PATHS["rule"], {"firewall_rules": [nest(n) for n in range(58)]},
                                b)["firewall_rules"]]
mesh = make("policy", b, name="mesh", firewall_rules=nested[1:])
TOO_MUCH = (409, "FirewallPolicyTooComplex", " 66729 ", " 65536")
refused("a policy that no host could make is refused", post("policy", b, firewall_rules=nested), *TOO_MUCH,
        "firewall rule " + nested[0])
refused("nor becomes one of it by a rule more", move(mesh, "insert", nested[0], b), *TOO_MUCH, mesh["id"], nested[0])
refused("nor by a change", put("policy", mesh["id"], b, firewall_rules=nested), *TOO_MUCH, mesh["id"])
put("rule", nested[0], b, enabled=False)
equal("a rule that is not enabled does not count", 200, move(mesh, "insert", nested[0], b).status)
refused("and is not enabled then", put("rule", nested[0], b, enabled=True), *TOO_MUCH, mesh["id"], nested[0])
equal("nothing of what was refused is there", (False, nested),
      (get("rule", nested[0], b)["enabled"], get("policy", mesh["id"], b)["firewall_rules"]))
equal("of the other version it does not overlap", 200, put("rule", nested[0], b, ip_version=6, enabled=True).status)
refused("as long as it is", put("rule", nested[0], b, ip_version=4), *TOO_MUCH, mesh["id"])
equal("its name may change", 200, put("rule", nested[0], b, name="outer").status)
drop("policy", mesh["id"], b)
[drop("rule", r, b) for r in nested]

### Races
def race_for_a_port():
    net = w.create("network", name="race")
    router["id"] = w.create("router", name="race")["id"]
    subnets = (w.create("subnet", network_id=net["id"], ip_version=4, cidr="10.9.%d.0/24" % i) for i in range(99))
    port = join(next(subnets))
    for turn in range(8):
        rivals = [make("group") for _ in range(3)]
        answers = race(*(("PUT", "%s/%s" % (PATHS["group"], g["id"]), {"firewall_group": {"ports": [port]}})
                         for g in rivals))
        if sorted(answers) != [200, 409, 409]:
            return check("one of three groups has the port", False, answers)
        for g in rivals:
            put("group", g["id"], ports=[])
            drop("group", g["id"])
    rival = make("group", name="rival")
    for turn in range(10):
        doomed = join(next(subnets))
        answers = race(("PUT", "%s/%s" % (PATHS["group"], rival["id"]), {"firewall_group": {"ports": [port, doomed]}}),
                       ("PUT", "routers/%s/remove_router_interface" % router["id"], {"port_id": doomed}))
        ports = get("group", rival["id"])["ports"]
        if answers not in ([200, 200], [404, 200]) or doomed in ports:
            return check("a group stands at ports that are there", False, (answers, ports))
    put("group", rival["id"], ports=[port])
    return check("one of three groups has a port, and it is there", True)


def race_for_a_rule():
    policy = make("policy", name="race")
    path = "%s/%s/insert_rule" % (PATHS["policy"], policy["id"])
    for turn in range(10):
        doomed = make("rule")["id"]
        answers = race(("PUT", path, {"firewall_rule_id": doomed}), ("DELETE", "%s/%s" % (PATHS["rule"], doomed)))
        if answers not in ([200, 409], [404, 204]):
            return check("a policy has rules that are there", False, answers)
    many = [make("rule")["id"] for _ in range(6)]
    answers = race(*(("PUT", path, {"firewall_rule_id": r}) for r in many))
    return equal("a policy has rules that are there, and none of six insertions is lost", ([200] * 6, True),
                 (answers, set(many) <= set(get("policy", policy["id"])["firewall_rules"])))


def race_for_what_is_shared():
    """Either b has a's rule, or it is shared no more."""
    rule = make("rule")["id"]
    theirs = make("policy", b)
    for turn in range(6):
        put("rule", rule, admin, shared=True)
        answers = race(("PUT", "%s/%s" % (PATHS["policy"], theirs["id"]),
                        {"firewall_policy": {"firewall_rules": [rule]}}),
                       ("PUT", "%s/%s" % (PATHS["rule"], rule), {"firewall_rule": {"shared": False}}), headers=admin)
        used = get("policy", theirs["id"], admin)["firewall_rules"] == [rule]
        if used == (not get("rule", rule, admin)["shared"]) or sorted(answers) not in ([200, 404], [200, 409]):
            return check("what is used stays shared", False, answers)
        put("policy", theirs["id"], admin, firewall_rules=[])
    return check("what is used stays shared", True)


def race_for_too_much():
    """Two rules that a policy may each have, and not both; one that it may have while it is not enabled."""
    ids = [make("rule", b, **nest(n))["id"] for n in range(58)]
    policy = make("policy", b, firewall_rules=ids[2:])
    for turn in range(4):
        answers = race(("PUT", "%s/%s/insert_rule" % (PATHS["policy"], policy["id"]), {"firewall_rule_id": ids[0]}),
                       ("PUT", "%s/%s/insert_rule" % (PATHS["policy"], policy["id"]), {"firewall_rule_id": ids[1]}),
                       headers=b)
        if sorted(answers) != [200, 409]:
            return check("of two rules that would be too much one comes in", False, answers)
        [move(policy, "remove", r, b) for r in ids[:2]]
    move(policy, "insert", ids[1], b)
    for turn in range(10):
        put("rule", ids[0], b, enabled=False)
        answers = race(("PUT", "%s/%s/insert_rule" % (PATHS["policy"], policy["id"]), {"firewall_rule_id": ids[0]}),
                       ("PUT", "%s/%s" % (PATHS["rule"], ids[0]), {"firewall_rule": {"enabled": True}}), headers=b)
        if sorted(answers) != [200, 409]:
            return check("one that is not enabled comes in, or is enabled", False, answers)
        move(policy, "remove", ids[0], b)
    drop("policy", policy["id"], b)
    return equal("of two changes that would be too much one is made", [204] * 58,
                 [drop("rule", r, b).status for r in ids])


def race_for_the_default():
    race(*(("GET", PATHS["group"]) for _ in range(6)), headers={"X-Auth-Token": "root"})
    return equal("six who look first make one default group", 1,
                 len(find("group", "?name=default&project_id=admins", admin)))


def races():
    return all([race_for_a_port(), race_for_a_rule(), race_for_what_is_shared(), race_for_too_much(),
                race_for_the_default()])


races()

### What a restart keeps
everything = lambda: [find(kind, "?sort_key=id&sort_dir=asc", admin) for kind in PATHS]
before = everything()
w.stop()
status, lines = audit(w.path("weft.db"))
equal("the store is whole", (0, 1), (status, len(lines)))
w.start()
equal("a restart keeps all of it", before, everything())
w.stop()

### The races once more, at two controllers that share an etcd
etcd = Etcd(w.path("etcd"), w.log)
controllers = [Shared(etcd, *w.options) for _ in range(2)]
for w in reversed(controllers):
    w.headers = a
    w.start()
check("two controllers agree", races())
call("PUT", "quotas/pa", {"quota": {"firewall_rule": -1}}, admin)
many = [make("rule", protocol="tcp", destination_port=n + 1)["id"] for n in range(300)]
long = post("policy", firewall_rules=many)
equal("a policy of 300 rules is made at once, whatever an etcd takes in one transaction", (201, many),
      (long.status, long.body.get("firewall_policy", {}).get("firewall_rules")))
refused("and its rules are in use", drop("rule", many[-1]), 409, "FirewallRuleInUse", many[-1])
for one in controllers:
    one.stop()
status, lines = audit("etcd:http://127.0.0.1:%d" % etcd.port)
equal("and their store is whole", (0, 1), (status, len(lines)))
end()
