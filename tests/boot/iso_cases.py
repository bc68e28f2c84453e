# SPDX-License-Identifier: MIT
"""The ISO image, by BIOS and by UEFI, as a CD and as a USB stick."""

import os

from host_checks import (check_guest_comes_up, check_guest_runs, power_off,
                         run, run_status, wait_ready)
from qemu import Machine

UEFI = "/usr/share/ovmf/OVMF.fd"


def boot(context, folder, result, *args):
    image = os.path.join(context.out, "boot", "xenia.iso")
    args = ["-machine", "q35", "-cpu", "max,-smap", "-smp", "2", "-m", "2048",
            "-nic", "user,model=virtio-net-pci", *args]
    args = [word.replace("IMAGE", image) for word in args]
    with Machine(args, os.path.join(folder, "serial.log")) as machine:
        wait_ready(machine, result)
        check_loader(machine, result)
        run(machine, "xl create -q /etc/xen/debian.cfg")
        check_guest_runs(machine, result, "debian")
        check_guest_comes_up(machine, result, "debian")
        power_off(machine, result)


def check_loader(machine, result):
    """ACPI's tables were found, so that dom0 drives the whole machine."""
    status, tables = run_status(machine, "ls /sys/firmware/acpi/tables")
    said = run_status(machine, "dmesg | grep -E 'ACPI|ommand line'")[1]
    result.check("dom0_has_acpi_tables", status == 0 and "APIC" in tables,
                 said)
    line = machine.text[:machine.text.find("Command line")]
    result.check("loaded_by_grub", "loaded by GRUB" in line, line[-200:])


CASES = {
    "iso_bios_cd": lambda *args: boot(*args, "-cdrom", "IMAGE", "-boot", "d"),
    "iso_uefi_cd": lambda *args: boot(*args, "-bios", UEFI, "-cdrom", "IMAGE"),
    "iso_uefi_stick": lambda *args: boot(
        *args, "-bios", UEFI, "-device", "qemu-xhci", "-drive",
        "file=IMAGE,format=raw,if=none,id=stick,readonly=on", "-device",
        "usb-storage,drive=stick"),
}
