#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The disk is full, or turns read-only: writes get 503 and say why, reads go on, nothing that was
acknowledged is lost, and once there is room again weftd writes as if nothing had been. On a small
tmpfs, and on a small ext4 in a mount namespace of its own.

    disk/weft.db, disk/weft.db-wal   the store, 24 MiB of room
    disk/filler                      takes what room is left, and gives it back
"""
import os, signal, subprocess, sys
sys.dont_write_bytecode = True
from lib import Weftd, audit, check, end, equal

if os.environ.get("WEFT_OWN_MOUNTS") != "yes":  # gone with this process, whatever happens
    os.environ["WEFT_OWN_MOUNTS"] = "yes"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable] + sys.argv)

ROOM = 24 << 20
w = Weftd()
w.db = "disk/weft.db"
disk = w.path("disk")
os.mkdir(disk)
made = {}  # id -> port, as acknowledged


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def size(name):
    return os.path.getsize(os.path.join(disk, name))


def fill(left):
    """All room but LEFT bytes is taken."""
    with open(os.path.join(disk, "filler"), "wb") as file:
        free = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize - left)


def drain():
    os.truncate(os.path.join(disk, "filler"), 0)


def make(count=1):
    """COUNT ports in one request; the reply when they were refused."""
    reply = w.call("POST", "/v2.0/ports", {"ports": [
        {"network_id": n["id"], "description": "x" * 200} for _ in range(count)]})
    if reply.status == 201:
        made.update((x["id"], x) for x in reply["ports"])
        return None
    return reply


def make_all():
    """Until one is refused."""
    for _ in range(2000):
        reply = make(10) or make()
        if reply:
            return reply


def change(id):
    reply = w.put("port", id, name="changed%d" % made[id]["revision_number"])
    if reply.status == 200:
        made[id] = reply["port"]
    return reply


def drop(id):
    reply = w.delete("port", id)
    if reply.status == 204:
        del made[id]
    return reply


def is_refused(name, reply, why):
    fault = reply.fault if reply else {}
    check(name, reply and reply.status == 503 and fault.get("type") == "ServiceUnavailable" and
          fault.get("message", "").startswith("store: cannot write: ") and
          why in fault["message"], reply)


def all_there(name):
    got = {x["id"]: x for x in w.get("ports")["ports"]}
    equal(name, ([], [], []), (
        [x for x in made if x not in got], [x for x in got if x not in made],
        [x for x in made if x in got and made[x] != got[x]]))


def writes(name):
    """Everything can be done again."""
    replies = [make(10), None if change(list(made)[0]).status == 200 else "change",
               None if drop(list(made)[-1]).status == 204 else "drop"]
    equal(name, [None] * 3, replies)


def is_whole(name):
    status, lines = audit(w.path(w.db))
    check(name, status == 0, lines)


def counted(name):
    for line in w.call("GET", "/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])


# No room for a commit
run("mount", "-t", "tmpfs", "-o", "size=%d" % ROOM, "tmpfs", disk)
w.start()
n = w.create("network")
w.create("subnet", network_id=n["id"], ip_version=4, cidr="10.0.0.0/16")
make(10)
fill(100000)
is_refused("a commit without room: 503, and why", make_all(), "full")
is_refused("a large one, too", make(100), "full")
all_there("reads go on")
check("it is counted", counted('weft_store_transactions_total{result="failed"}') > 1)
check("it is logged", "store: cannot write: " in open(w.path("log")).read())
for turn in range(3):
    drain()
    fill(50000)
    reply = make_all()
    for id in list(made)[:40]:  # some fit, some do not
        change(id), drop(id)
check("each is done or refused", reply and reply.status == 503, reply)
all_there("nothing is lost, and nothing half done")
drain()
writes("there is room again: no restart is needed")
all_there("and everything is there")

# Killed and started while there is no room
fill(0)
is_refused("no room at all", make_all(), "full")
w.stop(signal.SIGKILL)
is_whole("a kill without room leaves it whole")
w.start()
all_there("it starts without room, and reads")
is_refused("and still cannot write", make_all(), "full")
drain()
writes("until there is room")
all_there("nothing is lost by that")

# The log grows because there is no room to take it into the file
w.stop()
before = size("weft.db")
w.start()
fill(16 << 20)  # 4000 pages of log and little more: what they say of the file cannot be taken in
reply = make_all()
is_refused("the log has taken all room", reply, "full")
cramped = size("weft.db")
check("it grew, for its pages fit nowhere else", size("weft.db-wal") > 4000 * 4120,
      (before, cramped, size("weft.db-wal")))
all_there("all of the log is read")
drain()
writes("there is room again")
check("the log goes into the file", size("weft.db") > cramped + (1 << 19),
      (before, cramped, size("weft.db")))
log = size("weft.db-wal")
for _ in range(20):
    make(10)
equal("and is used again from its start", log, size("weft.db-wal"))
all_there("nothing is lost by a long log")
w.stop(signal.SIGKILL)
is_whole("and it is whole")
w.start()
all_there("after a kill, too")
equal("it ends cleanly", 0, w.stop())
run("umount", disk)

# A file system that the kernel has turned read-only
made.clear()
run("truncate", "-s", str(ROOM), w.path("image"))
run("mkfs.ext4", "-q", w.path("image"))
run("mount", "-o", "loop", w.path("image"), disk)
w.start()
n = w.create("network")
make(10)
all_there("on a disk")
run("mount", "-o", "remount,abort", disk)
is_refused("read-only: 503, and why", make(), "Read-only file system")
is_refused("for a change", change(list(made)[0]), "Read-only file system")
all_there("reads go on there, too")
w.process.kill()
w.process.wait()
w.link = None
done = subprocess.run([os.path.join(os.environ.get("BUILD", "build-check"), "controller/weftd"),
                       "--listen", "127.0.0.1:%d" % w.port, "--store", "sqlite:" + w.path(w.db)],
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
check("a store that cannot be written is not served anew", done.returncode == 7 and
      b"cannot be written" in done.stdout, (done.returncode, done.stdout))
run("umount", disk)
run("mount", "-o", "loop", w.path("image"), disk)
is_whole("mounted again it is whole")
w.start()
all_there("and everything is there")
writes("and it can be written")
w.stop()
run("umount", disk)
end()
