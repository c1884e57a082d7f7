#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Nova is told of its servers' ports: a recorder stands for Nova, and for Keystone, and is
down, slow, or answers with errors; weftd is killed meanwhile."""
import atexit, http.server, json, os, signal, socket, subprocess, sys, threading, time, uuid
sys.dont_write_bytecode = True
from etcd import Etcd, Shared
from lib import BUILD, Host, Weftd, audit, check, end, equal, soon


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keystone's and Nova's paths. HOW: what Nova does next; TOKENS: those it believes."""
    how, delay, tokens, requests, logins = 200, 0, set(), [], 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/v3/auth/tokens":
            Recorder.logins += 1
            token = "token-%d" % Recorder.logins
            Recorder.tokens.add(token)
            self.send(201, {"token": {"user": {"id": "u", "name": "weft", "domain": {"id": "d"}},
                      "project": {"id": "p", "domain": {"id": "d"}}, "roles": [{"name": "service"}],
                      "expires_at": "2099-01-01T00:00:00.000000Z"}}, {"X-Subject-Token": token})
            return
        if self.headers.get("X-Auth-Token") not in Recorder.tokens:
            self.send(401, {})
            return
        events = json.loads(body)["events"] if self.path.endswith("/os-server-external-events") else None
        how = Recorder.how
        Recorder.requests.append((how, self.path, events))
        time.sleep(Recorder.delay)
        answer = {"events": [{**e, "code": 200} for e in events or []]}
        if how == 207:
            for i, e in enumerate(answer["events"]):
                e["code"] = (200, 404, 422)[i % 3]
        self.send(how, answer if how in (200, 207) else {"error": "as told"})

    def send(self, status, body, headers={}):
        text = json.dumps(body).encode()
        try:
            self.send_response(status)
            for k, v in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(k, v)
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            pass

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, allow_reuse_address = True, True


def serve(port):
    server = Server(("127.0.0.1", port), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def taken():
    """What Nova has heard and accepted, in order."""
    return [(e["name"], e["tag"]) for how, _, events in Recorder.requests if how in (200, 207)
            for e in events]


keystone, nova = serve(0), serve(0)
where = nova.server_address[1]
w = Weftd()
for name, text in (("password", "secret"), ("tokens", "root admin admin\n")):
    with open(w.path(name), "w") as f:
        f.write(text)
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    metrics = "127.0.0.1:%d" % probe.getsockname()[1]
w.options = ("--keystone", "http://127.0.0.1:%d/v3" % keystone.server_address[1],
             "--keystone-password", w.path("password"), "--keystone-timeout", "3",
             "--tokens", w.path("tokens"), "--nova", "http://127.0.0.1:%d/v2.1" % where)
w.headers = {"X-Auth-Token": "root"}
w.start()
n = w.create("network")
w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
server = str(uuid.uuid4())
VM = {"device_owner": "compute:nova", "device_id": server, "binding:host_id": "h1"}
port = lambda **more: w.create("port", network_id=n["id"], **more)
with open(w.path("tokens"), "a") as f:
    f.write("any * agent\n")
w.process.send_signal(signal.SIGHUP)
soon("the agent's token is known", lambda: w.call("GET", "/v2.0/networks", None,
                                                  {"X-Auth-Token": "any"}).status == 200)
h1 = Host(w, "h1", "10.99.0.2", "any")
p = port(**VM)
h1.until(lambda h: p["id"] in h.rows("port"))
h1.tell()
new = lambda full=False, **ports: w.call("POST", "/weft/v1/hosts/h1/status", {
    "rev": h1.rev, "full": full, "ports": ports, "new": [k for k in ports if ports[k]]}, h1.headers)

# Each kind
new(**{p["id"]: True})
soon("plugged", lambda: taken() == [("network-vif-plugged", p["id"])])
equal("as Nova knows it", ("/v2.1/os-server-external-events", [{"name": "network-vif-plugged",
      "status": "completed", "server_uuid": server, "tag": p["id"]}]), Recorder.requests[-1][1:])
h1.tell(**{p["id"]: True})
h1.tell(full=False, **{p["id"]: False})
soon("unplugged", lambda: taken()[1:] == [("network-vif-unplugged", p["id"])])
h1.tell(full=False, **{p["id"]: True})
soon("plugged again", lambda: taken()[2:] == [("network-vif-plugged", p["id"])])
new(**{p["id"]: True})
soon("a device in place of another that nobody missed", lambda: taken()[3:] == [
    ("network-vif-plugged", p["id"])])
w.put("port", p["id"], name="x")
w.put("port", p["id"], fixed_ips=[{"ip_address": "10.0.0.77"}])
soon("other addresses", lambda: taken()[4:] == [("network-changed", p["id"])])
check("which has no status", "status" not in Recorder.requests[-1][2][0], Recorder.requests[-1])
h1.tell()
soon("a full report without it", lambda: taken()[5:] == [("network-vif-unplugged", p["id"])])
h1.tell(**{p["id"]: True})
soon("and with it", lambda: taken()[6:] == [("network-vif-plugged", p["id"])])
w.delete("port", p["id"])
soon("deleted", lambda: taken()[7:] == [("network-vif-deleted", p["id"])])
plain = [port(**{"binding:host_id": "h1"}), port(**{**VM, "device_id": "x"}),
         port(**{**VM, "device_owner": "network:dhcp"})]
h1.until(lambda h: all(x["id"] in h.rows("port") for x in plain))
new(**{x["id"]: True for x in plain})
for x in plain:
    w.put("port", x["id"], fixed_ips=[])
    w.delete("port", x["id"])
p = port(**VM)
w.delete("port", p["id"])
soon("nothing of what is no server's", lambda: taken()[8:] == [("network-vif-deleted", p["id"])])
equal("one login for all", 1, Recorder.logins)

# Trouble
Recorder.requests.clear()
Recorder.tokens.clear()
p = port(**VM)
w.delete("port", p["id"])
soon("a token that has ended is asked for anew", lambda: taken() == [
    ("network-vif-deleted", p["id"])] and Recorder.logins == 2)


def some(count=3):
    ports = [port(**VM) for _ in range(count)]
    for x in ports:
        w.delete("port", x["id"])
    return [("network-vif-deleted", x["id"]) for x in ports]


for how in 500, 503:
    Recorder.requests.clear()
    Recorder.how = how
    wanted = some()
    soon("Nova answers %d" % how, lambda: len(Recorder.requests) >= 2)
    Recorder.how = 200
    soon("and is told again, in order", lambda: taken() == wanted)
Recorder.requests.clear()
Recorder.how = 207
wanted = some()
soon("servers that Nova does not know, or not there", lambda: len(taken()) == 3)
Recorder.how = 200
more = some()
soon("are not told again", lambda: taken() == wanted + more)
Recorder.requests.clear()
Recorder.how = 404
some()
soon("none of them is known", lambda: sum(len(e) for how, _, e in Recorder.requests) >= 3)
Recorder.how = 200
wanted = some()
soon("nor are these told again", lambda: taken() == wanted)
Recorder.requests.clear()
Recorder.how = 400
wanted = some()
soon("what Nova refuses whole comes one by one", lambda: [
    len(e) for how, _, e in Recorder.requests].count(1) >= 3)
Recorder.how = 200
wanted = some()
soon("and is given up", lambda: taken() == wanted)
Recorder.requests.clear()
Recorder.delay = 1.5
p = [port(**VM) for _ in range(20)]
for x in p:
    w.delete("port", x["id"])
soon("a slow Nova is told all", lambda: len(taken()) >= 20)
check("many at a time", len(Recorder.requests) < 10, [len(e) for _, _, e in Recorder.requests])
equal("each once", 20, len(set(taken())))
Recorder.delay = 5
wanted = some(1)
soon("one more is on its way", lambda: wanted[0] in taken())
begin = time.time()
w.get("networks")
check("nobody else waits for it", time.time() - begin < 3)
Recorder.delay = 0
soon("one that is too slow is told again", lambda: taken().count(wanted[0]) >= 2)

# Nova is away, and so is weftd
Recorder.requests.clear()
nova.shutdown()
nova.server_close()
p = port(**VM)
h1.until(lambda h: p["id"] in h.rows("port"))
new(**{p["id"]: True})
gone = some()
moved = port(**VM)
w.put("port", moved["id"], fixed_ips=[{"ip_address": "10.0.0.99"}])
soon("it says so once", lambda: open(w.path("log")).read().count("events are owed") >= 1)
w.stop(signal.SIGKILL)
w.start()
equal("nothing was heard", [], taken())
equal("the store knows what it owes", 0, (w.stop(), audit(w.path(w.db))[0])[1])
w.start()
nova = serve(where)
soon("all of it is told when Nova is back", lambda: set(taken()) == {
    ("network-vif-plugged", p["id"]), *gone, ("network-changed", moved["id"])})
h1 = Host(w, "h1", "10.99.0.2", "any")
h1.tell(**{p["id"]: True})
wanted = some(1)
soon("and not again", lambda: wanted[0] in taken())
equal("what a host tells of again is nothing new", 1, taken().count(("network-vif-plugged", p["id"])))
last = w.call("GET", "/metrics").text
check("metrics", 'weft_nova_events_total{result="told"}' in last and
      "weft_nova_events_owed 0" in last, last[-600:])
equal("weftd ends cleanly", 0, w.stop())
equal("nothing is owed", 0, audit(w.path(w.db))[0])

# Two controllers on one etcd: one of them tells, and the other goes on when it dies
etcd = Etcd(w.path("etcd"), w.log)
Recorder.requests.clear()
first, second = (Shared(etcd, *w.options) for _ in range(2))
first.headers = second.headers = w.headers
first.start()
soon("one is elected", lambda: first.said("elected to tell it"))
second.start()
n = second.create("network")
second.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/24")
h1 = Host(second, "h1", "10.99.0.2", "any")
p = second.create("port", network_id=n["id"], **VM)
h1.until(lambda h: p["id"] in h.rows("port"))
h1.tell()
second.call("POST", "/weft/v1/hosts/h1/status", {"rev": h1.rev, "full": False, "ports": {p["id"]: True},
            "new": [p["id"]]}, h1.headers)
soon("what a host tells the other one", lambda: taken() == [("network-vif-plugged", p["id"])])
check("it is not elected", not second.said("elected to tell it"))
nova.shutdown()
nova.server_close()
gone = []
for _ in range(3):
    x = second.create("port", network_id=n["id"], **VM)
    second.delete("port", x["id"])
    gone.append(("network-vif-deleted", x["id"]))
first.stop(signal.SIGKILL)
soon("the other one is elected", lambda: second.said("elected to tell it"), 60)
nova = serve(where)
soon("and tells what the first one owed, once", lambda: taken()[1:] == gone)
equal("it ends cleanly", 0, second.stop())
w.options = ("--nova", "http://127.0.0.1:1/v2.1")
r = subprocess.run([os.path.join(BUILD, "controller/weftd"), *w.options], capture_output=True, text=True)
check("Nova needs Keystone", r.returncode == 2 and "--keystone" in r.stderr, r)
end()
