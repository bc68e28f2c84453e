# SPDX-License-Identifier: MIT
"""Boots one machine of cases.py and checks all that it is asked for."""

import os
import re
import time

from files import make_iso
from qemu import Failure, Machine, kernel_args

XEN_OPTIONS = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all"
BOOT_SECONDS = 300
UEFI = "/usr/share/ovmf/OVMF.fd"
CLOCK_SECONDS = 60

# Three times Ctrl-a switches the serial input between dom0 and debug keys.
SWITCH_INPUT = "\x01\x01\x01"

# Debug keys, the audit's apart. Each names itself, then prints something.
DEBUG_KEYS = "hdqrmegia"

# For one that hangs. SysRq on hvc0 is Ctrl-o: show all messages, then tasks,
# timers, tasks that wait for a device; after that the hypervisor's debug keys.
SYSRQ = "\x0f"
SYSRQ_KEYS = "9tqw"
HANG_KEYS = "eridaq"

# Words that only trouble in the hypervisor puts into its log.
TROUBLE = re.compile(
    r"^\(XEN\) (Xenia (warning|bug)|Panic|NMI|Machine check|audit: frame)")


def device_args(case, context):
    """QEMU's arguments for disk and network."""
    snapshot = "off" if case.disk_stays else "on"
    args = ["-drive", f"file={context.disk},format=raw,if=none,id=disk,"
                      f"snapshot={snapshot}"]
    if case.nic:
        args += ["-netdev", f"user,id=net,tftp={context.server.folder}",
                 "-device", f"{case.nic},netdev=net"]
    else:
        args += ["-nic", "none"]
    if case.disk == "virtio":
        return args + ["-device", "virtio-blk-pci,drive=disk"]
    if not case.machine.startswith("q35"):
        args += ["-device", "ahci,id=ahci"]
    bus = "ide.0" if case.machine.startswith("q35") else "ahci.0"
    return args + ["-device", f"ide-hd,drive=disk,bus={bus}"]


def dom0_options(case, context):
    """The control domain's command line; /init in tests/dom0 reads it."""
    values = {
        "test": ":".join(case.checks), "own": int(context.own), "cpus": case.smp,
        "memory": case.memory, "memory_min": case.memory_min, "clock": CLOCK_SECONDS,
        "http": context.server.port, "md5": context.server.md5,
        "then": "shell" if case.then == "poweroff" else case.then,
        **case.values,
    }
    words = [f"xenia.{name}={value}" for name, value in values.items()]
    return " ".join(["console=hvc0 quiet sysrq_always_enabled",
                     case.kernel_options, *words])


def machine_args(case, context, folder):
    args = ["-machine", case.machine, "-cpu", case.cpu, "-smp", str(case.smp),
            "-m", str(case.memory), *case.extra,
            *device_args(case, context)]
    if case.icount:
        args += ["-accel", "tcg", "-icount", "shift=3,sleep=off", "-rtc",
                 "clock=vm"]
    if case.then == "crash":
        args.append("-no-reboot")
    options = f"{XEN_OPTIONS} {case.xen_options}"
    if not context.own:
        options += " " + case.stock_options
    initrd = os.path.join(context.out, "tests", case.image + ".img")
    if not case.iso:
        return args + kernel_args(context.xen, options, context.kernel,
                                  dom0_options(case, context), initrd)
    iso = make_iso(folder, context.xen, options, context.kernel,
                   dom0_options(case, context), initrd, case.uefi)
    return args + (["-bios", UEFI] if case.uefi else []) + [
        "-cdrom", iso, "-boot", "d"]


def check_inside(case, machine, result):
    """Collect the results of the checks that run in the control domain."""
    machine.expect(r"^@T begin", BOOT_SECONDS)
    machine.expect(r"^@T done", case.seconds)
    found = {name: (how, why) for how, name, why in re.findall(
        r"^@T (ok|FAIL|skip) (\w+)(?:: )?(.*)", machine.text, re.M)}
    for name in case.checks:
        how, why = found.get(name, ("FAIL", "has not run"))
        if how == "skip":
            result.skip(f"{name}: {why}")
        else:
            result.check(name, how == "ok", why)


def check_interrupts(case, machine, result):
    lines = [line for _, line in machine.lines if line.startswith("@I ")]
    for device, kind in case.interrupts.items():
        mine = [line for line in lines if re.search(rf"\s{device}", line)]
        good = any(kind in line + " " and re.search(r":.*\s[1-9]\d*\s", line)
                   for line in mine)
        name = re.sub(r"\W+", "_", device)
        result.check(f"interrupts_{name}_{kind.strip('- ').replace('-', '_')}",
                     good, "; ".join(mine) or "no such line")


def check_clock(machine, result):
    """The guest's clocks against the host's, from first to last reading."""
    readings = [(arrival, *map(float, line.split()[1:3]))
                for arrival, line in machine.lines if line.startswith("@C ")]
    if len(readings) < CLOCK_SECONDS // 2:
        result.check("clock", False, f"only {len(readings)} readings")
        return
    passed = [last - first for first, last in zip(readings[0], readings[-1])]
    host, uptime, date = passed
    result.check("clock", host >= CLOCK_SECONDS * 0.9
                 and abs(uptime - host) < 1 + host / 100
                 and abs(date - host) < 2 + host / 100,
                 f"host {host:.2f} s, uptime {uptime:.2f} s, date {date:.0f} s")


def check_idle(machine, result):
    """With nobody to run, the hypervisor halts the CPUs."""
    time.sleep(2)
    before = machine.cpu_seconds()
    time.sleep(5)
    used = (machine.cpu_seconds() - before) / 5
    result.check("idle_host_halts", used < 0.2, f"QEMU uses {used:.2f} CPUs")


def check_debug_keys(case, machine, result):
    """Type all keys; the audit comes last."""
    machine.send(SWITCH_INPUT)
    time.sleep(0.5)
    for key in DEBUG_KEYS if case.debug_keys else "":
        try:
            machine.send(key)
            machine.expect(rf"^\(XEN\) '{key}': .*\n\(XEN\) ", 30)
            time.sleep(0.3)
            result.check(f"debug_key_{key}", True)
        except Failure as failure:
            result.check(f"debug_key_{key}", False, failure)
    check_audit(machine, result)
    machine.send(SWITCH_INPUT)


def check_audit(machine, result):
    """The input must be at the debug keys."""
    machine.send("A")
    line = machine.expect(r"^(\(XEN\) audit: \d+ frames.*)\n", 60)[1]
    result.check("audit", line.endswith("no inconsistency"), line)


def ask_why(context, machine):
    """It does not go on: what both kernels are at, into the serial log."""
    try:
        for key in SYSRQ_KEYS:
            machine.send(SYSRQ + key)
            time.sleep(5)
        machine.send(SWITCH_INPUT)
        for key in HANG_KEYS if context.own else "":
            machine.send(key)
            time.sleep(2)
    except OSError:  # QEMU has ended meanwhile
        pass


def check_messages(case, machine, result):
    """What the hypervisor's log must and must not hold."""
    bad = [line for _, line in machine.lines if TROUBLE.search(line)]
    result.check("no_hypervisor_warning", not bad, "; ".join(bad[:3]))
    for word in case.xen_options.split():
        name = word.split("=")[0]
        if name.startswith("no_such") or "nonsense" in word:
            named = re.search(rf"^\(XEN\).*{name}", machine.text, re.M)
            result.check(f"option_{name}_is_named_in_the_log", bool(named),
                         "no such line")


def check_poweroff(machine, result):
    """By the shell on the console, so that typing is seen to work, too."""
    machine.send("\necho type$((40 + 2))d\n")
    machine.expect("type42d", 20)
    result.check("console_input", True)
    machine.send("poweroff -f\n")
    machine.wait(60)
    result.check("poweroff_ends_qemu", True)


def check_reboot(machine, result):
    machine.expect(r"^@T done", BOOT_SECONDS)
    result.check("reboot_reboots", True)


def check_crash(machine, result):
    machine.expect(r"^\(XEN\).*(?i:crash)", 30)
    result.check("crash_is_reported", True)
    machine.wait(30)
    result.check("crash_reboots", True)


def run_boot(case, context, folder, result):
    """Boot, check, and report to result."""
    log = os.path.join(folder, "serial.log")
    with Machine(machine_args(case, context, folder), log) as machine:
        try:
            check_inside(case, machine, result)
            check_interrupts(case, machine, result)
            if "clock_start" in case.checks:
                check_clock(machine, result)
            if case.idle:
                check_idle(machine, result)
            if case.then == "poweroff":
                if context.own:
                    check_debug_keys(case, machine, result)
                check_poweroff(machine, result)
            elif case.then == "reboot":
                check_reboot(machine, result)
            else:
                check_crash(machine, result)
        except Failure as failure:
            result.check("runs", False, failure)
            ask_why(context, machine)
    if case.then != "crash":
        check_messages(case, machine, result)
