#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Default security group rules: what new groups begin with, who says it, what goes with what it
names, and that a crowd, two controllers and a kill leave it whole."""
import signal, sys, threading
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--tokens", tokens, "--quota", "all=-1")
with open(tokens, "w") as f:
    f.write("root admins admin\na pa member\nb pb member\nr pa reader\n" +
            "".join("p%d p%d member\n" % (i, i) for i in range(40)))
w.start()
admin, a, b, r = ({"X-Auth-Token": x} for x in ("root", "a", "b", "r"))
nobody = "00000000-0000-4000-8000-00000000dead"
PATH, KIND = "default-security-group-rules", "default_security_group_rule"
SAID = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix",
        "remote_group_id", "remote_address_group_id")


def rules(query="", headers=admin):
    return w.get(PATH + query, headers)[KIND + "s"]


def post(headers=admin, **attrs):
    return w.call("POST", "/v2.0/" + PATH, {KIND: attrs}, headers)


def make(**attrs):
    reply = post(**attrs)
    if reply.status != 201:
        raise AssertionError("create %s: %s" % (attrs, reply))
    return reply[KIND]


def drop(rule, headers=admin):
    return w.call("DELETE", "/v2.0/%s/%s" % (PATH, rule["id"]), None, headers)


def group(name, headers, body=None):
    return w.call("POST", "/v2.0/security-groups", body or {"security_group": {"name": name}}, headers)["security_group"]


def default_group(headers):
    return w.get("security-groups?name=default", headers)["security_groups"][0]


def said(rules, parent=None):
    """What they let pass, in an order of its own."""
    return sorted([[str(x[y] if x[y] != "PARENT" else parent) for y in SAID] for x in rules])


check("announced", "security-groups-default-rules" in {x["alias"] for x in w.get("extensions", a)["extensions"]})

# Before anybody has looked
g = group("early", a)
equal("a group may send", [("egress", "IPv4"), ("egress", "IPv6")],
      sorted((x["direction"], x["ethertype"]) for x in g["security_group_rules"]))
refused("one more of the same is refused before, too", post(direction="egress", ethertype="IPv6"), 409,
        "DefaultSecurityGroupRuleExists")
first = rules()
equal("four at first", sorted([
    ("egress", "IPv4", None, True, True, "Legacy default SG rule for egress traffic"),
    ("egress", "IPv6", None, True, True, "Legacy default SG rule for egress traffic"),
    ("ingress", "IPv4", "PARENT", True, False, "Legacy default SG rule for ingress traffic"),
    ("ingress", "IPv6", "PARENT", True, False, "Legacy default SG rule for ingress traffic")], key=str),
    sorted([(x["direction"], x["ethertype"], x["remote_group_id"], x["used_in_default_sg"],
             x["used_in_non_default_sg"], x["description"]) for x in first], key=str))
equal("the same four when asked again", sorted(x["id"] for x in first), sorted(x["id"] for x in rules("", r)))
equal("all of one", set(SAID) | {"id", "used_in_default_sg", "used_in_non_default_sg", "description",
      "created_at", "updated_at", "revision_number"}, set(first[0]))
d = default_group(a)
equal("a default group is of them", said(first, d["id"]), said(d["security_group_rules"]))

# Who
refused("not a member's", post(a, direction="ingress"), 403, "PolicyNotAuthorized", "create_" + KIND)
refused("nor to delete", drop(first[0], a), 403, "PolicyNotAuthorized", "delete_" + KIND)
equal("but to read", first[0]["id"], w.get(PATH + "/" + first[0]["id"], r)[KIND]["id"])
refused("nothing of it changes", w.call("PUT", "/v2.0/%s/%s" % (PATH, first[0]["id"]), {KIND: {
    "description": "x"}}, admin), 400, "HTTPBadRequest", "description")

# What is said and what is refused
ag = w.call("POST", "/v2.0/address-groups", {"address_group": {"name": "ag", "addresses": ["10.9.0.0/16"]}}, admin)["address_group"]
peers = group("peers", admin)
ssh = make(direction="ingress", protocol="TCP", port_range_min=22, port_range_max=22)
equal("used in other groups unless it is said", ("tcp", False, True),
      (ssh["protocol"], ssh["used_in_default_sg"], ssh["used_in_non_default_sg"]))
ping = make(direction="ingress", ethertype="IPv6", protocol="ipv6-icmp", used_in_default_sg=True,
            used_in_non_default_sg=False, remote_group_id="PARENT")
web = make(direction="ingress", protocol="tcp", port_range_min=80, port_range_max=81, used_in_default_sg=True,
           remote_group_id=peers["id"], description="the web")
dns = make(direction="ingress", protocol="udp", port_range_min=53, port_range_max=53,
           remote_address_group_id=ag["id"])
near = make(direction="ingress", protocol="udp", remote_ip_prefix="10.1.2.3/8")
for name, attrs, status, type, word in (
        ("no direction", {}, 400, "HTTPBadRequest", "direction"),
        ("a direction that is none", dict(direction="up"), 400, "HTTPBadRequest", "up"),
        ("ports without a protocol", dict(direction="ingress", port_range_min=1, port_range_max=2), 400,
         "SecurityGroupProtocolRequiredWithPorts", ""),
        ("ports the wrong way", dict(direction="ingress", protocol="tcp", port_range_min=2, port_range_max=1), 400,
         "SecurityGroupInvalidPortRange", ""),
        ("a protocol that is none", dict(direction="ingress", protocol="foo"), 400,
         "SecurityGroupRuleInvalidProtocol", "foo"),
        ("a prefix of another family", dict(direction="ingress", remote_ip_prefix="fd00::/8"), 400,
         "SecurityGroupRuleParameterConflict", "fd00::/8"),
        ("two remotes", dict(direction="ingress", remote_ip_prefix="10.0.0.0/8", remote_group_id="PARENT"), 400,
         "SecurityGroupMultipleRemoteEntites", ""),
        ("a group that is none", dict(direction="ingress", remote_group_id="parent"), 400, "HTTPBadRequest", "parent"),
        ("a group that there is not", dict(direction="ingress", remote_group_id=nobody), 404,
         "SecurityGroupNotFound", nobody),
        ("addresses that there are not", dict(direction="ingress", remote_address_group_id=nobody), 404,
         "AddressGroupNotFound", nobody),
        ("the same", dict(direction="ingress", protocol="tcp", port_range_min=22, port_range_max=22), 409,
         "DefaultSecurityGroupRuleExists", ssh["id"]),
        ("the same by another name", dict(direction="ingress", protocol="6", port_range_min=22, port_range_max=22,
         used_in_default_sg=True), 409, "DefaultSecurityGroupRuleExists", ssh["id"])):
    refused("refused: " + name, post(**attrs), status, type, word)
other = make(direction="ingress", protocol="tcp", port_range_min=22, port_range_max=22, used_in_default_sg=True,
             used_in_non_default_sg=False)
equal("the same for the other sort of groups is another", 204, drop(other).status)
refused("one twice in one request", w.call("POST", "/v2.0/" + PATH, {KIND + "s": [
    {"direction": "ingress", "protocol": "gre"}, {"direction": "ingress", "protocol": "47"}]}, admin), 409,
    "DuplicateDefaultSgRuleInPost")
equal("by what they are for", sorted([ping["id"], web["id"]] + [x["id"] for x in first]),
      sorted(x["id"] for x in rules("?used_in_default_sg=True")))
equal("and by what they say", [web["id"], near["id"]],
      [x["id"] for x in rules("?description=the%20web") + rules("?remote_ip_prefix=10.1.2.3/8")])

# New groups
g, d = group("new", a), default_group(b)
equal("a new group has what is for it", said(rules("?used_in_non_default_sg=true")), said(g["security_group_rules"]))
equal("a new default group, too", said(rules("?used_in_default_sg=true"), d["id"]), said(d["security_group_rules"]))
equal("descriptions are the templates'", {""}, {x["description"] for x in g["security_group_rules"] + d["security_group_rules"]})
equal("rules are the group's project's", {"pb"}, {x["project_id"] for x in d["security_group_rules"]})
equal("present groups stay as they are", 2, len(w.get("security-group-rules?security_group_id=" + w.get(
    "security-groups?name=early", a)["security_groups"][0]["id"], a)["security_group_rules"]))
refused("addresses that it names stay", w.call("DELETE", "/v2.0/address-groups/" + ag["id"], None, admin), 409,
        "AddressGroupInUse")
w.call("DELETE", "/v2.0/security-groups/" + g["id"], None, a)
refused("also without a group", w.call("DELETE", "/v2.0/address-groups/" + ag["id"], None, admin), 409,
        "AddressGroupInUse")
equal("a group that it names goes", 204, w.call("DELETE", "/v2.0/security-groups/" + peers["id"], None, admin).status)
equal("and what named it", [], rules("?id=" + web["id"]))
equal("in groups, too", [], [x for x in default_group(b)["security_group_rules"] if x["port_range_max"] == 81])
equal("then addresses go", (204, 204), (drop(dns).status, w.call("DELETE", "/v2.0/address-groups/" + ag["id"], None, admin).status))

# All gone is not as at first
for x in rules():
    drop(x)
equal("none are none", ([], []), (rules(), group("bare", a)["security_group_rules"]))

# A crowd makes one rule, and groups beside it: each has it, or it was made after it
start, got = threading.Barrier(12), []


def crowd(i):
    link = w.connect()
    start.wait()
    if i < 4:
        got.append(("rule", w.call("POST", "/v2.0/" + PATH, {KIND: {"direction": "egress", "used_in_default_sg": True}},
                                   admin, link).status, None))
        return
    for j in range(5):
        number = i * 5 + j - 20
        x = w.call("GET", "/v2.0/security-groups", None, {"X-Auth-Token": "p%d" % number}, link)["security_groups"][0]
        got.append(("group", x["revision_number"], len(x["security_group_rules"])))


threads = [threading.Thread(target=crowd, args=(i,)) for i in range(12)]
[x.start() for x in threads]
[x.join() for x in threads]
equal("one of a crowd makes it", [201, 409, 409, 409], sorted(x[1] for x in got if x[0] == "rule"))
equal("forty groups, none with anything else", (40, True), (len([x for x in got if x[0] == "group"]),
      {x[2] for x in got if x[0] == "group"} <= {0, 1}))
w.stop(signal.SIGKILL)
w.start()
equal("a kill later there is that one", ["egress"], [x["direction"] for x in rules()])
equal("and new groups have it", ["egress"], [x["direction"] for x in group("late", b)["security_group_rules"]])
w.stop()
equal("the store is whole", 0, audit(w.path(w.db))[0])
end()
