#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""next.py PAGE OUTPUT: the page abi/PAGE as a later version of Weft might have it."""
import os, re, sys

CHANGES = {
    "map.h": [
        # A member of a map's key: moved, widened, and one before it.
        (r"(struct conn_key \{\n)\t__u32 slot;[^\n]*\n", r"\1\t__u64 zone;\n"),
        (r"(struct conn_key \{.*?\t__be16 rport;\n)(.*?\t__u32 pad;[^\n]*\n)",
         r"\1\t__u32 fresh;\n\2\t__u64 slot;\n"),
        # Of a value: the last is the first, and there is one more.
        (r"(struct conn_value \{\n)(\t__u64 seen;[^\n]*\n\t__u64 created;[^\n]*\n)(.*?)\}",
         r"\1\t__u64 fresh;\n\3\2}"),
        # A record of the cache, as long as it was.
        (r"(\t__u32 seen;[^\n]*\n)(\t__u32 packets;[^\n]*\n)", r"\2\1"),
        # What rows make.
        (r"(struct port_value \{\n)", r"\1\t__u32 fresh;\n"),
        (r"(struct port_value \{.*?)\t__u32 flags;", r"\1\t__u64 flags;"),
        (r"(struct mac_value \{\n)", r"\1\t__u32 fresh;\n"),
        (r"_Static_assert\(sizeof\(struct conn_key\)[^\n]*\n", ""),
        (r"_Static_assert\(sizeof\(struct conn_value\)[^\n]*\n", ""),
        (r"(#define ABI_VERSION )(\d+)", lambda m: m[1] + str(int(m[2]) + 1)),
    ],
    "drop.h": [
        (r"(#define DP_DROP_TABLE\(X\) +\\\n)",
         r'\1\tX(64, NEXT, "next", "what a later version may say") \\' + "\n"),
        (r"(DP_DROP_COUNT =) 64", r"\1 128"),
    ],
}

page, output = sys.argv[1:]
text = open(os.path.join(os.path.dirname(__file__), "../../abi", page)).read()
for pattern, change in CHANGES[page]:
    text, count = re.subn(pattern, change, text, count=1, flags=re.S)
    if count != 1:
        sys.exit("next.py: %s has no %s" % (page, pattern))
open(output, "w").write(text)
