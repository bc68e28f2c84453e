#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the control domain `mini`: one initial RAM disk with all of a host.

usage: mkmini.py packed FOLDER KERNEL_MODULES
       mkmini.py image OUTPUT DIST ROOT PACKED.squashfs FOLDER

`packed` makes a folder of those modules of the kernel that a host needs, and of
Debian's programs that not every host runs; the Makefile packs it as a file
system. `image` makes the RAM disk of that, BusyBox, the programs of the install
tree DIST with the libraries they load, and the files below ROOT.
"""

import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "scripts"))

from initramfs import (Archive, busybox, libraries, module_name,
                       read_dependencies)

# Starts of paths below the kernel's module folder; what they need comes, too.
MODULES = tuple("kernel/" + path for path in """
    arch/x86/crypto/crc32 crypto/ lib/ drivers/xen/
    drivers/ata/ drivers/block/ drivers/nvme/ drivers/virtio/ drivers/md/
    drivers/scsi/ drivers/message/ drivers/cdrom/
    drivers/usb/host/ drivers/usb/storage/ drivers/hid/usbhid/
    drivers/hid/hid-generic drivers/input/serio drivers/input/keyboard
    drivers/net/ethernet/ drivers/net/bonding/ drivers/net/tun
    drivers/net/veth drivers/net/vxlan drivers/net/macvlan
    drivers/net/xen-net drivers/net/virtio_net drivers/net/mii
    fs/ext4/ fs/xfs/ fs/btrfs/ fs/fat/ fs/isofs/ fs/squashfs/ fs/overlayfs/
    fs/nls/ net/bridge/ net/8021q/ net/netfilter/ net/ipv4/ net/ipv6/
    net/sched/
""".split())

FIRST_MODULES = ("kernel/drivers/block/loop.ko",
                 "kernel/fs/squashfs/squashfs.ko")

# For networks of guests behind the host's address, and libraries of theirs that
# the RAM disk has itself.
PROGRAMS = ("/usr/sbin/nft", "/usr/sbin/dnsmasq")
NOT_PACKED = ("libc.so", "ld-linux")

# Where the packed file system is seen.
PACKED = "/usr/lib/packed"

FOLDERS = """
    dev etc/xen/auto mnt proc root run srv sys tmp usr/bin usr/sbin
    usr/lib/modules usr/lib/packed
    usr/lib/x86_64-linux-gnu usr/lib64 var/log/xen/console var/lib/xen
""".split()

TERMINALS = ("ansi", "dumb", "linux", "screen", "screen-256color", "tmux",
             "tmux-256color", "vt100", "vt220", "xterm", "xterm-256color")

# As in Debian: one place for programs, one for libraries.
MERGED = ("bin", "sbin", "lib", "lib64")


def merged(path):
    """Where a path is really, when bin, sbin, lib and lib64 are links."""
    path = path.strip("/")
    return "usr/" + path if path.split("/")[0] in MERGED else path


def add_busybox(archive):
    program, paths = busybox()
    archive.file("usr/bin/busybox", program)
    for path in map(merged, paths):
        if path not in archive.entries:
            archive.link(path, "/usr/bin/busybox")


def add_terminals(archive):
    """What programs that draw on the screen must know of it."""
    for name in TERMINALS:
        path = f"lib/terminfo/{name[0]}/{name}"
        archive.file(merged(path), "/" + path, 0o100644)


def is_binary(path):
    with open(path, "rb") as program:
        return program.read(4) == b"\x7fELF"


def add_programs(archive, dist):
    """Programs of the install tree, and the libraries of it all."""
    own = os.path.join(dist, "usr", "lib")
    needed = set()
    for folder in ("usr/bin", "usr/sbin", "usr/lib/xenia"):
        for name in sorted(os.listdir(os.path.join(dist, folder))):
            source = os.path.join(dist, folder, name)
            if os.path.islink(source):
                archive.link(f"{folder}/{name}", os.readlink(source))
                continue
            archive.file(f"{folder}/{name}", source)
            if is_binary(source):
                needed.update(libraries(source, own))
    for path in sorted(needed):
        place = merged(path)
        if path.startswith(own):
            place = "usr/lib/x86_64-linux-gnu/" + os.path.basename(path)
        archive.file(place, path)


def add_root(archive, root):
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            source = os.path.join(folder, name)
            mode = 0o100755 if os.access(source, os.X_OK) else 0o100644
            archive.file(os.path.relpath(source, root), source, mode)


def chosen_modules(needs):
    """Paths of the modules of MODULES and of all that they need."""
    chosen = {path for path in needs if path.startswith(MODULES)}
    return sorted(chosen.union(*(needs[path] for path in chosen)))


def write(path, text):
    with open(path, "w") as out:
        out.write(text)


def make_modules(folder, tree):
    """The chosen modules, and the tables of them that modprobe reads."""
    needs = read_dependencies(tree)
    paths = chosen_modules(needs)
    for path in paths:
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(os.path.join(tree, path), target)
    write(os.path.join(folder, "modules.dep"), "".join(
        " ".join([f"{path}:"] + needs[path]) + "\n" for path in paths))

    names = {module_name(path) for path in paths}
    with open(os.path.join(tree, "modules.alias")) as aliases:
        write(os.path.join(folder, "modules.alias"), "".join(
            line for line in aliases if line.split()[-1] in names))
    shutil.copyfile(os.path.join(tree, "modules.builtin"),
                    os.path.join(folder, "modules.builtin"))


def make_programs(folder):
    """PROGRAMS and their libraries, all in one folder."""
    needed = set(PROGRAMS).union(*map(libraries, PROGRAMS))
    os.makedirs(folder)
    for path in sorted(needed):
        if not os.path.basename(path).startswith(NOT_PACKED):
            shutil.copy(path, folder)


def make_packed(folder, tree):
    shutil.rmtree(folder, ignore_errors=True)
    make_modules(os.path.join(folder, "modules"), tree)
    make_programs(os.path.join(folder, "programs"))


def add_packed(archive, packed, folder):
    """The packed files, links to its programs and libraries, and what the kernel
    must have to look into it."""
    archive.file("usr/lib/packed.squashfs", packed, 0o100644)
    for path in FIRST_MODULES:
        archive.file(f"usr/lib/first/{os.path.basename(path)}",
                     os.path.join(folder, "modules", path), 0o100644)
    for name in os.listdir(os.path.join(folder, "programs")):
        place = "usr/lib/x86_64-linux-gnu" if ".so" in name else "usr/sbin"
        if f"{place}/{name}" not in archive.entries:
            archive.link(f"{place}/{name}", f"{PACKED}/programs/{name}")


def make_image(output, dist, root, packed, folder):
    archive = Archive()
    for path in FOLDERS:
        archive.parents(path)
        archive.folder(path)
    archive.consoles()
    for link in MERGED:
        archive.link(link, "usr/" + link)
    archive.link("var/run", "/run")
    add_programs(archive, dist)
    add_busybox(archive)
    add_terminals(archive)
    add_root(archive, root)
    add_packed(archive, packed, folder)
    with open(output, "wb") as out:
        archive.write(out)


if __name__ == "__main__":
    {"packed": make_packed, "image": make_image}[sys.argv[1]](*sys.argv[2:])
