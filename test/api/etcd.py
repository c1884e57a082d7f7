# SPDX-License-Identifier: Apache-2.0
"""An etcd of one member on loopback, and controllers that share it."""
import atexit, os, socket, subprocess
from lib import BUILD, Weftd, soon


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Etcd:
    def __init__(self, folder, log, *options):
        self.port = free_port()
        here, peer = ("http://127.0.0.1:%d" % x for x in (self.port, free_port()))
        self.process = subprocess.Popen(
            ["etcd", "--data-dir", folder, "--listen-client-urls", here, "--advertise-client-urls", here,
             "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", "default=" + peer, *options], stdout=log, stderr=log)
        atexit.register(self.kill)
        soon("etcd answers", lambda: listens(self.port), 60)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Shared(Weftd):
    """One of several controllers on the same store."""
    def __init__(self, etcd, *options):
        super().__init__(*options)
        self.etcd = etcd

    def start(self):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "controller/weftd"), "--listen", "127.0.0.1:%d" % self.port,
             "--store", "etcd:http://127.0.0.1:%d" % self.etcd.port, *self.options], stdout=self.log,
            stderr=self.log)
        soon("a controller serves", self.serves, 60)
        return self

    def serves(self):
        try:
            return self.call("GET", "/").status == 200
        except OSError:
            self.link = None
            return False

    def said(self, text):
        return text in open(self.path("log")).read()
