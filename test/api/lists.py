#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Long lists: told in parts, whole all the same; to clients that read slowly, or not to the end.
Queries that are too long.
And a store with an object that cannot be read: which one it is, and a way to mend it."""
import gzip, json, os, socket, sqlite3, subprocess, sys, threading
sys.dont_write_bytecode = True
from lib import BUILD, Weftd, check, end, equal

COUNT = 3000
w = Weftd("--quota", "all=-1").start()
made = []
for n in range(0, COUNT, 1000):
    r = w.call("POST", "/v2.0/networks", {"networks": [{"name": "n%d" % k, "description": "x" * 200}
                                                       for k in range(n, n + 1000)]})
    made += [one["id"] for one in r["networks"]]


def ask(path, accept=None):
    link = w.connect()
    link.request("GET", path, headers={"Accept-Encoding": accept} if accept else {})
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer.headers, gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body


def ids(body):
    return [one["id"] for one in json.loads(body)["networks"]]


headers, body = ask("/v2.0/networks")
check("a long list comes in parts", headers["Transfer-Encoding"] == "chunked" and
      headers["Content-Type"] == "application/json", headers)
equal("... with all in order", sorted(made), ids(body))
headers, packed = ask("/v2.0/networks", "gzip")
check("compressed it is the same", headers["Content-Encoding"] == "gzip" and packed == body, headers)
headers, short = ask("/v2.0/networks?limit=100")
check("a short one comes at once", headers["Content-Length"] == str(len(short)) and
      ids(short) == sorted(made)[:100], headers)
_, page = ask("/v2.0/networks?limit=1000&marker=" + sorted(made)[999])
links = {one["rel"]: one["href"] for one in json.loads(page)["networks_links"]}
check("a long page has its links", ids(page) == sorted(made)[1000:2000] and
      sorted(made)[1999] in links["next"] and sorted(made)[1000] in links["previous"], links)
_, fields = ask("/v2.0/networks?fields=name&name=n7&name=n8")
equal("fields and filters", {"n7", "n8"}, {one["name"] for one in json.loads(fields)["networks"]})
_, fields = ask("/v2.0/networks?fields=id")
check("... of a long one", json.loads(fields)["networks"] == [{"id": one} for one in sorted(made)])


# Many arguments
for count, status in (1, 200), (250, 200), (330, 414), (350, 414), (600, 414), (900, 414), (1500, 414):
    r = w.get("networks?" + "&".join(["id=" + made[0]] * count))
    check("%d arguments: %d" % (count, status), r.status == status and
          (status == 200 or "too" in r.text), r)
for tail in b"", b" HTTP/1.1\r\n", b" HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 40000 + b"\r\n\r\n":
    with socket.create_connection(("127.0.0.1", w.port)) as link:
        link.sendall(b"GET /v2.0/networks?" + b"a&" * 2000 + tail)
        link.settimeout(0.2)
        try:
            link.recv(1000)
        except OSError:
            pass
check("who breaks off within the header harms nobody", w.get("networks/" + made[0]).status == 200)
check("one long one", w.get("networks?name=" + "x" * 20000).body == {"networks": []})


def begin():
    """A list that nobody reads: more than what is queued and what sockets hold."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect(("127.0.0.1", w.port))
    link.sendall(b"GET /v2.0/networks HTTP/1.0\r\nHost: x\r\n\r\n")
    link.settimeout(20)
    return link


def rest(link):
    text = b""
    while more := link.recv(65536):
        text += more
    return text.split(b"\r\n\r\n", 1)[1]


slow = begin()
check("others are served while one does not read", w.get("networks/" + made[0]).status == 200)
equal("... who has it all in the end", sorted(made), ids(rest(slow)))
slow = begin()
slow.recv(100)
gone = [one for one in sorted(made)[-5:]]
for one in gone:
    w.delete("network", one)
left = ids(rest(slow))
check("what is deleted meanwhile is there or not", left in (sorted(made), sorted(made)[:-5]) or
      set(made) - set(gone) <= set(left) <= set(made), len(left))
for _ in range(5):
    slow = begin()
    slow.recv(100)
    slow.close()
equal("who goes away in the middle harms nobody", sorted(set(made) - set(gone)), ids(ask("/v2.0/networks")[1]))
results = []
crowd = [threading.Thread(target=lambda: results.append(ids(ask("/v2.0/networks")[1]))) for _ in range(8)]
for one in crowd:
    one.start()
for one in crowd:
    one.join()
check("eight at a time", all(one == sorted(set(made) - set(gone)) for one in results) and len(results) == 8)
slow = begin()
slow.recv(100)
equal("weftd ends cleanly in the middle of one", 0, w.stop())
slow.close()

# An object that cannot be read
bad = sorted(made)[0]
key = "network/" + bad
with sqlite3.connect(w.path(w.db)) as db:
    good = db.execute("select value from entry where key = ?", (key,)).fetchone()[0].decode()
    wrong = json.dumps({**json.loads(good), "mtu": "soon"})
    db.execute("update entry set value = ? where key = ?", (wrong.encode(), key))
db.close()
run = lambda *options: subprocess.run([os.path.join(BUILD, "controller/weftd"), *options], timeout=60,
                                      capture_output=True, text=True)
said = run("--listen", "127.0.0.1:%d" % w.port, "--store", "sqlite:" + w.path(w.db))
check("weftd does not start on what it cannot read", said.returncode == 1, said.returncode)
check("... and says which object, attribute and value, and what to do",
      all(word in said.stderr for word in (key, "mtu", "soon", "--export")), said.stderr)
run("--store", "sqlite:" + w.path(w.db), "--export", w.path("all"))
lines = open(w.path("all")).read()
there = json.dumps(wrong)[1:-1]
check("the export has it", there in lines, [line for line in lines.split("\n") if key in line])
open(w.path("mended"), "w").write(lines.replace(there, json.dumps(good)[1:-1]))
w.db = "mended.db"
said = run("--store", "sqlite:" + w.path(w.db), "--import", w.path("mended"))
equal("what is mended is imported", 0, said.returncode)
w.start()
check("... and served", bad in ids(ask("/v2.0/networks")[1]))
equal("weftd ends", 0, w.stop())
end()
