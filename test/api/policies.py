#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Labels of ports, and policies that select them: what comes by itself, what is refused and how,
who sees whose, which rows a host gets, and what a restart keeps."""
import sys
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--auth", "tokens", "--tokens", tokens, "--quota", "policy=8")
with open(tokens, "w") as f:
    f.write("root admins admin boss\na pa member alice\nb pb member bob\n")
w.start()
admin, a, b = ({"X-Auth-Token": x} for x in ("root", "a", "b"))
w.headers = a


def call(method, path, body=None, headers=None):
    return w.call(method, "/v2.0/" + path, body, headers)


def post(headers=None, **attrs):
    return call("POST", "policies", {"policy": {"name": "p", **attrs}}, headers)


def put(policy, headers=None, **attrs):
    return call("PUT", "policies/" + policy["id"], {"policy": attrs}, headers)


def rows(host="h1"):
    """The rows of HOST: {"TABLE KEY": value}."""
    told = w.call("GET", "/weft/v1/hosts/%s/rows?snapshot=1" % host, None, admin)["rows"]
    return {"%s %s" % (r["table"], r["key"]): r["value"] for r in told}


def rules(policy, host="h1"):
    """What HOST knows of POLICY: {rule: value}."""
    return {key.split(":", 2)[2]: value for key, value in rows(host).items()
            if key.startswith("rule se:") and policy["id"] in key}


def sets(port, host="h1"):
    """The selectors that PORT is in, as HOST knows."""
    told = rows(host)
    identity = told["port " + port["id"]]["identity"]
    return [s for s in told["identity %d" % identity]["sets"] if s.startswith("se:")]


### Labels
check("the extension is announced", "weft-policies" in {
    e["alias"] for e in call("GET", "extensions")["extensions"]})
w.create("host", admin, name="h1", tunnel_ip="192.0.2.1")
net = w.create("network")
w.create("subnet", network_id=net["id"], ip_version=4, cidr="10.0.0.0/24")


def port(headers=None, **attrs):
    made = w.create("port", network_id=net["id"], **attrs)
    r = w.put("port", made["id"], admin, **{"binding:host_id": "h1"})
    return r["port"]


web = port(labels={"tier": "front", "app": "web"}, named_ports=[{"name": "http", "port": 8080}])
db = port(labels={"app": "db"})
bare = port()
equal("labels are kept", {"app": "web", "tier": "front"}, web["labels"])
equal("and names of ports", [{"name": "http", "protocol": "tcp", "port": 8080}], web["named_ports"])
equal("a port has none by itself", ({}, []), (bare["labels"], bare["named_ports"]))
for query, found in (("labels=app=web", [web]), ("labels=app", [web, db]), ("labels=app=x", []),
                     ("labels=app=web&labels=app=db", [web, db]), ("labels=tier=front", [web])):
    equal("ports by " + query, {p["id"] for p in found},
          {p["id"] for p in call("GET", "ports?" + query)["ports"]})
for name, attrs, words in (
        ("a key with a blank", {"labels": {"a b": "c"}}, ("labels", "'a b'")),
        ("a value too long", {"labels": {"a": "x" * 64}}, ("labels", "63")),
        ("a list", {"labels": ["a"]}, ("labels", "not a dictionary")),
        ("a number", {"labels": {"a": 1}}, ("labels", "a:", "'1'")),
        ("too many", {"labels": {"k%d" % i: "" for i in range(65)}}, ("labels", "64")),
        ("a port's name", {"named_ports": [{"name": "Http", "port": 1}]}, ("named_ports", "'Http'")),
        ("a name twice", {"named_ports": [{"name": "x", "port": 1}] * 2}, ("'x' stands twice",)),
        ("port 0", {"named_ports": [{"name": "x", "port": 0}]}, ("named_ports", "0"))):
    refused("refused: " + name, w.put("port", bare["id"], **attrs), 400, "HTTPBadRequest", *words)
identity = [rows()["port " + p["id"]]["identity"] for p in (web, db, bare)]
equal("other labels, another identity", 3, len(set(identity)))
twin = port(labels={"app": "db"})
equal("the same labels, the same", identity[1], rows()["port " + twin["id"]]["identity"])
w.put("port", twin["id"], labels={})
equal("labels taken away: that of who has none", identity[2],
      rows()["port " + twin["id"]]["identity"])

### Policies
p = post(match_labels={"app": "db"}, rules=[
    {"direction": "ingress", "peers": [{"match_labels": {"app": "web"}}],
     "services": [{"protocol": "tcp", "port": 5432}]}])["policy"]
equal("defaults", (1, 1000, False, ["ingress"], "pa"),
      (p["tier"], p["priority"], p["baseline"], p["default_deny"], p["project_id"]))
rule = p["rules"][0]
equal("of a rule", ("1", "accept", False), (rule["name"], rule["action"], rule["log"]))
equal("shown as it was made", p, call("GET", "policies/" + p["id"])["policy"])
equal("listed", [p["id"]], [x["id"] for x in call("GET", "policies?match_labels=app=db")["policies"]])
equal("not where it does not match", [], call("GET", "policies?match_labels=app=x")["policies"])
equal("nothing accepted: nothing denied by default", [], post(
    rules=[{"direction": "egress", "action": "deny"}])["policy"]["default_deny"])
equal("nor when it is said", [], put(p, default_deny=[])["policy"]["default_deny"])
put(p, default_deny=["ingress", "ingress"])
equal("said twice is once", ["ingress"], call("GET", "policies/" + p["id"])["policy"]["default_deny"])
before = p["revision_number"]
equal("its revision grows", True, put(p, priority=7)["policy"]["revision_number"] > before)
for name, attrs, words in (
        ("a tier that is none", {"tier": 3}, ("tier", "3")),
        ("a priority too high", {"priority": 32767}, ("priority", "32767")),
        ("an operator", {"match_expressions": [{"key": "a", "operator": "in"}]}, ("operator", "'in'")),
        ("values for Exists", {"match_expressions": [
            {"key": "a", "operator": "Exists", "values": ["b"]}]}, ("Exists",)),
        ("no direction", {"rules": [{}]}, ("rules", "direction", "missing")),
        ("an action", {"rules": [{"direction": "egress", "action": "drop"}]}, ("'drop'",)),
        ("an unknown key", {"rules": [{"direction": "egress", "to": []}]}, ("'to'",)),
        ("which rule it is", {"rules": [{"direction": "egress"}, {
            "direction": "egress", "peers": [{"cidr": "10.0.0.1/8"}]}]}, ("rule 2", "10.0.0.1/8")),
        ("a name for addresses", {"rules": [{"direction": "egress", "peers": [{"cidr": "10.0.0.0/8"}],
            "services": [{"protocol": "tcp", "port": "http"}]}]}, ("'http'",)),
        ("too much", {"rules": [{"direction": "ingress", "peers": [{}] * 101}]}, ("101", "100")),
        ("the id of nothing", {"rules": [{"direction": "ingress", "peers": [
            {"address_group_id": "00000000-0000-0000-0000-000000000000"}]}]}, ("address_group_id", "0000-000000000000")),
        ("a baseline that passes", {"baseline": True, "rules": [
            {"direction": "ingress", "action": "pass"}]}, ("baseline",))):
    refused("refused: " + name, post(**attrs), 400, "HTTPBadRequest", *words)
    refused("refused, too: " + name, put(p, **attrs), 400, "HTTPBadRequest", *words)
equal("and nothing has changed", 7, call("GET", "policies/" + p["id"])["policy"]["priority"])
refused("no such address group", post(rules=[{"direction": "egress", "peers": [
    {"address_group_id": p["id"]}]}]), 404, "AddressGroupNotFound")
refused("a foreign policy: show", call("GET", "policies/" + p["id"], None, b), 404, "PolicyNotFound")
refused("a foreign policy: set", put(p, b, tier=0), 404, "PolicyNotFound")
refused("a foreign policy: delete", call("DELETE", "policies/" + p["id"], None, b), 404, "PolicyNotFound")
refused("for another project", post(b, project_id="pa"), 400, "HTTPBadRequest", "project_id")
group = call("POST", "address-groups", {"address_group": {"name": "g", "addresses": ["192.0.2.0/24"]}})
group = group["address_group"]
theirs = call("POST", "address-groups", {"address_group": {"name": "g"}}, b)["address_group"]
refused("a foreign address group", post(rules=[{"direction": "egress", "peers": [
    {"address_group_id": theirs["id"]}]}]), 404, "AddressGroupNotFound")

### Rows
told = rules(p)
equal("a rule and the default", {"1", "default:ingress"}, set(told))
equal("the rule", (2, 7 << 16, "ingress", "accept", 6, 5432, 5432), tuple(
    told["1"][k] for k in ("tier", "order", "direction", "action", "protocol", "min", "max")))
equal("the default comes last", (2, 2 ** 31 - 1, "deny"), tuple(
    told["default:ingress"][k] for k in ("tier", "order", "action")))
check("its peers are whom the selector selects", told["1"]["set"] in sets(web), told)
check("and not others", told["1"]["set"] not in sets(db) + sets(bare))
q = post(match_expressions=[{"key": "app", "operator": "Exists"}], tier=0, rules=[
    {"name": "in", "direction": "ingress", "action": "pass", "log": True, "peers": [
        {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}, {"address_group_id": group["id"]}],
     "services": [{"protocol": "tcp", "port": 80, "end_port": 90}, {"protocol": "icmp", "icmp_type": 8}]},
    {"name": "out", "direction": "egress", "peers": [{}],
     "services": [{"protocol": "tcp", "port": "http"}]},
    {"name": "me", "direction": "ingress", "action": "reject",
     "services": [{"protocol": "tcp", "port": "http"}]}])["policy"]
told = rules(q)
equal("a row for each pair of a peer and a service, and for each number of a name",
      {"in", "in:0.1", "in:1.0", "in:1.1", "out:8080", "me:8080", "default:egress"}, set(told))
equal("addresses with exceptions", ("10.0.0.0/8", ["10.1.0.0/16"], "pass", True),
      tuple(told["in"][k] for k in ("prefix", "except", "action", "log")))
check("addresses of the group come along", "addresses ag:%s/192.0.2.0/24" % group["id"] in rows())
check("who has the name is said by the set", told["out:8080"]["set"] in sets(web) and
      told["out:8080"]["set"] not in sets(db), told)
refused("an address group in use stays", call("DELETE", "address-groups/" + group["id"]), 409,
        "AddressGroupInUse")
w.put("port", db["id"], named_ports=[{"name": "http", "port": 9090}])
equal("another port has the name for another number", {"out:8080", "out:9090"},
      {name for name in rules(q) if name.startswith("out")})
w.put("port", db["id"], named_ports=[])
equal("and no more", {"out:8080"}, {name for name in rules(q) if name.startswith("out")})
other = post(b, rules=[{"direction": "ingress"}], match_labels={"app": "db"})["policy"]
equal("a policy of another project is not for these ports", {}, rules(other))
before = set(sets(web))
w.put("port", web["id"], labels={"app": "x"})
check("another label, other sets", before != set(sets(web)), before)
w.put("port", web["id"], labels={"tier": "front", "app": "web"})
equal("and back", before, set(sets(web)))
put(q, rules=[])
equal("rules are put as a whole", {"default:egress"}, set(rules(q)))
equal("an address group is free again", 204, call("DELETE", "address-groups/" + group["id"]).status)
call("DELETE", "policies/" + q["id"])
equal("a policy goes with its rows", {}, rules(q))

### Quota, store
count = len(call("GET", "policies")["policies"])
refused("a ninth", [post() for _ in range(9 - count)][-1], 409, "OverQuota", "policy")
equal("eight are there", 8, len(call("GET", "policies")["policies"]))
before = rows()
w.stop()
status, lines = audit(w.path("weft.db"))
equal("the store is whole", 0, status)
w.start()
equal("a restart keeps policies", p["rules"], call("GET", "policies/" + p["id"])["policy"]["rules"])
equal("and what hosts are told", {k: v for k, v in before.items() if not k.startswith("host ")},
      {k: v for k, v in rows().items() if not k.startswith("host ")})
w.stop()
end()
