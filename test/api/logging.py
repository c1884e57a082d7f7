#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logs (extension logging): who may, what they are about, what is refused, what goes with what
they are about, and what the hosts are told."""
import sys
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal, refused

w = Weftd()
tokens = w.path("tokens")
w.options = ("--auth", "tokens", "--tokens", tokens)
with open(tokens, "w") as f:
    f.write("root admins admin boss\na pa member alice\n")
w.start()
admin, a = ({"X-Auth-Token": x} for x in ("root", "a"))
w.headers = admin
LOGS = "log/logs"


def call(method, path, body=None, headers=None):
    return w.call(method, "/v2.0/" + path, body, headers)


def log(headers=None, **attrs):
    return call("POST", LOGS, {"log": {"resource_type": "security_group", **attrs}}, headers)


def log_of(**attrs):
    r = log(**attrs)
    assert r.status == 201, r
    return r["log"]


aliases = {e["alias"] for e in call("GET", "extensions")["extensions"]}
check("the extension is announced", "logging" in aliases, aliases)
equal("what can be logged", [{"type": "security_group"}],
      call("GET", "log/loggable-resources")["loggable_resources"])
refused("a member may not ask", call("GET", "log/loggable-resources", None, a), 403,
        "PolicyNotAuthorized")
refused("a member may not log", log(a), 403, "PolicyNotAuthorized")
equal("a path below it", 404, call("GET", "log/nothing").status)

net = call("POST", "networks", {"network": {"name": "n"}}, a)["network"]
web, db = (call("POST", "security-groups", {"security_group": {"name": n}}, a)["security_group"]
           for n in ("web", "db"))
call("POST", "hosts", {"host": {"name": "h1", "tunnel_ip": "192.0.2.1"}})
port = call("POST", "ports", {"port": {"network_id": net["id"], "security_groups": [web["id"]],
                                       "project_id": "pa", "binding:host_id": "h1"}})["port"]
nobody = "00000000-0000-4000-8000-000000000001"

made = log_of(name="all of web", resource_id=web["id"])
equal("what is not said", ("ALL", True, None, "security_group", "admins", ""),
      tuple(made[k] for k in ("event", "enabled", "target_id", "resource_type", "project_id",
                              "description")))
equal("shown", made, call("GET", LOGS + "/" + made["id"])["log"])
equal("listed by what it is about", [made["id"]],
      [x["id"] for x in call("GET", LOGS + "?resource_id=" + web["id"])["logs"]])
equal("not by what it is not", [], call("GET", LOGS + "?event=DROP")["logs"])
for what, attrs, status, kind in (
        ("another type", dict(resource_type="router"), 400, "InvalidLogResourceType"),
        ("no type", dict(resource_type=""), 400, "InvalidLogResourceType"),
        ("no such group", dict(resource_id=nobody), 404, "ResourceNotFound"),
        ("the id of nothing", dict(resource_id="00000000-0000-0000-0000-000000000000"), 400, "HTTPBadRequest"),
        ("the port of that id", dict(target_id="00000000-0000-0000-0000-000000000000"), 400, "HTTPBadRequest"),
        ("no such port", dict(target_id=nobody), 404, "TargetResourceNotFound"),
        ("a port that is not in the group", dict(resource_id=db["id"], target_id=port["id"]), 400,
         "InvalidResourceConstraint"),
        ("an event that there is not", dict(event="MAYBE"), 400, "HTTPBadRequest"),
        ("no type", dict(resource_type=None), 400, "HTTPBadRequest")):
    refused(what, log(**attrs), status, kind)
refused("what it is about stays", call("PUT", LOGS + "/" + made["id"],
        {"log": {"event": "DROP"}}), 400, "HTTPBadRequest")
refused("no such log", call("GET", LOGS + "/" + nobody), 404, "LogResourceNotFound")


### What hosts are told
def told():
    for row in w.call("GET", "/weft/v1/hosts/h1/rows?snapshot=1")["rows"]:
        if row["table"] == "port":
            return row["value"].get("logs")


def shown(logs):
    return sorted((x["id"], x["accept"], x["drop"], x.get("set")) for x in logs or ())


group = "sg:" + web["id"]
equal("the port's row has it", [(made["id"], True, True, group)], shown(told()))
dropped = log_of(event="DROP", target_id=port["id"])
accepted = log_of(event="ACCEPT", project_id="pa")
other = log_of(event="ALL")
equal("and others, of the port and of its project, not of another project", sorted([
    (made["id"], True, True, group), (dropped["id"], False, True, None),
    (accepted["id"], True, False, None)]), shown(told()))
call("PUT", LOGS + "/" + made["id"], {"log": {"enabled": False, "name": "off"}})
equal("not what is disabled", 2, len(told()))
call("PUT", LOGS + "/" + made["id"], {"log": {"enabled": True}})
call("DELETE", LOGS + "/" + accepted["id"])
equal("nor what is deleted", 2, len(told()))
call("PUT", "ports/" + port["id"], {"port": {"security_groups": [db["id"]]}})
equal("nor of a group that it has left", [(dropped["id"], False, True, None)], shown(told()))

### What goes with what
before = call("GET", LOGS + "?sort_key=id").text
equal("weftd ends", 0, w.stop())
equal("the store is whole", (0, True), (lambda s, l: (s, bool(l)))(*audit(w.path(w.db))))
w.start()
equal("a restart keeps them", before, call("GET", LOGS + "?sort_key=id").text)
equal("a group goes", 204, call("DELETE", "security-groups/" + web["id"]).status)
equal("and its log", 404, call("GET", LOGS + "/" + made["id"]).status)
equal("a port goes", 204, call("DELETE", "ports/" + port["id"]).status)
equal("and its log, too", [other["id"]], [x["id"] for x in call("GET", LOGS)["logs"]])
end()
