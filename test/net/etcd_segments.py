#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Segments and ranges of numbers through several controllers at once: each number, place and range is
one network's, or one request's, alone. etcd_segments.py URL..."""
import json, sys, threading, urllib.error, urllib.request

urls, bad = sys.argv[1:], []
COUNT = 48  # numbers of a project, each of them wanted


def ask(at, method, path, body=None):
    request = urllib.request.Request(urls[at % len(urls)] + "/v2.0/" + path, method=method,
                                     data=json.dumps(body).encode() if body else None,
                                     headers={"X-Auth-Token": "admin-secret", "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.loads(reply.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["NeutronError"]["type"]


def network(at, **attrs):
    return ask(at, "POST", "networks", {"network": attrs})


def span(at, low, high, **attrs):
    return ask(at, "POST", "network_segment_ranges", {"network_segment_range": dict(
        name="r", network_type="vxlan", minimum=low, maximum=high, **attrs)})


def crowd(count, work):
    """WORK(n) for each n of COUNT at once; what they return."""
    results = [None] * count

    def one(n):
        results[n] = work(n)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    [x.start() for x in threads]
    [x.join() for x in threads]
    return results


def expect(name, good, told):
    if not good:
        bad.append("%s: %s" % (name, str(told)[:500]))


def number(reply):
    return reply[1]["network"]["provider:segmentation_id"] if reply[0] == 201 else reply


expect("one default range", len(ask(0, "GET", "network_segment_ranges?default=true")[1]["network_segment_ranges"]) == 1,
       ask(0, "GET", "network_segment_ranges")[1])
# One of those that overlap is made.
made = crowd(6, lambda n: span(n, 700000 + n, 700000 + n + COUNT - 1, shared=False, project_id="tight"))
expect("one range", sorted(x[0] for x in made) == [201] + [409] * 5, made)
own = next(x[1]["network_segment_range"] for x in made if x[0] == 201)
# Each of its numbers is given once, and none to others.
got = [number(x) for x in crowd(COUNT, lambda n: network(n, project_id="tight"))]
expect("every number once", sorted(map(str, got)) == [str(x) for x in range(own["minimum"], own["maximum"] + 1)], got)
rest = [number(x) for x in crowd(6, lambda n: network(n, project_id="tight" if n % 2 else "loose"))]
expect("then those of all", all(isinstance(x, int) and not own["minimum"] <= x <= own["maximum"] for x in rest), rest)
# One VLAN, one flat network.
vlan = {"router:external": True, "provider:network_type": "vlan", "provider:physical_network": "p",
        "provider:segmentation_id": 7}
said = crowd(6, lambda n: network(n, **vlan))
expect("one has the VLAN", sorted(x[0] for x in said) == [201] + [409] * 5 and
       {x[1] for x in said if x[0] == 409} == {"VlanIdInUse"}, said)
wire = next(x[1]["network"] for x in said if x[0] == 201)
# Markers of one network, added and taken away at once, leave it whole.
more = crowd(9, lambda n: ask(n, "POST", "segments", {"segment": {
    "network_id": wire["id"], "network_type": "vlan", "physical_network": "p", "segmentation_id": 10 + n}}))
expect("each marker is added", {x[0] for x in more} == {201}, more)
segments = ask(1, "GET", "segments?network_id=" + wire["id"])[1]["segments"]
gone = crowd(len(segments), lambda n: ask(n, "DELETE", "segments/" + segments[n]["id"]))
expect("all go but one", sorted(x[0] for x in gone) == [204] * 9 + [409], gone)
left = ask(2, "GET", "segments?network_id=" + wire["id"])[1]["segments"]
told = ask(0, "GET", "networks/" + wire["id"])[1]["network"]
expect("which the network tells", [x["segmentation_id"] for x in left] == [told["provider:segmentation_id"]], (left, told))
# A range that goes while networks take of it: it is used and stays, or it is gone first.
for turn in range(4):
    spare = span(turn, 800000, 800005, shared=False, project_id="brief")[1]["network_segment_range"]
    mixed = crowd(4, lambda n: ask(n, "DELETE", "network_segment_ranges/" + spare["id"]) if n == 0 else
                  network(n, project_id="brief"))
    there = ask(turn, "GET", "network_segment_ranges/" + spare["id"])[0] == 200
    inside = [x for x in map(number, mixed[1:]) if isinstance(x, int) and 800000 <= x <= 800005]
    expect("a range under way", there == (mixed[0][0] == 409) and (there or not inside), (there, mixed))
    for x in mixed[1:]:
        x[0] == 201 and ask(0, "DELETE", "networks/" + x[1]["network"]["id"])
    there and ask(0, "DELETE", "network_segment_ranges/" + spare["id"])
everywhere = [sorted(json.dumps(x, sort_keys=True) for x in ask(n, "GET", "segments")[1]["segments"])
              for n in range(len(urls))]
expect("controllers agree", all(x == everywhere[0] for x in everywhere), [len(x) for x in everywhere])
print("%d segments, %d wrong" % (len(everywhere[0]), len(bad)))
print("\n".join(bad))
sys.exit(1 if bad else 0)
