#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures hypervisors under the same QEMU and prints their figures side by side.

usage: bench.py --bin DIR --kernel VMLINUZ --log DIR NAME=XEN_ELF...

QEMU counts instructions (-icount shift=0,sleep=off): a nanosecond of the guest's
and a tick of its TSC are one instruction, whatever else the host does. With
--clock wall it does not: time is the host's, and the hypervisors take turns for
some rounds, of which the best one counts, since other work on the host can only
make a figure larger. Each hypervisor is booted with the tiny kernels, then with
Debian's kernel and the tools. A smaller figure is better in all rows.
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
CLOCKS = {
    "icount": ("-icount", "shift=0,sleep=off", "-rtc",
               "clock=vm,base=2026-01-01T00:00:00"),
    "wall": (),
}
# Without it stock's guests get the FPU registers of others in QEMU, where they
# share a CPU, and their programs crash: see EAGER_FPU in tests/system/cases.py.
STOCK_BY_WALL = "spec-ctrl=eager-fpu"
# What xl is timed at. A hundred guests and Debian's kernel unpacked take many
# minutes of the host's, in which it does not stay as it is; a round shall be short.
CHECKS = {
    "icount": "bench_tiny:bench_linux:bench_many:bench_save",
    "wall": "bench_tiny:bench_save",
}
# Figures of tinypv that no way into the hypervisor is part of.
OUTSIDE = ("memory", "reset_to_kernel", "loop", "rdtsc", "cpuid")
# What the host's clock has no part in, or the TSC's start.
NOT_BY_WALL = re.compile(r".*(memory|reset_to).*|image.size")


class Bench:
    """One hypervisor, and how it is measured."""

    def __init__(self, name, xen, args):
        self.name, self.xen, self.args = name, xen, args
        self.checks = CHECKS[args.clock]

    def run(self, part, memory, options, modules, end, disk=None):
        """Boot until the line `end` has come; return {figure: (value, unit)}."""
        log = os.path.join(self.args.log, f"{self.name}-{part}.log")
        command = ["qemu-system-x86_64", "-accel", "tcg",
                   *CLOCKS[self.args.clock], "-cpu", "max,-smap", "-smp", "1",
                   "-m", str(memory), "-display", "none", "-monitor", "none",
                   "-nic", "none", "-vga", "none", "-no-reboot", "-serial",
                   f"file:{log}", "-kernel", self.xen, "-append",
                   f"{OPTIONS} {options}", "-initrd", modules]
        if disk:
            command += ["-drive",
                        f"file={disk},format=raw,if=virtio,snapshot=on"]
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
            print(f"bench: {self.name}-{part} has not come to its end, see {log}",
                  file=sys.stderr)
        found = re.findall(r"^@R (\S+) ([\d.]+) (\S+)", text, re.M)
        return {figure: (float(value), unit) for figure, value, unit in found}

    def tinypv(self, part, options):
        return self.run(part, 2048, options, os.path.join(self.args.bin, "tinypv"),
                        "TINY-BENCH-END")

    def linux(self, part, image, checks, *values, disk=None):
        kernel = " ".join((self.args.kernel, "console=hvc0 quiet",
                           f"xenia.test={checks}", *values,
                           f"xenia.then=idle,{os.path.join(self.args.bin, image)}"))
        options = "dom0_mem=1024M,max:1024M dom0_max_vcpus=1"
        if self.name == "stock" and self.args.clock == "wall":
            options += f" {STOCK_BY_WALL}"
        return self.run(part, 4096, options, kernel, "@T done", disk)

    def tools(self, part, checks, *values):
        return self.linux(part, "tools.img", f"tools_start:{checks}", *values,
                          disk=os.path.join(self.args.bin, "disk.img"))

    # ---- The parts: what is booted, and what comes of it -----------------

    def tiny(self):
        figures = {"image.size": (os.path.getsize(self.xen) / 1024, "KiB")}
        found = self.tinypv("tinypv", "")
        if "tinypv.memory" in found:
            left, unit = found.pop("tinypv.memory")
            figures["memory.taken_of_2_GiB"] = (HOST_KIB - left, unit)
        return {**figures, **found}

    def xpti(self):
        """The same on root tables without the hypervisor's mappings."""
        return {figure.replace("tinypv.", "tinypv_xpti."): value
                for figure, value in self.tinypv("xpti", "xpti=on").items()
                if figure.removeprefix("tinypv.") not in OUTSIDE}

    def pair(self):
        return self.run("pair", 1024, "dom0_mem=256M,max:256M",
                        os.path.join(self.args.bin, "pair", "kernel"),
                        "PAIR-BENCH-END")

    def dom0(self):
        return self.linux("dom0", "bench.img", "bench")

    def xl(self):
        """Debian's xl and the project's on Debian's xenstored; a guest."""
        return self.tools("tools", f"{self.checks}:bench_guest")

    def own(self):
        """The project's own xl on the project's own xenstored."""
        return self.tools("own", self.checks,
                          "xenia.xenstored=own xenia.bench_who=all_own")

    def block(self):
        """Front-ends and back-ends: rows block.FRONT-BACK.*"""
        return self.tools("block", "bench_block", "xenia.xenstored=xenstored")

    def net(self):
        return self.tools("net", "bench_net", "xenia.xenstored=xenstored")

    def part(self, part):
        figures = getattr(self, part)()
        if self.args.clock == "wall":
            figures = {figure: value for figure, value in figures.items()
                       if not NOT_BY_WALL.match(figure)}
        return figures


# The last row of each part, as a sign that it is whole.
PARTS = {
    "tiny": "tinypv.evtchn_send_upcall_iret",
    "xpti": "tinypv_xpti.evtchn_send_upcall_iret",
    "pair": "pair.grant_copy_4k",
    "dom0": "hcall.evtchn_loopback",
    "xl": "domu.memcpy64k",
    "own": "xl.all_own.destroy_128_MiB",
    "block": "block.own-file.read_4k_depth_8",
    "net": "net.own-own.round_trip",
}


def read(path):
    with open(path, "rb") as log:
        return log.read().decode("latin-1").replace("\r", "")


def best(old, new):
    """Of each figure the smaller one."""
    return {figure: min(value for value in (old.get(figure), new.get(figure))
                        if value)
            for figure in dict.fromkeys([*old, *new])}


def measure(benches, parts, rounds):
    """All hypervisors in turn, part by part; returns the figures of each."""
    columns = [{} for _ in benches]
    for part in parts:
        for _ in range(rounds):
            for i, bench in enumerate(benches):
                columns[i] = best(columns[i], bench.part(part))
    return columns


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
    parser.add_argument("--part", choices=PARTS, help="only these rows")
    parser.add_argument("--clock", choices=CLOCKS, default="icount")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("hypervisors", nargs="+", metavar="NAME=XEN_ELF")
    args = parser.parse_args()
    os.makedirs(args.log, exist_ok=True)
    benches = [Bench(*hypervisor.split("=", 1), args)
               for hypervisor in args.hypervisors]
    parts = [args.part] if args.part else list(PARTS)
    columns = measure(benches, parts, args.rounds)
    print_table([bench.name for bench in benches], columns)
    whole = all(PARTS[part] in column for part in parts for column in columns)
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
