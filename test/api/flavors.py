#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flavors and their service profiles: who says what, what may not go while it is named, and routers
that are made with a flavor, or are not."""
import signal, sys, threading
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--tokens", tokens, "--quota", "all=-1")
with open(tokens, "w") as f:
    f.write("root admins admin\na pa member\nr pa reader\n")
w.start()
admin, a, r = ({"X-Auth-Token": x} for x in ("root", "a", "r"))
w.headers = admin
nobody = "00000000-0000-4000-8000-00000000dead"


def bind(flavor, profile, headers=None):
    return w.call("POST", "/v2.0/flavors/%s/service_profiles" % flavor["id"],
                  {"service_profile": {"id": profile["id"]}}, headers)


def unbind(flavor, profile, headers=None):
    return w.call("DELETE", "/v2.0/flavors/%s/service_profiles/%s" % (flavor["id"], profile["id"]), None, headers)


def show(flavor, headers=None):
    return w.get("flavors/" + flavor["id"], headers)["flavor"]


aliases = {x["alias"] for x in w.get("extensions")["extensions"]}
check("announced", {"flavors", "l3-flavors", "service-type"} <= aliases)

# Profiles
weft = w.create("service_profile", driver="weft", description="ours")
equal("a profile", {"id": weft["id"], "driver": "weft", "metainfo": "", "enabled": True, "description": "ours"}, weft)
note = w.create("service_profile", metainfo='{"data": "value"}', driver="")
refused("an empty one", w.post("service_profile", enabled=True), 400, "ServiceProfileEmpty")
refused("a driver that nobody has", w.post("service_profile", driver="neutron.x.DvrDriver"), 404,
        "ServiceProfileDriverNotFound", "neutron.x.DvrDriver")
refused("not a member's to make", w.post("service_profile", a, driver="weft"), 403, "PolicyNotAuthorized")
refused("nor to see", w.get("service_profiles/" + weft["id"], a), 404, "ServiceProfileNotFound")
equal("nor to list", [], w.get("service_profiles", a)["service_profiles"])
equal("by driver", [weft["id"]], [x["id"] for x in w.get("service_profiles?driver=weft")["service_profiles"]])
equal("one that nobody has yet changes", (False, "x"), (lambda x: (x["enabled"], x["description"]))(
    w.put("service_profile", note["id"], enabled=False, description="x")["service_profile"]))
refused("but not to nothing", w.put("service_profile", note["id"], metainfo=""), 400, "ServiceProfileEmpty")

# Flavors
gold = w.create("flavor", name="gold", service_type="L3_ROUTER_NAT", description=500 * "x")
equal("a flavor", {"id": gold["id"], "name": "gold", "service_type": "L3_ROUTER_NAT", "enabled": True,
                   "service_profiles": [], "description": 500 * "x"}, gold)
tin = w.create("flavor", name="tin", service_type="FLAVORS", service_profiles=[weft["id"]])
equal("one with a profile", [weft["id"]], tin["service_profiles"])
equal("everybody sees them", {"gold", "tin"}, {x["name"] for x in w.get("flavors", r)["flavors"]})
for name, reply, status, type, word in (
        ("without a type", w.post("flavor", name="x"), 400, "HTTPBadRequest", "service_type"),
        ("a type that nobody serves", w.post("flavor", service_type="VPN"), 400, "HTTPBadRequest", "VPN"),
        ("another type later", w.put("flavor", gold["id"], service_type="FLAVORS"), 400, "HTTPBadRequest", "service_type"),
        ("a profile that there is not", w.post("flavor", service_type="FLAVORS", service_profiles=[nobody]), 404,
         "ServiceProfileNotFound", nobody),
        ("a profile twice", w.post("flavor", service_type="FLAVORS", service_profiles=[weft["id"]] * 2), 409,
         "FlavorServiceProfileBindingExists", weft["id"]),
        ("by a member", w.post("flavor", a, service_type="FLAVORS"), 403, "PolicyNotAuthorized", "create_flavor"),
        ("changed by a member", w.put("flavor", gold["id"], a, name="x"), 403, "PolicyNotAuthorized", "update_flavor"),
        ("deleted by a member", w.delete("flavor", gold["id"], a), 403, "PolicyNotAuthorized", "delete_flavor")):
    refused("refused: " + name, reply, status, type, word)

# Profiles of a flavor
equal("a profile is added", (201, [note["id"]]), (lambda x: (x.status, x["service_profile"]["service_profiles"]))(
    bind(gold, note)))
for name, reply, status, type, word in (
        ("once more", bind(gold, note), 409, "FlavorServiceProfileBindingExists", note["id"]),
        ("one that there is not", bind(gold, {"id": nobody}), 404, "ServiceProfileNotFound", nobody),
        ("one without an id", bind(gold, {"id": None}), 400, "HTTPBadRequest", "id"),
        ("to no flavor", bind({"id": nobody}, weft), 404, "FlavorNotFound", nobody),
        ("by a member", bind(gold, weft, a), 403, "PolicyNotAuthorized", "create_flavor_service_profile"),
        ("without its name", w.call("POST", "/v2.0/flavors/%s/service_profiles" % gold["id"], {"id": weft["id"]}),
         400, "HTTPBadRequest", "service_profile"),
        ("taken, by a member", unbind(gold, note, a), 403, "PolicyNotAuthorized", "delete_flavor_service_profile"),
        ("taken, what is not there", unbind(gold, weft), 404, "FlavorServiceProfileBindingNotFound", weft["id"]),
        ("taken, what is no id", unbind(gold, {"id": "x"}), 404, "FlavorServiceProfileBindingNotFound", "x"),
        ("a bound profile's end", w.delete("service_profile", note["id"]), 409, "ServiceProfileInUse", note["id"]),
        ("a bound profile's change", w.put("service_profile", note["id"], driver="weft"), 409, "ServiceProfileInUse",
         note["id"])):
    refused("refused: " + name, reply, status, type, word)
equal("none of that did anything", [note["id"]], show(gold)["service_profiles"])
equal("other methods are none", (405, 405), (w.call("GET", "/v2.0/flavors/%s/service_profiles" % gold["id"]).status,
      w.call("PUT", "/v2.0/flavors/%s/service_profiles/%s" % (gold["id"], note["id"]), {}).status))

# Routers
router = lambda **attrs: w.post("router", a, **attrs)
refused("a flavor whose only profile is disabled", router(flavor_id=gold["id"]), 404, "NoProviderFoundForFlavor", gold["id"])
equal("it is taken away", (204, []), (unbind(gold, note).status, show(gold)["service_profiles"]))
refused("a flavor without a profile", router(flavor_id=gold["id"]), 404, "FlavorServiceProfileBindingNotFound", gold["id"])
bind(gold, weft)
made = router(name="r", flavor_id=gold["id"])
equal("a router is made with it", (201, gold["id"]), (made.status, made["router"]["flavor_id"]))
equal("one is made without", None, router()["router"]["flavor_id"])
for name, attrs, status, type, word in (
        ("a flavor of something else", dict(flavor_id=tin["id"]), 400, "InvalidInput", tin["id"]),
        ("one that there is not", dict(flavor_id=nobody), 404, "FlavorNotFound", nobody)):
    refused("refused: " + name, router(**attrs), status, type, word)
refused("refused: flags beside a flavor", w.post("router", flavor_id=gold["id"], distributed=True), 400, "BadRequest",
        "flavor_id")
refused("refused: another flavor later", w.put("router", made["router"]["id"], a, flavor_id=tin["id"]), 400,
        "HTTPBadRequest", "flavor_id")
equal("a disabled flavor", False, w.put("flavor", gold["id"], enabled=False)["flavor"]["enabled"])
refused("makes no router", router(flavor_id=gold["id"]), 503, "FlavorDisabled", gold["id"])
equal("but has made one", gold["id"], w.get("routers/" + made["router"]["id"], a)["router"]["flavor_id"])
refused("and stays while it is there", w.delete("flavor", gold["id"]), 409, "FlavorInUse", gold["id"])
w.delete("router", made["router"]["id"], a)
equal("then it goes", 204, w.delete("flavor", gold["id"]).status)

# At the same moment: a router with a flavor, or the flavor's end, but never both
both = neither = 0
for round in range(30):
    flavor = w.create("flavor", service_type="L3_ROUTER_NAT", service_profiles=[weft["id"]])
    start, got = threading.Barrier(2), {}

    def run(key, method, path, body, headers):
        link = w.connect()
        start.wait()
        got[key] = w.call(method, path, body, headers, link)

    threads = [threading.Thread(target=run, args=x) for x in (
        ("router", "POST", "/v2.0/routers", {"router": {"flavor_id": flavor["id"]}}, a),
        ("flavor", "DELETE", "/v2.0/flavors/" + flavor["id"], None, admin))]
    [x.start() for x in (threads if round % 2 else threads[::-1])]
    [x.join() for x in threads]
    both += got["router"].status == 201 and got["flavor"].status == 204
    neither += got["router"].status != 201 and got["flavor"].status != 204
equal("a router or the flavor's end", (0, 0), (both, neither))
w.stop(signal.SIGKILL)
w.start()
equal("what a kill leaves", (show(tin)["service_profiles"], True), ([weft["id"]], all(
    x["flavor_id"] is None or show({"id": x["flavor_id"]}) for x in w.get("routers", a)["routers"])))
w.stop()
equal("the store is whole", 0, audit(w.path(w.db))[0])
end()
