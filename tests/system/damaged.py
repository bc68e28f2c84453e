# SPDX-License-Identifier: MIT
"""Wrong input at start: one line must say what is wrong."""

import os
import re
import struct

from boot import XEN_OPTIONS
from qemu import Failure, Machine, kernel_args


def write(folder, data):
    path = os.path.join(folder, "kernel")
    with open(path, "wb") as out:
        out.write(data)
    return path


def kernel_bytes(context):
    with open(context.kernel, "rb") as kernel:
        return bytearray(kernel.read())


def nothing(context, folder):
    return None


def stock_kernel(context, folder):
    return context.kernel


def text_file(context, folder):
    return write(folder, b"This is no kernel.\n" * 1000)


def empty_file(context, folder):
    return write(folder, b"\0")


def truncated_kernel(context, folder):
    return write(folder, kernel_bytes(context)[:3000000])


def damaged_payload(context, folder):
    """A kernel with some bytes changed in the middle of its packed part."""
    data = kernel_bytes(context)
    for i in range(4000000, 4000064):
        data[i] ^= 0x5a
    return write(folder, data)


def elf_without_notes(context, folder):
    """An ELF file for this machine that is no kernel: a program."""
    with open("/bin/busybox", "rb") as program:
        return write(folder, program.read())


def elf_of_other_machine(context, folder):
    """An ELF file's header for AArch64 (e_machine 183)."""
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, 0, 0, 0, 0, 64, 56, 0, 0,
                         0, 0)
    return write(folder, ident + header + bytes(4096))


# Name, what makes the kernel file, options, what the message names.
DAMAGED = [
    ("no_module", nothing, "", "No control domain"),
    ("not_a_kernel", text_file, "", "not a kernel"),
    ("empty_kernel", empty_file, "", "not a kernel"),
    ("truncated_kernel", truncated_kernel, "", "cut off"),
    ("damaged_payload", damaged_payload, "", "damaged xz data"),
    ("elf_without_notes", elf_without_notes, "", "no Xen PV notes"),
    ("elf_of_other_machine", elf_of_other_machine, "", "x86-64"),
    ("dom0_mem_too_large", stock_kernel, "dom0_mem=min:64G",
     "dom0_mem= asks for"),
    ("dom0_mem_too_small", stock_kernel, "dom0_mem=16M", "dom0_mem= is too"),
]


def run_damaged(make_kernel, options, message, context, folder, result):
    """The machine must stop with the message and start no domain."""
    args = ["-machine", "pc", "-cpu", "max,-smap", "-m", "512", "-no-reboot"]
    args += kernel_args(context.xen, f"{XEN_OPTIONS} {options}",
                        make_kernel(context, folder), "console=hvc0")
    log = os.path.join(folder, "serial.log")
    with Machine(args, log) as machine:
        try:
            line = machine.expect(r"^\(XEN\) Panic.*\n\(XEN\) (.*)\n", 60)[1]
            result.check("says_what_is_wrong", re.search(message, line), line)
        except Failure as failure:
            result.check("says_what_is_wrong", False, failure)


def all_cases():
    for name, make_kernel, options, message in DAMAGED:
        yield name, (lambda *args, fixed=(make_kernel, options, message):
                     run_damaged(*fixed, *args))
