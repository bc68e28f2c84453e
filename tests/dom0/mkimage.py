#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the initial RAM disk of a test domain.

usage: mkimage.py [OPTION]... OUTPUT KERNEL_MODULES...

It holds BusyBox, /init, and modules of each kernel that may start it: those
that the file /lib/modules/VERSION/order lists are to be inserted. With --tree
it is a Debian system, and BusyBox fills in what that lacks. The same inputs give
the same bytes: the archive is written here, in sorted order, without times or
owners, so that neither root rights nor the host's file system matter.
"""

import argparse
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))

MODULES = """
    virtio_pci virtio_blk virtio_net ahci sd_mod ata_piix e1000e
    crc32c_generic ext4 xen-privcmd xenfs xen-evtchn xen-gntdev
"""

FOLDERS = """
    bin dev etc lib lib64 mnt proc root run sbin sys tmp usr usr/bin usr/lib
    usr/sbin var
""".split()

# What a Debian tree has that no test needs.
LEFT_OUT = re.compile(r"""
    usr/share/ | usr/include/ | var/ | boot/ | (lib|etc)/(udev|systemd)/ |
    usr/lib/(python3|valgrind) | usr/lib/xen-[^/]*/boot/ |
    usr/lib/x86_64-linux-gnu/(perl|libperl|gconv|libdb|libsqlite|
                              libkrb5) |
    usr/bin/(python|perl|dpkg|pdb|pydoc) | usr/sbin/(add|del|user|group|dpkg)
""", re.VERBOSE)


def module_paths(tree, wanted):
    """Modules to insert, in order, as paths below the tree."""
    files = {}
    with open(os.path.join(tree, "modules.dep")) as dep:
        for line in dep:
            path, needs = line.rstrip("\n").split(":")
            name = os.path.basename(path).split(".ko")[0]
            files[name.replace("-", "_")] = [path] + needs.split()
    with open(os.path.join(tree, "modules.builtin")) as builtin:
        built_in = {os.path.basename(line.strip())[:-3].replace("-", "_")
                    for line in builtin}
    order = []
    for name in (module.replace("-", "_") for module in wanted):
        if name in files:
            order += [p for p in reversed(files[name]) if p not in order]
        elif name not in built_in:
            raise SystemExit(f"mkimage: the kernel has no module '{name}'")
    return order


def libraries(program):
    """Shared objects that a program loads, as the host's loader finds them."""
    text = subprocess.run(["ldd", program], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    words = (word for line in text.splitlines() for word in line.split())
    return sorted({word for word in words if word.startswith("/")})


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

    def file(self, path, source, mode=0o100755):
        self.parents(path)
        with open(source, "rb") as data:
            self.add(path, mode, data.read())

    def link(self, path, target):
        self.parents(path)
        self.add(path, 0o120777, target.encode())

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


def add_tree(archive, tree):
    """Files and links below a folder, less what tests do not need."""
    for folder, _, names in os.walk(tree):
        for name in names:
            source = os.path.join(folder, name)
            path = os.path.relpath(source, tree)
            if LEFT_OUT.match(path):
                continue
            if os.path.islink(source):
                archive.link(path, os.readlink(source))
            else:
                mode = 0o100755 if os.access(source, os.X_OK) else 0o100644
                archive.file(path, source, mode)
        for name in os.listdir(folder):
            source = os.path.join(folder, name)
            if os.path.islink(source) and os.path.isdir(source):
                archive.link(os.path.relpath(source, tree),
                             os.readlink(source))


def add_busybox(archive):
    busybox = shutil.which("busybox")
    archive.file("bin/busybox", busybox)
    applets = subprocess.run([busybox, "--list"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.split()
    for applet in applets:
        if not archive.has_command(applet):
            archive.link(f"bin/{applet}", "busybox")


def add_modules(archive, tree, wanted):
    folder = f"lib/modules/{os.path.basename(tree)}"
    order = module_paths(tree, wanted)
    for path in order:
        archive.file(f"{folder}/{os.path.basename(path)}",
                     os.path.join(tree, path), 0o100644)
    names = "".join(os.path.basename(path) + "\n" for path in order)
    archive.parents(f"{folder}/order")
    archive.add(f"{folder}/order", 0o100644, names.encode())


def add_program(archive, name):
    program = shutil.which(name)
    archive.file(f"bin/{name}", program)
    for library in libraries(program):
        archive.file(library, library)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tree", help="a Debian system to start from")
    parser.add_argument("--init", default=os.path.join(HERE, "init"),
                        help="the first process")
    parser.add_argument("--modules", default=MODULES, metavar="NAMES",
                        help="modules to insert, in place of the usual ones")
    parser.add_argument("--stress", action="store_true",
                        help="with stress-ng and its libraries")
    parser.add_argument("--file", action="append", default=[],
                        metavar="PATH=SOURCE", help="one more file")
    parser.add_argument("output")
    parser.add_argument("kernels", nargs="+", help="kernels' module trees")
    args = parser.parse_args()

    archive = Archive()
    for folder in FOLDERS:
        archive.folder(folder)
    archive.add("dev/console", 0o020600, device=(5, 1))
    archive.add("dev/null", 0o020666, device=(1, 3))
    if args.tree:
        add_tree(archive, args.tree)
    add_busybox(archive)
    for tree in args.kernels:
        add_modules(archive, os.path.realpath(tree), args.modules.split())
    archive.file("init", args.init)
    if args.stress:
        add_program(archive, "stress-ng")
    for extra in args.file:
        path, source = extra.split("=", 1)
        archive.file(path, source)
    with open(args.output, "wb") as out:
        archive.write(out)


if __name__ == "__main__":
    main()
