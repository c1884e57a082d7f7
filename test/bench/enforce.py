#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From the API's reply, and from the agent's write, to the last packet that a changed rule has not yet
judged: called by enforce.sh."""
import ctypes
import http.client
import json
import mmap
import multiprocessing
import os
import socket
import struct
import sys
import time

cloud, listen, group, peer, generation, rounds = (*sys.argv[1:6], int(sys.argv[6]))
PAUSE, STEP = 0.1, 0.0001
BPF, BPF_OBJ_GET, CELLS = 321, 7, 4 << 16  # CELLS: bytes of the map's one element
libc = ctypes.CDLL(None, use_errno=True)


def enter(name):
    there = os.open(f"/run/netns/{cloud}-{name}", os.O_RDONLY)
    if libc.setns(there, 0):
        raise OSError(ctypes.get_errno(), name)


def send(end):
    enter("a")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("10.0.0.2", 9))
    due = time.monotonic()
    while not end.is_set():
        try:
            sock.send(struct.pack("!Q", time.monotonic_ns()))
        except OSError:
            pass  # the neighbour is not known yet
        due = max(due + STEP, time.monotonic() - STEP)
        time.sleep(max(0, due - time.monotonic()))


def receive(ready, pipe):
    enter("b")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    sock.bind(("", 9))
    sock.settimeout(2)
    ready.set()
    times = []
    try:
        while True:
            times.append(struct.unpack("!Q", sock.recv(8))[0])
    except TimeoutError:
        pipe.send(times)


def map_open(path):
    """The memory of a pinned map that may be mapped."""
    name = ctypes.create_string_buffer(path.encode())
    attr = ctypes.create_string_buffer(struct.pack("QII", ctypes.addressof(name), 0, 0))
    fd = libc.syscall(BPF, BPF_OBJ_GET, attr, len(attr.raw) - 1)
    if fd < 0:
        raise OSError(ctypes.get_errno(), path)
    return mmap.mmap(fd, CELLS, prot=mmap.PROT_READ | mmap.PROT_WRITE)


def watch(ready, end, pipe):
    """When the agent has bumped a generation cell: its last write, by which the rule is in force."""
    cells = map_open(generation)
    seen, times = cells[:], []
    ready.set()
    while not end.is_set():
        if cells[:] != seen:
            times.append(time.monotonic_ns())
            seen = cells[:]
    pipe.send(times)


def ask(connection, method, path, body=None):
    connection.request(method, path, json.dumps(body) if body else None,
                       {"X-Auth-Token": "admin-secret", "Content-Type": "application/json"})
    reply = connection.getresponse()
    text = reply.read()
    done = time.monotonic_ns()
    if reply.status >= 400:
        sys.exit(f"{method} {path}: {reply.status} {text.decode()}")
    return json.loads(text) if text else None, done


def report(name, samples):
    samples = sorted(max(0, s) / 1e6 for s in samples)
    print(f"{name:52s} p50 {samples[len(samples) // 2]:7.2f} ms   "
          f"p99 {samples[min(len(samples) - 1, len(samples) * 99 // 100)]:7.2f} ms   of {len(samples)}")


enter("control")
api = http.client.HTTPConnection(listen)
end, ready, watching = (multiprocessing.Event() for _ in range(3))
mine, theirs = multiprocessing.Pipe()
mine_too, theirs_too = multiprocessing.Pipe()
receiver = multiprocessing.Process(target=receive, args=(ready, theirs))
watcher = multiprocessing.Process(target=watch, args=(watching, end, theirs_too))
sender = multiprocessing.Process(target=send, args=(end,))
receiver.start()
watcher.start()
ready.wait()
watching.wait()
rule = {"security_group_rule": {"security_group_id": group, "direction": "ingress", "protocol": "udp",
                                "port_range_min": 9, "port_range_max": 9, "remote_group_id": peer}}
marks = []
made, _ = ask(api, "POST", "/v2.0/security-group-rules", rule)
sender.start()
time.sleep(1)
for _ in range(rounds):
    begun = time.monotonic_ns()
    _, gone = ask(api, "DELETE", "/v2.0/security-group-rules/" + made["security_group_rule"]["id"])
    time.sleep(PAUSE)
    asked = time.monotonic_ns()
    made, back = ask(api, "POST", "/v2.0/security-group-rules", rule)
    marks.append((begun, gone, asked, back))
    time.sleep(PAUSE)
end.set()
written, arrived = mine_too.recv(), mine.recv()
sender.join()
receiver.join()
watcher.join()
wrong, after, late, at = [], [], [], 0
for begun, gone, asked, back in marks:
    while at < len(arrived) and arrived[at] <= gone:
        at += 1
    last = gone
    while at < len(arrived) and arrived[at] < asked:
        last = arrived[at]
        at += 1
    wrong.append(last - gone)
    write = next((time for time in written if begun <= time < asked), None)
    if write is None:
        sys.exit("a rule that was taken away has bumped no generation cell")
    passed = [time for time in arrived if write < time < asked]
    after.append(passed[-1] - write if passed else 0)
    while at < len(arrived) and arrived[at] < back:
        at += 1
    if at < len(arrived):
        late.append(arrived[at] - back)
if len(late) < len(marks):
    sys.exit(f"{len(marks) - len(late)} rules that were given had no effect")
report("a rule is taken away: reply to last wrong packet", wrong)
report("... the agent's write to last wrong packet", after)
report("a rule is given: reply to first packet", late)
