# SPDX-License-Identifier: MIT
"""The control domain `mini`: the same bytes each time, small, quick to start."""

import filecmp
import os
import subprocess
import time

from guide_cases import start
from host_checks import power_off, wait_ready

MAX_MIB = 40
MAX_SECONDS = 12  # on two CPUs that do nothing else


def same_bytes(context, folder, result):
    """Built anew of the same install tree, in another folder."""
    subprocess.run(["make", "-s", "-f",
                    os.path.join(context.root, "boot/appliance/Makefile"),
                    f"O={folder}", f"DIST={context.out}/dist"], check=True)
    first = os.path.join(context.out, "boot", "mini.img")
    again = os.path.join(folder, "boot", "mini.img")
    result.check("same_inputs_give_same_bytes",
                 filecmp.cmp(first, again, shallow=False))
    size = os.path.getsize(first) / (1 << 20)
    result.check(f"size_is_at_most_{MAX_MIB}_MiB", size <= MAX_MIB,
                 f"{size:.1f} MiB")


def boot_time(context, folder, result):
    """From QEMU's start to the prompt; a busy machine gets more time."""
    begin = time.monotonic()
    with start(context, folder) as machine:
        wait_ready(machine, result)
        seconds = time.monotonic() - begin
        limit = MAX_SECONDS * max(1, os.getloadavg()[0] / 2)
        result.check("prompt_comes_in_time", seconds <= limit,
                     f"{seconds:.1f} s, limit {limit:.1f} s")
        result.note(f"   mini_boot: prompt after {seconds:.1f} s, "
                    f"load {os.getloadavg()[0]:.1f}")
        power_off(machine, result)


CASES = {
    "mini_same_bytes": same_bytes,
    "mini_boot": boot_time,
}
