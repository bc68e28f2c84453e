#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a disk image that BIOS and UEFI start, of a root file system.

usage: mkdisk.py DISK ROOT_FOLDER UUID MIB

The disk: GRUB's first sector and a partition for the rest of it (BIOS), a FAT
partition with GRUB as a program (UEFI), the root file system. GRUB looks for
the root file system by its UUID and goes on with /boot/grub there. All ids come
from that UUID, so that the same folder gives the same bytes.
"""

import os
import struct
import subprocess
import sys
import uuid

SECTOR = 512
MIB = 1 << 20
GRUB = "/usr/lib/grub"

# First MiB and MiBs of each partition, and its type for sfdisk; the root file
# system takes the rest.
PARTITIONS = (
    ("bios", 1, 1, "21686148-6449-6E6F-744E-656564454649"),
    ("efi", 2, 64, "uefi"),
    ("root", 66, None, "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"),
)
BIOS_START = PARTITIONS[0][1] * MIB
EFI_START = PARTITIONS[1][1] * MIB
ROOT_START = PARTITIONS[2][1] * MIB

# Where GRUB's parts say at which sector the next one begins, and how many bytes
# of the first sector are its.
BOOT_CODE = 440
BOOT_NEXT = 0x5c
CORE_NEXT = 0x1f4

# No drive of its own: the one that the BIOS has started is right.
MODULES = ("part_gpt ext2 search search_fs_uuid configfile normal "
           "multiboot2 gzio all_video serial terminal test echo").split()


def run(*args, **options):
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL, **options)


def derived(root, what):
    """An id that depends on nothing but the root file system's."""
    return str(uuid.uuid5(uuid.UUID(root), what))


def make_partitions(disk, root):
    script = f"label: gpt\nlabel-id: {derived(root, 'disk')}\n"
    for name, start, size, kind in PARTITIONS:
        size = f"size={size}MiB, " if size else ""
        script += (f"start={start}MiB, {size}type={kind}, name={name}, "
                   f"uuid={derived(root, name)}\n")
    run("/sbin/sfdisk", "-q", disk, input=script, text=True)


def make_grub(target, output, root, extra):
    config = output + ".cfg"
    with open(config, "w") as out:
        out.write(f"search --no-floppy --fs-uuid --set=root {root}\n"
                  "set prefix=($root)/boot/grub\n")
    run("grub-mkimage", "-O", target, "-o", output, "-c", config,
        "-p", "/boot/grub", *MODULES, *extra)
    os.unlink(config)
    with open(output, "rb") as image:
        return image.read()


def install_bios(disk, root):
    """What grub-install would do, had it a device."""
    with open(f"{GRUB}/i386-pc/boot.img", "rb") as image:
        first = bytearray(image.read(BOOT_CODE))
    core = bytearray(make_grub("i386-pc", disk + ".core", root, ["biosdisk"]))
    os.unlink(disk + ".core")
    if len(core) > PARTITIONS[0][2] * MIB:
        raise SystemExit("mkdisk: GRUB has outgrown its partition")
    sector = BIOS_START // SECTOR
    struct.pack_into("<Q", first, BOOT_NEXT, sector)
    struct.pack_into("<Q", core, CORE_NEXT, sector + 1)
    with open(disk, "r+b") as out:
        out.write(first)
        out.seek(BIOS_START)
        out.write(core)


def install_efi(disk, root):
    program = disk + ".efi"
    make_grub("x86_64-efi", program, root, [])
    place = f"{disk}@@{EFI_START}"
    env = dict(os.environ, MTOOLS_SKIP_CHECK="1")
    serial = derived(root, "efi")[:8]
    run("mformat", "-i", place, "-F", "-N", serial, "-v", "EFI", "-T",
        str(PARTITIONS[1][2] * MIB // SECTOR), "-h", "16", "-s", "63", "::",
        env=env)
    run("mmd", "-i", place, "::/EFI", "::/EFI/BOOT", env=env)
    run("mcopy", "-i", place, program, "::/EFI/BOOT/BOOTX64.EFI", env=env)
    os.unlink(program)


def install_root(disk, folder, root, mib):
    """An ext4 file system in its place; the last MiB is the table's copy."""
    size = mib - ROOT_START // MIB - 1
    env = dict(os.environ, E2FSPROGS_FAKE_TIME=os.environ["SOURCE_DATE_EPOCH"])
    run("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-L", "xenia", "-U", root,
        "-E", f"offset={ROOT_START},hash_seed={root},root_owner=0:0",
        "-d", folder, disk, f"{size}M", env=env)


def main():
    disk, folder, root, mib = sys.argv[1:]
    with open(disk, "wb") as out:
        out.truncate(int(mib) * MIB)
    make_partitions(disk, root)
    install_bios(disk, root)
    install_efi(disk, root)
    install_root(disk, folder, root, int(mib))


if __name__ == "__main__":
    main()
