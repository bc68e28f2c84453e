# SPDX-License-Identifier: MIT
"""Results of checks: one line for each, counted."""

import threading


class Results:
    """Counts what the cases report; may be shared by threads."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self._lock = threading.Lock()

    def add(self, case):
        """Print and count what one case found."""
        with self._lock:
            for line in case.lines:
                print(line, flush=True)
            self.passed += case.count("ok ")
            self.failed += case.count("FAIL ")
            self.skipped += case.count("skip: ")

    def summary(self):
        tail = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{tail}"


class CaseResult:
    """The lines of one case, kept together until it is over."""

    def __init__(self, name):
        self.name = name
        self.lines = []

    def count(self, word):
        return sum(line.startswith(word) for line in self.lines)

    def check(self, what, good, why=""):
        if good:
            self.lines.append(f"ok {self.name}.{what}")
        else:
            self.lines.append(f"FAIL {self.name}.{what}: {why}")

    def skip(self, why):
        self.lines.append(f"skip: {self.name}: {why}")

    def note(self, text):
        self.lines.append(text)
