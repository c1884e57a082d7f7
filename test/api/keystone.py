#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tokens of a real Keystone: scopes, roles, application credentials, service tokens, the cache;
a Keystone that is slow or away; and `weft` with OpenStack's variables and clouds.yaml."""
import http.client, http.server, os, signal, subprocess, sys, threading, time
sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(__file__), "../openstack"))
from cloud import Keystone, free_port, project_scope
from lib import BUILD, Weftd, check, end, equal, refused

CACHE = 2  # seconds
w = Weftd()
keystone = Keystone(w.path("keystone"))
if not keystone.start():
    check("Keystone answers", False, open(keystone.log).read()[-2000:])
    end()
port, front_port, ask, login = keystone.port, free_port(), keystone.ask, keystone.login
root, roles, projects, users = keystone.root, keystone.roles, keystone.projects, keystone.users
for name, project, role in (("weft", "service", "service"), ("weft", "service", "admin"),
                            ("nova", "service", "service"), ("alice", "red", "member"),
                            ("rita", "red", "reader"), ("bob", "blue", "member")):
    keystone.grant(name, project, role)
keystone.endpoint("network", "weft", "http://127.0.0.1:%d/" % w.port)


# What stands between weftd and Keystone, and can be slow
class Front(http.server.BaseHTTPRequestHandler):
    delay, asked = 0, []

    def answer(self):
        Front.asked.append(self.path)
        time.sleep(Front.delay)
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        size = int(self.headers.get("Content-Length") or 0)
        link.request(self.command, self.path, self.rfile.read(size) if size else None,
                     {k: v for k, v in self.headers.items() if k.lower().startswith("x-") or
                      k.lower() == "content-type"})
        reply = link.getresponse()
        body = reply.read()
        try:
            self.send_response(reply.status)
            for key, value in reply.headers.items():
                if key.lower() in ("x-subject-token", "content-type"):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass

    do_GET = do_POST = answer

    def log_message(self, *words):
        pass


front = http.server.ThreadingHTTPServer(("127.0.0.1", front_port), Front)
front.daemon_threads = True
threading.Thread(target=front.serve_forever, daemon=True).start()
password, tokens = w.path("password"), w.path("tokens")
with open(password, "w") as f:
    f.write("secret\n")
with open(tokens, "w") as f:
    f.write("static pstatic member\n")
w.options = ("--keystone", "http://127.0.0.1:%d/v3" % front_port, "--keystone-password", password,
             "--keystone-cache", str(CACHE), "--keystone-timeout", "8", "--tokens", tokens)
w.start()
T = lambda token, **more: {"X-Auth-Token": token, **more}

# Who one is
r = w.get("networks")
check("no token", r.status == 401 and r.body == {"error": {"code": 401, "title": "Unauthorized",
      "message": "The request you have made requires authentication."}} and
      r.headers["WWW-Authenticate"] == 'Keystone uri="http://127.0.0.1:%d/v3"' % front_port, r)
equal("a token nobody gave", 401, w.get("networks", T("gAAAAABnonsense")).status)
equal("a token with spaces", 401, w.get("networks", T("a b")).status)
alice, token = login("alice", scope=project_scope("red"))
rita, bob = (login(x, scope=project_scope(y))[0] for x, y in (("rita", "red"), ("bob", "blue")))
n = w.create("network", T(alice), name="mine")
equal("the project is the token's", projects["red"], n["project_id"])
check("members are shown what is theirs", "provider:network_type" not in n, n)
equal("a reader sees it", 200, w.get("networks/" + n["id"], T(rita)).status)
refused("and changes nothing", w.put("network", n["id"], T(rita), name="x"), 403,
        "PolicyNotAuthorized")
refused("another project does not see it", w.get("networks/" + n["id"], T(bob)), 404,
        "NetworkNotFound")
check("an administrator sees all of it", "provider:network_type" in
      w.get("networks/" + n["id"], T(root))["network"])
equal("a static token goes on", 200, w.get("networks", T("static")).status)
equal("and is not asked about", 0, sum("static" in x for x in Front.asked))
before = len(Front.asked)
for _ in range(20):
    w.get("networks", T(alice))
check("a known token is not asked about each time", len(Front.asked) - before <= 1, Front.asked)

# Scopes
system, _ = login("admin", scope={"system": {"all": True}})
refused("a token for the system is none for a project", w.post("network", T(system)), 403,
        "PolicyNotAuthorized")
ask("PUT", "/domains/default/users/%s/roles/%s" % (users["alice"], roles["admin"]), token=root)
domain, _ = login("alice", scope={"domain": {"id": "default"}})
equal("nor is one for a domain", [], w.get("networks", T(domain))["networks"])
unscoped, _ = login("bob")
refused("an unscoped token makes nothing", w.post("network", T(unscoped)), 403,
        "PolicyNotAuthorized")
status, _, body = ask("POST", "/users/%s/application_credentials" % users["alice"],
                      {"application_credential": {"name": "ci"}}, alice)
credential = body["application_credential"]
status, headers, _ = ask("POST", "/auth/tokens", {"auth": {"identity": {
    "methods": ["application_credential"], "application_credential": {
        "id": credential["id"], "secret": credential["secret"]}}}})
equal("an application credential's token", [n["id"]], [x["id"] for x in w.get(
    "networks", T(headers["X-Subject-Token"]))["networks"]])

# Services
nova, _ = login("nova", scope=project_scope("service"))
p = w.create("port", T(alice), network_id=n["id"])
equal("a service binds", "h1", w.put("port", p["id"], T(nova), **{"binding:host_id": "h1"})[
    "port"]["binding:host_id"])
equal("a service token beside a user's", 200, w.get("ports/" + p["id"], T(
    alice, **{"X-Service-Token": nova})).status)
equal("a service token that is none", 401, w.get("ports/" + p["id"], T(
    alice, **{"X-Service-Token": "nonsense"})).status)

# Revocation: a token that has ended is refused as soon as it is asked about again
victim, _ = login("alice", scope=project_scope("red"))
equal("before", 200, w.get("networks", T(victim)).status)
ask("DELETE", "/auth/tokens", token=root, headers={"X-Subject-Token": victim})
for _ in range(100):
    time.sleep(0.2)
    if w.get("networks", T(victim)).status == 401:
        break
check("revoked", w.get("networks", T(victim)).status == 401)

# A slow Keystone holds up nobody else
fresh = [login("alice", scope=project_scope("red"))[0] for _ in range(4)]
w.get("networks", T(alice))
Front.delay = 2
answers, crowd = [], []
for t in fresh[:3]:
    crowd.append(threading.Thread(target=lambda t=t: answers.append(
        w.call("GET", "/v2.0/networks", None, T(t), w.connect()).status)))
[t.start() for t in crowd]
time.sleep(0.3)
equal("others are answered meanwhile", (200, []), (w.get("networks", T("static")).status,
                                                   list(answers)))
[t.join() for t in crowd]
equal("who waited is answered", [200] * 3, answers)
Front.delay = 0

# Keystone away: who is known goes on, beyond the time that a token is believed
w.get("networks", T(alice))
keystone.process.send_signal(signal.SIGSTOP)
Front.delay = 30
time.sleep(CACHE + 0.5)
equal("who is known goes on", 200, w.get("networks", T(alice)).status)
r = w.get("networks", T(fresh[3]))
equal("who is not cannot be helped", 503, r.status)
begin = time.time()
equal("and hears so at once", 503, w.get("networks", T(fresh[3])).status)
equal("a static token goes on", 200, w.get("networks", T("static")).status)
keystone.process.send_signal(signal.SIGCONT)
Front.delay = 0
for _ in range(150):
    if w.get("networks", T(fresh[3])).status == 200:
        break
    time.sleep(0.2)
check("Keystone is back", w.get("networks", T(fresh[3])).status == 200)
said = open(w.path("log")).read()
check("the log says both", "Keystone http" in said and "answers again" in said, said[-500:])


# The command line
def weft(words, **variables):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OS_", "WEFT_"))}
    p = subprocess.run([os.path.join(BUILD, "cli/weft"), *words], capture_output=True, text=True,
                       env={**clean, **variables}, timeout=60)
    return p.returncode, p.stdout.strip(), p.stderr.strip()


base = {"OS_AUTH_URL": "http://127.0.0.1:%d/v3" % port, "OS_USER_DOMAIN_ID": "default",
        "OS_PROJECT_DOMAIN_ID": "default"}
code, out, err = weft(["network", "list"], OS_USERNAME="alice", OS_PASSWORD="secret",
                      OS_PROJECT_NAME="red", **base)
check("weft: a password, and the endpoint from the catalog", code == 0 and "mine" in out,
      (code, out, err))
code, out, err = weft(["network", "list"], OS_USERNAME="alice", OS_PASSWORD="wrong",
                      OS_PROJECT_NAME="red", **base)
check("weft: a wrong password", code != 0 and "401" in err, (code, out, err))
code, out, err = weft(["network", "list"], OS_AUTH_TYPE="v3token", OS_TOKEN=alice,
                      OS_PROJECT_NAME="red", **base)
check("weft: a token for a token", code == 0 and "mine" in out, (code, out, err))
code, out, err = weft(["network", "list"], OS_AUTH_TYPE="v3applicationcredential",
                      OS_APPLICATION_CREDENTIAL_ID=credential["id"],
                      OS_APPLICATION_CREDENTIAL_SECRET=credential["secret"], **base)
check("weft: an application credential", code == 0 and "mine" in out, (code, out, err))
code, out, err = weft(["network", "list"], OS_AUTH_TYPE="admin_token", OS_TOKEN="static",
                      OS_ENDPOINT="http://127.0.0.1:%d" % w.port)
check("weft: a static token", code == 0 and "mine" not in out, (code, out, err))
clouds = w.path("clouds.yaml")
with open(clouds, "w") as f:
    f.write("clouds:\n  red:\n    auth:\n      auth_url: http://127.0.0.1:%d/v3\n"
            "      username: alice\n      password: secret\n      project_name: red\n"
            "      user_domain_name: Default\n      project_domain_name: Default\n"
            "    region_name: R1\n" % port)
code, out, err = weft(["network", "list"], OS_CLOUD="red", OS_CLIENT_CONFIG_FILE=clouds)
check("weft: a cloud of clouds.yaml", code == 0 and "mine" in out, (code, out, err))
code, out, err = weft(["network", "list"], OS_CLOUD="green", OS_CLIENT_CONFIG_FILE=clouds)
check("weft: a cloud that is not there", code != 0 and "green" in err, (code, out, err))
equal("weftd ends cleanly", 0, w.stop())
end()
