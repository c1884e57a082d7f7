#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends frames written layer by layer: frame.py [-n COUNT] DEVICE LAYER[:NAME=VALUE,...] ...

    frame.py eth0 eth:src=02:00:00:00:00:01,dst=ff:ff:ff:ff:ff:ff arp:op=1,sip=10.0.0.1,tip=10.0.0.2

Layers: eth vlan arp ip4 ip6 udp icmp na ra raw. Lengths and checksums are filled in; a value that
is given wins, so that a wrong one can be sent on purpose.
"""
import ipaddress
import socket
import struct
import sys


def mac(text):
    return bytes(int(part, 16) for part in text.split(":"))


def address(text):
    return ipaddress.ip_address(text).packed


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(outer, proto, size):
    """The pseudo header of RFC 768 and RFC 8200 8.1 for the IP layer around us."""
    source, target = address(outer["src"]), address(outer["dst"])
    if len(source) == 4:
        return source + target + struct.pack("!BBH", 0, proto, size)
    return source + target + struct.pack("!IHBB", size, 0, 0, proto)


ETHERTYPE = {"arp": 0x0806, "ip4": 0x0800, "ip6": 0x86DD, "vlan": 0x8100}
PROTO = {"udp": 17, "icmp": 1, "na": 58, "ra": 58}


def build(name, v, inner_name, inner, outer):
    if name == "raw":
        return bytes.fromhex(v.get("hex", "")) + inner
    if name == "eth":
        kind = int(v.get("type", str(ETHERTYPE.get(inner_name, 0x88B5))), 0)
        return mac(v["dst"]) + mac(v["src"]) + struct.pack("!H", kind) + inner
    if name == "vlan":
        return struct.pack("!HH", int(v.get("id", "5")), ETHERTYPE[inner_name]) + inner
    if name == "arp":
        return (struct.pack("!HHBBH", 1, 0x0800, 6, 4, int(v.get("op", "1")))
                + mac(v.get("sha", outer.get("src"))) + address(v["sip"])
                + mac(v.get("tha", "00:00:00:00:00:00")) + address(v["tip"]))
    if name == "ip4":
        size = int(v.get("len", str(20 + len(inner))))
        proto = int(v.get("proto", str(PROTO.get(inner_name, 253))))
        head = struct.pack("!BBHHHBBH", int(v.get("vihl", "0x45"), 0), 0, size, 0x4242,
                           int(v.get("frag", "0"), 0), int(v.get("ttl", "64")), proto, 0)
        head += address(v["src"]) + address(v["dst"])
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + inner
    if name == "ip6":
        size = int(v.get("len", str(len(inner))))
        proto = int(v.get("proto", str(PROTO.get(inner_name, 253))))
        return (struct.pack("!IHBB", 6 << 28, size, proto, int(v.get("ttl", "255")))
                + address(v["src"]) + address(v["dst"]) + inner)
    if name == "udp":
        size = 8 + len(inner)
        head = struct.pack("!HHHH", int(v["sport"]), int(v["dport"]), size, 0)
        value = checksum(pseudo(outer, 17, size) + head + inner) or 0xFFFF
        return head[:6] + struct.pack("!H", value) + inner
    if name == "icmp":
        body = struct.pack("!BBHHH", int(v.get("type", "8")), 0, 0, 7, 1) + inner
        return body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    if name in ("na", "ra"):
        if name == "na":  # RFC 4861 4.4, with the target link-layer address option
            body = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + address(v["target"])
            body += b"\x02\x01" + mac(v["mac"])
        else:  # RFC 4861 4.2
            body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
        body += inner
        value = checksum(pseudo(outer, 58, len(body)) + body)
        return body[:2] + struct.pack("!H", value) + body[4:]
    sys.exit(f"frame.py: no layer '{name}'")


def frame(words):
    layers = []
    for word in words:
        name, _, rest = word.partition(":")
        layers.append((name, dict(pair.split("=", 1) for pair in rest.split(",") if pair)))
    data, inner_name = b"", ""
    for index in range(len(layers) - 1, -1, -1):
        name, values = layers[index]
        data = build(name, values, inner_name, data, layers[index - 1][1] if index else {})
        inner_name = name
    return data


def main(words):
    count = 1
    if words[0] == "-n":
        count, words = int(words[1]), words[2:]
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind((words[0], 0))
    data = frame(words[1:])
    for _ in range(count):
        out.send(data)


main(sys.argv[1:])
