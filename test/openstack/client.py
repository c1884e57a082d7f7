# SPDX-License-Identifier: Apache-2.0
"""Debian's openstack client, driven command by command."""
import os, subprocess


class Client:
    """One interactive `openstack`: Python starts once for all commands."""
    MARK = "==done=="

    def __init__(self, home, **variables):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-u", "/usr/bin/openstack"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=home,
            env={**clean, "HOME": home, "COLUMNS": "500", "PYTHONWARNINGS": "ignore", **variables})

    def __call__(self, command):
        self.process.stdin.write("%s\n!echo %s\n" % (command, self.MARK))
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.strip() == self.MARK:
                return "\n".join(said).strip()
            said.append(line.rstrip())
        raise AssertionError("openstack ended at %r: %s" % (command, said))

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)
