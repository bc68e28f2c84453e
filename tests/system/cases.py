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

# With Debian's own tools: tests/toolstack. The order matters.
TOOLS_LINUX = ("tools_start", "create", "boots_to_init", "sees_its_vcpu",
               "answers_ping", "disk", "tcp_to_guest", "tcp_from_guest",
               "console", "save", "restore", "shutdown",
               "disk_from_outside")
TOOLS_DEVICES = ("tools_start", "create_smp", "boots_to_init",
                 "sees_both_vcpus", "answers_ping", "reboot", "vcpu_set",
                 "mem_set", "block_attach", "block_list", "block_detach",
                 "network_attach", "network_list", "network_detach", "sysrq",
                 "crash_and_dump", "grub")
TOOLS_HOST = ("tools_start", "info", "memory_is_accounted", "dmesg",
              "debug_keys", "create_tiny", "domid_domname", "list",
              "list_verbose", "list_long", "uptime", "pause", "unpause",
              "vcpu_list", "vcpu_pin", "rename", "mem_max", "claims",
              "cpupool_list", "cpupool_migrate", "cpupool_cpu_remove_add",
              "sched_credit2", "top", "destroy", "cpu_time_is_true",
              "on_poweroff", "on_crash", "crashed_guest_is_kept", "watchdog")
TOOLS_SHARE = ("tools_start", "equal_weights", "double_weight",
               "weight_changed_later", "cap", "flood_of_hypercalls",
               "flood_of_events", "flood_of_page_table_updates")
TOOLS_CYCLES = ("tools_start", "on_reboot", "twenty_guests", "cycles")
# The project's own xenstored under Debian's xl and kernels.
TOOLS_XENSTORED = ("tools_start", "create", "boots_to_init", "answers_ping",
                   "disk", "console", "save", "restore", "xenstored_updated",
                   "xenstored_killed", "xenstored_list",
                   "xenstored_guest_ends", "xenstored_next_guest",
                   "own_quotas")
# The project's own xenstore commands beside Debian's.
TOOLS_STORE = ("tools_start", "store_commands_show_the_same",
               "store_device_does_all", "store_device_tells_of_changes",
               "store_device_lists_many")
# The project's own xl beside Debian's.
TOOLS_OWN = ("tools_start", "own_prints_the_same",
             "own_changes_what_stock_shows", "own_boots_linux",
             "own_boots_the_usual_kernel",
             "own_and_stock_end_devices", "own_watches_its_guests",
             "own_tree_is_as_stock", "own_creates_what_stock_destroys",
             "own_errors", "own_leaves_nothing", "own_thirty_guests")
TOOLS_OWN_COMMANDS = ("tools_start", "own_one_watcher", "own_pools",
                      "own_scheduler_parameters", "own_quotas",
                      "own_refusals", "own_cancel")
# It saves and restores, and reads what Debian's writes.
TOOLS_OWN_STREAM = ("tools_start", "stream_guest_starts",
                    "stream_own_to_stock", "stream_stock_to_own",
                    "stream_own_to_own", "stream_checkpoint",
                    "stream_guest_ends", "stream_pygrub")
TOOLS_OWN_MIGRATE = ("tools_start", "stream_dump_core", "stream_migrate",
                     "stream_migrate_with_stock", "stream_migrate_cuts",
                     "stream_migrate_unknown")
# Disks and networks of its guests.
TOOLS_OWN_DEVICES = ("devices_start", "devices_linux_boots",
                     "devices_reach_the_world", "devices_rates",
                     "devices_image", "devices_stay_over_a_reboot",
                     "devices_image_by_daemon",
                     "devices_image_server_killed", "devices_linux_ends",
                     "devices_scripts_as_stock",
                     "devices_tree_as_stock",
                     "devices_that_fail_leave_nothing",
                     "devices_missing_programs", "devices_routed",
                     "devices_ten_at_once", "devices_hundred")

# The project's own console daemon, `xl console` and `xl top`.
TOOLS_OWN_CONSOLE = ("console_start", "console_sandbox", "console_create",
                     "console_channel", "console_resize", "console_detach",
                     "console_attach", "console_restore",
                     "console_stock_client", "console_restart",
                     "console_ends", "console_history", "console_killed",
                     "console_flood", "console_log", "top_screen",
                     "top_batch", "top_json", "console_stock_daemon")

# The project's own block back-end under Linux's front-end.
TOOLS_BLKD = ("tools_start", "create_plain", "boots_to_init",
              "blkd_serves_a_file", "blkd_features", "blkd_is_confined",
              "blkd_worker_killed", "blkd_killed", "blkd_limits_iops",
              "blkd_limits_two_guests", "blkd_limits_bytes", "blkd_resizes",
              "blkd_serves_a_device", "blkd_serves_read_only",
              "blkd_discards", "blkd_refuses", "blkd_detaches",
              "blkd_guest_dies")
# {our, Linux's} block front-end on {our, Linux's} back-end.
TOOLS_BLKFRONT = ("tools_start", "front_make_root", "front_own_on_linux",
                  "front_own_verifies_on_blkd", "front_own_is_detached",
                  "front_own_blkd_killed",
                  "front_own_on_linux_ends", "front_own_on_blkd",
                  "front_own_verifies_on_linux", "front_own_on_blkd_ends",
                  "front_linux_on_linux", "front_linux_verifies_on_blkd",
                  "front_linux_blkd_killed", "front_linux_verifies_on_linux",
                  "front_linux_on_linux_ends")
# {our, Linux's} network front-end on {our, Linux's} back-end.
TOOLS_NETFRONT = ("tools_start", "net_own_on_linux",
                  "net_own_on_linux_carries",
                  "net_own_on_linux_carries_v6", "net_own_on_linux_groups",
                  "net_own_on_linux_reloads", "net_own_is_detached",
                  "net_own_is_restored", "net_own_on_netd", "net_own_on_netd_carries",
                  "net_own_on_netd_carries_v6", "net_own_on_netd_groups",
                  "net_own_on_netd_reloads", "net_own_netd_killed",
                  "net_linux_on_netd",
                  "net_linux_on_netd_carries", "net_linux_netd_killed",
                  "net_linux_on_linux", "net_linux_on_linux_carries")
# The bare guest.
TOOLS_BARE = ("tools_start", "bare_starts", "bare_reads_and_writes",
              "bare_network", "bare_balloon", "bare_halts", "bare_reboots",
              "bare_is_shut_down")

# The project's own network back-end under Linux's front-end.
TOOLS_NETD = ("tools_start", "netd_create", "netd_attaches",
              "netd_answers_ping", "netd_features", "netd_is_confined",
              "netd_has_granted_pages", "netd_tcp_both_ways", "netd_between_guests",
              "netd_worker_killed", "netd_killed", "netd_rates",
              "netd_detaches", "netd_antispoof", "netd_guest_dies",
              "netd_by_own_xl")

# Five hundred guests of the project's own xl and xenstored.
TOOLS_SCALE = ("tools_start", "scale_alone", "scale_create", "scale_busy",
               "scale_destroy")

# Stock Xen gives a vcpu its FPU state when #NM tells that it wants it, but QEMU
# carries out XSAVE and XRSTOR with CR0.TS set: where vcpus share a CPU, programs
# get the registers of others. So it has to give it at each switch. To do without
# XSAVE is not enough: after some minutes with many processes dom0's programs crash.
EAGER_FPU = "spec-ctrl=eager-fpu"

# Linux warns of what some CPU models have; that is not what is tested.
NO_WARNING = "mitigations=off"

# Two nodes with two CPUs and half of 1 GiB each.
NUMA = ("-object", "memory-backend-ram,id=m0,size=512M", "-object",
        "memory-backend-ram,id=m1,size=512M", "-numa", "node,cpus=0-1,memdev=m0",
        "-numa", "node,cpus=2-3,memdev=m1")


@dataclasses.dataclass(frozen=True)
class Boot:
    """One boot; see boot.py for how each field is used."""

    name: str
    machine: str = "pc"
    smp: int = 1
    memory: int = 1024           # MiB
    memory_min: int = 0          # MiB the control domain must have at least
    iso: bool = False            # by GRUB from an ISO, not by QEMU's loader
    uefi: bool = False           # the firmware; with iso only
    extra: tuple = ()            # more arguments for QEMU
    long: bool = False           # of make check-machines, not of make check
    cpu: str = "max,-smap"
    icount: bool = False         # time is instructions: no host disturbs it
    disk: str = "virtio"         # or "ahci"
    disk_stays: bool = False     # what is written is there at the next boot
    nic: str = "virtio-net-pci"  # or "e1000e"
    checks: tuple = BASIC + DEVICES
    interrupts: dict = dataclasses.field(default_factory=dict)
    xen_options: str = ""
    stock_options: str = ""      # more of them where it is not Xenia
    kernel_options: str = ""
    image: str = "dom0/dom0"     # initial RAM disk below build/tests
    debug_keys: bool = False
    idle: bool = False           # measure QEMU's own CPU use
    then: str = "poweroff"       # or "reboot", "crash"
    seconds: int = 120           # for the checks, after the boot
    values: dict = dataclasses.field(default_factory=dict)  # xenia.NAME=VALUE
    ready: bool = True           # Xenia runs it; stock Xen does anyhow
    named: bool = False          # takes long: only where it is asked for

# Those that the usual control domain's programs are not enough for.
IMAGES = {"own_devices": "devices", "blkfront": "blocks"}

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
    Boot("q35_uefi", machine="q35", iso=True, uefi=True, memory_min=800,
         checks=BASIC + ("screen", "disk"), seconds=180),
    Boot("pc_holes", machine="pc,hpet=off,max-ram-below-4g=512M", smp=2,
         memory=2048, memory_min=1700, checks=BASIC,
         cpu="Skylake-Server,-smap", kernel_options=NO_WARNING),
    Boot("q35_numa", machine="q35,pit=off", smp=4, extra=NUMA,
         cpu="EPYC,-smap,-x2apic", checks=BASIC, kernel_options=NO_WARNING),
    Boot("q35_32_cpus", machine="q35", smp=32, memory=2048, checks=BASIC,
         seconds=600, long=True),
    Boot("pc_16g", memory=16384, checks=BASIC, long=True,
         xen_options="dom0_mem=1G,max:1G"),
    *(Boot(f"cpu_{name}", cpu=cpu, smp=2, checks=BASIC, long=True,
           kernel_options=NO_WARNING)
      for name, cpu in (
          ("nehalem", "Nehalem"), ("westmere", "Westmere"),
          ("haswell", "Haswell-noTSX,-smap"), ("opteron", "Opteron_G3"),
          ("opteron_g5", "Opteron_G5,+xsaveopt"), ("rome", "EPYC-Rome,-smap"),
          ("icelake", "Icelake-Server-noTSX,-smap"),
          ("qemu64", "qemu64"),
          ("bare", "max,-smap,-smep,-umip,-fsgsbase,-pdpe1gb,-xsave,-rdtscp,"
                   "-x2apic,-tsc-deadline,-monitor"))),
    Boot("tools_scale", checks=TOOLS_SCALE, image="toolstack/toolstack",
         icount=True, memory=16384, nic="", seconds=3000, long=True,
         values={"dom0_vcpus": 1, "xenstored": "own"},
         xen_options="dom0_mem=2G,max:2G dom0_max_vcpus=1"),
    # Guests and dom0 on root tables of their own; pc_intel has them, too.
    Boot("tools_xpti", checks=TOOLS_LINUX, image="toolstack/toolstack", smp=2,
         memory=3072, nic="", seconds=1800, values={"dom0_vcpus": 2},
         xen_options="xpti=on dom0_mem=1G,max:1G dom0_max_vcpus=2",
         stock_options=EAGER_FPU, named=True),
    Boot("stress", machine="q35", smp=2, memory=1536, image="dom0/stress",
         checks=("clock_start",) + STRESS + ("clock_wait", "log"),
         seconds=400),
    Boot("dom0_mem", memory=1024, memory_min=250, checks=BASIC,
         xen_options="dom0_mem=400M,max:400M", smp=2),
    Boot("reboot", checks=("cpus",), then="reboot"),
    Boot("crash", checks=("cpus",), then="crash"),
    *(Boot(f"tools_{name}", checks=checks,
           image="toolstack/" + IMAGES.get(name, "toolstack"),
           smp=smp, icount=smp == 1, memory=3072, nic="", seconds=1800,
           values={"dom0_vcpus": smp, **values},
           xen_options=f"dom0_mem=1G,max:1G dom0_max_vcpus={smp}",
           stock_options=EAGER_FPU, named=name in ("blkfront", "netfront"))
      for name, smp, checks, values in (
          ("linux", 2, TOOLS_LINUX, {}),
          ("devices", 2, TOOLS_DEVICES, {"xenstored": "xenstored"}),
          ("host", 2, TOOLS_HOST, {}),
          ("xenstored", 2, TOOLS_XENSTORED, {"xenstored": "own"}),
          ("store", 2, TOOLS_STORE, {"xenstored": "xenstored"}),
          ("own", 2, TOOLS_OWN, {"xenstored": "xenstored"}),
          ("own_devices", 2, TOOLS_OWN_DEVICES, {"xenstored": "xenstored"}),
          ("own_console", 2, TOOLS_OWN_CONSOLE, {"xenstored": "xenstored"}),
          ("own_commands", 2, TOOLS_OWN_COMMANDS, {"xenstored": "xenstored"}),
          ("own_stream", 2, TOOLS_OWN_STREAM, {"xenstored": "xenstored"}),
          ("own_migrate", 2, TOOLS_OWN_MIGRATE, {"xenstored": "xenstored"}),
          ("blkd", 2, TOOLS_BLKD, {"xenstored": "xenstored"}),
          ("netd", 2, TOOLS_NETD, {"xenstored": "xenstored"}),
          ("bare", 2, TOOLS_BARE, {"xenstored": "xenstored"}),
          ("blkfront", 2, TOOLS_BLKFRONT, {"xenstored": "xenstored"}),
          ("netfront", 2, TOOLS_NETFRONT, {"xenstored": "xenstored"}),
          ("share", 1, TOOLS_SHARE, {}),
          ("cycles", 2, TOOLS_CYCLES, {"cycles": 300, "limit": 1700}))),
]
