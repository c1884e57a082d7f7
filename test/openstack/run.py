#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's tempest against a weftd of its own, with a real Keystone.

    test/openstack/run.py [-j N] [-f FILE] [-v] PATTERN ...

PATTERN is a test, a class, a module or a package; -f reads them from a file; without either it is
all of tempest.api.network and of neutron_tempest_plugin's api and fwaas.api. Every test is one
line; -v adds why it failed. owed.tsv lists those that are known not to pass, and why."""
import argparse, json, os, queue, re, subprocess, sys, threading, time
sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "../api"))
from cloud import Keystone
from lib import BUILD, Host, Weftd

CONFIG = """[DEFAULT]
log_dir = {folder}
log_file = tempest.log
use_stderr = false
[oslo_concurrency]
lock_path = {folder}/lock
[auth]
use_dynamic_credentials = true
create_isolated_networks = false
admin_username = admin
admin_project_name = admin
admin_password = secret
admin_domain_name = Default
tempest_roles = member
[identity]
auth_version = v3
uri_v3 = {keystone}
region = R1
v3_endpoint_type = public
[identity-feature-enabled]
api_v2 = false
[service_available]
neutron = true
nova = false
glance = false
cinder = false
swift = false
horizon = false
[network]
region = R1
endpoint_type = public
project_network_cidr = 10.100.0.0/16
public_network_id = {external}
[network-feature-enabled]
ipv6 = true
ipv6_subnet_attributes = true
floating_ips = false
api_extensions = {extensions}
[neutron_plugin_options]
agent_availability_zone = nova
available_type_drivers = flat,vlan,vxlan
"""


class Worker:
    def __init__(self, folder):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-B", os.path.join(HERE, "worker.py")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=open(os.path.join(folder, "worker.log"), "a"),
            text=True, cwd=folder, env=dict(os.environ, TEMPEST_CONFIG_DIR=folder,
                                            TEMPEST_CONFIG="tempest.conf", PYTHONWARNINGS="ignore"))

    def ask(self, **question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()

    def answers(self):
        for line in self.process.stdout:
            kind, name, why = json.loads(line)
            if kind == "end":
                return
            yield kind, name, why
            if kind == "list":
                return

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)


class Report:
    """Counts; what is owed is skipped with its reason, and may not pass unnoticed."""

    def __init__(self, owed, verbose):
        self.owed, self.verbose, self.lock = owed, verbose, threading.Lock()
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}
        self.told = set()

    def tell(self, kind, name, why):
        owed = next((reason for pattern, reason in self.owed if pattern.match(name)), None)
        if owed and kind == "FAIL":
            kind, why = "skip", owed
        elif owed and kind == "ok":
            kind, why = "FAIL", "passes, though owed.tsv says: " + owed
        with self.lock:
            if name in self.told:  # failed, and its cleanup, too
                return
            self.told.add(name)
            self.counts[kind] += 1
            if kind == "FAIL" and not self.verbose:
                why = next((x for x in reversed(why.splitlines()) if x.strip()), "")
            print("%-4s %s%s" % (kind, name, (": " if why else "") + why.strip()), flush=True)


def read_owed():
    with open(os.path.join(HERE, "owed.tsv")) as f:
        lines = [x.rstrip("\n").split("\t") for x in f if x.strip() and x[0] != "#"]
    return [(re.compile(re.escape(name).replace(r"\*", ".*") + "$"), reason)
            for name, reason in lines]


def set_up(weftd, folder):
    """weftd behind Keystone, and what tempest has to know of both."""
    keystone = Keystone(os.path.join(folder, "keystone"))
    if not keystone.start():
        sys.exit("Keystone does not answer: " + open(keystone.log).read()[-2000:])
    keystone.grant("weft", "service", "service")
    keystone.grant("weft", "service", "admin")
    keystone.grant("admin", "admin", "member")
    keystone.endpoint("network", "weft", "http://127.0.0.1:%d" % weftd.port)
    with open(weftd.path("password"), "w") as f:
        f.write("secret\n")
    with open(weftd.path("tokens"), "w") as f:
        f.write("host * agent\n")
    # The range that a test takes for devstack's default.
    weftd.options = ("--vni-range", "1-2000", "--keystone", keystone.url, "--keystone-password", weftd.path("password"),
                     "--tokens", weftd.path("tokens"))
    weftd.start()
    # Tests of agents take two for granted.
    weftd.hosts = [Host(weftd, "h%d" % n, "192.0.2.%d" % n, "host", "public") for n in (1, 2)]
    admin = {"X-Auth-Token": keystone.root}
    # What devstack has: a way out, and pools of which projects have subnets without a prefix.
    public = weftd.create("network", admin, name="public", **{
        "router:external": True, "provider:network_type": "flat", "provider:physical_network": "public"})
    for version, cidr, prefix in (4, "203.0.113.0/24", "10.64.0.0/12"), (6, "2001:db8::/64", "fd64::/48"):
        weftd.create("subnet", admin, network_id=public["id"], ip_version=version, cidr=cidr, enable_dhcp=False)
        weftd.create("subnetpool", admin, name="shared%d" % version, prefixes=[prefix], is_default=True, shared=True,
                     default_prefixlen=26 if version == 4 else 64)
    aliases = [x["alias"] for x in weftd.get("extensions", admin)["extensions"]]
    with open(os.path.join(folder, "tempest.conf"), "w") as f:
        f.write(CONFIG.format(folder=folder, keystone=keystone.url, extensions=",".join(aliases),
                              external=public["id"]))


def pick(found, patterns):
    """The tests that PATTERNS name, by class."""
    picked, missing = {}, []
    for pattern in patterns:
        hits = [(name, test) for name, tests in found.items() for test in tests
                if test == pattern or test.startswith(pattern + ".")]
        for name, test in hits:
            if test not in picked.setdefault(name, []):
                picked[name].append(test)
        missing += [] if hits else [pattern]
    return picked, missing


def work(jobs, folder, report):
    worker = Worker(folder)
    while True:
        try:
            name, tests = jobs.get_nowait()
        except queue.Empty:
            break
        worker.ask(run=name, tests=tests)
        for answer in worker.answers():
            report.tell(*answer)
        for test in tests:
            if test not in report.told:
                report.tell("FAIL", test, "the worker ended without a word of it")
    worker.end()


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("-j", type=int, default=4, help="processes")
    options.add_argument("-f", help="file of patterns")
    options.add_argument("-v", action="store_true", help="tracebacks")
    options.add_argument("patterns", nargs="*")
    options = options.parse_args()
    patterns = options.patterns
    if not patterns and not options.f:
        patterns = ["tempest.api.network", "neutron_tempest_plugin.api",
                    "neutron_tempest_plugin.fwaas.api"]
    if options.f:
        with open(options.f) as f:
            patterns += [x.split("#")[0].strip() for x in f if x.split("#")[0].strip()]
    weftd = Weftd()
    folder = weftd.path("tempest")
    os.mkdir(folder)
    set_up(weftd, folder)
    report = Report(read_owed(), options.v)
    worker, found = Worker(folder), {}
    for package in sorted({".".join(x.split(".")[:3 if x.startswith("tempest") else 2])
                           for x in patterns}):
        worker.ask(list=package)
        for _, classes, _ in worker.answers():
            found.update(classes)
    worker.end()
    picked, missing = pick(found, patterns)
    for pattern in missing:
        report.tell("FAIL", pattern, "no such test")
    jobs = queue.Queue()
    for item in sorted(picked.items(), key=lambda x: -len(x[1])):
        jobs.put(item)
    crowd = [threading.Thread(target=work, args=(jobs, folder, report)) for _ in range(options.j)]
    [x.start() for x in crowd]
    [x.join() for x in crowd]
    print("%(ok)d passed, %(FAIL)d failed, %(skip)d skipped" % report.counts)
    if report.counts["FAIL"] and not options.v:
        print("again with -v for reasons", file=sys.stderr)
    return report.counts["FAIL"] or not report.counts["ok"]


sys.exit(main())
