# SPDX-License-Identifier: MIT
"""xen-blkd itself, its sandbox included, on a host without a hypervisor.

The guest is a process (host_guest.c), events and grants are files
(host_xen.c), the store is our xenstored. Prints `ok name` or `FAIL name: why`
for each check and closes with `N passed, N failed`.
"""

import argparse
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SIZE = 16 << 20
BACK = "/local/domain/0/backend/qdisk/0/1"
FRONT = "/local/domain/0/device/vbd/1"


class Host:
    """A folder, the store and the daemon."""

    def __init__(self, out, store):
        self.out, self.store_dir = out, store
        self.folder = tempfile.mkdtemp(prefix="blkd_test.")
        os.chmod(self.folder, 0o755)
        self.image = os.path.join(self.folder, "image")
        self.env = dict(os.environ, HOST_XEN=self.folder,
                        XENSTORED_RUNDIR=self.folder)
        self.log = open(os.path.join(out, "blkd_test.log"), "wb")
        self.xenstored = self.start(os.path.join(store, "xenstored"), "-N",
                                    "--no-sandbox")
        self.blkd = None

    def start(self, *args, **more):
        return subprocess.Popen(args, env={**self.env, **more},
                                stdout=subprocess.PIPE, stderr=self.log)

    def store(self, *args):
        tool = os.path.join(self.store_dir, "client", "xenstore")
        done = subprocess.run([tool, *args], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=self.log)
        return done.stdout.strip()

    def start_blkd(self):
        self.blkd = self.start(os.path.join(self.out, "xen-blkd"), "-N", "-d",
                               os.path.join(self.folder, "run"),
                               HOST_SIDE="back")
        wait_for(self.worker)

    def worker(self):
        """Process id of the worker."""
        pid = self.blkd.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            return children.read().strip()

    def make_nodes(self, params, **more):
        with open(self.image, "wb") as image:
            image.truncate(SIZE)
        nodes = {f"{FRONT}/backend": BACK, f"{FRONT}/backend-id": "0",
                 f"{FRONT}/state": "1", f"{BACK}/frontend": FRONT,
                 f"{BACK}/frontend-id": "0", f"{BACK}/params": params,
                 f"{BACK}/mode": "w", f"{BACK}/online": "1"}
        nodes.update({f"{BACK}/{name}": value for name, value in more.items()})
        nodes[f"{BACK}/state"] = "1"
        for path, value in nodes.items():
            self.store("write", path, value)

    def remove_nodes(self):
        self.store("rm", FRONT)
        self.store("rm", BACK)
        wait_for(lambda: os.listdir(os.path.join(self.folder, "run"))
                 == ["lock"])

    def start_guest(self, seconds):
        return self.start(os.path.join(self.out, "guest"), "device/vbd/1",
                          str(seconds), HOST_SIDE="front")

    def end(self):
        for process in (self.blkd, self.xenstored):
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


def finish(guest, connected=1):
    """The guest's data was right, and it has noticed nothing."""
    try:
        out, _ = guest.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        guest.kill()
        raise AssertionError("the guest does not end") from None
    text = out.decode().strip()
    assert text.startswith("done "), f"guest: {text}, status {guest.returncode}"
    assert f"connected {connected} times" in text, text
    return int(text.split()[1].rstrip(","))


def serves_a_file(host):
    host.make_nodes(f"raw:{host.image}")
    guest = host.start_guest(1)
    assert finish(guest) > 50
    host.remove_nodes()


def is_confined(host):
    if os.getuid():
        return
    with open(f"/proc/{host.worker()}/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    assert fields["Uid"].split() == ["65534"] * 4, fields["Uid"]
    assert int(fields["CapEff"], 16) == 0, fields["CapEff"]
    assert fields["Seccomp"].strip() == "2", fields["Seccomp"]


def worker_is_killed_twenty_times(host):
    host.make_nodes(f"raw:{host.image}")
    guest = host.start_guest(8)
    for _ in range(20):
        time.sleep(random.uniform(0.05, 0.3))
        old = host.worker()
        os.kill(int(old), signal.SIGKILL)
        wait_for(lambda gone=old: host.worker() not in ("", gone))
    assert guest.poll() is None, "the guest was done before"
    finish(guest)
    host.remove_nodes()


def daemon_is_killed(host):
    host.make_nodes(f"raw:{host.image}")
    guest = host.start_guest(6)
    for pause in (0, 0.3, 1):
        time.sleep(0.5)
        host.blkd.kill()
        host.blkd.wait()
        time.sleep(pause)
        host.start_blkd()
    finish(guest)
    host.remove_nodes()


def requests_are_limited(host):
    host.make_nodes(f"raw:{host.image}", iops="200")
    guest = host.start_guest(4)
    nr = finish(guest)
    # I/Os take up to six requests each here.
    assert 200 <= nr <= 1000, nr
    host.remove_nodes()


def qcow2_through_a_server(host):
    image, socket = (os.path.join(host.folder, name)
                     for name in ("qcow2", "nbd"))
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image,
                    str(SIZE)], check=True)
    server = host.start("qemu-nbd", "-f", "qcow2", "-t", "-e", "4", "-k",
                        socket, image)
    wait_for(lambda: os.path.exists(socket))
    host.make_nodes(f"nbd:unix:{socket}")
    guest = host.start_guest(3)
    for _ in range(3):
        time.sleep(0.5)
        os.kill(int(host.worker()), signal.SIGKILL)
    finish(guest)
    host.remove_nodes()
    server.terminate()
    server.wait()


def what_is_not_there_is_refused(host):
    host.make_nodes("raw:/nonexistent")
    wait_for(lambda: host.store("read", f"{BACK}/state") == "6")
    error = host.store("read", "/local/domain/0/error/backend/qdisk/0/1/error")
    assert "No such file" in error, error
    host.store("rm", FRONT)
    host.store("rm", BACK)


def nothing_is_left_open(host):
    links = [os.readlink(fd) for fd in
             glob.glob(f"/proc/{host.worker()}/fd/*") if os.path.islink(fd)]
    assert not [link for link in links if "image" in link], links


CHECKS = (serves_a_file, is_confined, worker_is_killed_twenty_times,
          daemon_is_killed, requests_are_limited, qcow2_through_a_server,
          what_is_not_there_is_refused, nothing_is_left_open)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--store", required=True)
    args = parser.parse_args()
    host = Host(args.out, args.store)
    failed = 0
    try:
        wait_for(lambda: host.store("write", "/test", "1") == "" and
                 host.store("read", "/test") == "1")
        host.start_blkd()
        for check in CHECKS:
            try:
                check(host)
                print(f"ok {check.__name__}", flush=True)
            except AssertionError as why:
                failed += 1
                print(f"FAIL {check.__name__}: {why}", flush=True)
    finally:
        host.end()
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
