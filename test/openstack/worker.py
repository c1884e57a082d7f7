#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs tempest's tests in one process, a class at a time, as run.py asks for them on standard
input; every outcome is one line of JSON. Tempest finds its configuration by TEMPEST_CONFIG."""
import importlib, json, os, pkgutil, re, sys, traceback, types, unittest, warnings
from tempest.lib.services.network import subnets_client
try:
    import neutron_tempest_plugin.config  # registers options that its tests of fwaas only use
except ImportError:
    pass

warnings.simplefilter("ignore")
# Before each deletion of a subnet this client sleeps for ten seconds, as the reference needs time
# for its ports. Here it finds out at once if something is late.
subnets_client.time = types.SimpleNamespace(sleep=lambda seconds: None)
out = os.fdopen(os.dup(1), "w")  # what tests print is not ours
os.dup2(2, 1)


def say(kind, name="", why=""):
    out.write(json.dumps([kind, name, why]) + "\n")
    out.flush()


def plain(test):
    """Its name without its tags, with its scenario."""
    return re.sub(r"\[[^]]*\]", "", test.id())


def modules(package):
    found = importlib.import_module(package)
    if not hasattr(found, "__path__"):
        return [found]
    return [importlib.import_module(name) for _, name, folder in
            pkgutil.walk_packages(found.__path__, package + ".")
            if not folder and "test_" in name.rsplit(".", 1)[1]]


def flat(suite):
    """Its tests; modules with scenarios nest them."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flat(test)
        else:
            yield test


def classes(package):
    """{name of a class: its tests' names}; what a module has imported is another's."""
    found = {}
    for module in modules(package):
        for test in flat(unittest.TestLoader().loadTestsFromModule(module)):
            name = plain(test)
            if name.rsplit(".", 2)[0] == module.__name__:
                found.setdefault(name.rsplit(".", 1)[0], []).append(name)
    return found


class Result(unittest.TestResult):
    """setUpClass that skips or fails does so for each test of the class."""

    def __init__(self, names):
        super().__init__()
        self.names = names

    def tell(self, kind, test, why=""):
        for name in [plain(test)] if isinstance(test, unittest.TestCase) else self.names:
            say(kind, name, why)

    def addSuccess(self, test):
        self.tell("ok", test)

    def addSkip(self, test, reason):
        self.tell("skip", test, reason)

    def addError(self, test, error):
        self.tell("FAIL", test, "".join(traceback.format_exception(*error)))

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error:
            self.addError(test, error)


def run(name, wanted):
    suite = unittest.TestLoader().loadTestsFromModule(
        importlib.import_module(name.rsplit(".", 1)[0]))
    unittest.TestSuite(test for test in flat(suite) if plain(test) in wanted).run(Result(wanted))


for line in sys.stdin:
    asked = json.loads(line)
    if "list" in asked:
        say("list", classes(asked["list"]))
    else:
        try:
            run(asked["run"], asked["tests"])
        except Exception:  # a class that cannot even be read
            for test in asked["tests"]:
                say("FAIL", test, traceback.format_exc())
        say("end")
