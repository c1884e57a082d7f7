#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""weftd --print-openapi: a whole OpenAPI 3.1 document, and what weftd answers is what it says."""
import json, os, re, subprocess, sys
sys.dont_write_bytecode = True
import jsonschema
from lib import BUILD, Weftd, check, end, equal

w = Weftd().start()
printed = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--print-openapi"],
                         stdout=subprocess.PIPE, check=True).stdout
doc = json.loads(printed)
equal("served as printed", doc, w.call("GET", "/openapi.json").body)

# The document
check("head", doc["openapi"] == "3.1.0" and doc["info"]["title"] and doc["info"]["version"], doc["info"])


def each(node, at="#"):
    yield at, node
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from each(value, "%s/%s" % (at, key))


def find(ref):
    node = doc
    for part in ref.split("/")[1:]:
        node = node[part.replace("~1", "/")]
    return node


def dangling(node):
    try:
        find(node["$ref"])
    except KeyError:
        return True


equal("each reference leads somewhere", [], [at for at, node in each(doc) if isinstance(node, dict) and
                                            isinstance(node.get("$ref"), str) and dangling(node)])
METHODS = {"get", "put", "post", "delete"}
operations = [(path, method, item[method], item.get("parameters", []) + item[method].get("parameters", []))
              for path, item in doc["paths"].items() for method in item if method in METHODS]
check("operations", len(operations) > 80, len(operations))
equal("nothing else in a path", set(), {key for item in doc["paths"].values() for key in item} - METHODS - {"parameters"})
names = [op["operationId"] for _, _, op, _ in operations]
equal("each has a name of its own", sorted(set(names)), sorted(names))
whole = lambda parameter: find(parameter["$ref"]) if "$ref" in parameter else parameter
equal("each path names its arguments", [], [
    path for path, _, _, parameters in operations
    if sorted(re.findall(r"{(\w+)}", path)) != sorted(p["name"] for p in map(whole, parameters) if p["in"] == "path")])
equal("no parameter twice", [], [
    path for path, _, _, parameters in operations
    if len({(p["name"], p["in"]) for p in map(whole, parameters)}) != len(parameters)])
equal("each answer is described", [], [path for path, _, op, _ in operations for answer in op["responses"].values()
                                       if not whole(answer).get("description")])
tags = {tag["name"] for tag in doc["tags"]}
equal("each is of a group", [], [path for path, _, op, _ in operations if not set(op["tags"]) <= tags])
for name, schema in doc["components"]["schemas"].items():
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
        good, told = True, ""
    except jsonschema.SchemaError as error:
        good, told = False, error
    check("schema of %s" % name, good, told)
equal("each attribute is explained", [], [
    "%s.%s" % (name, key) for name, schema in doc["components"]["schemas"].items() if name + "_create" in
    doc["components"]["schemas"] for key, value in schema["properties"].items() if not value.get("description")])

# What weftd serves
resources = w.get("")["resources"]
paths = {r["links"][0]["href"].split("/v2.0")[1]: r for r in resources}
equal("each resource is there", set(), {"/v2.0" + path for path in paths} - set(doc["paths"]))


def says(name, text, schema):
    faults = [e.message for e in jsonschema.Draft202012Validator(
        {**schema, "components": doc["components"]}, format_checker=jsonschema.FormatChecker()).iter_errors(text)]
    check(name, not faults, faults[:3])


schema_of = lambda name: {"$ref": "#/components/schemas/" + name}
n = w.create("network", name="n", tags=["a"])
s = w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24", host_routes=[
    {"destination": "10.1.0.0/16", "nexthop": "10.0.0.9"}], dns_nameservers=["10.0.0.2"])
h = w.create("host", name="h1", tunnel_ip="10.9.0.1")
p = w.create("port", network_id=n["id"], **{"binding:host_id": "h1", "extra_dhcp_opts": [
    {"opt_name": "mtu", "opt_value": "1400"}], "allowed_address_pairs": [{"ip_address": "10.0.0.0/28"}]})
r = w.create("router", name="r")
w.call("PUT", "/v2.0/routers/%s/add_router_interface" % r["id"], {"subnet_id": s["id"]})
w.put("router", r["id"], routes=[{"destination": "10.2.0.0/16", "nexthop": "10.0.0.7"}])
for path, resource in paths.items():
    one, many = resource["name"], resource["collection"]
    reply = w.call("GET", "/v2.0" + path)
    known = doc["components"]["schemas"][one]["properties"]
    if reply.status != 200:
        check("%s: listed" % many, reply.status in (403, 404), reply)
        continue
    for item in reply[many]:
        says("%s: what is listed" % one, item, schema_of(one))
        equal("%s: every attribute" % one, set(known), set(item))
    wrong = w.call("GET", "/v2.0%s?nonsense=1" % path)
    check("%s: no other filters" % many, wrong.status == 400 and "'nonsense'" in wrong.text, wrong)
    for parameter in map(whole, doc["paths"]["/v2.0" + path]["get"]["parameters"]):
        if parameter["name"] in ("limit", "sort_key", "sort_dir", "changed_since", "marker"):
            continue
        got = w.call("GET", "/v2.0%s?%s=" % (path, parameter["name"]))
        check("%s: takes %s" % (many, parameter["name"]), got.status in (200, 400) and
              "invalid attribute for filtering" not in got.text, got)
says("a fault", w.get("networks/x").body, schema_of("fault"))
says("tags", w.get("networks/%s/tags" % n["id"]).body, schema_of("tags"))

# A body that the document refuses weftd refuses, and the other way round.
for name, body in (("network", {"name": "x" * 256}), ("network", {"colour": 1}), ("network", {"status": "ACTIVE"}),
                   ("network", {"mtu": 70000}), ("port", {}), ("port", {"network_id": n["id"], "name": 7}),
                   ("port", {"network_id": n["id"], "mac_address": "x"}),
                   ("subnet", {"network_id": n["id"], "ip_version": 7, "cidr": "10.9.0.0/24"}),
                   ("network", {"name": "good", "admin_state_up": False}),
                   ("port", {"network_id": n["id"], "fixed_ips": [{"subnet_id": s["id"]}], "tags": ["b"]})):
    valid = jsonschema.Draft202012Validator({**schema_of(name + "_create"), "components": doc["components"]}).is_valid(body)
    reply = w.post(name, **body)
    equal("%s %.60s" % (name, body), 201 if valid else 400, reply.status)
equal("weftd ends cleanly", 0, w.stop())
end()
