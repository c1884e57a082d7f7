#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two controllers on one etcd: what one has answered the other knows, and what excludes each other
does so whichever of them is asked; at the end the store is whole."""
import ipaddress, os, subprocess, sys, threading, time
sys.dont_write_bytecode = True
from etcd import Etcd, Shared
from lib import BUILD, Weftd, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
with open(tokens, "w") as f:
    f.write("root admins admin\na pa member\nb pb member\nh * agent\n" +
            "".join("p%d p%d member\n" % (i, i) for i in range(60)))
etcd = Etcd(w.path("etcd"), w.log)
one, two = (Shared(etcd, "--tokens", tokens, "--quota", "all=-1").start() for _ in range(2))
admin, a, b = ({"X-Auth-Token": x} for x in ("root", "a", "b"))
DEFAULT = "default_security_group_rule"


def post(at, kind, headers, link=None, **attrs):
    path = (kind[:-1] + "ies" if kind.endswith("y") else kind + "s")
    path = path if kind == "service_profile" else path.replace("_", "-")
    return at.call("POST", "/v2.0/" + path, {kind: attrs}, headers, link)


def at_once(count, run):
    """RUN(i, link), from COUNT threads, to both controllers in turn; all that it returns."""
    start, got, lock = threading.Barrier(count), [], threading.Lock()

    def one_of(i):
        link = (one, two)[i % 2].connect()
        start.wait()
        reply = run(i, link)
        with lock:
            got.append(reply)

    threads = [threading.Thread(target=one_of, args=(i,)) for i in range(count)]
    [x.start() for x in threads]
    [x.join() for x in threads]
    return got


# Default rules: the first look at both at once makes them once
path = "/v2.0/default-security-group-rules"
got = at_once(8, lambda i, link: one.call("GET", path, None, admin, link)[DEFAULT + "s"])
equal("four, the same by each", {4}, {len(x) for x in got})
equal("and no others", 4, len({x["id"] for y in got for x in y}))
for round in range(20):
    port = 1000 + round
    rule = post(one, DEFAULT, admin, direction="ingress", protocol="tcp", port_range_min=port, port_range_max=port)[DEFAULT]
    group = post(two, "security_group", a, name="g%d" % round)["security_group"]
    wanted = port in [x["port_range_max"] for x in group["security_group_rules"]]
    one.call("DELETE", path + "/" + rule["id"], None, admin)
    after = post(two, "security_group", a, name="h%d" % round)["security_group"]
    if not wanted or port in [x["port_range_max"] for x in after["security_group_rules"]]:
        break
check("a group made by the other has the rules as they were answered", round == 19 and wanted, (round, group, after))
got = at_once(10, lambda i, link: post(one, DEFAULT, admin, link, direction="ingress", protocol="gre").status)
equal("one of a crowd makes a rule", [201] + 9 * [409], sorted(got))

# A pool: no prefix twice
pool = post(one, "subnetpool", admin, name="p", prefixes=["10.64.0.0/20"], default_prefixlen=26, shared=True)["subnetpool"]


def take(i, link):
    headers = {"X-Auth-Token": "p%d" % i}
    network = post(one, "network", headers, link)["network"]["id"]
    return [post(one, "subnet", headers, link, network_id=network, ip_version=4, subnetpool_id=pool["id"],
                 prefixlen=24 + i % 4) for _ in range(2)]


got = [x for y in at_once(20, take) for x in y]
cidrs = [ipaddress.ip_network(x["subnet"]["cidr"]) for x in got if x.status == 201]
check("some have got one", len(cidrs) >= 20, [str(x) for x in got])
equal("those that have not were told that there is no room", set(), {
    x.fault.get("type") for x in got if x.status != 201} - {"SubnetAllocationError"})
equal("none of them overlaps another", [], [(x, y) for i, x in enumerate(cidrs) for y in cidrs[:i] if x.overlaps(y)])

# ... until the last one is gone
full = post(two, "subnetpool", a, name="f", prefixes=["10.80.0.0/22"], default_prefixlen=26)["subnetpool"]


def take_all(i, link):
    network = post(one, "network", a, link)["network"]["id"]
    got = []
    while not got or got[-1].status == 201:
        got.append(post(one, "subnet", a, link, network_id=network, ip_version=4, subnetpool_id=full["id"]))
    return got


got = [x for y in at_once(6, take_all) for x in y]
cidrs = [ipaddress.ip_network(x["subnet"]["cidr"]) for x in got if x.status == 201]
equal("a pool of 16 prefixes gives 16, which are all of it", (16, [ipaddress.ip_network("10.80.0.0/22")]),
      (len(cidrs), list(ipaddress.collapse_addresses(cidrs))))
equal("whom nothing is left for is told so", [(409, "SubnetAllocationError")] * 6,
      [(x.status, x.fault.get("type")) for x in got if x.status != 201])
named = post(one, "subnetpool", a, name="n", prefixes=["10.96.0.0/16"], default_prefixlen=26)["subnetpool"]
nets = [post(one, "network", a)["network"]["id"] for _ in range(4)]
got = [sorted(x.status for x in at_once(4, lambda i, link: post(
    one, "subnet", a, link, network_id=nets[i], ip_version=4, subnetpool_id=named["id"], cidr="10.96.%d.0/24" % n)))
    for n in range(8)]
equal("a prefix that several name is one's alone", [[201, 409, 409, 409]] * 8, got)

# A policy or its use, but never both
network = post(one, "network", a)["network"]
both = neither = 0
for round in range(20):
    policy = post(one, "rbac_policy", a, object_type="network", object_id=network["id"], action="access_as_shared",
                  target_tenant="pb")["rbac_policy"]
    got = dict(at_once(2, lambda i, link: (i, (post(two, "port", b, link, network_id=network["id"]) if i == round % 2
               else one.call("DELETE", "/v2.0/rbac-policies/" + policy["id"], None, a, link)))))
    made, gone = got[round % 2], got[1 - round % 2]
    both += made.status == 201 and gone.status == 204
    neither += made.status != 201 and gone.status != 204
    if made.status == 201:
        one.call("DELETE", "/v2.0/ports/" + made["port"]["id"], None, b)
    if gone.status != 204:
        two.call("DELETE", "/v2.0/rbac-policies/" + policy["id"], None, a)
equal("a port by a policy, or the policy's end", (0, 0), (both, neither))

# A router with a flavor, or the flavor's end
profile = post(one, "service_profile", admin, driver="weft")["service_profile"]
both = neither = 0
for round in range(20):
    flavor = post(one, "flavor", admin, service_type="L3_ROUTER_NAT", service_profiles=[profile["id"]])["flavor"]
    got = dict(at_once(2, lambda i, link: (i, (post(two, "router", a, link, flavor_id=flavor["id"]) if i == round % 2
               else one.call("DELETE", "/v2.0/flavors/" + flavor["id"], None, admin, link)))))
    made, gone = got[round % 2].status, got[1 - round % 2].status
    both += made == 201 and gone == 204
    neither += made != 201 and gone != 204
equal("a router with a flavor, or the flavor's end", (0, 0), (both, neither))

# What a host could not make, told to one
host = {"X-Auth-Token": "h"}
stream = one.connect()
stream.request("GET", "/weft/v1/hosts/h1/rows?ip=10.99.0.2", None, host)
answer = stream.getresponse()


def tell(*refused):
    return one.call("POST", "/weft/v1/hosts/h1/status", {"rev": 0, "full": True, "ports": {}, "refused": refused}, host)


def shows(name, *refused):
    """What a host says is written soon after, and nobody waits for it."""
    for _ in range(100):
        got = [at.get("hosts?name=h1", admin)["hosts"][0]["refused"] for at in (two, one)]
        if got == [list(refused)] * 2:
            break
        time.sleep(0.05)
    equal(name, [list(refused)] * 2, got)


equal("a host connects to one", 200, answer.status)
equal("and says what it could not make", 200, tell({"what": "acl:x", "why": "no room"}).status)
shows("both show it", "network ACL x: no room")
tell({"what": "acl:x", "why": "no number"})
shows("as it is", "network ACL x: no number")
tell()
shows("until it can")
tell({"what": "acl:x", "why": "no room"})
answer.close()
stream.close()

for name in "networks", "subnets", "security-group-rules", "default-security-group-rules", "rbac-policies":
    said = [sorted(x["id"] for x in list(at.get(name, admin).body.values())[0]) for at in (one, two)]
    check("both say the same of " + name, said[0] == said[1], said)
equal("they end cleanly", (0, 0), (one.stop(), two.stop()))
done = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--audit", "--store",
                       "etcd:http://127.0.0.1:%d" % etcd.port], capture_output=True, text=True)
equal("the store is whole", (0, ""), (done.returncode, done.stdout if done.returncode else ""))
end()
