# SPDX-License-Identifier: MIT
"""xen-blkd itself, its sandbox included, with a guest that is a process
(host_guest.c); see host.py."""

import glob
import os
import random
import signal
import subprocess
import sys
import time

from host import run, wait_for

SIZE = 16 << 20
BACK = "/local/domain/0/backend/qdisk/0/1"
FRONT = "/local/domain/0/device/vbd/1"


def make_image(host):
    with open(image_of(host), "wb") as image:
        image.truncate(SIZE)


def make_nodes(host, params, **more):
    make_image(host)
    nodes = {f"{BACK}/params": params, f"{BACK}/mode": "w"}
    nodes.update({f"{BACK}/{name}": value for name, value in more.items()})
    host.make_nodes(FRONT, BACK, nodes)


def image_of(host):
    return os.path.join(host.folder, "image")


def start_guest(host, seconds):
    return host.start(os.path.join(host.out, "guest"), "device/vbd/1",
                      str(seconds), HOST_SIDE="front")


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
    make_nodes(host, f"raw:{image_of(host)}")
    guest = start_guest(host, 1)
    assert finish(guest) > 50
    host.remove_nodes(FRONT, BACK)


def is_confined(host):
    if os.getuid():
        return
    host.is_confined()


def kill_workers(host, nr):
    for _ in range(nr):
        time.sleep(random.uniform(0.05, 0.3))
        old = host.worker()
        os.kill(int(old), signal.SIGKILL)
        wait_for(lambda gone=old: host.worker() not in ("", gone))


def worker_is_killed_twenty_times(host):
    make_nodes(host, f"raw:{image_of(host)}")
    guest = start_guest(host, 8)
    kill_workers(host, 20)
    assert guest.poll() is None, "the guest was done before"
    finish(guest)
    host.remove_nodes(FRONT, BACK)


def daemon_is_killed(host):
    make_nodes(host, f"raw:{image_of(host)}")
    guest = start_guest(host, 6)
    for pause in (0, 0.3, 1):
        time.sleep(0.5)
        host.daemon.kill()
        host.daemon.wait()
        time.sleep(pause)
        host.start_daemon()
    finish(guest)
    host.remove_nodes(FRONT, BACK)


def device_is_served_past_the_page_cache(host):
    if os.getuid():
        return
    make_image(host)
    device = subprocess.run(["losetup", "-f", "--show", image_of(host)],
                            check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip()
    try:
        make_nodes(host, f"phy:{device}")
        guest = start_guest(host, 4)
        kill_workers(host, 8)
        finish(guest)
        host.remove_nodes(FRONT, BACK)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)


def requests_are_limited(host):
    make_nodes(host, f"raw:{image_of(host)}", iops="200")
    guest = start_guest(host, 4)
    nr = finish(guest)
    # I/Os take up to six requests each here.
    assert 200 <= nr <= 1000, nr
    host.remove_nodes(FRONT, BACK)


def qcow2_through_a_server(host):
    image, socket = (os.path.join(host.folder, name)
                     for name in ("qcow2", "nbd"))
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image,
                    str(SIZE)], check=True)
    server = host.start("qemu-nbd", "-f", "qcow2", "-t", "-e", "4", "-k",
                        socket, image)
    wait_for(lambda: os.path.exists(socket))
    make_nodes(host, f"nbd:unix:{socket}")
    guest = start_guest(host, 3)
    for _ in range(3):
        time.sleep(0.5)
        os.kill(int(host.worker()), signal.SIGKILL)
    finish(guest)
    host.remove_nodes(FRONT, BACK)
    server.terminate()
    server.wait()


def what_is_not_there_is_refused(host):
    make_nodes(host, "raw:/nonexistent")
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
          daemon_is_killed, device_is_served_past_the_page_cache,
          requests_are_limited, qcow2_through_a_server,
          what_is_not_there_is_refused, nothing_is_left_open)


if __name__ == "__main__":
    sys.exit(run("xen-blkd", CHECKS))
