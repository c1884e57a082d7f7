#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names of ports: dns_name, dns_domain, dns_assignment, and what the host is told to serve."""
import subprocess, os, sys
sys.dont_write_bytecode = True
from lib import BUILD, Host, Weftd, check, end, equal, refused

w = Weftd("--dns-domain", "Cloud.example".lower()).start()
h1 = Host(w, "h1", "10.99.0.2")
n = w.create("network")
s = w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
s6 = w.create("subnet", network_id=n["id"], ip_version=6, cidr="fd00::/64",
              ipv6_address_mode="dhcpv6-stateful", ipv6_ra_mode="dhcpv6-stateful")
at = lambda ip4, **more: w.create("port", network_id=n["id"], **{"binding:host_id": "h1"}, fixed_ips=[
    {"ip_address": ip4}, {"ip_address": "fd00::" + ip4.split(".")[3]}], **more)
names = lambda p: [(x["hostname"], x["ip_address"], x["fqdn"]) for x in w.get("ports/" + p["id"])[
    "port"]["dns_assignment"]]


def told(p):
    """(host name, options by name) of DHCP, and options of DHCPv6, once the host knows."""
    h1.until(lambda h: p["id"] in h.rows("port"))
    w.put("network", n["id"], description="a mark")  # sends no row
    row = h1.rows("port")[p["id"]]
    flat = lambda options: {o["name"]: o["value"] for o in options}
    return (row["dhcp4"][0]["hostname"], flat(row["dhcp4"][0]["options"]),
            flat(row["dhcp6"]["options"]))


def tells(name, p, *wanted):
    check(name, h1.until(lambda h: p["id"] in h.rows("port") and told(p) == wanted), told(p))


CLOUD = {"domain-name": "cloud.example", "domain-search": "cloud.example"}
SIX = lambda domain: {"domain-search": domain}
p = at("10.0.0.9")
equal("nobody's name", [("host-10-0-0-9", "10.0.0.9", "host-10-0-0-9.cloud.example."),
      ("host-fd00--9", "fd00::9", "host-fd00--9.cloud.example.")], names(p))
equal("none is given", ("", "", ""), (p["dns_name"], p["dns_domain"], n["dns_domain"]))
tells("DHCP says so", p, "host-10-0-0-9", CLOUD, SIX("cloud.example"))
r = w.put("port", p["id"], dns_name="Web")
equal("a name, in lower case", (200, "web"), (r.status, r["port"]["dns_name"]))
equal("by each address", [("web", "10.0.0.9", "web.cloud.example."),
      ("web", "fd00::9", "web.cloud.example.")], names(p))
tells("DHCP says so", p, "web", CLOUD, SIX("cloud.example"))
r = w.put("network", n["id"], dns_domain="Net.Example.")
equal("a network's domain", (200, "net.example."), (r.status, r["network"]["dns_domain"]))
NET = {"domain-name": "net.example", "domain-search": "net.example"}
tells("its ports hear of it", p, "web", NET, SIX("net.example"))
w.put("port", p["id"], dns_domain="port.example.")
PORT = {"domain-name": "port.example", "domain-search": "port.example"}
tells("a port's domain goes before", p, "web", PORT, SIX("port.example"))
equal("and is part of its name", "web.port.example.", names(p)[0][2])
w.put("port", p["id"], dns_domain="", extra_dhcp_opts=[{"opt_name": "domain-name", "opt_value": "mine"}])
tells("an option of its own goes before", p, "web", {**NET, "domain-name": "mine"}, SIX("net.example"))
q = at("10.0.0.10", dns_name="db.net.example.")
equal("a whole name", [("db", "db.net.example.")] * 2, [(x[0], x[2]) for x in names(q)])
refused("of another domain", w.put("port", q["id"], dns_name="db.other.example."), 400,
        "HTTPBadRequest", "db.other.example.")
for bad in "a_b", "-a", "a-", "a..b", "x" * 64, "a.7", "ä":
    refused("no name: %.9s" % bad, w.put("port", q["id"], dns_name=bad), 400, "HTTPBadRequest",
            "dns_name")
for bad in "example", "a_b.", "." , "a..":
    refused("no domain: " + bad, w.put("network", n["id"], dns_domain=bad), 400, "HTTPBadRequest",
            "dns_domain")
    refused("nor a port's: " + bad, w.put("port", q["id"], dns_domain=bad), 400, "HTTPBadRequest",
            "dns_domain")
refused("too long together", w.put("port", q["id"], dns_name=".".join(["x" * 60] * 4)), 400,
        "HTTPBadRequest", "too long")
equal("filter by name", [p["id"]], [x["id"] for x in w.get("ports?dns_name=web")["ports"]])
r = w.put("port", p["id"], dns_name=None)
equal("no name any more", (200, ""), (r.status, r["port"]["dns_name"]))
w.stop()
w.options = ()
w.start()
equal("the network's domain stays", "db.net.example.", names(q)[0][2])
w.put("network", n["id"], dns_domain="")
equal("nor does its name, without it", "db.net.example", names(q)[0][0])
equal("no domain at all", [("host-10-0-0-9", "host-10-0-0-9")],
      [(x[0], x[2]) for x in names(p)[:1]])
w.put("network", n["id"], dns_domain="old.example.")
w.put("port", q["id"], dns_name="db.old.example.", dns_domain="")
w.put("network", n["id"], dns_domain="new.example.")
r = w.put("port", q["id"], name="still")
equal("a name that its network's domain has left hinders no other change", (200, "still"),
      (r.status, r["port"]["name"] if r.status == 200 else r))
refused("but is not given anew", w.put("port", q["id"], dns_name="db.old.example."), 400, "HTTPBadRequest",
        "dns_name")
r = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--dns-domain", "a b"],
                   capture_output=True, text=True)
check("weftd refuses what is no domain", r.returncode == 2 and "a b" in r.stderr, r)
equal("weftd ends cleanly", 0, w.stop())
end()
