# SPDX-License-Identifier: MIT
"""The commands of docs/guide.md, in their order, on the demo's host."""

import os
import re
import subprocess

from host_checks import power_off, run_status, wait_ready
from qemu import Machine, kernel_args


def blocks(path):
    """(line number, text) of each block that is marked ```host."""
    with open(path) as guide:
        text = guide.read()
    for match in re.finditer(r"^```host\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, match.start()) + 1, match[1]


def start(context, folder):
    """The demo's host, with a fresh disk."""
    disk = os.path.join(folder, "disk.img")
    subprocess.run(["make", "-s", "-f", f"{context.root}/boot/demo/Makefile",
                    f"O={context.out}", f"DISK={disk}"], check=True)
    args = ["-machine", "q35", "-cpu", "max,-smap", "-smp", "2", "-m", "2048",
            "-nic", "user,model=virtio-net-pci",
            "-drive", f"file={disk},format=raw,if=virtio",
            *kernel_args(f"{context.out}/dist/boot/xen",
                         "console=com1 com1=115200,8n1 dom0_mem=512M",
                         f"{context.cache}/kernel/vmlinuz",
                         "console=hvc0 loglevel=3",
                         f"{context.out}/boot/mini.img")]
    return Machine(args, os.path.join(folder, "serial.log"))


def guide(context, folder, result):
    with start(context, folder) as machine:
        wait_ready(machine, result)
        run_status(machine, "xl create -q /etc/xen/debian.cfg")
        for line, text in blocks(f"{context.root}/docs/guide.md"):
            for command in commands(text):
                status, printed = run_status(machine, command, 180)
                what = re.sub(r"\W+", "_", command.split("\n")[0]).strip("_")
                result.check(f"line_{line}_{what[:40]}", status == 0, printed)
        power_off(machine, result)


def commands(text):
    """Each line is one, but for what a `<< EOF` takes."""
    while text:
        end = text.find("\nEOF\n") + 5 if "<< EOF" in text.split("\n")[0] \
            else text.find("\n") + 1
        yield text[:end].rstrip("\n")
        text = text[end:]


CASES = {"guide": guide}
