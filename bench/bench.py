#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures hypervisors under the same QEMU and prints their figures side by side.

usage: bench.py --bin DIR --kernel VMLINUZ --log DIR NAME=XEN_ELF...

QEMU counts instructions (-icount shift=0,sleep=off): a nanosecond of the guest's
and a tick of its TSC are one instruction, whatever else the host does. Each
hypervisor is booted twice: with the tiny kernel, then with Debian's kernel and
the tools. A smaller figure is better in all rows.
"""

import argparse
import os
import re
import subprocess
import sys
import time

HOST_KIB = 2048 * 1024
OPTIONS = "console=com1 com1=115200,8n1"
SECONDS = 900
# Figures of tinypv that no way into the hypervisor is part of.
OUTSIDE = ("memory", "reset_to_kernel", "loop", "rdtsc", "cpuid")


def run(name, xen, memory, options, modules, end, log_folder, disk=None):
    """Boot until the line `end` has come; return {figure: (value, unit)}."""
    log = os.path.join(log_folder, name + ".log")
    command = ["qemu-system-x86_64", "-accel", "tcg", "-icount",
               "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01T00:00:00",
               "-cpu", "max,-smap", "-smp", "1", "-m", str(memory), "-display",
               "none", "-monitor", "none", "-nic", "none", "-vga", "none",
               "-no-reboot", "-serial", f"file:{log}", "-kernel", xen,
               "-append", f"{OPTIONS} {options}", "-initrd", modules]
    if disk:
        command += ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
    open(log, "w").close()
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as qemu:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and qemu.poll() is None:
            if end in read(log):
                break
            time.sleep(0.5)
        qemu.kill()
    text = read(log)
    if end not in text:
        print(f"bench: {name} has not come to its end, see {log}",
              file=sys.stderr)
    found = re.findall(r"^@R (\S+) ([\d.]+) (\S+)", text, re.M)
    return {figure: (float(value), unit) for figure, value, unit in found}


def read(path):
    with open(path, "rb") as log:
        return log.read().decode("latin-1").replace("\r", "")


def measure(name, xen, args):
    disk = os.path.join(args.bin, "disk.img")
    figures = {"image.size": (os.path.getsize(xen) / 1024, "KiB")}
    tiny = run(f"{name}-tinypv", xen, 2048, "",
               os.path.join(args.bin, "tinypv"), "TINY-BENCH-END", args.log)
    if "tinypv.memory" in tiny:
        left, unit = tiny.pop("tinypv.memory")
        figures["memory.taken_of_2_GiB"] = (HOST_KIB - left, unit)
    figures.update(tiny)
    # The same on root tables without the hypervisor's mappings.
    xpti = run(f"{name}-xpti", xen, 2048, "xpti=on",
               os.path.join(args.bin, "tinypv"), "TINY-BENCH-END", args.log)
    figures.update({figure.replace("tinypv.", "tinypv_xpti."): value
                    for figure, value in xpti.items()
                    if figure.removeprefix("tinypv.") not in OUTSIDE})
    figures.update(run(f"{name}-pair", xen, 1024, "dom0_mem=256M,max:256M",
                       os.path.join(args.bin, "pair", "kernel"),
                       "PAIR-BENCH-END", args.log))
    kernel = (f"{args.kernel} console=hvc0 quiet xenia.test=bench "
              f"xenia.then=idle,{os.path.join(args.bin, 'bench.img')}")
    figures.update(run(f"{name}-dom0", xen, 4096,
                       "dom0_mem=1024M,max:1024M dom0_max_vcpus=1", kernel,
                       "@T done", args.log))
    checks = ("tools_start:bench_tiny:bench_linux:bench_many:bench_save:"
              "bench_guest")
    kernel = (f"{args.kernel} console=hvc0 quiet xenia.test={checks} "
              f"xenia.then=idle,{os.path.join(args.bin, 'tools.img')}")
    figures.update(run(f"{name}-tools", xen, 4096,
                       "dom0_mem=1024M,max:1024M dom0_max_vcpus=1", kernel,
                       "@T done", args.log, disk))
    # The project's own xl on the project's own xenstored: rows xl.all_own.*.
    checks = "tools_start:bench_tiny:bench_linux:bench_many:bench_save"
    kernel = (f"{args.kernel} console=hvc0 quiet xenia.test={checks} "
              "xenia.xenstored=own xenia.bench_who=all_own "
              f"xenia.then=idle,{os.path.join(args.bin, 'tools.img')}")
    figures.update(run(f"{name}-own", xen, 4096,
                       "dom0_mem=1024M,max:1024M dom0_max_vcpus=1", kernel,
                       "@T done", args.log, disk))
    for part in PARTS:
        figures.update(pairs(part, name, xen, args))
    return figures


# Parts that can be had alone: the last row of each, as a sign that it is whole.
PARTS = {"block": "block.own-file.read_4k_depth_8",
         "net": "net.own-own.round_trip"}


def pairs(part, name, xen, args):
    """Front-ends and back-ends: rows block.FRONT-BACK.*, net.FRONT-BACK.*."""
    kernel = (f"{args.kernel} console=hvc0 quiet "
              f"xenia.test=tools_start:bench_{part} xenia.xenstored=xenstored "
              f"xenia.then=idle,{os.path.join(args.bin, 'tools.img')}")
    return run(f"{name}-{part}", xen, 4096,
               "dom0_mem=1024M,max:1024M dom0_max_vcpus=1", kernel, "@T done",
               args.log, os.path.join(args.bin, "disk.img"))


def print_table(names, columns):
    """The first column is what the others are compared with."""
    rows = list(dict.fromkeys(row for column in columns for row in column))
    head = [f"{name:>12}" for name in names] + \
           [f"{name + '/' + names[0]:>14}" for name in names[1:]]
    print(f"{'figure':<36}{'unit':<10}" + "".join(head))
    for row in rows:
        cells = [column.get(row) for column in columns]
        unit = next(cell for cell in cells if cell)[1]
        line = f"{row:<36}{unit:<10}"
        line += "".join(f"{cell[0]:>12.1f}" if cell else f"{'-':>12}"
                        for cell in cells)
        for cell in cells[1:]:
            both = cell and cells[0] and cells[0][0]
            line += (f"{cell[0] / cells[0][0]:>14.2f}" if both
                     else f"{'-':>14}")
        print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True, help="where the images are")
    parser.add_argument("--kernel", required=True, help="Debian's kernel")
    parser.add_argument("--log", required=True, help="folder for the logs")
    parser.add_argument("--part", choices=PARTS,
                        help="only the rows of disks, or of networks")
    parser.add_argument("hypervisors", nargs="+", metavar="NAME=XEN_ELF")
    args = parser.parse_args()
    os.makedirs(args.log, exist_ok=True)
    names, files = zip(*(h.split("=", 1) for h in args.hypervisors))
    columns = [pairs(args.part, name, xen, args) if args.part
               else measure(name, xen, args)
               for name, xen in zip(names, files)]
    print_table(names, columns)
    last = PARTS.get(args.part, "dom0.getpid")
    return 0 if all(last in column for column in columns) else 1


if __name__ == "__main__":
    sys.exit(main())
