#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the stock xenstore daemons in C and OCaml beside ours, on this host.

usage: bench.py --load FILE --floor FILE --stock DIR --preload FILE
                --daemon FILE --out FILE [--guests N] [--alone]

.wall is what a client waits, .cpu what the daemon computes, kernel and all. A
smaller figure is better in all rows. The last column is ours divided by the
better one of the stock daemons; "floor" is a daemon that does nothing.

--alone: daemon and client have real-time priority and a CPU each, so that other
work of the host has no part in it. An idle host is about like that.
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

KINDS = ("floor", "stock-c", "stock-ocaml", "ours")
SECONDS = 1800


def stand_alone(pid, cpu):
    os.sched_setaffinity(pid, {cpu})
    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))


def measure(kind, folder, args):
    """{figure: (value, unit)}"""
    command = [args.load, "PID", str(args.guests)]
    if kind == "floor":
        command.append("floor")
    with daemons.Daemon(kind, os.path.join(folder, kind), args) as daemon:
        command[1] = str(daemon.process.pid)
        if args.alone:
            stand_alone(daemon.process.pid, 1)
        done = subprocess.run(
            command, env=daemon.env, stdout=subprocess.PIPE, timeout=SECONDS,
            text=True, check=True,
            preexec_fn=(lambda: stand_alone(0, 0)) if args.alone else None)
    found = re.findall(r"^@R (\S+) ([\d.]+) (\S+)", done.stdout, re.M)
    return {figure: (float(value), unit) for figure, value, unit in found}


def table(columns):
    lines = ["| figure | unit | " + " | ".join(KINDS) + " | ratio |",
             "|---|---|" + "---|" * (len(KINDS) + 1)]
    for figure, (ours, unit) in columns["ours"].items():
        values = [columns[kind].get(figure, (None,))[0] for kind in KINDS]
        if figure.startswith("memory"):
            values[0] = None
        ratio = ours / min(columns[kind][figure][0] for kind in KINDS
                           if kind.startswith("stock"))
        lines.append(f"| `{figure}` | {unit} | " + " | ".join(
            f"{value:,.1f}" if value is not None else "" for value in values) +
                     f" | {ratio:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alone", action="store_true")
    for name in ("load", "floor", "stock", "preload", "daemon", "out"):
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
