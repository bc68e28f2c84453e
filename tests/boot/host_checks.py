# SPDX-License-Identifier: MIT
"""What is checked of every host that has started, by its shell."""

import re

from qemu import Failure

BOOT_SECONDS = 240
SHELL_SECONDS = 60


def wait_ready(machine, result, seconds=BOOT_SECONDS):
    """The host's own messages: nothing failed, and the prompt's name."""
    machine.expect(r"^Ready after .*\n", seconds)
    prompt = machine.expect(r"^(\S+)# ", SHELL_SECONDS)[1]
    # So that the shell does not break long lines.
    machine.send("stty columns 1000\n")
    machine.expect(r"stty.*\n(.*\n)*\S+# ", SHELL_SECONDS)
    failed = re.findall(r"^  FAILED .*", machine.text, re.M)
    result.check("all_services_start", not failed, "; ".join(failed))
    return prompt


def run_status(machine, command, seconds=SHELL_SECONDS):
    """Run a command in the host's shell: (exit status, what it prints)."""
    end = "\n" if "\n" in command else "; "
    # On a line of its own, whatever the command has printed last.
    machine.send(f"{command}{end}printf '\\n@@%d\\n' $?\n")
    start = machine.expect(r"@@%d.*\n", seconds).end()
    match = machine.expect(r"^@@(\d+)\n", seconds)
    # The shell shows what was typed once more, if it came early.
    text = re.split(r".*@@%d.*\n", machine.text[start:match.start()])[-1]
    return int(match[1]), text.strip()


def run(machine, command, seconds=SHELL_SECONDS):
    """The same for what must not fail: what it prints."""
    status, text = run_status(machine, command, seconds)
    if status != 0:
        raise Failure(f"{command}: status {status}: {text}")
    return text


def check_guest_runs(machine, result, name):
    """The guest is in the list, and runs or waits."""
    listed = run(machine, "xl list")
    result.check(f"{name}_is_listed",
                 re.search(rf"^{name} .* [r-][b-]----", listed, re.M), listed)


def check_guest_comes_up(machine, result, name):
    """Its devices are connected; by its console, it has made use of them."""
    for device in ("block", "network"):
        status, text = run_status(
            machine, f"for i in $(seq 120); do xl {device}-list {name} | "
            "grep ' 4 ' && break; sleep 1; done", 240)
        result.check(f"{name}_has_{device}", status == 0, text)
    if run_status(machine, "command -v xenconsoled")[0] == 0:
        check_console(machine, result, name)


def check_console(machine, result, name):
    status, _ = run_status(
        machine, "for i in $(seq 120); do xl console --history "
        f"{name} | grep -q '{name} is up' && break; sleep 1; done 2> /dev/null",
        240)
    text = run_status(machine, f"xl console --history {name}")[1]
    result.check(f"{name}_comes_up", status == 0 and f"{name} is up" in text,
                 text[-300:])
    result.check(f"{name}_uses_disk_and_network",
                 "disk: /data" in text and re.search(r"network: \d", text),
                 text[-300:])


def power_off(machine, result):
    machine.send("poweroff\n")
    machine.wait(120)
    result.check("poweroff_ends_it", True)
