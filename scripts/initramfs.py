# SPDX-License-Identifier: MIT
"""Writes initial RAM disks. The same inputs give the same bytes: archives are
made here, in sorted order, without times or owners, so that neither root rights
nor the host's file system matter.
"""

import os
import shutil
import subprocess


def module_name(path):
    """A module's name, as the kernel says it, from its file's."""
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def read_dependencies(tree):
    """{module's path below the tree: paths of what it needs}."""
    files = {}
    with open(os.path.join(tree, "modules.dep")) as dep:
        for line in dep:
            path, needs = line.rstrip("\n").split(":")
            files[path] = needs.split()
    return files


def built_in_modules(tree):
    """Names of modules that are a part of the kernel."""
    with open(os.path.join(tree, "modules.builtin")) as builtin:
        return {module_name(line.strip()) for line in builtin}


def libraries(program, folder=None):
    """Shared objects that a program loads, as the host's loader finds them,
    those of a folder first."""
    env = dict(os.environ, LD_LIBRARY_PATH=folder) if folder else None
    text = subprocess.run(["ldd", program], check=True, text=True, env=env,
                          stdout=subprocess.PIPE).stdout
    if "not found" in text:
        raise SystemExit(f"initramfs: {program} needs what is not there:\n"
                         + text)
    words = (word for line in text.splitlines() for word in line.split())
    return sorted({word for word in words if word.startswith("/")})


def busybox():
    """BusyBox and the paths of its commands: (program, [path])."""
    program = shutil.which("busybox")
    paths = subprocess.run([program, "--list-full"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    return program, paths


class Archive:
    """A cpio archive in the `newc` form that kernels unpack."""

    def __init__(self):
        self.entries = {}

    def add(self, path, mode, data=b"", device=(0, 0)):
        self.entries[path.strip("/")] = (mode, data, device)

    def folder(self, path):
        self.add(path, 0o040755)

    def parents(self, path):
        parent = os.path.dirname(path.strip("/"))
        while parent:
            if parent not in self.entries:
                self.folder(parent)
            parent = os.path.dirname(parent)

    def data(self, path, data, mode=0o100644):
        self.parents(path)
        self.add(path, mode, data)

    def file(self, path, source, mode=0o100755):
        with open(source, "rb") as data:
            self.data(path, data.read(), mode)

    def link(self, path, target):
        self.parents(path)
        self.add(path, 0o120777, target.encode())

    def consoles(self):
        """The devices that the first process finds."""
        self.parents("dev/console")
        self.add("dev/console", 0o020600, device=(5, 1))
        self.add("dev/null", 0o020666, device=(1, 3))

    def has_command(self, name):
        return any(f"{folder}/{name}" in self.entries
                   for folder in ("bin", "sbin", "usr/bin", "usr/sbin"))

    def write(self, out):
        for number, path in enumerate(sorted(self.entries), 1):
            self._write_entry(out, number, path, *self.entries[path])
        self._write_entry(out, 0, "TRAILER!!!", 0, b"", (0, 0))

    @staticmethod
    def _write_entry(out, number, path, mode, data, device):
        name = path.encode() + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, *device,
                  len(name), 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        out.write(head + b"\0" * (-len(head) % 4))
        out.write(data + b"\0" * (-len(data) % 4))
