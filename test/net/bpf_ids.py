# SPDX-License-Identifier: Apache-2.0
"""Programs, maps and links of BPF by their ids, which the kernel does not give out again soon: so one
cloud's are told from everybody else's.

  bpf_ids.py held PIN...   lines of KIND ID: of the fdinfo on stdin, and of what is pinned
  bpf_ids.py gone          of such lines on stdin, prints what is there; fails when something is
"""
import ctypes
import errno
import os
import platform
import re
import sys

SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
OBJ_GET = 7
GET_FD_BY_ID = {"prog": 13, "map": 14, "link": 30}
FDINFO = re.compile(r"^(prog|map|link)_id:\s*(\d+)", re.MULTILINE)
libc = ctypes.CDLL(None, use_errno=True)


class Attr(ctypes.Structure):
    """union bpf_attr, as far as these commands read it: a path, or an id."""

    _fields_ = [("word", ctypes.c_uint64), ("fd", ctypes.c_uint32), ("flags", ctypes.c_uint32)]


def bpf(command, word):
    attr = Attr(word=word)
    return libc.syscall(SYS_BPF, command, ctypes.byref(attr), ctypes.sizeof(attr))


def held(pins):
    found = set(FDINFO.findall(sys.stdin.read()))
    for pin in pins:
        path = ctypes.create_string_buffer(os.fsencode(pin))
        fd = -1 if os.path.islink(pin) else bpf(OBJ_GET, ctypes.addressof(path))
        if fd >= 0:
            with open(f"/proc/self/fdinfo/{fd}", encoding="utf-8") as info:
                found.update(FDINFO.findall(info.read()))
            os.close(fd)
    for kind, number in sorted(found):
        print(kind, number)


def gone():
    left = 0
    for kind, number in (line.split() for line in sys.stdin if line.strip()):
        fd = bpf(GET_FD_BY_ID[kind], int(number))
        if fd >= 0:
            with open(f"/proc/self/fdinfo/{fd}", encoding="utf-8") as info:
                print("in the kernel:", kind, number, *info.read().split("\n")[4:7])
            os.close(fd)
        elif ctypes.get_errno() == errno.ENOENT:
            continue
        else:
            print("cannot ask for", kind, number, os.strerror(ctypes.get_errno()))
        left += 1
    return left


if __name__ == "__main__":
    if sys.argv[1] == "held":
        held(sys.argv[2:])
    else:
        sys.exit(gone() > 0)
