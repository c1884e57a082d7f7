#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a firewall does to what is open: ticks.py COMMAND ...

    take PORT FILE          accepts a TCP stream, writes to FILE when (ns) each part of it came
    give ADDRESS PORT       sends such a stream, a number every 2 ms, until it is killed
    udp ADDRESS PORT        sends a datagram; prints `answer TEXT`, `refused`, `prohibited` or `silence`
    answer PORT             answers datagrams by `you are ADDRESS`
    error KIND DEVICE MAC FROM TO PORT    sends an ICMP error of FROM about a datagram that TO has
                            sent to it, from port 4000 to PORT; KIND: too-big (1280) or unreachable
"""
import errno
import logging
import socket
import sys
import time

FROM_PORT = 4000


def take(port, path):
    server = socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
    stream = server.accept()[0]
    with open(path, "w", buffering=1, encoding="utf-8") as out:
        while stream.recv(65536):
            out.write(f"{time.time_ns()}\n")


def give(address, port):
    stream = socket.create_connection((address, int(port)), timeout=10)
    stream.settimeout(None)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    count = 0
    while True:
        stream.sendall(count.to_bytes(8, "big"))
        count += 1
        time.sleep(0.002)


def udp(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind(("", FROM_PORT))
    sock.settimeout(1)
    sock.connect((address, int(port)))
    try:
        sock.send(b"who am I?")
        print("answer", sock.recv(1000).decode())
    except ConnectionRefusedError:
        print("refused")
    except TimeoutError:
        print("silence")
    except OSError as error:
        print("prohibited" if error.errno == errno.EHOSTUNREACH else error)


def answer(port):
    sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", int(port)))
    while True:
        peer = sock.recvfrom(2000)[1]
        sock.sendto(b"you are " + peer[0].removeprefix("::ffff:").encode(), peer)


def error(kind, device, mac, source, target, port):
    logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
    from scapy.all import (Ether, ICMP, ICMPv6DestUnreach, ICMPv6PacketTooBig, IP, IPv6, Raw, UDP,
                           get_if_hwaddr, sendp)
    quoted = UDP(sport=FROM_PORT, dport=int(port)) / Raw(b"who am I?")
    if ":" in source:
        what = ICMPv6PacketTooBig(mtu=1280) if kind == "too-big" else ICMPv6DestUnreach(code=4)
        packet = IPv6(src=source, dst=target) / what / IPv6(src=target, dst=source) / quoted
    else:
        what = ICMP(type=3, code=4, nexthopmtu=1280) if kind == "too-big" else ICMP(type=3, code=3)
        packet = IP(src=source, dst=target) / what / IP(src=target, dst=source) / quoted
    sendp(Ether(src=get_if_hwaddr(device), dst=mac) / packet, iface=device, verbose=False)


{"take": take, "give": give, "udp": udp, "answer": answer, "error": error}[sys.argv[1]](*sys.argv[2:])
