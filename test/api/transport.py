#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What HTTP itself carries: ids of requests, links through proxies, other origins, compressed
bodies, connections that are kept, an operator's limit of pages."""
import gzip, json, re, socket, sys, uuid
sys.dont_write_bytecode = True
from lib import Weftd, check, end, equal, refused

DASH = "https://dash.example"
w = Weftd("--log", "info,api=debug", "--pagination-max-limit", "5", "--cors-origin", DASH,
          "--cors-origin", "http://10.0.0.1:8080").start()
log = lambda: open(w.path("log")).read()

# Ids of requests
ID = "req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
seen = set()
for name, reply in (("an answer", w.get("networks")), ("nothing", w.get("nothing")),
                    ("a wrong request", w.call("POST", "/v2.0/networks", b"{")),
                    ("a document", w.call("GET", "/")), ("the row server", w.call("GET", "/weft/v1/x")),
                    ("metrics", w.call("GET", "/metrics"))):
    number = reply.headers["X-Openstack-Request-Id"]
    check("%s has an id" % name, re.fullmatch(ID, number or ""), reply.headers)
    seen.add(number)
equal("each its own", 6, len(seen))
given = "req-" + str(uuid.uuid4())
number = w.get("ports", {"X-Openstack-Request-Id": given}).headers["X-Openstack-Request-Id"]
check("a client's id is not ours", number != given, number)
check("... and both stand in the log", "%s %s: GET /v2.0/ports from 127.0.0.1:" % (number, given) in log() and
      ": 200 in " in log(), log()[-500:])
number = w.get("ports", {"X-Openstack-Request-Id": "req-1 ERROR api: all is lost"}).headers["X-Openstack-Request-Id"]
check("what is no id does not", "all is lost" not in log() and number + ": GET" in log(), log()[-500:])

# Links
link = lambda **headers: w.call("GET", "/", None, {k.replace("_", "-"): v for k, v in headers.items()})[
    "versions"][0]["links"][0]["href"]
here = "http://127.0.0.1:%d/v2.0/" % w.port
equal("without a proxy", here, link())
for wanted, headers in (
        ("https://weft.example/v2.0/", {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "weft.example"}),
        ("https://weft.example:8443/v2.0/", {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "weft.example",
                                            "X_Forwarded_Port": "8443"}),
        ("https://weft.example/v2.0/", {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "weft.example",
                                       "X_Forwarded_Port": "443"}),
        ("http://weft.example:81/v2.0/", {"X_Forwarded_Host": "weft.example:81", "X_Forwarded_Port": "82"}),
        ("https://[fd00::1]:8443/v2.0/", {"X_Forwarded_Proto": "HTTPS", "X_Forwarded_Host": "[fd00::1]",
                                         "X_Forwarded_Port": "8443"}),
        ("http://weft.example/network/v2.0/", {"X_Forwarded_Host": "weft.example",
                                              "X_Forwarded_Prefix": "/network/"}),
        ("http://first.example/v2.0/", {"X_Forwarded_Host": "first.example, second.example"}),
        (here, {"X_Forwarded_Host": 'a"b<c', "X_Forwarded_Prefix": "no slash"})):
    equal("behind a proxy: %s" % headers, wanted, link(**headers))
for i in range(12):
    w.create("network", name="n%02d" % i, description="d" * 200)
r = w.get("networks?limit=2", {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "weft.example",
                              "X-Forwarded-Prefix": "/network"})
check("pages, too", r["networks_links"][0]["href"].startswith("https://weft.example/network/v2.0/networks?limit=2&marker="),
      r["networks_links"])

# The limit of pages
count = lambda query: len(w.get("networks?" + query)["networks"])
equal("a page has what is asked for", 3, count("limit=3"))
equal("... but not more than may be", [5, 5, 5], [count("limit=7"), count("limit=0"), count("")])
seen, path = [], "networks"
while path:
    r = w.get(path)
    seen += [x["name"] for x in r["networks"]]
    links = {x["rel"]: x["href"] for x in r.body.get("networks_links", [])}
    path = links["next"].split("/v2.0/")[1] if "next" in links else None
equal("all of them by links", ["n%02d" % i for i in range(12)], sorted(seen))

# Other origins
ALLOW = "Access-Control-Allow-Origin"
ask = lambda origin, method="GET", path="/v2.0/networks", **more: w.call(
    method, path, None, {"Origin": origin, **{k.replace("_", "-"): v for k, v in more.items()}})
r = ask(DASH)
check("an origin that may read", r.status == 200 and r.headers[ALLOW] == DASH and
      "X-Openstack-Request-Id" in r.headers["Access-Control-Expose-Headers"] and
      "Origin" in r.headers.get_all("Vary"), r.headers)
check("... errors, too", ask(DASH, path="/v2.0/nothing").headers[ALLOW] == DASH, r.headers)
for origin in "https://evil.example", "https://dash.example.evil", "null":
    equal("%s may not" % origin, None, ask(origin).headers[ALLOW])
equal("without an origin nothing is said", None, w.get("networks").headers[ALLOW])
may = dict(Access_Control_Request_Method="PUT", Access_Control_Request_Headers="x-auth-token, content-type")
r = ask(DASH, "OPTIONS", **may)
check("a browser may ask before", r.status == 200 and r.headers[ALLOW] == DASH and
      "PUT" in r.headers["Access-Control-Allow-Methods"] and
      "X-Auth-Token" in r.headers["Access-Control-Allow-Headers"] and
      r.headers["Access-Control-Max-Age"] == "3600" and r.text == "", r.headers)
for name, reply in (("another origin", ask("https://evil.example", "OPTIONS", **may)),
                    ("another method", ask(DASH, "OPTIONS", Access_Control_Request_Method="TRACE")),
                    ("another header", ask(DASH, "OPTIONS", Access_Control_Request_Method="GET",
                                           Access_Control_Request_Headers="x-other"))):
    check("... not %s" % name, reply.status == 405 and
          "Access-Control-Allow-Methods" not in reply.headers, reply.headers)

# Compressed
def raw(path, accept):
    link = w.connect()
    link.request("GET", path, headers={"Accept-Encoding": accept} if accept is not None else {})
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer.headers, body


plain, same = raw("/v2.0/extensions", "")
for accept in "gzip", "gzip, deflate", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*", "GZIP":
    headers, body = raw("/v2.0/extensions", accept)
    check("compressed for " + accept, headers["Content-Encoding"] == "gzip" and
          headers["Vary"] == "Accept-Encoding" and len(body) < len(same) / 2 and
          gzip.decompress(body) == same, headers)
for accept in "", "identity", "gzip;q=0", "gzip;q=0, *", "br", "x-gzip-not":
    headers, body = raw("/v2.0/extensions", accept)
    check("as it is for '%s'" % accept, headers["Content-Encoding"] is None and body == same and
          headers["Content-Length"] == str(len(same)), headers)
headers, body = raw("/v2.0/networks?limit=1", "gzip")
check("what is small stays as it is", headers["Content-Encoding"] is None and json.loads(body), headers)

# Connections
with socket.create_connection(("127.0.0.1", w.port)) as link:
    answers = link.makefile("rb")
    for path in "/v2.0/networks", "/v2.0/nothing", "/healthcheck":
        link.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
        status = answers.readline()
        headers = {}
        while (line := answers.readline().strip()):
            headers[line.split(b":")[0].lower()] = line.split(b":", 1)[1].strip()
        answers.read(int(headers[b"content-length"]))
        check("one connection, %s" % path, status.startswith(b"HTTP/1.1 ") and
              headers.get(b"connection", b"").lower() != b"close", headers)
    link.sendall(b"GET /healthcheck HTTP/1.0\r\nHost: x\r\n\r\n")
    check("HTTP/1.0 gets its answer and the end", answers.read().endswith(b"OK"))
r = w.call("HEAD", "/healthcheck")
check("HEAD", r.status == 200 and r.text == "" and r.headers["Content-Length"] == "2", r)

equal("weftd ends cleanly", 0, w.stop())
for option, value, words in (("--pagination-max-limit", "0", "not a number of objects"),
                             ("--cors-origin", "dash.example", "neither SCHEME://HOST"),
                             ("--cors-origin", "https://dash.example/x", "neither SCHEME://HOST")):
    bad = Weftd(option, value)
    try:
        bad.start()
        check("%s %s is refused" % (option, value), False)
    except SystemExit:
        check("%s %s is refused" % (option, value), words in open(bad.path("log")).read(), open(bad.path("log")).read())
end()
