/* SPDX-License-Identifier: MIT */
/*
 * Commands of the stock tool that this one knows, but doesn't have: why, and
 * what to do instead.
 */
#include "xl/cmd.h"

#define HVM_ONLY "only HVM guests have it"
#define NO_CLASS "this class of devices has no backend here"
#define HARDWARE "it needs hardware that this hypervisor does not drive"

/* clang-format off */
const struct refused_command refused_commands[] = {
    {"button-press", HVM_ONLY, "`xl shutdown` or `xl sysrq` asks a PV guest"},
    {"trigger", HVM_ONLY, "`xl shutdown` or `xl sysrq` asks a PV guest"},
    {"cd-insert", HVM_ONLY, "`xl block-attach` gives a PV guest a read-only disk"},
    {"cd-eject", HVM_ONLY, "`xl block-detach` takes a disk from a PV guest"},
    {"qemu-monitor-command", HVM_ONLY, "a PV guest has no device model"},
    {"vncviewer", "no PV guest has a screen here", "`xl console` shows its console"},
    {"sched-rtds", "this scheduler is not there", "`xl sched-credit2` sets shares"},
    {"remus", "guests can't be mirrored", "`xl migrate` moves one"},
    {"vtpm-attach", NO_CLASS, NULL},
    {"vtpm-list", NO_CLASS, NULL},
    {"vtpm-detach", NO_CLASS, NULL},
    {"vkb-attach", NO_CLASS, NULL},
    {"vkb-list", NO_CLASS, NULL},
    {"vkb-detach", NO_CLASS, NULL},
    {"vdispl-attach", NO_CLASS, NULL},
    {"vdispl-list", NO_CLASS, NULL},
    {"vdispl-detach", NO_CLASS, NULL},
    {"vsnd-attach", NO_CLASS, NULL},
    {"vsnd-list", NO_CLASS, NULL},
    {"vsnd-detach", NO_CLASS, NULL},
    {"usbctrl-attach", NO_CLASS, NULL},
    {"usbctrl-detach", NO_CLASS, NULL},
    {"usbdev-attach", NO_CLASS, NULL},
    {"usbdev-detach", NO_CLASS, NULL},
    {"usb-list", NO_CLASS, NULL},
    {"psr-hwinfo", HARDWARE, NULL},
    {"psr-cmt-attach", HARDWARE, NULL},
    {"psr-cmt-detach", HARDWARE, NULL},
    {"psr-cmt-show", HARDWARE, NULL},
    {"psr-cat-set", HARDWARE, NULL},
    {"psr-cat-show", HARDWARE, NULL},
    {"psr-mba-set", HARDWARE, NULL},
    {"psr-mba-show", HARDWARE, NULL},
    {"dt-overlay", "only hosts on Arm have it", NULL},
    {"devd", "this domain's devices are set up by the commands themselves",
     "nothing needs to run"},
    {"pci-assignable-add", "PCI devices can't be given to guests yet", NULL},
    {"pci-assignable-remove", "PCI devices can't be given to guests yet", NULL},
    {"pci-attach", "PCI devices can't be given to guests yet", NULL},
    {"pci-detach", "PCI devices can't be given to guests yet", NULL},
    {"set-parameters", "options of the hypervisor are given when it starts",
     "change its line in the boot loader's configuration"},
};
/* clang-format on */

const size_t nr_refused_commands =
    sizeof(refused_commands) / sizeof(refused_commands[0]);
