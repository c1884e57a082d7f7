#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Security groups, their rules and address groups: what comes by itself, what is refused and
how, what lists find, who wins a race, and what a restart keeps."""
import sys, threading
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--auth", "tokens", "--tokens", tokens)
with open(tokens, "w") as f:
    f.write("root admins admin boss\na pa member alice\nb pb member bob\n" +
            "".join("r%d race%d member x\n" % (i, i) for i in range(8)))
w.start()
admin, a, b = ({"X-Auth-Token": x} for x in ("root", "a", "b"))
w.headers = a
GROUPS, RULES, LISTS = "security-groups", "security-group-rules", "address-groups"


def call(method, path, body=None, headers=None):
    return w.call(method, "/v2.0/" + path, body, headers)


def new_group(name="web", headers=None, **attrs):
    r = call("POST", GROUPS, {"security_group": {"name": name, **attrs}}, headers)
    assert r.status == 201, r
    return r["security_group"]


def rule(group, headers=None, **attrs):
    return call("POST", RULES, {"security_group_rule": {
        "security_group_id": group["id"], "direction": "ingress", **attrs}}, headers)


def rule_of(group, **attrs):
    r = rule(group, **attrs)
    assert r.status == 201, r
    return r["security_group_rule"]


def group(id, headers=None):
    return call("GET", GROUPS + "/" + id, None, headers)["security_group"]


def put_port(port, headers=None, **attrs):
    return call("PUT", "ports/" + port["id"], {"port": attrs}, headers)


def shape(rules):
    return sorted((r["direction"], r["ethertype"], r["remote_group_id"] or "", r["protocol"])
                  for r in rules)


### The default group
aliases = {e["alias"] for e in call("GET", "extensions")["extensions"]}
wanted = {"security-group", "address-group", "security-groups-normalized-cidr",
          "security-groups-remote-address-group", "stateful-security-group", "port-security",
          "port-security-groups-filtering"}
check("the extensions are announced", wanted <= aliases, wanted - aliases)
links = {r["name"]: r["links"][0]["href"] for r in call("GET", "")["resources"]}
check("paths have dashes", links["security_group"].endswith("/v2.0/" + GROUPS) and
      links["security_group_rule"].endswith("/v2.0/" + RULES), links)
groups = call("GET", GROUPS)[GROUPS.replace("-", "_")]
equal("the first list makes the default group", ["default"], [g["name"] for g in groups])
default = groups[0]
equal("it is the project's", "pa", default["project_id"])
equal("with four rules", shape(
    [{"direction": d, "ethertype": e, "remote_group_id": default["id"] if d == "ingress" else None,
      "protocol": None} for d in ("egress", "ingress") for e in ("IPv4", "IPv6")]),
    shape(default["security_group_rules"]))
check("it is stateful, not shared", default["stateful"] and not default["shared"], default)
equal("the second list makes none", [default["id"]],
      [g["id"] for g in call("GET", GROUPS)["security_groups"]])
equal("rules are listed by themselves", sorted(r["id"] for r in default["security_group_rules"]),
      sorted(r["id"] for r in call("GET", RULES)["security_group_rules"]))
equal("a list of rules makes one, too", 4, len(call("GET", RULES, None, b)["security_group_rules"]))
refused("nobody makes another", call("POST", GROUPS, {"security_group": {"name": "default"}}), 409,
        "SecurityGroupDefaultAlreadyExists")
refused("in whatever case", call("POST", GROUPS, {"security_group": {"name": "Default"}}), 409,
        "SecurityGroupDefaultAlreadyExists")
refused("it keeps its name", call("PUT", GROUPS + "/" + default["id"],
                                  {"security_group": {"name": "x"}}), 409,
        "SecurityGroupCannotUpdateDefault")
equal("but not its description", "mine", call("PUT", GROUPS + "/" + default["id"], {
    "security_group": {"description": "mine"}})["security_group"]["description"])
refused("it stays", call("DELETE", GROUPS + "/" + default["id"]), 409,
        "SecurityGroupCannotRemoveDefault")

### Groups
web = new_group(description="front")
equal("a new group lets everything out", [("egress", "IPv4", "", None), ("egress", "IPv6", "", None)],
      shape(web["security_group_rules"]))
equal("as it is shown later", web, group(web["id"]))
refused("a name that is taken by the default", call("PUT", GROUPS + "/" + web["id"], {
    "security_group": {"name": "default"}}), 409, "SecurityGroupDefaultAlreadyExists")
refused("a foreign group: show", call("GET", GROUPS + "/" + web["id"], None, b), 404,
        "SecurityGroupNotFound")
refused("a foreign group: delete", call("DELETE", GROUPS + "/" + web["id"], None, b), 404,
        "SecurityGroupNotFound")
refused("a foreign group: a rule", rule(web, b), 404, "SecurityGroupNotFound")
bulk = call("POST", GROUPS, {"security_groups": [{"name": "x"}, {"name": "y"}]})
equal("two at once", [201, ["x", "y"], [2, 2]], [bulk.status] + [
    [f(g) for g in bulk["security_groups"]] for f in
    (lambda g: g["name"], lambda g: len(g["security_group_rules"]))])
r = call("POST", GROUPS, {"security_groups": [{"name": "z"}, {"name": "default"}]})
refused("or none", r, 409, "SecurityGroupDefaultAlreadyExists")
equal("none is left", [], call("GET", GROUPS + "?name=z")["security_groups"])
x, y = bulk["security_groups"]
equal("a tag", 201, call("PUT", "%s/%s/tags/red" % (GROUPS, x["id"])).status)
equal("found by it", [x["id"]], [g["id"] for g in call("GET", GROUPS + "?tags=red")["security_groups"]])
equal("and by what it has not", {default["id"], web["id"], y["id"]}, {
    g["id"] for g in call("GET", GROUPS + "?not-tags=red")["security_groups"]})
equal("by stateful", [], call("GET", GROUPS + "?stateful=false")["security_groups"])
equal("by shared", [], call("GET", GROUPS + "?shared=true")["security_groups"])
equal("fields", [{"id": x["id"]}], call("GET", GROUPS + "?fields=id&name=x")["security_groups"])

### Rules
equal("If-Match of another revision", 412, call("PUT", GROUPS + "/" + x["id"], {"security_group": {
    "name": "x2"}}, {**a, "If-Match": "revision_number=99"}).status)
before = group(web["id"])["revision_number"]
http = rule_of(web, protocol="tcp", port_range_min=80, port_range_max=443,
               remote_ip_prefix="10.1.2.3/8")
equal("a rule is what was asked for", ("tcp", 80, 443, "10.1.2.3/8", "10.0.0.0/8", "IPv4", None),
      tuple(http[k] for k in ("protocol", "port_range_min", "port_range_max", "remote_ip_prefix",
                              "normalized_cidr", "ethertype", "remote_group_id")))
check("its group's revision grew", group(web["id"])["revision_number"] > before)
equal("and shows it", [http], [r for r in group(web["id"])["security_group_rules"]
                               if r["id"] == http["id"]])
before = group(web["id"])["revision_number"]
equal("a rule goes", 204, call("DELETE", RULES + "/" + http["id"]).status)
check("its group's revision grew again", group(web["id"])["revision_number"] > before)
refused("it is gone", call("GET", RULES + "/" + http["id"]), 404, "SecurityGroupRuleNotFound")
equal("a number as text", "6", rule_of(x, protocol="6")["protocol"])
equal("a number as number", "132", rule_of(x, protocol=132)["protocol"])
equal("a name in any case", "udp", rule_of(x, protocol="UDP")["protocol"])
whole = rule_of(y, protocol="tcp", port_range_min=1, port_range_max=65535)
equal("all ports are no range", (None, None), (whole["port_range_min"], whole["port_range_max"]))
echo = rule_of(x, protocol="icmp", port_range_min=8, port_range_max=0)
equal("ICMP has type and code", (8, 0), (echo["port_range_min"], echo["port_range_max"]))
equal("a type alone", None, rule_of(x, protocol="icmp", port_range_min=3)["port_range_max"])
equal("ICMP of IPv6", "ipv6-icmp", rule_of(x, protocol="ipv6-icmp", ethertype="IPv6",
                                          port_range_min=128)["protocol"])
for name, attrs in (("as it was", dict(protocol="tcp")), ("by its name", dict(protocol="sctp")),
                    ("by its number", dict(protocol="17")),
                    ("ICMP's", dict(protocol="1", port_range_min=8, port_range_max=0)),
                    ("ICMP's of IPv6", dict(protocol="icmpv6", ethertype="IPv6", port_range_min=128))):
    refused("the same rule again: " + name, rule(x, **attrs), 409, "SecurityGroupRuleExists")
rule_of(y, remote_ip_prefix="10.0.0.0/8", protocol="udp")
refused("the same rule by another address", rule(y, remote_ip_prefix="10.9.9.9/8", protocol="udp"),
        409, "SecurityGroupRuleExists")
ag = call("POST", LISTS, {"address_group": {"name": "peers", "addresses": [
    "10.0.0.0/8", "10.0.0.0/8", "fd00::/64"]}})["address_group"]
equal("an address said twice is there once", ["10.0.0.0/8", "fd00::/64"], sorted(ag["addresses"]))
nobody = "00000000-0000-4000-8000-00000000dead"
for name, attrs, status, type in (
        ("protocol", dict(protocol="tcpp"), 400, "SecurityGroupRuleInvalidProtocol"),
        ("protocol 256", dict(protocol="256"), 400, "SecurityGroupRuleInvalidProtocol"),
        ("protocol any", dict(protocol="any"), 400, "SecurityGroupRuleInvalidProtocol"),
        ("range upside down", dict(protocol="tcp", port_range_min=9, port_range_max=8), 400,
         "SecurityGroupInvalidPortRange"),
        ("half a range", dict(protocol="udp", port_range_min=9), 400, "SecurityGroupInvalidPortRange"),
        ("port 0", dict(protocol="tcp", port_range_min=0, port_range_max=8), 400,
         "SecurityGroupInvalidPortValue"),
        ("port 65536", dict(protocol="tcp", port_range_min=1, port_range_max=65536), 400,
         "SecurityGroupInvalidPortValue"),
        ("port x", dict(protocol="tcp", port_range_min="x", port_range_max=8), 400, "HTTPBadRequest"),
        ("code without type", dict(protocol="icmp", port_range_max=0), 400,
         "SecurityGroupMissingIcmpType"),
        ("ICMP type 256", dict(protocol="icmp", port_range_min=256), 400,
         "SecurityGroupInvalidIcmpValue"),
        ("ICMP code 256", dict(protocol="icmp", port_range_min=3, port_range_max=256), 400,
         "SecurityGroupInvalidIcmpValue"),
        ("ports of every protocol", dict(port_range_min=1, port_range_max=2), 400,
         "SecurityGroupProtocolRequiredWithPorts"),
        ("ports of gre", dict(protocol="gre", port_range_min=1, port_range_max=2), 400,
         "SecurityGroupInvalidProtocolForPort"),
        ("IPv6's ICMP in IPv4", dict(protocol="ipv6-icmp"), 400,
         "SecurityGroupEthertypeConflictWithProtocol"),
        ("prefix of the other family", dict(remote_ip_prefix="fd00::/8"), 400,
         "SecurityGroupRuleParameterConflict"),
        ("prefix of IPv4 for IPv6", dict(remote_ip_prefix="10.0.0.0/8", ethertype="IPv6"), 400,
         "SecurityGroupRuleParameterConflict"),
        ("prefix that is none", dict(remote_ip_prefix="10.0.0.0/40"), 400, "HTTPBadRequest"),
        ("two remotes", dict(remote_ip_prefix="10.0.0.0/8", remote_group_id=web["id"]), 400,
         "SecurityGroupMultipleRemoteEntites"),
        ("two other remotes", dict(remote_address_group_id=ag["id"], remote_group_id=web["id"]), 400,
         "SecurityGroupMultipleRemoteEntites"),
        ("direction", dict(direction="up"), 400, "HTTPBadRequest"),
        ("ethertype", dict(ethertype="IPX"), 400, "HTTPBadRequest"),
        ("unknown attribute", dict(colour="red"), 400, "HTTPBadRequest"),
        ("IPv6's fragments in IPv4", dict(protocol="ipv6-frag"), 400,
         "SecurityGroupEthertypeConflictWithProtocol"),
        ("IPv6 in IPv4", dict(protocol=41), 400, "SecurityGroupEthertypeConflictWithProtocol"),
        ("no such group", dict(security_group_id=nobody), 404, "SecurityGroupNotFound"),
        ("what is no id", dict(security_group_id="web"), 404, "SecurityGroupNotFound"),
        ("no id of a remote group", dict(remote_group_id="web"), 404, "SecurityGroupNotFound"),
        ("no id of an address group", dict(remote_address_group_id="x"), 404,
         "AddressGroupNotFound"),
        ("no such remote group", dict(remote_group_id=nobody), 404, "SecurityGroupNotFound"),
        ("no such address group", dict(remote_address_group_id=nobody), 404, "AddressGroupNotFound")):
    refused("refused: " + name, rule(web, **attrs), status, type)
equal("what was refused made nothing", 2, len(group(web["id"])["security_group_rules"]))
two = [{"security_group_id": web["id"], "direction": "ingress", "protocol": "tcp",
        "port_range_min": p, "port_range_max": p} for p in (22, 80)]
r = call("POST", RULES, {"security_group_rules": two})
equal("rules of one group at once", (201, [22, 80]),
      (r.status, [z["port_range_min"] for z in r["security_group_rules"]]))
refused("two equal ones at once", call("POST", RULES, {"security_group_rules": [
    dict(two[0], security_group_id=y["id"])] * 2}), 409, "SecurityGroupRuleExists")
refused("rules of two groups at once", call("POST", RULES, {"security_group_rules": [
    dict(two[0], protocol="udp"), dict(two[0], security_group_id=y["id"])]}), 400, "SecurityGroupNotSingleGroupRules")
for query, count in (("security_group_id=" + web["id"], 4), ("protocol=tcp&direction=ingress&"
                     "security_group_id=" + web["id"], 2), ("port_range_min=22", 1),
                     ("remote_group_id=" + default["id"], 2), ("ethertype=IPv6&direction=egress", 4),
                     ("remote_ip_prefix=10.0.0.0%2F8", 1)):
    equal("rules by " + query.replace(default["id"], "ID").replace(web["id"], "ID"), count,
          len(call("GET", RULES + "?" + query)["security_group_rules"]))
refused("a rule's protocol does not change", call("PUT", RULES + "/" + whole["id"], {
    "security_group_rule": {"protocol": "udp"}}), 400, "HTTPBadRequest")

### Address groups
path = LISTS + "/" + ag["id"]
r = call("PUT", path + "/add_addresses", {"addresses": ["192.0.2.0/24"]})
equal("addresses are added", ["10.0.0.0/8", "192.0.2.0/24", "fd00::/64"],
      sorted(r["address_group"]["addresses"]))
check("its revision grew", r["address_group"]["revision_number"] > ag["revision_number"])
refused("one that is there", call("PUT", path + "/add_addresses", {"addresses": ["192.0.2.0/24"]}),
        400, "AddressesAlreadyExist", "192.0.2.0/24")
refused("one that is not", call("PUT", path + "/remove_addresses", {"addresses": ["10.9.0.0/16"]}),
        404, "AddressesNotFound", "10.9.0.0/16")
equal("and taken away", ["10.0.0.0/8", "fd00::/64"], sorted(call(
    "PUT", path + "/remove_addresses", {"addresses": ["192.0.2.0/24"]})["address_group"]["addresses"]))
r = call("PUT", path + "/add_addresses", {"addresses": ["203.0.113.9/24", "fd01::7/128", "10.9.9.9/32"]})
equal("host bits are cleared", {"203.0.113.0/24", "fd01::7/128", "10.9.9.9/32"},
      set(r["address_group"]["addresses"]) - {"10.0.0.0/8", "fd00::/64"})
refused("a whole address that is not there", call(
    "PUT", path + "/remove_addresses", {"addresses": ["10.9.9.8"]}), 404, "AddressesNotFound")
refused("what is none", call("PUT", path + "/remove_addresses", {"addresses": ["x"]}), 400,
        "HTTPBadRequest")
equal("and those that are", ["10.0.0.0/8", "fd00::/64"], sorted(call(
    "PUT", path + "/remove_addresses", {"addresses": ["203.0.113.0/24", "fd01::7", "10.9.9.9"]})[
        "address_group"]["addresses"]))
for name, body in (("nothing", {}), ("no list", {"addresses": "10.0.0.0/8"}),
                   ("no prefix", {"addresses": ["x"]}),
                   ("no length", {"addresses": ["10.0.0.1"]})):
    refused("refused: addresses: " + name, call("PUT", path + "/add_addresses", body), 400,
            "HTTPBadRequest")
refused("addresses are not PUT", call("PUT", path, {"address_group": {"addresses": []}}), 400,
        "HTTPBadRequest")
refused("a foreign address group", call("PUT", path + "/add_addresses", {"addresses": []}, b), 404,
        "AddressGroupNotFound")
named = rule_of(web, remote_address_group_id=ag["id"])
refused("an address group in use stays", call("DELETE", path), 409, "AddressGroupInUse")

### Ports
net = w.create("network")
w.create("subnet", network_id=net["id"], ip_version=4, cidr="10.0.0.0/24")
port = w.create("port", network_id=net["id"])
equal("a port gets the default group", [default["id"]], port["security_groups"])
bare = w.create("port", network_id=net["id"], security_groups=[])
equal("or none", [], bare["security_groups"])
both = w.create("port", network_id=net["id"], security_groups=[web["id"], x["id"]])
refused("one of them twice", put_port(both, security_groups=[web["id"], x["id"], web["id"]]), 400,
        "HTTPBadRequest", "Duplicate", web["id"])
equal("or several", sorted([web["id"], x["id"]]), sorted(both["security_groups"]))
equal("ports by group", [both["id"]],
      [p["id"] for p in call("GET", "ports?security_groups=" + web["id"])["ports"]])
equal("ports by either group", {port["id"], both["id"]},
      {p["id"] for p in call("GET", "ports?security_groups=%s&security_groups=%s" %
                             (web["id"], default["id"]))["ports"]})
refused("no such group for a port", w.post("port", network_id=net["id"], security_groups=[nobody]),
        404, "SecurityGroupNotFound")
refused("a foreign group for a port", put_port(port, security_groups=[
    new_group("theirs", b)["id"]]), 404, "SecurityGroupNotFound")
refused("a group in use stays", call("DELETE", GROUPS + "/" + web["id"]), 409, "SecurityGroupInUse")
refused("the default one, too", call("DELETE", GROUPS + "/" + default["id"]), 409,
        "SecurityGroupInUse")
refused("a group in use keeps its kind", call("PUT", GROUPS + "/" + web["id"], {
    "security_group": {"stateful": False}}), 409, "SecurityGroupInUse")
loose = new_group("loose", stateful=False)
equal("a stateless group", False, loose["stateful"])
equal("found by it", [loose["id"]],
      [g["id"] for g in call("GET", GROUPS + "?stateful=false")["security_groups"]])
refused("both kinds on a port", put_port(port, security_groups=[web["id"], loose["id"]]), 409,
        "SecurityGroupConflict")
equal("one kind", [loose["id"]], put_port(port, security_groups=[loose["id"]])["port"]["security_groups"])
refused("no security with groups", put_port(port, port_security_enabled=False), 409,
        "PortSecurityPortHasSecurityGroup")
refused("no groups without security", w.post("port", network_id=net["id"], security_groups=[web["id"]],
        port_security_enabled=False), 400, "PortSecurityAndIPRequiredForSecurityGroups")
r = put_port(port, port_security_enabled=False, security_groups=[])
equal("both go at once", (200, [], False),
      (r.status, r["port"]["security_groups"], r["port"]["port_security_enabled"]))
refused("and groups come back only with it", put_port(port, security_groups=[web["id"]]), 400,
        "PortSecurityAndIPRequiredForSecurityGroups")
equal("a port without security has no group", [], w.create(
    "port", network_id=net["id"], port_security_enabled=False)["security_groups"])
equal("nor has a network's device", [], w.create("port", network_id=net["id"], headers=admin,
      device_owner="network:dhcp", project_id="pa")["security_groups"])
theirs = w.create("port", network_id=net["id"], headers=admin, project_id="pc")
equal("a port made for another project gets that one's default group", [("default", "pc")],
      [(g["name"], g["project_id"]) for g in
       [group(i, admin) for i in theirs["security_groups"]]])

### The end of groups
other = rule_of(y, remote_group_id=loose["id"], protocol="tcp", port_range_min=5, port_range_max=5)
before = group(y["id"])["revision_number"]
equal("a group that is not used goes", 204, call("DELETE", GROUPS + "/" + loose["id"]).status)
refused("rules that named it are gone", call("GET", RULES + "/" + other["id"]), 404,
        "SecurityGroupRuleNotFound")
check("which changed their group", group(y["id"])["revision_number"] > before)
equal("and so are its own", [], call("GET", RULES + "?security_group_id=" + loose["id"])
      ["security_group_rules"])
equal("the admin takes a default group away", 204, call(
    "DELETE", GROUPS + "/" + call("GET", GROUPS + "?name=default", None, b)["security_groups"][0]["id"],
    None, admin).status)
equal("and it comes back", ["default", "theirs"], sorted(
    g["name"] for g in call("GET", GROUPS, None, b)["security_groups"]))

### Races
made = {}
start = threading.Barrier(16)


def race(i, kind):
    link = w.connect()
    headers = {"X-Auth-Token": "r%d" % (i % 8)}
    start.wait()
    if kind:
        made[i, kind] = w.call("GET", "/v2.0/" + GROUPS, None, headers, link)
    else:
        made[i, kind] = w.call("POST", "/v2.0/networks", {"network": {}}, headers, link)
        made[i, kind] = w.call("POST", "/v2.0/ports", {"port": {
            "network_id": made[i, kind]["network"]["id"]}}, headers, link)


threads = [threading.Thread(target=race, args=(i, k)) for i in range(8) for k in (0, 1)]
for t in threads:
    t.start()
for t in threads:
    t.join()
check("racing for the default group: nobody is refused",
      len(made) == 16 and all(r.status in (200, 201) for r in made.values()),
      [str(r) for r in made.values() if r.status > 201])
for i in range(8):
    found = call("GET", GROUPS, None, {"X-Auth-Token": "r%d" % i})["security_groups"]
    equal("race %d: one default group, which the port has" % i,
          ([made[i, 0]["port"]["security_groups"][0]], 4),
          ([g["id"] for g in found], len(found[0]["security_group_rules"])))
same = []
start = threading.Barrier(6)


def twin():
    link = w.connect()
    start.wait()
    same.append(w.call("POST", "/v2.0/" + RULES, {"security_group_rule": {
        "security_group_id": y["id"], "direction": "ingress", "protocol": "esp"}}, None, link))


threads = [threading.Thread(target=twin) for _ in range(6)]
for t in threads:
    t.start()
for t in threads:
    t.join()
equal("of six equal rules one is made", [201] + [409] * 5, sorted(r.status for r in same))

### A restart
kinds = GROUPS, RULES, LISTS, "ports"
before = {k: call("GET", k + "?sort_key=id&sort_dir=asc", None, admin).text for k in kinds}
equal("weftd ends", 0, w.stop())
equal("the store is whole", (0, True), (lambda s, l: (s, bool(l)))(*audit(w.path(w.db))))
w.start()
for k in kinds:
    equal("a restart keeps the " + k, before[k], call("GET", k + "?sort_key=id&sort_dir=asc", None, admin).text)
refused("what was refused is", rule(y, protocol="esp"), 409, "SecurityGroupRuleExists")
refused("the default group is still known", call("POST", GROUPS, {"security_group": {
    "name": "default"}}), 409, "SecurityGroupDefaultAlreadyExists")
equal("and there is one", 1, len(call("GET", GROUPS + "?name=default")["security_groups"]))
end()
