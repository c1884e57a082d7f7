#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ports on hosts: what a host that is unknown, lost or closed answers, and further bindings."""
import os, subprocess, sys, uuid
sys.dont_write_bytecode = True
from lib import BUILD, Host, Weftd, audit, check, end, equal, refused, soon

w = Weftd().start()
n = w.create("network")
w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
h1, h2 = Host(w, "h1", "10.99.0.2"), Host(w, "h2", "10.99.0.3")
VM = "compute:nova"
port = lambda **more: w.create("port", network_id=n["id"], **more)
bind = lambda p, host, **more: w.put("port", p["id"], **{"binding:host_id": host, **more})["port"]
vif = lambda p: w.get("ports/" + p["id"])["port"]["binding:vif_type"]
soon("two hosts", lambda: [h["alive"] for h in w.get("hosts")["hosts"]] == [True, True])

# Which hosts take it
p = port(device_owner=VM, **{"binding:host_id": "h1", "binding:profile": {"a": 1}})
equal("in the same call", ("tap", {"connectivity": "l2", "port_filter": True,
      "ovs_hybrid_plug": False}, {"a": 1}, "normal"),
      tuple(p["binding:" + x] for x in ("vif_type", "vif_details", "profile", "vnic_type")))
x = bind(p, "h9")
equal("a host that nobody knows", ("binding_failed", {}, "h9"),
      tuple(x["binding:" + y] for y in ("vif_type", "vif_details", "host_id")))
equal("bound again", "tap", bind(p, "h1")["binding:vif_type"])
h2.close()
soon("a host is lost", lambda: not w.get("hosts?name=h2")["hosts"][0]["alive"])
lost = port(**{"binding:host_id": "h2"})
equal("binding to it fails", "binding_failed", lost["binding:vif_type"])
h2 = Host(w, "h2", "10.99.0.3")
soon("until it is back", lambda: vif(lost) == "tap")
equal("a change binds it for good", "tap", w.put("port", lost["id"], name="x")["port"]["binding:vif_type"])
h2.close()
soon("the host is lost again", lambda: not w.get("hosts?name=h2")["hosts"][0]["alive"])
equal("what was bound stays bound", "tap", vif(lost))
h2 = Host(w, "h2", "10.99.0.3")
soon("back", lambda: w.get("hosts?name=h2")["hosts"][0]["alive"])
direct = port(**{"binding:host_id": "h1", "binding:vnic_type": "direct"})
equal("an interface that no agent can wire", ("binding_failed", "direct"),
      (direct["binding:vif_type"], direct["binding:vnic_type"]))
refused("no kind at all", w.post("port", network_id=n["id"], **{"binding:vnic_type": "x"}), 400,
        "HTTPBadRequest", "'x'")
id2 = w.get("hosts?name=h2")["hosts"][0]["id"]
w.put("host", id2, admin_state_up=False)
closed = port(**{"binding:host_id": "h2"})
equal("a host that takes no new ports", "binding_failed", closed["binding:vif_type"])
equal("keeps those it has", "tap", vif(lost))
equal("nor a second binding", 500, w.call("POST", "/v2.0/ports/%s/bindings" % p["id"],
                                          {"binding": {"host": "h2"}}).status)
h2.until(lambda h: lost["id"] in h.rows("port"))
check("and is not told of the new one", closed["id"] not in h2.rows("port"), h2.rows("port"))
w.put("host", id2, admin_state_up=True)
equal("open again, it waits for a change", ("binding_failed", "tap"), (
    vif(closed), w.put("port", closed["id"], name="y")["port"]["binding:vif_type"]))
check("and the host is told", h2.until(lambda h: closed["id"] in h.rows("port")))

# Further bindings
url = "/v2.0/ports/%s/bindings" % p["id"]
add = lambda host, **more: w.call("POST", url, {"binding": {"host": host, **more}})
r = add("h2", profile={"os_vif_delegation": True})
equal("a second one", (201, {"host": "h2", "status": "INACTIVE", "vif_type": "tap",
      "vif_details": {"connectivity": "l2", "port_filter": True, "ovs_hybrid_plug": False},
      "vnic_type": "normal", "profile": {"os_vif_delegation": True}}), (r.status, r["binding"]))
refused("the same again", add("h2"), 409, "PortBindingAlreadyExists", "h2")
refused("the active one again", add("h1"), 409, "PortBindingAlreadyExists", "h1")
refused("on a host that cannot", add("h9"), 500, "PortBindingError", "h9", p["id"])
refused("on no host", w.call("POST", url, {"binding": {}}), 400, "HTTPBadRequest", "'host'")
refused("on a name that is none", add("a b"), 400, "HTTPBadRequest", "'a b'")
refused("on an empty name", add(""), 400, "HTTPBadRequest", "host", "''")
refused("with a profile that could not be stored", w.call("POST", url, (
        '{"binding":{"host":"h3","profile":{"":%s%s}}}' % ("[" * 2045, "]" * 2045)).encode()), 400,
        "HTTPBadRequest", "profile", "levels")
refused("something else", add("h3", x=1), 400, "HTTPBadRequest", "'x'")
refused("no binding", w.call("POST", url, {}), 400, "HTTPBadRequest", "'binding'")
both = lambda query="": sorted((b["host"], b["status"]) for b in
                               w.call("GET", url + query)["bindings"])
equal("both", [("h1", "ACTIVE"), ("h2", "INACTIVE")], both())
equal("filter", [("h2", "INACTIVE")], both("?status=INACTIVE"))
equal("fields", [{"host": "h1"}], w.call("GET", url + "?fields=host&host=h1")["bindings"])
equal("one", ("h2", "INACTIVE"), tuple(w.call("GET", url + "/h2")["binding"][x]
                                       for x in ("host", "status")))
refused("none", w.call("GET", url + "/h3"), 404, "PortBindingNotFound", "h3")
r = w.call("PUT", url + "/h2", {"binding": {"profile": {"b": 2}}})
equal("changed", (200, {"b": 2}), (r.status, r["binding"]["profile"]))
refused("its host stays", w.call("PUT", url + "/h2", {"binding": {"host": "h3"}}), 400,
        "HTTPBadRequest", "host")
check("the host of the second is told nothing", p["id"] not in h2.rows("port"))
w.stop()
w.start()
h1, h2 = Host(w, "h1", "10.99.0.2"), Host(w, "h2", "10.99.0.3")
soon("back after a restart", lambda: [h["alive"] for h in w.get("hosts")["hosts"]] == [True, True])
equal("which kept both", [("h1", "ACTIVE"), ("h2", "INACTIVE")], both())
h1.until(lambda h: p["id"] in h.rows("port"))
h1.tell(**{p["id"]: True})
equal("ACTIVE on the first", "ACTIVE", w.get("ports/" + p["id"])["port"]["status"])
r = w.call("PUT", url + "/h2/activate")
equal("activated", (200, "h2", "ACTIVE"), (r.status, r["binding"]["host"], r["binding"]["status"]))
equal("they change places", [("h1", "INACTIVE"), ("h2", "ACTIVE")], both())
x = w.get("ports/" + p["id"])["port"]
equal("the port is there", ("h2", "tap", {"b": 2}, "DOWN"), (
    x["binding:host_id"], x["binding:vif_type"], x["binding:profile"], x["status"]))
check("its rows arrive", h2.until(lambda h: p["id"] in h.rows("port")))
check("and leave", h1.until(lambda h: p["id"] not in h.rows("port")))
refused("it is active", w.call("PUT", url + "/h2/activate"), 409, "PortBindingAlreadyActive")
refused("there is none", w.call("PUT", url + "/h3/activate"), 404, "PortBindingNotFound")
equal("bound back by the port", [("h1", "ACTIVE")], (bind(p, "h1"), both())[1])
equal("another one", 201, add("h2").status)
h2.close()
soon("its host is lost", lambda: not w.get("hosts?name=h2")["hosts"][0]["alive"])
refused("it cannot be activated", w.call("PUT", url + "/h2/activate"), 500, "PortBindingError")
equal("and all is as it was", [("h1", "ACTIVE"), ("h2", "INACTIVE")], both())
equal("deleted", 204, w.call("DELETE", url + "/h2").status)
refused("twice", w.call("DELETE", url + "/h2"), 404, "PortBindingNotFound")
equal("the active one too", 204, w.call("DELETE", url + "/h1").status)
equal("it is then unbound", ("unbound", "", []), (vif(p), w.get("ports/" + p["id"])["port"][
    "binding:host_id"], both()))
equal("no verb", 405, w.call("DELETE", url).status)
equal("no path", 404, w.call("PUT", url + "/h1/x").status)
equal("no way to ask", 405, w.call("GET", url + "/h1/activate").status)
plain = port()
refused("only of virtual machines", w.call("GET", "/v2.0/ports/%s/bindings" % plain["id"]), 400,
        "BadRequest", plain["id"])
refused("of no port", w.call("GET", "/v2.0/ports/%s/bindings" % uuid.uuid4()), 404, "PortNotFound")
refused("of nothing", w.call("POST", "/v2.0/ports/x/bindings", {"binding": {"host": "h1"}}), 404,
        "PortNotFound")

# The command line
h2 = Host(w, "h2", "10.99.0.3")
soon("a host is back", lambda: all(h["alive"] for h in w.get("hosts")["hosts"]))
bind(p, "h1", name="vm")


def weft(*words):
    done = subprocess.run([os.path.join(BUILD, "cli/weft"), "port", "binding", *words], text=True,
                          env={**os.environ, "WEFT_URL": "http://127.0.0.1:%d" % w.port},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.strip()


equal("weft port binding create", (0, "h2\nINACTIVE"),
      weft("create", "vm", "h2", "-f", "value", "-c", "host", "-c", "status"))
equal("weft port binding list", (0, "h1 ACTIVE\nh2 INACTIVE"),
      weft("list", "vm", "-f", "value", "-c", "host", "-c", "status"))
equal("weft port binding activate", (0, "ACTIVE"),
      weft("activate", "vm", "h2", "-f", "value", "-c", "status"))
equal("weft port binding delete", (0, ""), weft("delete", "vm", "h1"))
code, said = weft("delete", "vm", "h1")
check("which is not there", code == 3 and "h1" in said and "vm" in said, said)
equal("weftd ends cleanly", 0, w.stop())
equal("the store is whole", 0, audit(w.path(w.db))[0])
end()
