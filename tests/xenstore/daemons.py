# SPDX-License-Identifier: MIT
"""Starts xenstore daemons as plain processes, each in a folder of its own: the
stock ones in C and OCaml, with stock_shim.so below them, and ours."""

import os
import socket
import subprocess
import time

SECONDS = 60


class Daemon:
    """A running daemon; `with` ends it."""

    def __init__(self, kind, folder, args):
        """kind: stock-c, stock-ocaml, ours, or floor, which does nothing; folder: a
        short path that does not exist; args: what has .stock (unpacked
        packages), .preload, .daemon, .floor, as they are needed."""
        self.kind = kind
        self.folder = folder
        os.makedirs(folder)
        self.path = os.path.join(folder, "socket")
        self.env = dict(os.environ, XENSTORED_RUNDIR=folder)
        self.log = open(os.path.join(folder, "log"), "wb")
        self.process = self.spawn(args)
        self.wait()

    def spawn(self, args):
        return subprocess.Popen(
            self.command(args), stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, env=self.environment(args))

    def update(self, args):
        """Ours: start another one, which takes over; this one ends."""
        old = self.process
        self.process = self.spawn(args)
        old.wait(timeout=SECONDS)
        self.wait()

    def command(self, args):
        """Limits are out of the way of one client that does all."""
        stock = os.path.join(args.stock, "usr/lib/xen-4.17/bin")
        if self.kind == "floor":
            return [args.floor, self.path]
        if self.kind == "ours":
            return [args.daemon, "-N", "-Q", "transaction-nodes=100000"]
        if self.kind == "stock-c":
            return [os.path.join(stock, "xenstored"), "-N",
                    "-F", os.path.join(self.folder, "pid"), "-T", "/dev/null",
                    "-Q", "transaction-nodes=100000"]
        return [os.path.join(stock, "oxenstored"), "--no-fork",
                "--config-file", self.ocaml_config()]

    def ocaml_config(self):
        def file(name, content):
            path = os.path.join(self.folder, name)
            with open(path, "wb") as out:
                out.write(content)
            return path
        return file("conf", "\n".join([
            "quota-activate = false", "persistent = false",
            "access-log-nb-files = 0",
            f"xenstored-log-file = {self.folder}/daemon.log",
            f"xenstored-kva = {file('kva', bytes(4096))}",
            f"xenstored-port = {file('port', b'1')}", ""]).encode())

    def environment(self, args):
        if not self.kind.startswith("stock"):
            return self.env
        return dict(self.env, LD_PRELOAD=args.preload)

    def wait(self):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect(self.path)
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{self.kind} does not start, see {self.log.name}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.log.close()
