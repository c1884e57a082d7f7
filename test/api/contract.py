#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HTTP, bodies, lists and the standard attributes: what holds for every resource."""
import re, socket, sys, uuid
sys.dont_write_bytecode = True
from lib import Weftd, check, end, equal, refused

w = Weftd().start()
NOBODY = str(uuid.uuid4())

# Documents
r = w.call("GET", "/")
equal("versions", ["v2.0", "CURRENT", "http://127.0.0.1:%d/v2.0/" % w.port],
      [r["versions"][0]["id"], r["versions"][0]["status"], r["versions"][0]["links"][0]["href"]])
equal("behind a proxy links are https", "https://weft.example/v2.0/", w.call(
    "GET", "/", None, {"X-Forwarded-Proto": "https", "Host": "weft.example"})
    ["versions"][0]["links"][0]["href"])
r = w.get("")
check("resources", {x["collection"] for x in r["resources"]} >=
      {"networks", "subnets", "ports", "routers"}, r)
equal("health", 200, w.call("GET", "/healthcheck").status)
aliases = {x["alias"] for x in w.get("extensions")["extensions"]}
check("extensions", aliases >= {"router", "binding", "port-security", "extraroute", "quotas",
                                "security-group", "ext-gw-mode", "auto-allocated-topology"} and
      not aliases & {"qos", "dvr"}, aliases)
equal("one extension", "router", w.get("extensions/router")["extension"]["alias"])
r = w.get("extensions/nothing")
check("unknown extension", r.status == 404 and r.headers["Content-Type"].startswith("text/plain"),
      r)

# Bodies and statuses
r = w.post("network", name="n1")
equal("create answers 201", 201, r.status)
check("request id", re.fullmatch("req-[0-9a-f-]{36}", r.headers["X-Openstack-Request-Id"]), r)
equal("content type", "application/json", r.headers["Content-Type"])
n = r["network"]
check("defaults", n["admin_state_up"] is True and n["shared"] is False and n["mtu"] == 1450 and
      n["status"] == "ACTIVE" and n["subnets"] == [] and n["tags"] == [] and
      n["description"] == "" and n["port_security_enabled"] is True, n)
check("project and tenant", n["project_id"] == n["tenant_id"] == "default", n)
check("times", re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", n["created_at"]) and
      n["created_at"] == n["updated_at"], n)
equal("show", n, w.get("networks/" + n["id"])["network"])
equal("show as .json", n, w.get("networks/%s.json" % n["id"])["network"])
r = w.put("network", n["id"], name="n2", admin_state_up="False", description="two\nlines")
check("update", r.status == 200 and r["network"]["name"] == "n2" and
      r["network"]["admin_state_up"] is False and r["network"]["description"] == "two\nlines", r)
equal("update grows the revision", n["revision_number"] + 1, r["network"]["revision_number"])
r = w.delete("network", n["id"])
check("delete answers 204 without a body", r.status == 204 and r.text == "", r)
refused("show what is gone", w.get("networks/" + n["id"]), 404, "NetworkNotFound", n["id"])
refused("delete what is gone", w.delete("network", n["id"]), 404, "NetworkNotFound")
refused("update what is not", w.put("network", NOBODY, name="x"), 404, "NetworkNotFound")
refused("an id that is none", w.get("ports/nonsense"), 404, "PortNotFound", "nonsense")
for kind, title in ("subnet", "Subnet"), ("router", "Router"), ("host", "Host"):
    refused("no such %s" % kind, w.get("%ss/%s" % (kind, NOBODY)), 404, title + "NotFound")

# What is wrong with a request
bad = lambda name, body, *words, **more: refused(
    name, w.call("POST", "/v2.0/networks", body), 400, more.get("type", "HTTPBadRequest"), *words)
bad("no JSON", b'{"network":', "Body contains invalid data")
bad("no body", b"", "Resource body required")
bad("a list for a body", b"[]", "Resource body required")
bad("the same key twice", b'{"network":{"name":"a","name":"b"}}', "invalid data")
bad("NUL in a string", b'{"network":{"name":"a\\u0000"}}', "invalid data")
bad("no UTF-8", b'{"network":{"name":"\xff"}}', "invalid data")
bad("not wrapped", {"name": "x"}, "Unable to find 'network' in request body")
bad("not an object inside", {"network": 5}, "not a dictionary")
bad("unknown attribute", {"network": {"foo": 1, "bar": 2}}, "Unrecognized attribute(s)", "foo",
    "bar")
bad("read only", {"network": {"status": "UP"}}, "Attribute 'status' not allowed in POST")
bad("id is the server's", {"network": {"id": NOBODY}}, "'id' not allowed in POST")
bad("no boolean", {"network": {"shared": "perhaps"}}, "shared", "perhaps")
bad("no string", {"network": {"name": 7}}, "Invalid input for name. Reason: '7'")
bad("too long", {"network": {"name": "x" * 256}}, "exceeds maximum length of 255")
bad("project and tenant differ", {"network": {"project_id": "a", "tenant_id": "b"}}, "match")
bad("wrong type of network", {"network": {"provider:network_type": "gre"}}, "gre")
bad("VNI out of range", {"network": {"provider:segmentation_id": 1 << 24}}, "16777216")
bad("MTU too big", {"network": {"mtu": 9000}}, "9000", type="InvalidInput")
equal("a wrong request changed nothing", [], w.get("networks")["networks"])
n = w.create("network")
refused("update of a read-only attribute", w.put("network", n["id"], created_at="2026-11-20T00:00:00Z"), 400,
        "HTTPBadRequest", "Cannot update read-only attribute created_at")
refused("missing attribute", w.post("port"), 400, "HTTPBadRequest",
        "Failed to parse request. Required attribute 'network_id' not specified")
refused("wrong method", w.call("PATCH", "/v2.0/networks"), 405, "HTTPMethodNotAllowed")
refused("wrong method on a member", w.call("POST", "/v2.0/networks/" + n["id"], b"{}"), 405,
        "HTTPMethodNotAllowed")
refused("PUT on a collection", w.call("PUT", "/v2.0/networks", {"network": {}}), 404,
        "NetworkNotFound", "Network None could not be found.")
refused("DELETE on a collection", w.call("DELETE", "/v2.0/ports"), 404, "PortNotFound")
for path in "/v2.0/nothing", "/v3", "/v2.0/networks/%s/nothing/more/x" % n["id"], "/weft/v1/x":
    refused("unknown path " + path[:20], w.call("GET", path), 404, "HTTPNotFound")
refused("what is not served yet", w.get("floatingips"), 404, "HTTPNotFound")
w.delete("network", n["id"])

# Bulk
r = w.call("POST", "/v2.0/networks", {"networks": [{"name": "b1"}, {"name": "b2"}]})
check("bulk", r.status == 201 and [x["name"] for x in r["networks"]] == ["b1", "b2"] and
      len({x["provider:segmentation_id"] for x in r["networks"]}) == 2, r)
equal("bulk, each wrapped once more", ["b3"], [x["name"] for x in w.call(
    "POST", "/v2.0/networks", {"networks": [{"network": {"name": "b3"}}]})["networks"]])
w.delete("network", w.get("networks?name=b3")["networks"][0]["id"])
refused("bulk of nothing", w.call("POST", "/v2.0/networks", {"networks": []}), 400,
        "HTTPBadRequest", "Resources required")
r = w.call("POST", "/v2.0/networks", {"networks": [{"name": "b3"}, {"name": 4}]})
refused("bulk: the error is the item's", r, 400, "HTTPBadRequest", "'4'")
equal("bulk: all or nothing", ["b1", "b2"], sorted(x["name"] for x in w.get("networks")["networks"]))
r = w.call("POST", "/v2.0/networks",
           {"networks": [{"provider:segmentation_id": 7777}, {"provider:segmentation_id": 7777}]})
refused("bulk: twice the same VNI", r, 409, "TunnelIdInUse", "7777")

bad("bulk: too many", {"networks": [{}] * 10001}, "10001", "at most 10000")
r = w.post("port", network_id=NOBODY, fixed_ips=[{"ip_address": "10.0.0.1"}] * 65)
refused("a list too long", r, 400, "HTTPBadRequest", "fixed_ips", "65 items")
r = w.post("port", network_id=NOBODY, **{"binding:profile": {"a": "x" * 4096}})
refused("a dictionary too long", r, 400, "HTTPBadRequest", "binding:profile", "4095")
with socket.create_connection(("127.0.0.1", w.port)) as raw:
    raw.sendall(b"POST /v2.0/networks HTTP/1.1\r\nHost: x\r\nContent-Length: 16777217\r\n\r\n")
    check("a body too long", b" 413 " in raw.recv(200))

# Lists
for i in range(7):
    w.create("network", name="p%d" % (i % 3), description="d%d" % i)
names = lambda query: [x["name"] for x in w.get("networks?" + query)["networks"]]
ids = lambda query: [x["id"] for x in w.get("networks?" + query)["networks"]]
equal("filter", ["p1", "p1"], names("name=p1"))
equal("the same name again means or", 4, len(names("name=p1&name=p2")))
equal("another name means and", ["p1"], names("name=p1&description=d4"))
unnamed = w.create("network")
equal("an empty filter finds what is empty", [unnamed["id"]], ids("name="))
equal("... of several", 3, len(names("name=&name=p1")))
equal("an empty filter of an id finds none", [], ids("id="))
refused("an empty filter of a boolean", w.get("networks?shared="), 400, "HTTPBadRequest", "shared")
w.delete("network", unnamed["id"])
refused("unknown filter", w.get("networks?colour=blue&name=p1&size=7"), 400, "HTTPBadRequest",
        "['colour', 'size'] is invalid attribute for filtering")
refused("no filter of this resource", w.get("networks?mac_address=02:00:00:00:00:01"), 400,
        "HTTPBadRequest", "mac_address")
refused("an attribute that is no filter", w.get("networks?port_security_enabled=True"), 400,
        "HTTPBadRequest", "port_security_enabled")
equal("filter by id", 1, len(ids("id=" + ids("name=p1")[0])))
equal("filter by a wrong id", [], ids("id=x"))
equal("filter by what is computed", 9, len(names("status=ACTIVE")))
equal("filter by truth", 9, len(names("admin_state_up=True&router:external=false")))
refused("filter that is no truth", w.get("networks?admin_state_up=x"), 400, "HTTPBadRequest", "'x'")
equal("changed_since, future", [], names("changed_since=2099-01-01T00:00:00Z"))
equal("changed_since, past", 9, len(names("changed_since=2020-01-01T00:00:00Z")))
r = w.get("networks?fields=name&fields=tenant_id&fields=nothing")
check("fields", all(set(x) == {"name", "tenant_id"} for x in r["networks"]), r)
r = w.get("networks/%s?fields=id" % ids("")[0])
equal("fields of one", ["id"], list(r["network"]))
equal("sort", ["d%d" % i for i in range(6, -1, -1)], [x["description"] for x in w.get(
    "networks?sort_key=description&sort_dir=desc&name=p0&name=p1&name=p2")["networks"]])
r = w.get("networks?sort_key=name&sort_dir=asc&sort_key=description&sort_dir=desc&name=p0")
equal("sort by two", ["d6", "d3", "d0"], [x["description"] for x in r["networks"]])
for query in "sort_key=shared&sort_dir=asc", "sort_key=nothing&sort_dir=asc", \
        "sort_key=name&sort_dir=up", "sort_key=name&sort_key=id&sort_dir=asc", \
        "sort_key=name", "sort_dir=asc":
    refused("no such order: " + query, w.get("networks?" + query), 400, "HTTPBadRequest")
for limit in "-1", "x", "1.5":
    refused("limit " + limit, w.get("networks?limit=" + limit), 400, "BadRequest",
            "Bad limit request: Limit must be an integer 0 or greater and not '%s'." % limit)

def link(reply):
    return {x["rel"]: x["href"].split("/v2.0/")[1] for x in reply.body.get("networks_links", [])}


seen, path, pages = [], "networks?limit=2&sort_key=name&sort_dir=asc", 0
while path:
    r = w.get(path)
    pages += 1
    seen += [x["id"] for x in r["networks"]]
    links = link(r)
    path = links.get("next")
equal("pages", (ids("sort_key=name&sort_dir=asc"), 5), (seen, pages))
last = w.get("networks?limit=2&marker=%s&page_reverse=True&sort_key=name&sort_dir=asc" % seen[4])
equal("page backwards", seen[2:4], [x["id"] for x in last["networks"]])
check("links of a middle page", {x["rel"] for x in last["networks_links"]} ==
      {"next", "previous"} and "page_reverse=True" in last.text, last)
r = w.get("networks?limit=3&sort_key=name&sort_dir=asc&marker=%s" % seen[-1])
equal("an empty page only leads back", ([], {"previous"}), (r["networks"], set(link(r))))
back = []
while "previous" in link(r):
    r = w.get(link(r)["previous"])
    back = [x["id"] for x in r["networks"]] + back
equal("from there to the first", (seen, {"next"}), (back, set(link(r))))
equal("whence it goes on", seen[:3], [x["id"] for x in w.get(link(r)["next"])["networks"]])


def walk(query, backwards):
    """All pages of a list, one after the other, in the order of the list."""
    found, marker = [], ""
    while True:
        r = w.get("networks?limit=2&%s%s%s" % (query, "&page_reverse=True" if backwards else "", marker))
        page = [x["id"] for x in r["networks"]]
        if not page:
            return found
        found = page + found if backwards else found + page
        marker = "&marker=" + page[0 if backwards else -1]


for query in "", "sort_key=id&sort_dir=desc", "name=p0&name=p2", "sort_key=name&sort_dir=desc", \
        "sort_key=created_at&sort_dir=asc":
    equal("pages onwards: " + query, ids(query), walk(query, False))
    equal("pages backwards: " + query, ids(query), walk(query, True))
equal("in the order of ids", sorted(ids("")), ids(""))
equal("... downwards", sorted(ids(""), reverse=True), ids("sort_key=id&sort_dir=desc"))
refused("unknown marker", w.get("networks?limit=1&marker=" + NOBODY), 404, "NetworkNotFound")
equal("limit 0 is none", 9, len(names("limit=0")))

# Revisions
n = w.create("network")
match = lambda number: {"If-Match": "revision_number=%s" % number}
equal("If-Match that matches", 200,
      w.put("network", n["id"], match(n["revision_number"]), name="x").status)
r = w.put("network", n["id"], match(n["revision_number"]), name="y")
refused("If-Match that does not", r, 412, "RevisionNumberConstraintFailed")
refused("If-Match on delete", w.delete("network", n["id"], match(77)), 412,
        "RevisionNumberConstraintFailed")
refused("If-Match malformed", w.put("network", n["id"], {"If-Match": "etag"}, name="y"), 400,
        "HTTPBadRequest")
equal("a refused change changed nothing", "x", w.get("networks/" + n["id"])["network"]["name"])

# Tags
t = "networks/%s/tags" % n["id"]
call = lambda method, rest="", body=None: w.call(method, "/v2.0/" + t + rest, body)
equal("no tags", [], call("GET")["tags"])
r = call("PUT", "", {"tags": ["red", "blue"]})
check("tags replaced", r.status == 200 and sorted(r["tags"]) == ["blue", "red"], r)
refused("tags twice", call("PUT", "", {"tags": ["a", "a"]}), 400, "InvalidInput")
r = call("POST", "", {"tags": ["white", "blue"]})
check("tags added", r.status == 200 and r["tags"] == ["blue", "red", "white"], r)
equal("... are there", ["blue", "red", "white"], call("GET")["tags"])
refused("added twice", call("POST", "", {"tags": ["a", "a"]}), 400, "InvalidInput")
refused("POST of one tag", call("POST", "/white", {"tags": []}), 405, "HTTPMethodNotAllowed")
equal("... and gone", 204, call("DELETE", "/white").status)
refused("no tags in the body", call("PUT", "", {"tag": []}), 400, "InvalidInput")
r = call("PUT", "/green")
check("tag added", r.status == 201 and r.text == "null", r)
equal("tag there", 204, call("GET", "/green").status)
refused("tag not there", call("GET", "/black"), 404, "TagNotFound", "black")
equal("tag deleted", 204, call("DELETE", "/green").status)
refused("tag deleted twice", call("DELETE", "/green"), 404, "TagNotFound")
refused("tag too long", call("PUT", "/" + "x" * 256), 400, "InvalidInput")
refused("tags of nothing", w.get("networks/%s/tags" % NOBODY), 404, "TagResourceNotFound")
equal("a tag with odd characters", (201, 204),
      (call("PUT", "/a%20b%C3%A4").status, call("DELETE", "/a%20b%C3%A4").status))
m = w.create("network", tags=["red", "green"])
equal("tags on create", ["green", "red"], m["tags"])
for query, wanted in (("tags=red", {n["id"], m["id"]}), ("tags=red,blue", {n["id"]}),
                      ("tags-any=blue,green", {n["id"], m["id"]}),
                      ("tags=red&not-tags=blue,red", {m["id"]}),
                      ("tags=red&not-tags-any=green", {n["id"]})):
    equal("filter " + query, wanted, set(ids(query)))
equal("tags all deleted", (204, []), (call("DELETE").status, call("GET")["tags"]))

# Hosts
h = w.create("host", name="h1", tunnel_ip="10.99.0.2")
check("host", h["alive"] is False and h["ports"] == 0 and h["admin_state_up"] is True, h)
refused("host's name is taken", w.post("host", name="h1", tunnel_ip="10.99.0.3"), 409, "Conflict",
        "name")
refused("host's address is taken", w.post("host", name="h2", tunnel_ip="10.99.0.2"), 409,
        "Conflict", "tunnel_ip")
refused("host's address is none", w.post("host", name="h2", tunnel_ip="10.99"), 400,
        "HTTPBadRequest", "tunnel_ip", "10.99")
refused("host's name is none", w.post("host", name="a/b", tunnel_ip="10.9.0.4"), 400,
        "HTTPBadRequest", "a/b")
equal("host moves", "10.99.0.9",
      w.put("host", h["id"], tunnel_ip="10.99.0.9")["host"]["tunnel_ip"])
equal("its old address is free", 201, w.post("host", name="h3", tunnel_ip="10.99.0.2").status)
equal("host goes", 204, w.delete("host", h["id"]).status)

equal("weftd ends cleanly", 0, w.stop())
end()
