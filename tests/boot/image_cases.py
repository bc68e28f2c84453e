# SPDX-License-Identifier: MIT
"""The disk image with a Debian host, by BIOS and by UEFI: the same file, which is
not changed. By BIOS its packages are upgraded while the guest runs."""

import glob
import os
import re
import subprocess

from host_checks import (check_guest_comes_up, check_guest_runs, power_off,
                         run, run_status)
from qemu import Machine

UEFI = "/usr/share/ovmf/OVMF.fd"
LOGIN_SECONDS = 600
SECONDS = 180  # for a thing to be said
PACKAGES = ("xenia", "xenia-hypervisor", "xenia-tools", "xenia-libxenstore4")
SERVICES = ("xenia-host", "xenstored", "xenconsoled", "xen-blkd", "xen-netd",
            "xendomains", "ssh")


def start(context, folder, *args):
    image = os.path.join(context.out, "boot", "xenia.img")
    return Machine(
        ["-machine", "q35", "-cpu", "max,-smap", "-smp", "2", "-m", "2048",
         "-nic", "user,model=virtio-net-pci", "-drive",
         f"file={image},format=raw,if=virtio,snapshot=on", *args],
        os.path.join(folder, "serial.log"))


def log_in(machine):
    machine.expect(r"^xenia login: ", LOGIN_SECONDS)
    machine.send("root\n")
    machine.expect(r"root@xenia:~# ", SECONDS)
    # So that all that commands print is text, in lines as they are.
    machine.send("bind 'set enable-bracketed-paste off'; stty columns 1000; "
                 "export TERM=dumb SYSTEMD_PAGER= SYSTEMD_COLORS=0\n")
    machine.expect(r"bind.*\n(.*\n)*.*root@xenia:~# ", SECONDS)


def check_services(machine, result, name):
    """All of them run, or do so soon: ssh makes its keys at the first start, which
    takes minutes in emulation."""
    states = run(machine, "for i in $(seq 100); do "
                 f"states=$(systemctl is-active {' '.join(SERVICES)}); "
                 "case $states in *activating*) sleep 2 ;; *) break ;; esac; "
                 "done; echo $states", 300)
    result.check(name, states.split() == ["active"] * len(SERVICES), states)


def check_host(machine, result):
    """Started by GRUB's own menu; all services run; nothing has failed."""
    line = run(machine, "cat /proc/cmdline")
    result.check("menu_is_by_update_grub",
                 "root=UUID=" in line and "console=hvc0" in line, line)
    version = run(machine, "xl info xen_version")
    result.check("hypervisor_is_ours", version.endswith("-xenia"), version)
    failed = run(machine, "systemctl --failed --plain --no-legend")
    result.check("no_unit_has_failed", not failed, failed)
    check_services(machine, result, "services_run")
    owner = run(machine, "dpkg -S /usr/sbin/xl /boot/xen-*.gz")
    result.check("packages_are_installed",
                 "xenia-tools:" in owner and "xenia-hypervisor:" in owner,
                 owner)


def check_login_over_network(machine, result):
    """Keys of the host's own; an empty password is for the console only."""
    _, text = run_status(
        machine, "ssh -o StrictHostKeyChecking=accept-new -o BatchMode=yes "
        "localhost true")
    result.check("ssh_asks_for_a_key", "Permission denied" in text, text)


def boot(context, folder, result, *args):
    with start(context, folder, *args) as machine:
        log_in(machine)
        check_host(machine, result)
        check_guest_runs(machine, result, "debian")
        check_guest_comes_up(machine, result, "debian")
        check_login_over_network(machine, result)
        power_off(machine, result)


def make_newer_packages(context, folder):
    """A disk with the same packages under a higher version."""
    tree = os.path.join(folder, "newer")
    for name in PACKAGES:
        source, = glob.glob(f"{context.out}/deb/{name}_*.deb")
        unpacked = os.path.join(folder, name)
        subprocess.run(["dpkg-deb", "-R", source, unpacked], check=True)
        control = os.path.join(unpacked, "DEBIAN", "control")
        with open(control) as lines:
            text = lines.read()
        version = re.search(r"^Version: (.*)$", text, re.M)[1]
        with open(control, "w") as lines:
            lines.write(re.sub(rf"(?<=[:=]) {re.escape(version)}(?=[)\n])",
                               f" {version}+newer", text))
        os.makedirs(tree, exist_ok=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", unpacked,
                        tree], check=True, stdout=subprocess.DEVNULL)
    disk = os.path.join(folder, "newer.img")
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-L", "NEWER",
                    "-d", tree, disk, "64M"], check=True)
    return disk


def guest_state(machine):
    """Which guest it is: its number, and how often it has started."""
    return (run(machine, "xl domid debian"),
            on_console(machine, "cat /data/boots"))


def on_console(machine, command):
    """What a command prints in the guest's shell, through its console."""
    machine.send("xl console debian\n\n")
    machine.expect(r"debian# ", SECONDS)
    # So that the shell does not break long lines.
    machine.send("stty columns 1000\n")
    machine.expect(r"stty.*\n(.*\n)*debian# ", SECONDS)
    machine.send(f"{command}; echo @@end\n")
    machine.expect(r"echo @@end\n", SECONDS)
    text = machine.expect(r"^((?:.*\n)*?)@@end\n", SECONDS)[1]
    machine.send("\x1d")
    machine.expect(r"root@xenia:~# ", SECONDS)
    return text.strip()


def check_new_daemons(machine, result):
    """Programs that run from files that are no longer there are old ones."""
    old = run(machine, "ls -l /proc/[0-9]*/exe 2> /dev/null | grep -E "
              "'/(xenstored|xenconsoled|xen-blkd|xen-netd) .deleted' || true")
    result.check("daemons_are_the_new_ones", not old, old)
    check_services(machine, result, "services_still_run")


def check_guest_goes_on(machine, result):
    text = on_console(machine, "date > /data/now && sync && cat /data/now "
                      "&& ping -c 1 -w 10 10.0.2.2")
    result.check("guest_uses_disk_and_network_after",
                 " 0% packet loss" in text, text)


def upgrade(context, folder, result):
    """The guest goes on through it, and the new tools know it."""
    disk = make_newer_packages(context, folder)
    with start(context, folder, "-drive",
               f"file={disk},format=raw,if=virtio") as machine:
        log_in(machine)
        check_host(machine, result)
        check_guest_comes_up(machine, result, "debian")
        before = guest_state(machine)
        text = run(machine, "mount LABEL=NEWER /mnt && "
                   "apt-get install -q -y /mnt/*.deb 2>&1", 300)
        result.check("apt_upgrades", "Setting up xenia-tools" in text,
                     text[-300:])
        check_new_daemons(machine, result)
        after = guest_state(machine)
        result.check("guest_is_the_same", after == before,
                     f"{before}, {after}")
        check_guest_goes_on(machine, result)
        power_off(machine, result)


CASES = {
    "image_uefi": lambda *args: boot(*args, "-bios", UEFI),
    "image_bios_upgrade": upgrade,
}
