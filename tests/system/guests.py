# SPDX-License-Identifier: MIT
"""Boots the tiny kernels of tests/guest in place of the control domain.

Each prints `ok name`, `FAIL name: why` or `skip name: why` per check and closes
with `N passed, N failed`. tests/guest/<name>/test.mk says what it needs:
`vcpus := 2`, `memory := 256` (MiB), `cpu := max,-smap` (QEMU's model),
`options := ...` for the hypervisor, `args := ...` for the kernel, `seconds := 300`
that it may take, `only := own` for what stock Xen does in another way, `xpti := also`
for another run on root tables without the hypervisor's mappings. GUEST_ARGS
and GUEST_SECONDS in the environment come first.
"""

import os
import re

from boot import SWITCH_INPUT, XEN_OPTIONS, check_audit
from qemu import Failure, Machine, kernel_args


def read_settings(path):
    """The assignments of a test.mk."""
    settings = {"vcpus": "1", "memory": "256", "cpu": "max", "options": "",
                "args": "", "seconds": "120", "only": "", "xpti": ""}
    if os.path.exists(path):
        with open(path) as lines:
            settings.update(re.findall(r"^(\w+)\s*:?=\s*(.*?)\s*$",
                                       lines.read(), re.M))
    for name in ("args", "seconds"):
        settings[name] = os.environ.get(f"GUEST_{name.upper()}", settings[name])
    return settings


def run_guest(kernel, settings, context, folder, result):
    if settings["only"] == "own" and not context.own:
        result.skip("stock Xen does it in another way")
        return
    args = ["-machine", "q35", "-cpu", settings["cpu"], "-no-reboot", "-smp",
            settings["vcpus"], "-m", settings["memory"]]
    args += kernel_args(context.xen, f"{XEN_OPTIONS} {settings['options']}",
                        kernel, settings["args"])
    with Machine(args, os.path.join(folder, "serial.log")) as machine:
        try:
            machine.expect(r"^\d+ passed, \d+ failed",
                           int(settings["seconds"]))
            if context.own:
                machine.send(SWITCH_INPUT)
                check_audit(machine, result)
        except Failure as failure:
            result.check("runs", False, failure)
    for name in re.findall(r"^ok (\S+)", machine.text, re.M):
        result.check(name, True)
    for name, why in re.findall(r"^FAIL ([^\s:]+):? ?(.*)", machine.text, re.M):
        result.check(name, False, why)
    for name, why in re.findall(r"^skip ([^\s:]+): (.*)", machine.text, re.M):
        result.skip(f"{name}: {why}")


def all_cases(root, out):
    """Every folder of tests/guest with a main.c is a kernel."""
    tests = os.path.join(root, "tests", "guest")
    for name in sorted(os.listdir(tests)):
        if not os.path.exists(os.path.join(tests, name, "main.c")):
            continue
        kernel = os.path.join(out, "tests", "guest", name, "kernel")
        settings = read_settings(os.path.join(tests, name, "test.mk"))
        yield name, (lambda *args, fixed=(kernel, settings):
                     run_guest(*fixed, *args))
        if settings["xpti"] == "also":
            settings = {**settings,
                        "options": settings["options"] + " xpti=on"}
            yield f"{name}_xpti", (lambda *args, fixed=(kernel, settings):
                                   run_guest(*fixed, *args))
