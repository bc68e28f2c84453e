#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows Xenia: builds it, starts a host in QEMU, creates guests there, and
leaves the user at the control domain's shell.

usage: demo.py --make COMMAND --out BUILD_DIR --cache DIR --logs DIR
               [--guests N]

Without a terminal, standard input goes to that shell, and its end ends the
host.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time

from host import Host
from screen import Screen, StepFailed

MEMORY = 2048
XEN_OPTIONS = "console=com1 com1=115200,8n1 loglvl=info dom0_mem=512M"
DOM0_OPTIONS = "console=hvc0 loglevel=3"
SECONDS = 180  # for each thing that the host does; emulation may be slow

FAREWELL = """
This is the control domain's shell on the serial line. Try:

  xl list                              the guests, and what they use
  xl console debian                    its shell; Ctrl-] comes back
  xl console bare1                     a kernel of our own, in 1 MiB
  xl top                               the same as xl list, alive; q ends it
  xl info; xl dmesg | tail             the host, and what the hypervisor says
  xenstore-ls /local/domain            the store: how guests find their devices
  xl pause bare1; xl list; xl unpause bare1
  xl create /etc/xen/debian.cfg name='"more"' disk='[]' vif='[]'
  xl shutdown -w debian; xl create /etc/xen/debian.cfg
  poweroff                             ends the host; so does Ctrl-a x
"""


def farewell(guests):
    """What to try, with those guests that there are."""
    return "".join(line for line in FAREWELL.splitlines(True)
                   if guests > 1 or "bare1" not in line)


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--make", required=True, help="how to call make")
    parser.add_argument("--out", required=True, help="build folder")
    parser.add_argument("--cache", required=True, help="folder of downloads")
    parser.add_argument("--logs", required=True,
                        help="folder of the logs and the host's disk")
    parser.add_argument("--guests", type=int, default=2)
    args = parser.parse_args()
    if args.guests < 1:
        parser.error("GUESTS: at least 1")
    return args


def build(screen, args, what, target, log):
    """Call make for a target, with all it says in a log."""
    with screen.step(what) as step, open(log, "w") as out:
        make = subprocess.Popen(f"{args.make} {target}", shell=True, text=True,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        line = ""
        for line in make.stdout:
            out.write(line)
            step.note = line.strip()
        if make.wait() != 0:
            raise StepFailed(line.strip(), log)


def machine(args):
    dist = os.path.join(args.out, "dist", "boot", "xen")
    kernel = os.path.join(args.cache, "kernel", "vmlinuz")
    initrd = os.path.join(args.out, "boot", "mini.img")
    disk = os.path.join(args.logs, "disk.img")
    return ["-machine", "q35", "-cpu", "max,-smap", "-smp", "2",
            "-m", str(MEMORY), "-kernel", dist, "-append", XEN_OPTIONS,
            "-initrd", f"{kernel} {DOM0_OPTIONS},{initrd}",
            "-drive", f"file={disk},format=raw,if=virtio",
            "-nic", "user,model=virtio-net-pci"]


def boot(screen, host):
    with screen.step("the hypervisor starts") as step:
        host.wait_for(r"^\(XEN\) Xenia .*\n", SECONDS, step)
        host.wait_for(r"^\(XEN\) Starting dom0.*\n", SECONDS, step)
    with screen.step("Debian's Linux starts as the control domain") as step:
        host.wait_for(r"^Xenia: control domain.*\n", SECONDS, step)
    with screen.step("the control domain's services start") as step:
        host.wait_for(r"^Ready after .*\n", SECONDS, step)
        host.wait_for(r"^\S+# ", SECONDS, step)
        # So that the shell does not break long lines.
        run(host, "stty columns 1000")
        for line in host.text.split("\n"):
            if line.startswith("  FAILED"):
                raise StepFailed(line[8:].strip(), host.log)


def run(host, command):
    """Run a command in the host; what it prints, if it goes well."""
    status, text = host.run(command, SECONDS)
    if status != 0:
        raise StepFailed(f"{command}: {text or status}", host.log)
    return text


def create_guests(screen, host, guests):
    with screen.step("xl create debian.cfg"):
        run(host, "xl create -q /etc/xen/debian.cfg")
    bare = f"xl create bare1.cfg .. bare{guests - 1}.cfg"
    if guests == 2:
        bare = "xl create bare1.cfg"
    if guests > 1:
        with screen.step(bare) as step:
            for i in range(1, guests):
                step.note = f"bare{i}"
                run(host, f"xl create -q /etc/xen/bare{i}.cfg")


def watch_guests(screen, host):
    """Until the Debian guest's drivers have found the host's, and it is up."""
    for device, command in (("disk", "block-list"),
                            ("network", "network-list")):
        with screen.step(f"debian: its {device} is connected"):
            run(host, f"until xl {command} debian | grep -q ' 4 '; "
                "do sleep 0.3; done")
    if host.run("command -v xenconsoled", SECONDS)[0] == 0:
        watch_console(screen, host)


def watch_console(screen, host):
    """Until the guest has said that it is up, and how."""
    said = ""
    with screen.step("debian: its shell is there") as step:
        while "debian is up" not in said:
            said = run(host, "xl console --history debian | tail -n 20")
            step.note = said.rpartition("\n")[2]
            time.sleep(0.5)
    for line in said.split("\n"):
        if line.startswith(("disk:", "network:")):
            screen.say(f"          {line}")


def show(screen, args, log):
    with Host(machine(args), log) as host:
        boot(screen, host)
        create_guests(screen, host, args.guests)
        watch_guests(screen, host)
        size = shutil.get_terminal_size()
        run(host, f"stty columns {size.columns} rows {size.lines}")
        screen.say(farewell(args.guests))
        return host.hand_over()


def main():
    args = parse_args()
    screen = Screen()
    os.makedirs(args.logs, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)
    screen.say(f"Xenia's demo: a host with {args.guests} guests, in QEMU. "
               f"Logs: {args.logs}")
    try:
        build(screen, args, "build the hypervisor, tools and disks",
              f"demo-files GUESTS={args.guests} DISK={args.logs}/disk.img",
              os.path.join(args.logs, "build.log"))
        return 0 if show(screen, args, os.path.join(args.logs, "host.log")) == 0 \
            else 1
    except StepFailed:
        return 1
    except KeyboardInterrupt:
        screen.say("\nInterrupted: the host is ended.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
