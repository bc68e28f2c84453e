#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the stock xenstore daemons in C and OCaml beside ours, on this host.

usage: bench.py --load FILE --floor FILE --stock DIR --preload FILE
                --daemon FILE --out FILE [--guests N] [--rounds N] [--alone]

.wall is what a client waits, .cpu what the daemon computes, kernel and all. A
smaller figure is better in all rows. "of stock" is ours divided by the better one
of the stock daemons, "of floor" by a daemon that does nothing.

All daemons run; each figure is measured in short rounds that go from one daemon
to the next, so that what else the host does meets all alike. Of .wall the best
round counts: other work can only add to it. Of .cpu it is the middle one: what a
hypervisor takes of a CPU is not part of it, and is told in lumps.

--alone: daemon and client have real-time priority and a CPU each, so that other
work of the host has no part in it. An idle host is about like that. There is no
.cpu then: a daemon may wait awake on a CPU that is its own.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../../tests/xenstore"))
import daemons  # noqa: E402

KINDS = ("floor", "stock-c", "stock-ocaml", "ours")
def stand_alone(pid, cpu):
    os.sched_setaffinity(pid, {cpu})
    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(1))


class Load:
    """A daemon and its client."""

    def __init__(self, kind, daemon, args):
        command = [args.load, str(daemon.process.pid), str(args.guests)]
        if kind == "floor":
            command.append("floor")
        if args.alone:
            stand_alone(daemon.process.pid, 1)
        self.kind = kind
        self.client = subprocess.Popen(
            command, env=daemon.env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
            preexec_fn=(lambda: stand_alone(0, 0)) if args.alone else None)
        self.figures = list(iter(self.line, ""))

    def line(self):
        line = self.client.stdout.readline()
        if not line:
            raise RuntimeError(f"the client of {self.kind} has ended")
        return line.strip()

    def ask(self, what):
        """The numbers that the client answers."""
        print(what, file=self.client.stdin, flush=True)
        return [int(word) for word in self.line().split()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.stdin.close()
        self.client.kill()
        self.client.wait()


def start(kind, stack, folder, args):
    daemon = daemons.Daemon(kind, os.path.join(folder, kind), args)
    return stack.enter_context(Load(kind, stack.enter_context(daemon), args))


def measure(loads, figure, rounds):
    """{"wall": {kind: us}, "cpu": {kind: us}}"""
    seen = {load: [] for load in loads if figure in load.figures}
    for _ in range(rounds):
        for load, answers in seen.items():
            answers.append(load.ask(figure))
    result = {"wall": {}, "cpu": {}}
    for load, answers in seen.items():
        wall, cpu = zip(*answers)
        result["wall"][load.kind] = min(wall) / 1000
        result["cpu"][load.kind] = statistics.median(cpu) / 1000
    return result


def row(name, unit, values):
    """A line of the table, from {kind: value}."""
    stock = min(values["stock-c"], values["stock-ocaml"])
    floor = values.get("floor")
    cells = [f"`{name}`", unit]
    cells += [f"{values[kind]:,.1f}" if kind in values else ""
              for kind in KINDS]
    cells += [f"{values['ours'] / stock:.2f}",
              f"{values['ours'] / floor:.2f}" if floor else ""]
    return "| " + " | ".join(cells) + " |"


def table(loads, args):
    """Its lines, as they are measured."""
    yield "| " + " | ".join(("figure", "unit") + KINDS
                            + ("of stock", "of floor")) + " |"
    yield "|---" * (len(KINDS) + 4) + "|"
    for figure in loads[KINDS.index("ours")].figures:
        for what, values in measure(loads, figure, args.rounds).items():
            if what == "cpu" and args.alone:
                continue
            yield row(f"{figure}.{what}", "us/op", values)
    yield row(f"memory_at_{args.guests}_guests", "MiB",
              {load.kind: load.ask("memory")[0] / 1024 for load in loads
               if load.kind != "floor"})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alone", action="store_true")
    for name in ("load", "floor", "stock", "preload", "daemon", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--guests", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    with (tempfile.TemporaryDirectory(prefix="xs") as folder,
          contextlib.ExitStack() as stack,
          open(args.out, "w", encoding="ascii") as out):
        loads = [start(kind, stack, folder, args) for kind in KINDS]
        for line in table(loads, args):
            print(line, flush=True)
            print(line, file=out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
