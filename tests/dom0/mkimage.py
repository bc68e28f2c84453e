#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the initial RAM disk of a test domain.

usage: mkimage.py [OPTION]... OUTPUT KERNEL_MODULES...

It holds BusyBox, /init, and modules of each kernel that may start it: those
that the file /lib/modules/VERSION/order lists are to be inserted. With --tree
it is a Debian system, and BusyBox fills in what that lacks.
"""

import argparse
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "scripts"))

from initramfs import (Archive, built_in_modules, busybox, libraries,
                       module_name, read_dependencies)

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
    usr/bin/(python|perl|dpkg|pdb|pydoc|qemu-(io|storage-daemon)) | usr/sbin/(add|del|user|group|dpkg)
""", re.VERBOSE)


def module_paths(tree, wanted):
    """Modules to insert, in order, as paths below the tree."""
    files = {module_name(path): [path] + needs
             for path, needs in read_dependencies(tree).items()}
    built_in = built_in_modules(tree)
    order = []
    for name in (module.replace("-", "_") for module in wanted):
        if name in files:
            order += [p for p in reversed(files[name]) if p not in order]
        elif name not in built_in:
            raise SystemExit(f"mkimage: the kernel has no module '{name}'")
    return order


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
    program, paths = busybox()
    archive.file("bin/busybox", program)
    for applet in map(os.path.basename, paths):
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
    parser.add_argument("--tree", action="append", default=[],
                        help="a Debian system to start from, or one more")
    parser.add_argument("--init", default=os.path.join(HERE, "init"),
                        help="the first process")
    parser.add_argument("--modules", default=MODULES, metavar="NAMES",
                        help="modules to insert, in place of the usual ones")
    parser.add_argument("--program", action="append", default=[],
                        metavar="NAME",
                        help="a program of this host, and its libraries")
    parser.add_argument("--file", action="append", default=[],
                        metavar="PATH=SOURCE", help="one more file")
    parser.add_argument("output")
    parser.add_argument("kernels", nargs="+", help="kernels' module trees")
    args = parser.parse_args()

    archive = Archive()
    for folder in FOLDERS:
        archive.folder(folder)
    archive.consoles()
    for tree in args.tree:
        add_tree(archive, tree)
    add_busybox(archive)
    for tree in args.kernels:
        add_modules(archive, os.path.realpath(tree), args.modules.split())
    archive.file("init", args.init)
    for name in args.program:
        add_program(archive, name)
    for extra in args.file:
        path, source = extra.split("=", 1)
        archive.file(path, source)
    with open(args.output, "wb") as out:
        archive.write(out)


if __name__ == "__main__":
    main()
