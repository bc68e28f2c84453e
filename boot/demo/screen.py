# SPDX-License-Identifier: MIT
"""What the demo's user sees: a line for each step, alive while it lasts."""

import shutil
import sys
import threading
import time

WIDTH_OF_STEP = 44
SPINNER = "|/-\\"


class StepFailed(Exception):
    """A step did not succeed: what happened, and which file has more."""

    def __init__(self, why, log=None):
        super().__init__(why)
        self.log = log


class Screen:
    """Prints steps: in place on a terminal, else each one when it is over."""

    def __init__(self, out=sys.stdout):
        self._out = out
        self._live = out.isatty()

    def say(self, text=""):
        self._out.write(text + "\n")
        self._out.flush()

    def step(self, what):
        return _Step(self, what)

    def draw(self, mark, what, tail, last):
        """One step's line; on a terminal it takes the place of the former."""
        if not self._live and not last:
            return
        line = f"  {mark:6}  {what:{WIDTH_OF_STEP}} {tail}"
        if self._live:
            columns = shutil.get_terminal_size().columns
            self._out.write("\r\x1b[K" + line[:columns - 1])
        else:
            self._out.write(line.rstrip())
        if last:
            self._out.write("\n")
        self._out.flush()


class _Step:
    """A `with` block: one thing that happens. `note` is shown meanwhile."""

    def __init__(self, screen, what):
        self.what = what
        self.note = ""
        self._screen = screen
        self._start = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)

    def _seconds(self):
        return f"{time.monotonic() - self._start:6.1f} s"

    def _spin(self):
        turn = 0
        while not self._over.wait(0.2):
            self._screen.draw(SPINNER[turn % len(SPINNER)], self.what,
                              f"{self._seconds()}  {self.note}", False)
            turn += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, error, _):
        self._over.set()
        self._thread.join()
        self._screen.draw("FAILED" if kind else "ok", self.what,
                          self._seconds(), True)
        if isinstance(error, StepFailed):
            self._screen.say(f"          {error}")
            if error.log:
                self._screen.say(f"          all of it: {error.log}")
        return False
