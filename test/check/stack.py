#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The deepest way through each program of a BPF object, as kernels before 6.10 count it: every
frame a multiple of 32 bytes, 512 in all, no more than eight frames. stack.py LLVM-OBJDUMP OBJECT"""
import re, subprocess, sys

FRAMES, BYTES, ROUND = 8, 512, 32


def read(objdump, path):
    """Functions: bytes of stack, whom they call; and those that are programs."""
    text = subprocess.run([objdump, "-dr", path], check=True, stdout=subprocess.PIPE).stdout.decode()
    size, calls, programs, name, before = {}, {}, [], None, ""
    section = ""
    for line in text.splitlines():
        if line.startswith("Disassembly of section "):
            section = line.split()[-1].rstrip(":")
        head = re.match(r"[0-9a-f]+ <(.+)>:$", line)
        if head:
            name = head.group(1)
            size[name], calls[name] = 0, set()
            if section != ".text":
                programs.append(name)
        elif name:
            offsets = re.findall(r"r10 - (0x[0-9a-f]+|\d+)", line)
            if "= r10" in before:  # an address is made in two steps
                offsets += re.findall(r"\+= -(0x[0-9a-f]+|\d+)", line)
            size[name] = max([size[name]] + [int(x, 0) for x in offsets])
            calls[name].update(re.findall(r"call \S+ <([^>+]+)>|R_BPF_64_32\s+(\S+)", line))
            before = line
    return size, {k: {a or b for a, b in v} for k, v in calls.items()}, programs


def ways(size, calls, name):
    """The deepest way and the one of most frames, each a list of functions from NAME."""
    below = [way for called in calls[name] if called in size and called != name
             for way in ways(size, calls, called)]
    return [[name] + max(below, key=key, default=[]) for key in (lambda w: depth(size, w), len)]


def depth(size, way):
    return sum(max(ROUND, -(-size[name] // ROUND) * ROUND) for name in way)


size, calls, programs = read(*sys.argv[1:3])
for program in programs:
    deep, long = ways(size, calls, program)
    fits = depth(size, deep) <= BYTES and len(long) <= FRAMES
    print("%s %s: %d bytes: %s; %d frames: %s" % (
        "ok" if fits else "FAIL", program, depth(size, deep),
        " ".join("%s %d" % (name, size[name]) for name in deep), len(long), " ".join(long)))
sys.exit(not programs)
