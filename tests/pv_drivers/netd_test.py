# SPDX-License-Identifier: MIT
"""xen-netd itself, its sandbox included, with a guest that is a process
(host_net_guest.c); see host.py.

The host and the guest have network namespaces of their own. In the host's, a
bridge has the daemon's interface; in the guest's, a TAP leads to our front-end.
So what the two kernels say to each other passes through both halves.
"""

import ctypes
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from host import run, wait_for

BACK = "/local/domain/0/backend/qnic/0/3"
FRONT = "/local/domain/0/device/vif/3"
HOST, GUEST = "10.9.0.1", "10.9.0.2"
HOST6, GUEST6 = "fd09::1", "fd09::2"
MAC = "00:16:3e:09:00:02"
MIB = 1 << 20

# In the guest: send so many bytes, or take what comes; both print the sum.
PEER = """
import hashlib, os, socket, sys
what, address, size, port = *sys.argv[1:3], *map(int, sys.argv[3:])
s = socket.create_connection((address, 5000), source_address=("", port))
sum = hashlib.md5()
block = os.urandom(1 << 20)
while size if what == "send" else True:
    if what == "send":
        data = block[:size]
        s.sendall(data)
        size -= len(data)
    else:
        data = s.recv(1 << 20)
        if not data:
            break
    sum.update(data)
s.close()
print(sum.hexdigest())
"""


def ip(*args, inside=None):
    enter = ["nsenter", "-t", str(inside), "-n"] if inside else []
    subprocess.run([*enter, "ip", *args], check=True)


def own_namespaces():
    libc = ctypes.CDLL(None, use_errno=True)
    clone_newnet, clone_newns, private = 0x40000000, 0x00020000, 0x44000
    if (libc.unshare(clone_newnet | clone_newns) or
            libc.mount(b"none", b"/", None, private, None) or
            libc.mount(b"sysfs", b"/sys", b"sysfs", 0, None)):
        raise OSError(ctypes.get_errno(), "namespaces")
    ip("link", "set", "lo", "up")
    ip("link", "add", "br0", "type", "bridge")
    ip("link", "set", "br0", "up")
    ip("addr", "add", f"{HOST}/24", "dev", "br0")
    ip("addr", "add", f"{HOST6}/64", "dev", "br0", "nodad")


class Guest:
    """The process, with addresses."""

    def __init__(self, host, queues=1, **more):
        nodes = {f"{FRONT}/mac": MAC, f"{FRONT}/mtu": "1500",
                 f"{BACK}/mac": MAC, f"{BACK}/bridge": "br0"}
        nodes.update({f"{BACK}/{name}": value for name, value in more.items()})
        self.host = host
        host.make_nodes(FRONT, BACK, nodes)
        self.process = host.start("unshare", "-n",
                                  os.path.join(host.out, "net_guest"),
                                  "device/vif/3", str(queues),
                                  HOST_SIDE="front")
        line = self.process.stdout.readline().decode().strip()
        assert line == f"link up, {queues} queues", line
        for args in (("link", "set", "guest0", "address", MAC),
                     ("link", "set", "guest0", "up"),
                     ("addr", "add", f"{GUEST}/24", "dev", "guest0"),
                     ("addr", "add", f"{GUEST6}/64", "dev", "guest0",
                      "nodad")):
            ip(*args, inside=self.process.pid)

    def run(self, *args):
        return subprocess.Popen(["nsenter", "-t", str(self.process.pid), "-n",
                                 *args], stdout=subprocess.PIPE, text=True)

    def counts(self):
        """Bytes of its interface; what it sends is what the host got."""
        shown = self.run("ip", "-s", "-j", "link", "show", "dev", "guest0")
        counts = json.loads(shown.communicate()[0])[0]["stats64"]
        with open("/sys/class/net/vif0.3/statistics/rx_bytes") as sent:
            return {"tx": int(sent.read()), "rx": counts["rx"]["bytes"]}

    def ping(self, address):
        done = self.run("busybox", "ping", "-c", "1", "-W", "2", address)
        done.communicate()
        return done.returncode == 0

    def end(self):
        self.process.kill()
        self.process.wait()
        self.host.remove_nodes(FRONT, BACK)
        assert not os.path.exists("/sys/class/net/vif0.3"), "vif0.3 is there"


class Transfer:
    """A TCP connection from the guest, with data one way. `port` is the guest's,
    0 for any."""

    def __init__(self, guest, what, size, address=HOST, port=0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sum = hashlib.md5()
        self.what, self.size = what, size
        self.server = socket.create_server((address, 5000), family=family)
        self.server.settimeout(60)
        self.done = 0
        self.begin = time.monotonic()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        self.peer = guest.run(sys.executable, "-c", PEER, what, address,
                              str(size), str(port))

    def serve(self):
        connection, _ = self.server.accept()
        connection.settimeout(60)
        block = os.urandom(MIB)
        while self.done < self.size:
            if self.what == "send":
                data = connection.recv(MIB)
                if not data:
                    break
            else:
                data = block[:self.size - self.done]
                connection.sendall(data)
            self.sum.update(data)
            self.done += len(data)
        connection.close()

    def finish(self):
        """Data was right; MiB per second."""
        out, _ = self.peer.communicate(timeout=90)
        self.thread.join(90)
        self.server.close()
        took = time.monotonic() - self.begin
        assert self.done == self.size, f"{self.done} bytes of {self.size}"
        assert out.strip() == self.sum.hexdigest(), f"{self.what}: sums differ"
        return self.size / MIB / took


def answers_pings(host):
    guest = Guest(host)
    assert guest.ping(HOST) and guest.ping(HOST6)
    guest.end()


def carries_tcp_both_ways(host):
    guest = Guest(host)
    for address in (HOST, HOST6):
        for what in ("send", "receive"):
            rate = Transfer(guest, what, 64 * MIB, address).finish()
            print(f": {what} {address} {rate:.0f} MiB/s")
    guest.end()


def several_queues(host):
    guest = Guest(host, queues=3)
    transfer = Transfer(guest, "send", 16 * MIB)
    transfer.finish()
    Transfer(guest, "receive", 16 * MIB).finish()
    guest.end()


def is_confined(host):
    host.is_confined()


def worker_is_killed_under_load(host):
    guest = Guest(host, queues=2)
    nr_killed = 0
    for what in ("send", "receive"):
        transfer = Transfer(guest, what, 192 * MIB)
        while transfer.thread.is_alive() and nr_killed < 40:
            time.sleep(random.uniform(0.02, 0.2))
            old = host.worker()
            os.kill(int(old), signal.SIGKILL)
            wait_for(lambda gone=old: host.worker() not in ("", gone))
            nr_killed += 1
        transfer.finish()
    assert nr_killed > 5, f"killed {nr_killed} times only"
    guest.end()


def daemon_is_killed_under_load(host):
    guest = Guest(host)
    transfer = Transfer(guest, "receive", 256 * MIB)
    for pause in (0, 0.3, 1):
        time.sleep(0.2)
        host.daemon.kill()
        host.daemon.wait()
        time.sleep(pause)
        host.start_daemon()
    transfer.finish()
    guest.end()


def rates_are_kept(host):
    """The guest's kernel sends as fast as it may; the bytes are counted."""
    guest = Guest(host, **{"rate": "100000,50000", "rate-in": "3000000"})
    for what, rate in (("send", 2000000), ("receive", 3000000)):
        got = Transfer(guest, what, 3 * rate).finish() * MIB
        assert got < rate * 1.1, f"{what}: {got:.0f} bytes/s"
        print(f": {what} {got:.0f} of {rate} bytes/s")
    guest.end()


class Flood:
    """Packets to the guest that nobody there takes, more than it may get."""

    PORT = 9

    def __init__(self):
        self.goes_on = True
        self.thread = threading.Thread(target=self.send)
        self.thread.start()

    def send(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.bind((HOST, self.PORT))
            while self.goes_on:
                try:
                    out.sendto(bytes(1400), (GUEST, self.PORT))
                except ConnectionRefusedError:
                    pass
                time.sleep(0.001)

    def end(self):
        self.goes_on = False
        self.thread.join()


def rates_are_kept_both_ways_at_once(host):
    """What the guest's TCP has to hear comes through, and in time. The ports are
    always the same: flows with one hash would share a turn."""
    guest = Guest(host, rate="400000", **{"rate-in": "300000"})
    flood = Flood()
    transfer = Transfer(guest, "send", 12 * 400000, port=5001)
    time.sleep(2)
    begin, before = time.monotonic(), guest.counts()
    time.sleep(8)
    took, after = time.monotonic() - begin, guest.counts()
    flood.end()
    transfer.finish()
    guest.end()
    for rate, way in ((400000, "tx"), (300000, "rx")):
        got = (after[way] - before[way]) / took
        print(f": {way} {got:.0f} of {rate} bytes/s")
        assert rate * 0.9 < got < rate * 1.1, f"{way}: {got:.0f} bytes/s"


def only_its_own_addresses(host):
    guest = Guest(host, antispoof="1", ip=f"{GUEST} {GUEST6}")
    assert guest.ping(HOST) and guest.ping(HOST6)
    pid = guest.process.pid
    ip("addr", "flush", "dev", "guest0", inside=pid)
    ip("addr", "add", "10.9.0.7/24", "dev", "guest0", inside=pid)
    assert not guest.ping(HOST), "as another"
    ip("addr", "del", "10.9.0.7/24", "dev", "guest0", inside=pid)
    ip("addr", "add", f"{GUEST}/24", "dev", "guest0", inside=pid)
    wait_for(lambda: guest.ping(HOST))
    ip("link", "set", "guest0", "address", "00:16:3e:09:00:03", inside=pid)
    assert not guest.ping(HOST), "by another hardware address"
    guest.end()


def what_is_not_there_is_refused(host):
    host.make_nodes(FRONT, BACK, {f"{BACK}/bridge": "none"})
    wait_for(lambda: host.store("read", f"{BACK}/state") == "6")
    error = host.store("read", "/local/domain/0/error/backend/qnic/0/3/error")
    assert "No such device" in error, error
    assert not os.path.exists("/sys/class/net/vif0.3"), "vif0.3 is there"
    host.store("rm", FRONT)
    host.store("rm", BACK)


def device_ends_while_a_worker_starts(host):
    for step in range(30):
        guest = Guest(host)
        os.kill(int(host.worker()), signal.SIGKILL)
        time.sleep(step * 0.003)
        guest.end()


def device_ends_while_no_daemon_is_there(host):
    guest = Guest(host)
    host.daemon.kill()
    host.daemon.wait()
    assert os.path.exists("/sys/class/net/vif0.3")
    guest.process.kill()
    guest.process.wait()
    host.store("rm", FRONT)
    host.store("rm", BACK)
    host.start_daemon()
    wait_for(lambda: not os.path.exists("/sys/class/net/vif0.3"))


CHECKS = (answers_pings, carries_tcp_both_ways, several_queues, is_confined,
          worker_is_killed_under_load, daemon_is_killed_under_load,
          rates_are_kept, rates_are_kept_both_ways_at_once, only_its_own_addresses,
          what_is_not_there_is_refused, device_ends_while_a_worker_starts,
          device_ends_while_no_daemon_is_there)


if __name__ == "__main__":
    if os.getuid() or not os.path.exists("/dev/net/tun"):
        print("skip: needs root and /dev/net/tun")
        print("0 passed, 0 failed")
        sys.exit(0)
    own_namespaces()
    sys.exit(run("xen-netd", CHECKS))
