#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's openstack client on hosts, zones, bindings, names, addresses in use and flavors."""
import json, os, shutil, subprocess, sys
sys.dont_write_bytecode = True
from lib import Host, Weftd, check, end, equal, soon

w = Weftd("--dns-domain", "cloud.example").start()
h1, h2 = Host(w, "h1", "10.99.0.2&zone=east"), Host(w, "h2", "10.99.0.3")
soon("two hosts", lambda: len(w.get("hosts")["hosts"]) == 2)
clean = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}


def says(*words):
    done = subprocess.run(["openstack", *words], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={
                              **clean, "OS_AUTH_TYPE": "none", "HOME": w.folder,
                              "OS_ENDPOINT": "http://127.0.0.1:%d" % w.port})
    return done.stdout.strip()


def prints(wanted, *words):
    equal("openstack " + " ".join(words), wanted, says(*words))


def shows(wanted, *words):
    """WANTED is part of the object that is printed."""
    text = says(*words, "-f", "json")
    try:
        got = json.loads(text)
    except ValueError:
        got = {}
    check("openstack " + " ".join(words), got and all(got.get(k) == v for k, v in wanted.items()), text)


def lists(wanted, *words):
    text = says(*words, "-f", "json")
    try:
        got = [tuple(x.values()) for x in json.loads(text)]
    except ValueError:
        got = text
    equal("openstack " + " ".join(words), wanted, got)


agent = {a["host"]: a["id"] for a in w.get("agents")["agents"]}
lists([("h1", "east", True, True), ("h2", "nova", True, True)], "network", "agent", "list", "--sort-column",
      "Host", "-c", "Host", "-c", "Availability Zone", "-c", "Alive", "-c", "State")
lists([("h1",)], "network", "agent", "list", "--host", "h1", "-c", "Host")
shows({"host": "h1", "binary": "weft-agent", "availability_zone": "east"}, "network", "agent", "show",
      agent["h1"])
prints("", "network", "agent", "set", "--disable", "--description", "a fan", agent["h2"])
shows({"admin_state_up": False, "description": "a fan"}, "network", "agent", "show", agent["h2"])
lists([("east", "available", "network"), ("east", "available", "router"),
       ("nova", "not available", "network"), ("nova", "not available", "router")], "availability", "zone",
      "list", "--network", "--long", "-c", "Zone Name", "-c", "Zone Status", "-c", "Zone Resource",
      "--sort-column", "Zone Name", "--sort-column", "Zone Resource")
shows({"name": "red", "availability_zone_hints": ["east"], "dns_domain": "red.example."}, "network", "create",
      "red", "--availability-zone-hint", "east", "--dns-domain", "red.example.")
check("openstack: a zone that is none", "AvailabilityZone" in says(
    "network", "create", "x", "--availability-zone-hint", "x"))
prints("", "network", "set", "--dns-domain", "blue.example.", "red")
shows({"dns_domain": "blue.example."}, "network", "show", "red")
shows({"cidr": "10.0.0.0/24"}, "subnet", "create", "s", "--network", "red", "--subnet-range", "10.0.0.0/24")
shows({"availability_zone_hints": ["east"], "distributed": True}, "router", "create", "r",
      "--availability-zone-hint", "east")
shows({"dns_name": "web", "binding_vif_type": "tap", "binding_host_id": "h1"}, "port", "create", "p",
      "--network", "red", "--dns-name", "web", "--host", "h1", "--fixed-ip", "ip-address=10.0.0.9")
shows({"dns_assignment": [{"hostname": "web", "ip_address": "10.0.0.9", "fqdn": "web.blue.example."}],
       "ip_allocation": "immediate"}, "port", "show", "p")
prints("", "port", "set", "--host", "h2", "p")
shows({"binding_vif_type": "binding_failed"}, "port", "show", "p")
prints("", "network", "agent", "set", "--enable", agent["h2"])
prints("", "port", "set", "--host", "h2", "--binding-profile", "a=b", "--vnic-type", "normal", "p")
shows({"binding_vif_type": "tap", "binding_profile": {"a": "b"}, "binding_vnic_type": "normal"}, "port",
      "show", "p")
prints("", "port", "set", "--dns-name", "db", "p")
shows({"dns_name": "db"}, "port", "show", "p")
prints("", "port", "unset", "--host", "p")
shows({"binding_vif_type": "unbound"}, "port", "show", "p")
lists([("red", 253, 1)], "ip", "availability", "list", "-c", "Network Name", "-c", "Total IPs", "-c", "Used IPs")
lists([], "ip", "availability", "list", "--ip-version", "6")
shows({"network_name": "red", "total_ips": 253, "used_ips": 1}, "ip", "availability", "show", "red")
lists([("L3_ROUTER_NAT", "weft", True)], "network", "service", "provider", "list")

# Flavors
shows({"driver": "weft", "enabled": True, "description": "ours"}, "network", "flavor", "profile", "create",
      "--driver", "weft", "--description", "ours")
profile = w.get("service_profiles")["service_profiles"][0]["id"]
check("openstack: a driver that is none", "404" in says("network", "flavor", "profile", "create", "--driver", "x"))
shows({"name": "gold", "service_type": "L3_ROUTER_NAT", "enabled": True}, "network", "flavor", "create",
      "--service-type", "L3_ROUTER_NAT", "--description", "good", "gold")
prints("", "network", "flavor", "add", "profile", "gold", profile)
says("network", "flavor", "add", "profile", "gold", profile)  # the client takes no notice of 409
shows({"service_profile_ids": [profile], "description": "good"}, "network", "flavor", "show", "gold")
lists([("gold", True, "L3_ROUTER_NAT", "good")], "network", "flavor", "list", "-c", "Name", "-c", "Enabled", "-c",
      "Service Type", "-c", "Description")
lists([("weft", True, "", "ours")], "network", "flavor", "profile", "list", "-c", "Driver", "-c", "Enabled", "-c",
      "Metainfo", "-c", "Description")
check("openstack: a profile in use", "409" in says("network", "flavor", "profile", "delete", profile))
gold = w.get("flavors?name=gold")["flavors"][0]["id"]
w.create("router", name="golden", flavor_id=gold)  # this client has no word for it yet
shows({"flavor_id": gold}, "router", "show", "golden")
check("openstack: a flavor in use", "409" in says("network", "flavor", "delete", "gold"))
prints("", "network", "flavor", "set", "--disable", "gold")
shows({"enabled": False}, "network", "flavor", "show", "gold")
prints("", "router", "delete", "golden")
prints("", "network", "flavor", "remove", "profile", "gold", profile)
prints("", "network", "flavor", "delete", "gold")
prints("", "network", "flavor", "profile", "delete", profile)
h2.close()
soon("a host is lost", lambda: not w.get("hosts?name=h2")["hosts"][0]["alive"])
prints("", "network", "agent", "delete", agent["h2"])
lists([("h1",)], "network", "agent", "list", "-c", "Host")
equal("weftd ends cleanly", 0, w.stop())
end()
