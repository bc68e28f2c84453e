#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots a hypervisor in QEMU, many times, and says what went right.

usage: main.py --xen ELF --out BUILD_DIR --log DIR KIND [PATTERN]

KIND `system` boots Debian's kernel on many machines, `long` on more, `guest` the
kernels of tests/guest; `carried` boots this hypervisor and another one in turn,
with a guest that goes from one to the other. PATTERN picks the cases whose name
contains it. Each case has a folder below DIR with the
serial line's log. --stock says that the hypervisor is not Xenia: checks of
what only Xenia has are left out.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import shutil
import sys
import time

import boot
import carried
import cases
import damaged
import guests
from files import FileServer, make_disk
from results import CaseResult, Results

# Lines of a serial log that are shown where something failed: both kernels'
# answers to boot.ask_why() without the list of tasks.
LOG_TAIL = 120

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


@dataclasses.dataclass
class Context:
    """What all cases share."""

    xen: str
    out: str
    own: bool
    kernel: str
    other: str = ""  # another hypervisor, where a case has two
    disk: str = ""
    server: FileServer = None


def system_cases(own, long, pattern):
    """(name, function that runs it) of each case, the longest first."""
    order = sorted((case for case in cases.BOOTS
                    if case.long == long and (case.ready or not own)
                    and (not case.named or pattern == case.name)),
                   key=lambda case: -case.seconds)
    yield from ((case.name, lambda *args, case=case: boot.run_boot(case, *args))
                for case in order)
    if not long:
        yield from damaged.all_cases()


def all_cases(args, context):
    """(name, function that runs it) of each case of this kind."""
    if args.kind == "guest":
        return guests.all_cases(ROOT, args.out)
    if args.kind == "carried":
        return carried.all_cases()
    return system_cases(context.own, args.kind == "long", args.pattern)


def run_case(name, function, context, log_folder):
    """Run one case; any exception is a failure of the case."""
    folder = os.path.join(log_folder, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    result = CaseResult(name)
    start = time.monotonic()
    try:
        function(context, folder, result)
    except Exception as error:  # pylint: disable=broad-except
        result.check("runs", False, repr(error))
    if result.count("FAIL "):
        add_log(result, os.path.join(folder, "serial.log"))
    result.note(f"   {name}: {time.monotonic() - start:.0f} s")
    return result


def add_log(result, path):
    """Show the end of a serial log and where the rest is."""
    try:
        with open(path, "rb") as log:
            text = log.read().decode("latin-1").replace("\r", "")
    except FileNotFoundError:
        return
    for line in text.strip().split("\n")[-LOG_TAIL:]:
        result.note("   | " + line)
    result.note(f"   log: {path}")


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xen", required=True, help="hypervisor's ELF file")
    parser.add_argument("--out", required=True, help="build folder")
    parser.add_argument("--log", required=True, help="folder for the logs")
    parser.add_argument("--stock", action="store_true",
                        help="the hypervisor is not Xenia")
    parser.add_argument("--other", default="",
                        help="ELF file of the other hypervisor, for `carried`")
    parser.add_argument("--jobs", type=int, default=1,
                        help="machines that run at the same time")
    parser.add_argument("kind", choices=("system", "long", "guest", "carried"))
    parser.add_argument("pattern", nargs="?", default="")
    return parser.parse_args()


def main():
    args = parse_args()
    os.makedirs(args.log, exist_ok=True)
    context = Context(
        xen=args.xen, out=args.out, own=not args.stock, other=args.other,
        kernel=os.path.join(ROOT, "build", "cache", "kernel", "vmlinuz"))
    if args.kind != "guest":
        context.disk = make_disk(os.path.join(args.log, "disk.img"))
        context.server = FileServer(os.path.join(args.log, "served"))
    chosen = all_cases(args, context)

    results = Results()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        running = [pool.submit(run_case, name, function, context, args.log)
                   for name, function in chosen if args.pattern in name]
        for future in concurrent.futures.as_completed(running):
            results.add(future.result())
    print(results.summary())
    return 0 if results.passed and not results.failed else 1


if __name__ == "__main__":
    sys.exit(main())
