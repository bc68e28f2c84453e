#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the stock xenstore daemons in C and OCaml beside ours, on this host.

usage: bench.py --load FILE --stock DIR --preload FILE --daemon FILE --out FILE
                [--guests N]

.wall is what a client waits, .cpu what the daemon computes, kernel and all. A
smaller figure is better in all rows. The last column is ours divided by the
better one of the others.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../../tests/xenstore"))
import daemons  # noqa: E402

KINDS = ("stock-c", "stock-ocaml", "ours")
SECONDS = 1800


def measure(kind, folder, args):
    """{figure: (value, unit)}"""
    with daemons.Daemon(kind, os.path.join(folder, kind), args) as daemon:
        done = subprocess.run(
            [args.load, str(daemon.process.pid), str(args.guests)],
            env=daemon.env, stdout=subprocess.PIPE, timeout=SECONDS, text=True,
            check=True)
    found = re.findall(r"^@R (\S+) ([\d.]+) (\S+)", done.stdout, re.M)
    return {figure: (float(value), unit) for figure, value, unit in found}


def table(columns):
    lines = ["| figure | unit | " + " | ".join(KINDS) + " | ratio |",
             "|---|---|" + "---|" * (len(KINDS) + 1)]
    for figure, (_, unit) in columns["ours"].items():
        values = [columns[kind][figure][0] for kind in KINDS]
        ratio = values[-1] / min(values[:-1]) if min(values[:-1]) else 0
        lines.append(f"| `{figure}` | {unit} | " +
                     " | ".join(f"{value:,.1f}" for value in values) +
                     f" | {ratio:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("load", "stock", "preload", "daemon", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--guests", type=int, default=5000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xs") as folder:
        columns = {kind: measure(kind, folder, args) for kind in KINDS}
    text = table(columns)
    print(text)
    with open(args.out, "w", encoding="ascii") as out:
        print(text, file=out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
