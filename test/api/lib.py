# SPDX-License-Identifier: Apache-2.0
"""A real weftd on a folder and a port of its own, a client, and the count that every suite
ends with."""
import atexit, http.client, json, os, shutil, signal, socket, subprocess, sys, tempfile, time

BUILD = os.environ.get("BUILD", os.path.join(os.path.dirname(__file__), "../../build-check"))
passed = failed = skipped = 0


def check(name, good, told=""):
    global passed, failed
    if good:
        passed += 1
        print("ok   " + name)
    else:
        failed += 1
        print("FAIL %s: %.2000s" % (name, told))
    return good


def equal(name, wanted, got):
    return check(name, wanted == got, "wanted %r, got %r" % (wanted, got))


def end():
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    sys.exit(1 if failed or not passed else 0)


class Reply:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text
        try:
            self.body = json.loads(text) if text else None
        except ValueError:
            self.body = None

    @property
    def fault(self):
        return (self.body or {}).get("NeutronError", {})

    def __str__(self):
        return "%s %s" % (self.status, self.text[:300])

    def __getitem__(self, key):
        return self.body[key]


class Weftd:
    def __init__(self, *options):
        self.folder = tempfile.mkdtemp(prefix="weft-api-")
        self.options = options
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = open(os.path.join(self.folder, "log"), "a")
        self.process = self.link = None
        self.headers = {}
        self.db = "weft.db"
        atexit.register(self.remove)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "controller/weftd"), "--listen", "127.0.0.1:%d" % self.port,
             "--store", "sqlite:" + self.path(self.db), *self.options],
            stdout=self.log, stderr=self.log)
        for _ in range(500):
            try:
                self.link = None
                if self.call("GET", "/").status == 200:
                    return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        print("weftd does not answer:\n" + open(self.path("log")).read())
        sys.exit(1)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.link = None
        return self.process.wait(20)

    def remove(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, method, path, body=None, headers=None, link=None):
        """BODY: bytes as they are, anything else as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        for attempt in range(2):
            if not link:
                self.link = self.link or self.connect()
            used = link or self.link
            try:
                used.request(method, path, body, {**self.headers, **(headers or {})})
                answer = used.getresponse()
                return Reply(answer.status, answer.headers, answer.read().decode())
            except (http.client.HTTPException, ConnectionError):
                if link or attempt:
                    raise
                self.link = None

    # Short forms; KIND is "network", the reply's object is returned.
    def create(self, kind, headers=None, **attrs):
        reply = self.call("POST", "/v2.0/%ss" % kind, {kind: attrs}, headers)
        if reply.status != 201:
            raise AssertionError("create %s %s: %s" % (kind, attrs, reply))
        return reply[kind]

    def post(self, kind, headers=None, **attrs):
        return self.call("POST", "/v2.0/%ss" % kind, {kind: attrs}, headers)

    def put(self, kind, id, headers=None, **attrs):
        return self.call("PUT", "/v2.0/%ss/%s" % (kind, id), {kind: attrs}, headers)

    def get(self, path, headers=None):
        return self.call("GET", "/v2.0/" + path, None, headers)

    def delete(self, kind, id, headers=None):
        return self.call("DELETE", "/v2.0/%ss/%s" % (kind, id), None, headers)


class Host:
    """An agent played by hand: its stream of rows is open, so the host is alive."""

    def __init__(self, w, name, ip, token=None, physical=None):
        self.w, self.name, self.link, self.rev, self.held = w, name, w.connect(), 0, {}
        self.headers = {"X-Auth-Token": token} if token else {}
        self.link.request("GET", "/weft/v1/hosts/%s/rows?ip=%s%s" % (
            name, ip, "&physical=" + physical if physical else ""), None, self.headers)
        self.answer = self.link.getresponse()
        if self.answer.status != 200:
            raise AssertionError("host %s: %s" % (name, self.answer.status))
        self.link.sock and self.link.sock.settimeout(10)

    def until(self, wanted):
        """Takes rows until WANTED(self) holds at a boundary; False after 10 s."""
        deadline = time.time() + 10
        while not (self.rev and wanted(self)):
            try:
                row = json.loads(self.answer.readline() or "{}")
            except OSError:
                return False
            if not row or time.time() > deadline:
                return False
            if row["op"] == "put":
                self.held[row["table"], row["key"]] = row["value"]
            elif row["op"] == "del":
                self.held.pop((row["table"], row["key"]), None)
            elif row["op"] in ("commit", "end"):
                self.rev = row["rev"]
        return True

    def rows(self, table):
        return {k: v for (t, k), v in self.held.items() if t == table}

    def tell(self, full=True, **ports):
        """Ports by their ids: whether they are wired."""
        return self.w.call("POST", "/weft/v1/hosts/%s/status" % self.name,
                           {"rev": self.rev, "full": full, "ports": ports}, self.headers)

    def close(self):
        self.answer.close()
        self.link.close()


def soon(name, good, seconds=20):
    """GOOD() holds within a generous time."""
    deadline = time.time() + seconds
    while not good():
        if time.time() > deadline:
            return check(name, False, "not within %s s" % seconds)
        time.sleep(0.05)
    return check(name, True)


def audit(path):
    """weftd --audit of the file PATH, or of an etcd by its URL: its exit status, and the lines it says."""
    done = subprocess.run([os.path.join(BUILD, "controller/weftd"), "--audit", "--store",
                           path if path.startswith("etcd:") else "sqlite:" + path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode().splitlines()


def refused(name, reply, status, type, *words):
    """The reply is an error of STATUS and TYPE whose message holds WORDS."""
    message = reply.fault.get("message", "")
    return check(name, reply.status == status and reply.fault.get("type") == type and
                 "detail" in reply.fault and all(word in message for word in words),
                 "wanted %s %s %s, got %s" % (status, type, words, reply))
