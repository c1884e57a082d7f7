#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads everything through each controller: they agree, and nothing is handed out twice.
etcd_check.py MINIMUM URL..."""
import json, sys, urllib.request
from collections import Counter


def read(url, kind):
    request = urllib.request.Request(f"{url}/v2.0/{kind}", headers={"X-Auth-Token": "admin-secret"})
    return sorted(json.load(urllib.request.urlopen(request))[kind], key=lambda one: one["id"])


minimum, urls = int(sys.argv[1]), sys.argv[2:]
bad = []
seen = [{kind: read(url, kind) for kind in ("networks", "subnets", "ports")} for url in urls]
for url, one in zip(urls[1:], seen[1:]):
    for kind in one:
        if one[kind] != seen[0][kind]:
            bad.append(f"{url} does not have the {kind} of {urls[0]}: {len(one[kind])}, {len(seen[0][kind])}")
one = seen[0]
claims = Counter(("address", ip["subnet_id"], ip["ip_address"]) for port in one["ports"] for ip in port["fixed_ips"])
claims.update(("mac", port["network_id"], port["mac_address"]) for port in one["ports"])
claims.update(("vni", net["provider:segmentation_id"]) for net in one["networks"])
bad += [f"twice: {claim}" for claim, count in claims.items() if count > 1]
if len(one["ports"]) < minimum:
    bad.append(f"{len(one['ports'])} ports, not {minimum}")
print(f"{len(one['ports'])} ports, {len(one['networks'])} networks, {len(claims)} claims, {len(bad)} wrong")
print("\n".join(bad[:10]))
sys.exit(1 if bad else 0)
