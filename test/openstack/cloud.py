# SPDX-License-Identifier: Apache-2.0
"""A real Keystone on loopback, with SQLite, in a folder of its own: what clients log in to."""
import atexit, http.client, json, os, signal, socket, sqlite3, subprocess, time

CONFIG = """[DEFAULT]
log_dir = {0}
[database]
connection = sqlite:///{0}/keystone.db
[fernet_tokens]
key_repository = {0}/fernet
[fernet_receipts]
key_repository = {0}/fernet
[credential]
key_repository = {0}/credential
[token]
allow_expired_window = 3600
[identity]
password_hash_rounds = 4
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def project_scope(name):
    return {"project": {"name": name, "domain": {"id": "default"}}}


class Keystone:
    """The administrator is admin of the project admin, everybody's password is `secret`."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = "http://127.0.0.1:%d/v3" % self.port
        self.log = os.path.join(folder, "log")
        self.process = self.root = None
        self.roles, self.projects, self.users = {}, {}, {}

    def start(self):
        os.mkdir(self.folder)
        config = os.path.join(self.folder, "keystone.conf")
        with open(config, "w") as f:
            f.write(CONFIG.format(self.folder))
        for name in "fernet", "credential":
            os.mkdir(os.path.join(self.folder, name))
        env = dict(os.environ, OS_KEYSTONE_CONFIG_FILES=config, OS_KEYSTONE_CONFIG_DIR=self.folder)
        owner = ["--keystone-user", "root", "--keystone-group", "root"]
        log = open(self.log, "a")
        for words in (["db_sync"], ["fernet_setup", *owner], ["credential_setup", *owner],
                      ["bootstrap", "--bootstrap-password", "secret", "--bootstrap-region-id", "R1",
                       "--bootstrap-public-url", self.url]):
            subprocess.run(["keystone-manage", "--config-file", config, *words], stdout=log,
                           stderr=log, env=env)
            # Keystone reads in one connection while it writes in another.
            with sqlite3.connect(os.path.join(self.folder, "keystone.db")) as database:
                database.execute("PRAGMA journal_mode=WAL")
        self.process = subprocess.Popen(
            ["keystone-wsgi-public", "-b", "127.0.0.1", "-p", str(self.port)], stdout=log,
            stderr=log, env=env)
        atexit.register(self.stop)
        return self.wait()

    def wait(self):
        for _ in range(600):
            try:
                if self.ask("GET", "/")[0] == 200:
                    break
            except OSError:
                time.sleep(0.1)
        else:
            return False
        self.root, _ = self.login("admin", scope=project_scope("admin"))
        self.roles, self.projects, self.users = ({
            x["name"]: x["id"] for x in self.ask("GET", "/" + kind)[2][kind]}
            for kind in ("roles", "projects", "users"))
        return True

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, method, path, body=None, token=None, headers=None):
        """By the administrator, unless there is a TOKEN."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        token = token or self.root
        link.request(method, "/v3" + path, json.dumps(body) if body is not None else None, {
            **({"X-Auth-Token": token} if token else {}), "Content-Type": "application/json",
            **(headers or {})})
        answer = link.getresponse()
        text = answer.read()
        return answer.status, answer.headers, json.loads(text) if text else None

    def login(self, user, password="secret", scope=None):
        status, headers, body = self.ask("POST", "/auth/tokens", {"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": user, "domain": {"id": "default"}, "password": password}}},
            **({"scope": scope} if scope else {})}})
        assert status == 201, (status, body)
        return headers["X-Subject-Token"], body["token"]

    def make(self, kind, **attrs):
        status, _, body = self.ask("POST", "/%ss" % kind, {kind: attrs})
        assert status == 201, (kind, attrs, status, body)
        return body[kind]

    def project(self, name):
        if name not in self.projects:
            self.projects[name] = self.make("project", name=name, domain_id="default")["id"]
        return self.projects[name]

    def grant(self, user, project, role):
        """All three are made if they are not there."""
        if role not in self.roles:
            self.roles[role] = self.make("role", name=role)["id"]
        if user not in self.users:
            self.users[user] = self.make("user", name=user, domain_id="default",
                                         password="secret")["id"]
        status = self.ask("PUT", "/projects/%s/users/%s/roles/%s" % (
            self.project(project), self.users[user], self.roles[role]))[0]
        assert status == 204, (user, project, role, status)

    def endpoint(self, type, name, url):
        service = self.make("service", type=type, name=name)["id"]
        self.make("endpoint", service_id=service, interface="public", region_id="R1", url=url)
