#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much weftd's loop does in one turn while bulks of 1,000 ports are made: in calls of malloc and free, which
test/turns counts, so no time is measured. What is cut into parts, for the sake of those who ask meanwhile, stays so."""
import os, sys
sys.dont_write_bytecode = True
from etcd import Etcd, Shared
from lib import BUILD, Weftd, check, end, equal

COUNT, ROUNDS = 1000, 6  # after some the store forgets as much as it remembers
MOST = 14                # calls a port: the text of a request takes 7 at once, freeing what etcd told 12; joined it was 15


def start(w):
    w.turns = w.path("turns")
    more = {"LD_PRELOAD": os.path.abspath(os.path.join(BUILD, "test/turns/turns.so")), "TURNS_FILE": w.turns,
            "TURNS_LEAST": str(COUNT // 2), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    before = dict(os.environ)
    os.environ.update(more)
    w.start()
    os.environ.clear()
    os.environ.update(before)
    return w


def look(name, w):
    network = w.create("network")["id"]
    w.create("subnet", network_id=network, ip_version=4, cidr="10.0.0.0/16")
    open(w.turns, "w").close()
    for _ in range(ROUNDS):
        reply = w.call("POST", "/v2.0/ports", {"ports": [{"network_id": network} for _ in range(COUNT)]})
    equal(name + ": they are made", COUNT, len(reply.body.get("ports", [])))
    w.get("networks/" + network)
    with open(w.turns) as f:
        turns = [int(x) for x in f]
    check(name + ": a bulk is many turns", len(turns) > 10 * ROUNDS, len(turns))
    check(name + ": none is long", max(turns) <= MOST * COUNT, sorted(turns)[-10:])
    equal(name + ": it ends cleanly", 0, w.stop())


look("sqlite", start(Weftd("--quota", "all=-1")))
w = Shared(None, "--quota", "all=-1")
w.etcd = Etcd(w.path("etcd"), w.log, "--max-txn-ops=10240", "--max-request-bytes=10485760")
look("etcd", start(w))
end()
