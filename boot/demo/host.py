# SPDX-License-Identifier: MIT
"""The demo's host: a machine in QEMU whose serial line is read and typed on.

All that it prints goes to a log; after hand_over() to the user, too.
"""

import os
import re
import select
import subprocess
import sys
import termios
import threading
import time
import tty

from screen import StepFailed

CTRL_A = b"\x01"
LEAVE = "\nThe host is ended.\r\n"


class Host:
    """A running QEMU. Use it in a `with` block, which ends it."""

    def __init__(self, args, log):
        self.log = log
        self.text = ""       # all output so far, without carriage returns
        self._at = 0         # where the next wait_for() begins to look
        self._changed = threading.Condition()
        self._over = False
        self._shown = False  # output goes to the user, too
        # A session of its own: Ctrl-C is for the demo, which then ends it.
        self._qemu = subprocess.Popen(
            ["qemu-system-x86_64", *args, "-display", "none", "-monitor",
             "none", "-serial", "stdio"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._qemu.poll() is None:
            self._qemu.kill()
        self._qemu.wait()
        self._reader.join()

    def _read(self):
        with open(self.log, "wb") as log:
            while chunk := os.read(self._qemu.stdout.fileno(), 65536):
                log.write(chunk)
                log.flush()
                with self._changed:
                    self.text += chunk.decode("latin-1").replace("\r", "")
                    if self._shown:
                        os.write(sys.stdout.fileno(), chunk)
                    self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def last_line(self):
        """The newest whole line."""
        return self.text.rpartition("\n")[0].rpartition("\n")[2].strip()

    def wait_for(self, pattern, seconds, step=None):
        """Wait for a pattern after the last one found; return the match."""
        regex = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                match = regex.search(self.text, self._at)
                if match:
                    self._at = match.end()
                    return match
                if self._over:
                    raise StepFailed(f"QEMU ended: {self.last_line()}",
                                     self.log)
                if time.monotonic() > deadline:
                    raise StepFailed(f"not within {seconds} s; the host's last"
                                     f" line: {self.last_line()}", self.log)
                if step:
                    step.note = self.last_line()
                self._changed.wait(0.5)

    def type(self, data):
        """Type on the serial line."""
        try:
            self._qemu.stdin.write(data)
            self._qemu.stdin.flush()
        except BrokenPipeError:
            pass

    def run(self, command, seconds):
        """Run a command in the host's shell: (exit status, what it printed)."""
        # On a line of its own, whatever the command has printed last.
        self.type(f"{command}; printf '\\n@@%d\\n' $?\n".encode())
        start = self.wait_for(r"@@%d.*\n", seconds).end()
        match = self.wait_for(r"^@@(\d+)\n", seconds)
        return int(match[1]), self.text[start:match.start()].strip()

    def hand_over(self):
        """Joins the user's terminal, or standard input, with the host."""
        with self._changed:
            self._shown = True
        self.type(b"\n")
        if sys.stdin.isatty():
            self._join_terminal()
        else:
            self._join_input()
        return self._qemu.wait()

    def _join_terminal(self):
        keyboard = sys.stdin.fileno()
        before = termios.tcgetattr(keyboard)
        tty.setraw(keyboard)
        try:
            self._copy_keys(keyboard)
        finally:
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
            print(LEAVE, end="")

    def _copy_keys(self, keyboard):
        """Until QEMU ends or Ctrl-a x is typed; Ctrl-a twice is one of them."""
        command = False
        while self._qemu.poll() is None:
            if not select.select([keyboard], [], [], 0.2)[0]:
                continue
            keys = os.read(keyboard, 1)
            if not keys or command and keys in b"xX":
                self._qemu.kill()
                return
            if keys == CTRL_A and not command:
                command = True
                continue
            command = False
            self.type(keys)

    def _join_input(self):
        """All of standard input, then the end of the host."""
        for line in sys.stdin.buffer:
            self.type(line)
        self.type(b"poweroff\n")
