# SPDX-License-Identifier: MIT
"""Machines that Debian's kernel is booted on as the control domain.

A boot serves many checks: those that the control domain runs itself, and those
that the runner makes on what it sees of the machine.
"""

import dataclasses

BASIC = ("cpus", "memory", "log")
DEVICES = ("disk", "net", "interrupts")
STRESS = tuple(f"stress_{name}" for name in (
    "mmap", "fork", "switch", "signal", "timer", "fpu", "vector", "futex",
    "fault"))

# What /proc/interrupts says of each way to signal an interrupt.
INTX, MSI, MSIX = "-ioapic-level", "-msi ", "-msi-x"


@dataclasses.dataclass(frozen=True)
class Boot:
    """One boot; see boot.py for how each field is used."""

    name: str
    machine: str = "pc"
    smp: int = 1
    memory: int = 1024           # MiB
    memory_min: int = 0          # MiB the control domain must have at least
    iso: bool = False            # by GRUB from an ISO, not by QEMU's loader
    cpu: str = "max,-smap"
    disk: str = "virtio"         # or "ahci"
    nic: str = "virtio-net-pci"  # or "e1000e"
    checks: tuple = BASIC + DEVICES
    interrupts: dict = dataclasses.field(default_factory=dict)
    xen_options: str = ""
    kernel_options: str = ""
    image: str = "dom0"          # or "stress"
    debug_keys: bool = False
    idle: bool = False           # measure QEMU's own CPU use
    then: str = "poweroff"       # or "reboot", "crash"
    seconds: int = 120           # for the checks, after the boot


BOOTS = [
    Boot("pc_small", memory=256, memory_min=100,
         xen_options="no_such_option=1 loglvl=nonsense",
         interrupts={"virtio.*-req": MSIX, "virtio.*-input": MSIX}),
    Boot("pc_intx", smp=2, memory=2048, memory_min=1700, disk="ahci",
         nic="e1000e", kernel_options="pci=nomsi", debug_keys=True, idle=True,
         interrupts={"ahci": INTX, "eth0": INTX}),
    Boot("q35_msi", machine="q35", smp=4, memory=4096, memory_min=3400,
         disk="ahci", nic="e1000e",
         interrupts={"ahci": MSI, "eth0": MSIX}),
    Boot("q35_iso", machine="q35", smp=2, memory=8192, memory_min=7000,
         iso=True, interrupts={"virtio.*-req": MSIX}),
    Boot("pc_iso", smp=1, memory=512, memory_min=300, iso=True, disk="ahci",
         interrupts={"ahci": MSI}),
    Boot("q35_intx", machine="q35", kernel_options="pci=nomsi",
         interrupts={"virtio0": INTX, "virtio1": INTX}),
    Boot("pc_intel", smp=2, memory=8192, memory_min=7000,
         cpu="max,vendor=GenuineIntel,-svm,-smap"),
    Boot("stress", machine="q35", smp=2, memory=1536, image="stress",
         checks=("clock_start",) + STRESS + ("clock_wait", "log"),
         seconds=400),
    Boot("dom0_mem", memory=1024, memory_min=250, checks=BASIC,
         xen_options="dom0_mem=400M,max:400M", smp=2),
    Boot("reboot", checks=("cpus",), then="reboot"),
    Boot("crash", checks=("cpus",), then="crash"),
]
