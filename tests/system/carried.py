# SPDX-License-Identifier: MIT
"""A guest in a file, carried from hypervisor to hypervisor.

Several machines run one after the other with one disk, which keeps what is
written: what one saves the next one restores.
"""

import dataclasses
import os

import boot
from cases import Boot
from files import make_disk
from results import CaseResult

# (is it Xenia, checks of that boot); tests/toolstack/own_carried.sh.
JOURNEY = (
    (False, ("carried_saved_by_stock",)),
    (True, ("carried_restored_by_own", "carried_saved_by_own")),
    (False, ("carried_restored_by_stock",)),
)


# Each vcpu has a CPU of its own, so that stock Xen can have XSAVE: the guest's
# state is part of the file (see EAGER_FPU in cases.py).
def machine(checks):
    return Boot("tools_carried", checks=("tools_start",) + checks,
                image="toolstack/toolstack", smp=3, memory=3072, nic="",
                seconds=900, disk_stays=True,
                values={"dom0_vcpus": 1, "xenstored": "xenstored"},
                xen_options="dom0_mem=1G,max:1G dom0_max_vcpus=1 "
                            "dom0_vcpus_pin")


def run(context, folder, result):
    """Each leg is a boot of its own; after one that fails there is no next."""
    disk = make_disk(os.path.join(folder, "disk.img"))
    for number, (own, checks) in enumerate(JOURNEY, 1):
        leg = CaseResult(f"{result.name}_{number}")
        place = os.path.join(folder, str(number))
        os.makedirs(place)
        host = dataclasses.replace(context, own=own, disk=disk,
                                   xen=context.xen if own else context.other)
        boot.run_boot(machine(checks), host, place, leg)
        result.lines += leg.lines
        if leg.count("FAIL "):
            result.note(f"   log: {place}/serial.log")
            return


def all_cases():
    """(name, function that runs it)"""
    yield "tools_carried", run
