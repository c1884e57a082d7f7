#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Network ACLs, their rules and the subnets that name them: what is refused and how, who sees
what, who wins a race, what a restart keeps and what weftd --audit says of it."""
import sys, threading
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--auth", "tokens", "--tokens", tokens)
with open(tokens, "w") as f:
    f.write("root admins admin boss\na pa member alice\nb pb member bob\nr pa reader ann\n")
w.start()
admin, a, b, reader = ({"X-Auth-Token": x} for x in ("root", "a", "b", "r"))
w.headers = a
ACLS, RULES = "network-acls", "network-acl-rules"


def call(method, path, body=None, headers=None):
    return w.call(method, "/v2.0/" + path, body, headers)


def new_acl(name="edge", headers=None, **attrs):
    r = call("POST", ACLS, {"network_acl": {"name": name, **attrs}}, headers)
    assert r.status == 201, r
    return r["network_acl"]


def acl(id, headers=None):
    return call("GET", ACLS + "/" + id, None, headers)["network_acl"]


def rule(parent, number=100, headers=None, **attrs):
    return call("POST", RULES, {"network_acl_rule": {
        "network_acl_id": parent["id"], "number": number, "direction": "ingress",
        "action": "allow", **attrs}}, headers)


def rule_of(*args, **attrs):
    r = rule(*args, **attrs)
    assert r.status == 201, r
    return r["network_acl_rule"]


def put_rule(one, headers=None, **attrs):
    return call("PUT", RULES + "/" + one["id"], {"network_acl_rule": attrs}, headers)


def name_acl(subnet, id, headers=None):
    return w.put("subnet", subnet["id"], headers, network_acl_id=id)


### What there is
aliases = {e["alias"] for e in call("GET", "extensions")["extensions"]}
check("the extension is announced", "network-acl" in aliases, aliases)
edge = new_acl(description="at the edge")
equal("a new ACL has no rules and no subnets", ([], []), (edge["network_acl_rules"], edge["subnets"]))
one = rule_of(edge, protocol="TCP", port_range_min=80, port_range_max=443, remote_ip_prefix="10.0.0.7/8")
equal("a rule as it is shown", ("tcp", 80, 443, "10.0.0.0/8", "IPv4", "ingress", "allow", "pa", 100),
      tuple(one[k] for k in ("protocol", "port_range_min", "port_range_max", "remote_ip_prefix",
                             "ethertype", "direction", "action", "project_id", "number")))
whole = rule_of(edge, 200, action="deny")
equal("a rule of everything", [None] * 5, [whole[k] for k in (
    "protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "ethertype")])
equal("one port is a range", 22, rule_of(edge, 90, protocol=6, port_range_min=22)["port_range_max"])
equal("a prefix says the family", "IPv6", rule_of(edge, 91, remote_ip_prefix="fd00::1/64")["ethertype"])
equal("so does icmp", "IPv4", rule_of(edge, 92, protocol="icmp", port_range_min=8)["ethertype"])
equal("and ipv6-icmp", "IPv6", rule_of(edge, 93, protocol="ipv6-icmp")["ethertype"])
equal("icmp of IPv6", 201, rule(edge, 94, protocol="icmp", ethertype="IPv6").status)
equal("the ACL shows its rules by direction and number", [90, 91, 92, 93, 94, 100, 200],
      [r["number"] for r in acl(edge["id"])["network_acl_rules"]])
equal("a rule counts as a change of its ACL", 8, acl(edge["id"])["revision_number"])
equal("rules by their ACL", 7, len(call("GET", RULES + "?network_acl_id=" + edge["id"])["network_acl_rules"]))
equal("rules by action", [200], [r["number"] for r in call("GET", RULES + "?action=deny")["network_acl_rules"]])

### What is refused
for what, number, attrs, words in (
        ("a number of 0", 0, {}, ["number", "0"]),
        ("a number above the last", 32767, {}, ["number", "32767"]),
        ("a direction that is none", 1, {"direction": "up"}, ["direction", "up"]),
        ("an action that is none", 1, {"action": "reject"}, ["action", "reject"]),
        ("a protocol that is none", 1, {"protocol": "tpc"}, ["protocol", "tpc"]),
        ("ports without a protocol", 1, {"port_range_min": 80}, ["protocol", "any"]),
        ("ports of a protocol without", 1, {"protocol": "gre", "port_range_min": 80}, ["protocol", "gre"]),
        ("a port that is none", 1, {"protocol": "tcp", "port_range_min": 65536}, ["port_range_min", "65536"]),
        ("ports backwards", 1, {"protocol": "tcp", "port_range_min": 9, "port_range_max": 8}, ["port_range_max", "8"]),
        ("an ICMP type that is none", 1, {"protocol": "icmp", "port_range_min": 256}, ["port_range_min", "256"]),
        ("a code without a type", 1, {"protocol": "icmp", "port_range_max": 1}, ["port_range_min", "1"]),
        ("a prefix that is none", 1, {"remote_ip_prefix": "10.0.0.0/33"}, ["remote_ip_prefix", "10.0.0.0/33"]),
        ("a prefix of the other family", 1, {"remote_ip_prefix": "10.0.0.0/8", "ethertype": "IPv6"},
         ["ethertype", "IPv6", "10.0.0.0/8"]),
        ("ICMPv6 of IPv4", 1, {"protocol": "ipv6-icmp", "ethertype": "IPv4"}, ["ethertype", "IPv4"])):
    refused(what, rule(edge, number, **attrs), 400, "HTTPBadRequest", *words)
refused("an ACL that is not there", rule({"id": "00000000-0000-4000-8000-000000000000"}), 404,
        "NetworkAclNotFound")
refused("a number twice", rule(edge, 100, action="deny"), 409, "NetworkAclRuleExists", "100", one["id"])
equal("the number in the other direction", 201, rule(edge, 100, direction="egress").status)
refused("two of a number in one request", call("POST", RULES, {"network_acl_rules": [
    {"network_acl_id": edge["id"], "number": 7, "direction": "ingress", "action": x} for x in ("allow", "deny")]}),
        409, "NetworkAclRuleExists", "7")
equal("none of them is made", [], call("GET", RULES + "?number=7")["network_acl_rules"])
equal("a bulk", 201, call("POST", RULES, {"network_acl_rules": [
    {"network_acl_id": edge["id"], "number": n, "direction": "egress", "action": "allow"} for n in (7, 8)]}).status)

### Changes
equal("a rule changes in place", ("deny", 443), tuple(put_rule(
    one, action="deny", port_range_min=443)["network_acl_rule"][k] for k in ("action", "port_range_min")))
refused("to a number that is another's", put_rule(one, number=200), 409, "NetworkAclRuleExists", "200")
equal("to one that is free", 101, put_rule(one, number=101)["network_acl_rule"]["number"])
equal("a prefix of the other family takes the family along", "IPv6", put_rule(
    one, remote_ip_prefix="fd00::/8")["network_acl_rule"]["ethertype"])
equal("and without one it is about both", None, put_rule(
    one, remote_ip_prefix=None)["network_acl_rule"]["ethertype"])
refused("a direction does not change", put_rule(one, direction="egress"), 400, "HTTPBadRequest", "direction")
refused("nor the ACL", put_rule(one, network_acl_id=edge["id"]), 400, "HTTPBadRequest", "network_acl_id")

### Subnets
net = w.create("network", name="n")
s1 = w.create("subnet", network_id=net["id"], ip_version=4, cidr="10.0.1.0/24")
equal("a subnet names no ACL", None, s1["network_acl_id"])
equal("it may", edge["id"], name_acl(s1, edge["id"])["subnet"]["network_acl_id"])
equal("from its birth, too", 201, w.post("subnet", network_id=net["id"], ip_version=4, cidr="10.0.2.0/24",
                                         network_acl_id=edge["id"]).status)
equal("the ACL shows both", 2, len(acl(edge["id"])["subnets"]))
equal("subnets by their ACL", 2, len(w.get("subnets?network_acl_id=" + edge["id"])["subnets"]))
refused("an ACL in use stays", call("DELETE", ACLS + "/" + edge["id"]), 409, "NetworkAclInUse", edge["id"])
other = new_acl("other")
equal("another takes its place", other["id"], name_acl(s1, other["id"])["subnet"]["network_acl_id"])
equal("in one step", (1, 1), (len(acl(edge["id"])["subnets"]), len(acl(other["id"])["subnets"])))
refused("an ACL that is not there is not named", name_acl(s1, "00000000-0000-4000-8000-000000000000"), 404,
        "NetworkAclNotFound")
equal("none", None, name_acl(s1, None)["subnet"]["network_acl_id"])
equal("an ACL goes with its rules", 204, call("DELETE", ACLS + "/" + other["id"]).status)
name_acl(s1, edge["id"])
s3 = w.create("subnet", network_id=net["id"], ip_version=4, cidr="10.0.3.0/24", network_acl_id=edge["id"])
equal("a subnet that goes leaves its ACL", (204, 2), (w.delete("subnet", s3["id"]).status,
                                                     len(acl(edge["id"])["subnets"])))

### Whose
refused("b does not see it", call("GET", ACLS + "/" + edge["id"], None, b), 404, "NetworkAclNotFound")
refused("nor its rules", call("GET", RULES + "/" + one["id"], None, b), 404, "NetworkAclRuleNotFound")
equal("nor in a list", [], call("GET", ACLS, None, b)["network_acls"])
refused("nor adds to it", rule(edge, 300, b), 404, "NetworkAclNotFound")
bnet = w.create("network", b, name="bn")
refused("nor names it", w.post("subnet", b, network_id=bnet["id"], ip_version=4, cidr="10.0.1.0/24",
                               network_acl_id=edge["id"]), 404, "NetworkAclNotFound")
refused("a reader makes none", call("POST", ACLS, {"network_acl": {}}, reader), 403, "PolicyNotAuthorized")
refused("and changes none", put_rule(one, reader, action="allow"), 403, "PolicyNotAuthorized")
equal("but sees it", 200, call("GET", ACLS + "/" + edge["id"], None, reader).status)
equal("an administrator sees all", 1, len(call("GET", ACLS, None, admin)["network_acls"]))
quota = call("GET", "quotas/pa", None, admin)["quota"]
equal("there are quotas", (10, 100), (quota["network_acl"], quota["network_acl_rule"]))
call("PUT", "quotas/pa", {"quota": {"network_acl": 1}}, admin)
refused("that hold", call("POST", ACLS, {"network_acl": {}}), 409, "OverQuota", "network_acl")
call("DELETE", "quotas/pa", None, admin)

### Races: one number, eight who want it; a subnet that names what is being deleted
race = new_acl("race")
answers = []


def want(n):
    link = w.connect()
    answers.append(w.call("POST", "/v2.0/" + RULES, {"network_acl_rule": {
        "network_acl_id": race["id"], "number": 5, "direction": "egress", "action": "allow"}}, None, link).status)


threads = [threading.Thread(target=want, args=(n,)) for n in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
equal("one of eight has the number", [201] + [409] * 7, sorted(answers))
for turn in range(10):
    doomed, results = new_acl("doomed"), {}

    def link_it():
        results["name"] = w.call("PUT", "/v2.0/subnets/" + s1["id"], {"subnet": {
            "network_acl_id": doomed["id"]}}, None, w.connect()).status

    def drop_it():
        results["drop"] = w.call("DELETE", "/v2.0/%s/%s" % (ACLS, doomed["id"]), None, None, w.connect()).status

    threads = [threading.Thread(target=t) for t in (link_it, drop_it)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    if not (results in ({"name": 200, "drop": 409}, {"name": 404, "drop": 204})):
        check("a subnet names what is there, or it goes", False, results)
        break
    name_acl(s1, edge["id"])
    call("DELETE", ACLS + "/" + doomed["id"])
else:
    check("a subnet names what is there, or it goes: ten times", True)

### What a restart keeps
before = (acl(edge["id"]), w.get("subnets/" + s1["id"])["subnet"])
w.stop()
status, lines = audit(w.path("weft.db"))
equal("the store is whole", (0, 1), (status, len(lines)))
w.start()
equal("a restart keeps all of it", before, (acl(edge["id"]), w.get("subnets/" + s1["id"])["subnet"]))
end()
