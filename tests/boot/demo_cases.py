# SPDX-License-Identifier: MIT
"""The demo, as a user at a terminal sees it, and without one."""

import os
import pty
import re
import select
import signal
import subprocess
import time

SECONDS = 600


class Terminal:
    """A program on a terminal of its own, whose Ctrl-C reaches it."""

    def __init__(self, command, log):
        self.text = ""
        self._log = open(log, "wb")
        self._master, slave = pty.openpty()
        # Who starts the tests in the background has SIGINT ignored.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "env", "--default-signal=INT", *command],
            stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(30)
        self._log.close()
        os.close(self._master)

    def expect(self, pattern, seconds=SECONDS):
        """Wait for a pattern in what is new; true if it came."""
        start = len(self.text)
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text[start:], re.M):
            if time.monotonic() > deadline or not self._read():
                return False
        return True

    def _read(self):
        if not select.select([self._master], [], [], 1)[0]:
            return True
        try:
            chunk = os.read(self._master, 65536)
        except OSError:
            return False
        self._log.write(chunk)
        self.text += chunk.decode("latin-1").replace("\r\n", "\n")
        return bool(chunk)

    def type(self, text):
        os.write(self._master, text.encode())

    def end(self, seconds):
        """Exit status, when the program has ended by itself."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read()
        return self.process.poll()


def command(context, guests, folder):
    return ["python3", os.path.join(context.root, "boot/demo/demo.py"),
            "--make", f"make --no-print-directory -C {context.root} "
            f"O={context.out}", "--out", context.out, "--cache", context.cache,
            "--logs", folder, "--guests", str(guests)]


def machines(folder):
    """QEMUs that belong to a demo: its disk is in the folder."""
    found = subprocess.run(["pgrep", "-f", f"qemu.*{folder}/disk.img"],
                           stdout=subprocess.PIPE, check=False)
    return found.stdout.split()


# What a user types, and what must come.
SESSION = (
    ("guests_come_up", "", r"poweroff +ends the host(.*\n)+.*# ", SECONDS),
    ("both_guests_are_listed", "xl list\n", r"^debian .*\n(.*\n)*bare1 ", 60),
    ("guest_has_a_prompt", "xl console debian\n\n", "debian# ", 60),
    ("guest_has_its_disk", "cat /data/boots\n", r"^1\r*\n", 60),
    ("guest_has_an_address", "ip -4 addr show eth0\n", r"inet \d", 60),
    ("console_can_be_left", "\x1d", r"^\S*xenia# ", 60),
    ("bare_guest_has_a_shell", "xl console bare1\n\nhelp\n", "^info: ", 60),
    ("its_console_can_be_left", "\x1d", r"^\S*xenia# ", 60),
    ("guest_starts_again", "xl shutdown -w debian; while xl domid debian; do "
     "sleep 1; done; xl create -q /etc/xen/debian.cfg && echo crea''ted\n",
     "created", 120),
)


def at_a_terminal(context, folder, result):
    with Terminal(command(context, 2, folder),
                  os.path.join(folder, "screen.log")) as user:
        for name, text, pattern, seconds in SESSION:
            user.type(text)
            good = user.expect(pattern, seconds)
            result.check(name, good, user.text[-600:])
            if not good:
                return
        user.type("poweroff\n")
        result.check("poweroff_ends_it", user.end(180) == 0,
                     user.text[-600:])
    result.check("no_failed_step", "FAILED" not in user.text)
    result.check("nothing_is_left", not machines(folder))


def interrupted(context, folder, result):
    """Ctrl-C in the middle of the boot."""
    with Terminal(command(context, 2, folder),
                  os.path.join(folder, "screen.log")) as user:
        result.check("starts", user.expect("Linux starts"), user.text[-600:])
        result.check("machine_runs", machines(folder))
        user.type("\x03")
        result.check("status_is_130", user.end(30) == 130, user.text[-600:])
    result.check("nothing_is_left", not machines(folder))


def without_terminal(context, folder, result):
    """More guests; commands come by a pipe, whose end ends the host."""
    demo = subprocess.run(
        command(context, 4, folder), input="xl list\n", text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
        check=False)
    with open(os.path.join(folder, "screen.log"), "w") as log:
        log.write(demo.stdout)
    result.check("status_is_0", demo.returncode == 0, demo.stdout[-600:])
    listed = re.findall(r"^(debian|bare\d) +\d+ +\d+ ", demo.stdout, re.M)
    result.check("all_guests_are_listed",
                 sorted(listed) == ["bare1", "bare2", "bare3", "debian"],
                 demo.stdout[-600:])
    result.check("nothing_is_left", not machines(folder))


def wrong_number(context, folder, result):
    demo = subprocess.run(command(context, 0, folder), text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False)
    result.check("is_refused", demo.returncode == 2 and "at least" in
                 demo.stdout, demo.stdout[-300:])


CASES = {
    "demo_wrong_number": wrong_number,
    "demo_interrupted": interrupted,
    "demo_at_a_terminal": at_a_terminal,
    "demo_without_terminal": without_terminal,
}
