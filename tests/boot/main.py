#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts hosts in the ways that users do, in QEMU: the demo, the guide, the ISO
image, the disk image, over the network.

usage: main.py --out BUILD_DIR --cache DIR --log DIR [--jobs N] [PATTERN...]

A PATTERN picks the cases whose name contains it; each has a folder below DIR with
its logs. Those of network boot want the network for themselves: `unshare -rn`.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import shutil
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))

import demo_cases
import guide_cases
import image_cases
import iso_cases
import mini_cases
import netboot_cases
from results import CaseResult, Results


@dataclasses.dataclass
class Context:
    """What all cases share."""

    root: str
    out: str
    cache: str


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
        result.check("runs", False, f"{error!r}; logs: {folder}")
    result.note(f"   {name}: {time.monotonic() - start:.0f} s")
    return result


def chosen_cases(patterns):
    """(name, function) of those whose name contains one of the patterns."""
    for module in (mini_cases, demo_cases, guide_cases, iso_cases, image_cases,
                   netboot_cases):
        for name, function in module.CASES.items():
            if any(pattern in name for pattern in patterns or [""]):
                yield name, function


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, help="build folder")
    parser.add_argument("--cache", required=True, help="folder of downloads")
    parser.add_argument("--log", required=True, help="folder for the logs")
    parser.add_argument("--jobs", type=int, default=1,
                        help="cases that run at the same time")
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    args = parser.parse_args()
    context = Context(ROOT, args.out, args.cache)
    results = Results()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for name, function in chosen_cases(args.patterns):
            pool.submit(lambda *case: results.add(run_case(*case)),
                        name, function, context, args.log)
    print(results.summary())
    return 0 if results.passed and not results.failed else 1


if __name__ == "__main__":
    sys.exit(main())
