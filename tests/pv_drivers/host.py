# SPDX-License-Identifier: MIT
"""A host without a hypervisor, for tests of the back-end daemons as they are.

The guest is a process, events and grants are files (host_xen.c), the store is
our xenstored.
"""

import argparse
import os
import shutil
import subprocess
import tempfile
import time


class Host:
    """A folder, the store and a daemon."""

    def __init__(self, out, store, daemon):
        self.out, self.store_dir, self.name = out, store, daemon
        self.folder = tempfile.mkdtemp(prefix=f"{daemon}_test.")
        os.chmod(self.folder, 0o755)
        self.env = dict(os.environ, HOST_XEN=self.folder,
                        XENSTORED_RUNDIR=self.folder)
        self.log = open(os.path.join(out, f"{daemon}_test.log"), "wb")
        self.xenstored = self.start(os.path.join(store, "xenstored"), "-N",
                                    "--no-sandbox")
        self.daemon = None
        wait_for(lambda: self.store("write", "/test", "1") == "" and
                 self.store("read", "/test") == "1")

    def start(self, *args, **more):
        return subprocess.Popen(args, env={**self.env, **more},
                                stdout=subprocess.PIPE, stderr=self.log)

    def store(self, *args):
        tool = os.path.join(self.store_dir, "client", "xenstore")
        done = subprocess.run([tool, *args], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=self.log)
        return done.stdout.strip()

    def start_daemon(self):
        self.daemon = self.start(os.path.join(self.out, self.name), "-N", "-d",
                                 os.path.join(self.folder, "run"),
                                 HOST_SIDE="back")
        wait_for(self.worker)

    def worker(self):
        """Process id of the worker."""
        pid = self.daemon.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return children.read().strip()

    def make_nodes(self, front, back, nodes):
        """Both ends' nodes: common ones, and those given."""
        every = {f"{front}/backend": back, f"{front}/backend-id": "0",
                 f"{front}/state": "1", f"{back}/frontend": front,
                 f"{back}/frontend-id": "0", f"{back}/online": "1"}
        for path, value in {**every, **nodes, f"{back}/state": "1"}.items():
            self.store("write", path, value)

    def remove_nodes(self, *nodes):
        for node in nodes:
            self.store("rm", node)
        wait_for(lambda: os.listdir(os.path.join(self.folder, "run"))
                 == ["lock"])

    def is_confined(self):
        with open(f"/proc/{self.worker()}/status") as status:
            fields = dict(line.split(":", 1) for line in status)
        assert fields["Uid"].split() == ["65534"] * 4, fields["Uid"]
        assert int(fields["CapEff"], 16) == 0, fields["CapEff"]
        assert fields["Seccomp"].strip() == "2", fields["Seccomp"]

    def end(self):
        for process in (self.daemon, self.xenstored):
            if process:
                process.kill()
                process.wait()
        self.log.close()
        shutil.rmtree(self.folder)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"in vain: {condition.__qualname__}")
        time.sleep(0.01)


def run(daemon, checks):
    """Prints `ok name` or `FAIL name: why` for each check, and closes with
    `N passed, N failed`. Returns an exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--store", required=True)
    args = parser.parse_args()
    host = Host(args.out, args.store, daemon)
    failed = 0
    try:
        host.start_daemon()
        for check in checks:
            try:
                check(host)
                print(f"ok {check.__name__}", flush=True)
            except AssertionError as why:
                failed += 1
                print(f"FAIL {check.__name__}: {why}", flush=True)
    finally:
        host.end()
    print(f"{len(checks) - failed} passed, {failed} failed")
    return failed != 0
