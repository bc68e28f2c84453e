# SPDX-License-Identifier: MIT
"""Hosts that start over the network, from what xenia-netboot has written, served
by dnsmasq and a web server on a TAP device.

Two hosts start from one folder: host1 with a guest that starts with it, host2
with other options and without guests. The servers are on a network that has
nothing else; see main.py.
"""

import functools
import glob
import http.server
import os
import re
import shutil
import subprocess
import threading

from host_checks import (check_guest_comes_up, check_guest_runs, power_off,
                         run, wait_ready)
from qemu import Machine

UEFI = "/usr/share/ovmf/OVMF.fd"
SERVER = "10.0.0.1"
MACS = {"host1": "52:54:00:00:00:01", "host2": "52:54:00:00:00:02"}
HOSTS = {
    "host1": "xen=dom0_mem=400M\nguests=first\n",
    "host2": "xen=dom0_mem=500M maxcpus=1\nlinux=xenia.net=bridge\n",
}
MISSING_SECONDS = 120

# There is one network for all cases.
NETWORK = threading.Lock()


def netboot_command(context, *args):
    return [os.path.join(context.root, "boot/netboot/xenia-netboot"),
            "--xen", os.path.join(context.out, "dist/boot/xen.gz"),
            "--kernel", os.path.join(context.cache, "kernel/vmlinuz"),
            "--mini", os.path.join(context.out, "boot/mini.img"),
            "--interface", "tap0", *args]


def make_folder(context, folder, *options):
    """The folder that is served, by the command that users call."""
    served = os.path.join(folder, "served")
    guests = os.path.join(served, "guests", "first")
    os.makedirs(os.path.join(served, "hosts"))
    shutil.copytree(os.path.join(context.out, "boot", "guests"), guests)
    os.makedirs(os.path.join(guests, "xen", "auto"), exist_ok=True)
    os.symlink("../debian.cfg", os.path.join(guests, "xen/auto/debian.cfg"))
    for host, lines in HOSTS.items():
        with open(f"{served}/hosts/{host}.conf", "w") as conf:
            conf.write(f"mac={MACS[host]}\n{lines}")
    subprocess.run(netboot_command(context, *options, served), check=True,
                   stdout=subprocess.DEVNULL)
    return served


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """A request is no news."""


class Network:
    """A TAP device with the folder's servers. Use it in a `with` block."""

    def __init__(self, served, folder):
        for line in ("link set lo up", "tuntap add tap0 mode tap",
                     f"addr add {SERVER}/24 dev tap0", "link set tap0 up"):
            subprocess.run(["ip", *line.split()], check=True)
        with open(os.path.join(folder, "dnsmasq.log"), "w") as log:
            self._dnsmasq = subprocess.Popen(
                ["dnsmasq", "-C", os.path.join(served, "dnsmasq.conf"),
                 "--no-daemon", "--log-dhcp", "--pid-file=",
                 "--dhcp-leasefile=" + os.path.join(folder, "leases")],
                stderr=log, stdout=log)
        handler = functools.partial(Quiet, directory=served)
        self._http = http.server.ThreadingHTTPServer((SERVER, 80), handler)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        self._dnsmasq.terminate()
        self._dnsmasq.wait()
        subprocess.run(["ip", "link", "del", "tap0"], check=True)


def start(host, uefi, folder):
    """Without graphics, the BIOS shows iPXE's screen on the serial line."""
    machine = "q35" if uefi else "q35,graphics=off"
    args = ["-machine", machine, "-cpu", "max,-smap", "-smp", "2", "-m", "2048",
            "-boot", "n", "-netdev",
            "tap,id=net,ifname=tap0,script=no,downscript=no", "-device",
            f"virtio-net-pci,netdev=net,mac={MACS[host]}"]
    if uefi:
        args += ["-bios", UEFI]
    return Machine(args, os.path.join(folder, "serial.log"))


def check_host1(machine, result):
    check_guest_runs(machine, result, "debian")
    check_guest_comes_up(machine, result, "debian")
    memory = run(machine, "xl list 0 | awk 'NR == 2 { print $3 }'")
    result.check("options_are_of_host1", memory == "400", memory)


def check_host2(machine, result):
    cpus = run(machine, "xl info nr_cpus")
    memory = run(machine, "xl list 0 | awk 'NR == 2 { print $3 }'")
    result.check("options_are_of_host2", (cpus, memory) == ("1", "500"),
                 f"{cpus} CPUs, {memory} MiB")


def boot(host, uefi, options, context, folder, result):
    served = make_folder(context, folder, *options)
    with NETWORK, Network(served, folder), \
            start(host, uefi, folder) as machine:
        name = wait_ready(machine, result)
        result.check("name_is_by_dhcp", name == host, name)
        address = run(machine, "ip -4 addr show xenbr0")
        result.check("address_is_by_dhcp", "10.0.0.1" in address, address)
        {"host1": check_host1, "host2": check_host2}[host](machine, result)
        power_off(machine, result)


def missing(what, uefi, message, context, folder, result):
    """A file is gone: the screen says which, and what to do."""
    served = make_folder(context, folder)
    os.unlink(os.path.join(served, what))
    with NETWORK, Network(served, folder), \
            start("host1", uefi, folder) as machine:
        machine.expect(message, MISSING_SECONDS)
        result.check("message_names_the_file", True)


WRONG = {
    "address": ("mac=12", "give the network card's address"),
    "guests": ("mac=52:54:00:00:00:03\nguests=none", "there is no folder"),
    "word": ("what=1", "what is 'what=1'"),
}


def refused(context, folder, result):
    """What xenia-netboot says of wrong lines, and of a missing file."""
    for name, (lines, words) in WRONG.items():
        served = os.path.join(folder, name)
        os.makedirs(os.path.join(served, "hosts"))
        with open(f"{served}/hosts/wrong.conf", "w") as conf:
            conf.write(lines + "\n")
        check_refused(context, served, result, f"wrong_{name}", words)
    check_refused(context, served, result, "missing_kernel",
                  "name a kernel by --kernel", "--kernel", "/nonexistent")


def check_refused(context, served, result, name, words, *options):
    command = netboot_command(context, *options, served)
    done = subprocess.run(command, check=False, text=True,
                          stderr=subprocess.STDOUT, stdout=subprocess.PIPE)
    result.check(name, done.returncode == 1 and words in done.stdout,
                 done.stdout)


def scripts(context, folder, result):
    """What GRUB gets is in its language, for each host."""
    served = make_folder(context, folder)
    for path in sorted(glob.glob(f"{served}/hosts/*.grub")):
        done = subprocess.run(["grub-script-check", path], check=False,
                              text=True, stderr=subprocess.PIPE)
        name = re.sub(r"\W", "_", os.path.basename(path))
        result.check(name, done.returncode == 0, done.stderr)


CASES = {
    "netboot_refused": refused,
    "netboot_scripts": scripts,
    "netboot_bios_tftp": functools.partial(boot, "host1", False, ()),
    "netboot_uefi_http": functools.partial(boot, "host2", True, ("--http",)),
    "netboot_uefi_tftp": functools.partial(boot, "host1", True, ()),
    "netboot_bios_http": functools.partial(boot, "host2", False, ("--http",)),
    "netboot_bios_missing": functools.partial(
        missing, "boot/vmlinuz", False,
        r"Xenia: .*/boot/vmlinuz can't be loaded. Run xenia-netboot"),
    "netboot_uefi_missing": functools.partial(
        missing, "boot/mini.img", True,
        r"Xenia: .*/boot/mini.img can't be loaded. Run xenia-netboot"),
    "netboot_data_missing": functools.partial(
        missing, "guests/first.tar", False,
        r"FAILED +data +.*first.tar: no such file on the server"),
}
