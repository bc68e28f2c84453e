# SPDX-License-Identifier: MIT
"""One machine in QEMU: starts it, reads its serial line, ends it.

The serial line is QEMU's standard input and output, so nothing is shared
between machines that run side by side. Everything read also goes to a log
file, and every line is remembered with the host's time of its arrival.
"""

import os
import re
import subprocess
import threading
import time


class Failure(Exception):
    """Something that a check expected did not happen."""


def kernel_args(hypervisor, options, kernel, kernel_options, initrd=None):
    """Arguments that start a hypervisor with its modules by QEMU's loader."""
    modules = [f"{kernel} {kernel_options}".strip()] if kernel else []
    modules += [initrd] if initrd else []
    args = ["-kernel", hypervisor, "-append", options]
    return args + (["-initrd", ",".join(modules)] if modules else [])


class Machine:
    """A running QEMU. Use it in a `with` block, which ends it."""

    def __init__(self, args, log):
        self.log = log
        self.text = ""      # all output so far, without carriage returns
        self.lines = []     # (arrival, line), complete lines only
        self._position = 0  # where the next expect() begins to look
        self._changed = threading.Condition()
        self._over = False  # the output has ended
        command = ["qemu-system-x86_64", "-display", "none", "-monitor",
                   "none", "-serial", "stdio", *args]
        with open(log + ".command", "w") as out:
            out.write(" ".join(f"'{word}'" if " " in word else word
                               for word in command) + "\n")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self):
        rest = ""
        with open(self.log, "wb") as log:
            while chunk := os.read(self._process.stdout.fileno(), 65536):
                log.write(chunk)
                log.flush()
                text = chunk.decode("latin-1").replace("\r", "")
                with self._changed:
                    *whole, rest = (rest + text).split("\n")
                    now = time.monotonic()
                    self.lines += [(now, line) for line in whole]
                    self.text += text
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def expect(self, pattern, seconds):
        """Wait for a pattern after the last one found; return the match.

        Lines come in pieces: a pattern that wants a whole one ends with \\n.
        """
        regex = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                match = regex.search(self.text, self._position)
                if match:
                    self._position = match.end()
                    return match
                if self._over:
                    raise Failure(f"QEMU ended before '{pattern}'")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Failure(f"no '{pattern}' within {seconds} s")
                self._changed.wait(left)

    def send(self, text):
        """Type on the serial line."""
        self._process.stdin.write(text.encode("latin-1"))
        self._process.stdin.flush()

    def wait(self, seconds):
        """Wait until QEMU has ended by itself."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"QEMU still runs after {seconds} s") from None
        self._reader.join()

    def cpu_seconds(self):
        """Processor time that QEMU has used so far."""
        with open(f"/proc/{self._process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
