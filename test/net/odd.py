#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sends what Scapy makes of a case: odd.py CASE DEVICE MAC SOURCE TARGET. Three times, but for the
fragments of one datagram, which go once and in the wrong order. Prints how many frames."""
import logging
import sys
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import (Dot1AD, Dot1Q, Dot3, Ether, ICMP, ICMPv6EchoRequest, ICMPv6ND_NS,
                       ICMPv6NDOptSrcLLAddr, IP, IPOption_LSRR, IPv6, IPv6ExtHdrDestOpt,
                       IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, Jumbo, LLC, Raw,
                       TCP, UDP, fragment, fragment6, get_if_hwaddr, sendp)

case, device, mac, source, target = sys.argv[1:]
eth = Ether(src=get_if_hwaddr(device), dst=mac)
v4 = IP(src=source, dst=target) if ":" not in source else None
v6 = IPv6(src=source, dst=target) if ":" in source else None
udp = UDP(sport=9, dport=9999) / Raw(b"odd")
data = bytes(range(256)) * 16  # 4096 bytes


def whole(packet):
    """Built and taken apart again, so that its checksums cover it as a whole."""
    return packet.__class__(bytes(packet))


def pieces():
    if v4:
        made = fragment(whole(v4 / UDP(sport=9, dport=9999) / Raw(data)), fragsize=1400)
    else:
        made = fragment6(whole(v6 / IPv6ExtHdrFragment(id=7) / UDP(sport=9, dport=9999) / Raw(data)), 1400)
    return [eth / piece for piece in reversed(made)]


CASES = {
    "plain": lambda: eth / (v4 or v6) / udp,
    "qinq": lambda: eth / Dot1AD(vlan=5) / Dot1Q(vlan=6) / v4 / udp,
    "llc": lambda: Dot3(src=eth.src, dst=mac) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / Raw(b"\0" * 35),
    "overlap": lambda: eth / IP(src=source, dst=target, id=9, frag=1, proto=6) / Raw(b"\0" * 16),
    "overlap6": lambda: eth / v6 / IPv6ExtHdrFragment(offset=1, nh=60, id=9) / Raw(b"\0" * 16),
    "long": lambda: eth / IP(src=source, dst=target, id=9, frag=8189, proto=17) / Raw(b"\0" * 100),
    "source-route": lambda: eth / IP(src=source, dst=target, options=IPOption_LSRR(routers=[target])) / udp,
    "routing-0": lambda: eth / v6 / IPv6ExtHdrRouting(addresses=[target]) / udp,
    "many-headers": lambda: eth / v6 / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt() /
                    IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt() / udp,
    "jumbogram": lambda: eth / IPv6(src=source, dst=target, plen=0) /
                 IPv6ExtHdrHopByHop(options=Jumbo(jumboplen=100000)) / udp,
    "cut": lambda: Ether(bytes(eth / v4 / udp)[:40]),
    "wrong-sum": lambda: eth / IP(src=source, dst=target, chksum=0x1234) / ICMP(),
    "atomic-nd": lambda: eth / IPv6(src=source, dst=target, hlim=255) / IPv6ExtHdrFragment(id=7) /
                 ICMPv6ND_NS(tgt=target) / ICMPv6NDOptSrcLLAddr(lladdr=eth.src),
    "atomic": lambda: eth / v6 / IPv6ExtHdrFragment(id=7) / ICMPv6EchoRequest(id=5, seq=1),
    "no-checksum": lambda: eth / v4 / UDP(sport=9, dport=9999, chksum=0) / Raw(b"odd"),
}
frames = pieces() if case == "pieces" else [CASES[case]()] * 3
sendp(frames, iface=device, verbose=False)
print(len(frames))
