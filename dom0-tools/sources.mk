# SPDX-License-Identifier: MIT
# What xl is made of, but for its main(): the unit tests are linked with it too.
XL_SRC :=
XL_SRC += dom0-tools/lib/domctl.c
XL_SRC += dom0-tools/lib/error.c
XL_SRC += dom0-tools/lib/hypercall.c
XL_SRC += dom0-tools/lib/memory.c
XL_SRC += dom0-tools/lib/privcmd.c
XL_SRC += dom0-tools/lib/sysctl.c
XL_SRC += dom0-tools/lib/version.c
XL_SRC += dom0-tools/toolstack/control.c
XL_SRC += dom0-tools/toolstack/cpumap.c
XL_SRC += dom0-tools/toolstack/domain.c
XL_SRC += dom0-tools/toolstack/memory_target.c
XL_SRC += dom0-tools/toolstack/pool.c
XL_SRC += dom0-tools/toolstack/store.c
XL_SRC += dom0-tools/toolstack/suggest.c
XL_SRC += dom0-tools/xl/cmd_common.c
XL_SRC += dom0-tools/xl/cmd_cpupool.c
XL_SRC += dom0-tools/xl/cmd_dmesg.c
XL_SRC += dom0-tools/xl/cmd_info.c
XL_SRC += dom0-tools/xl/cmd_life.c
XL_SRC += dom0-tools/xl/cmd_list.c
XL_SRC += dom0-tools/xl/cmd_memory.c
XL_SRC += dom0-tools/xl/cmd_name.c
XL_SRC += dom0-tools/xl/cmd_sched.c
XL_SRC += dom0-tools/xl/cmd_uptime.c
XL_SRC += dom0-tools/xl/cmd_vcpu.c
XL_SRC += dom0-tools/xl/command_table.c
XL_SRC += dom0-tools/xl/help.c
XL_SRC += dom0-tools/xl/json.c
XL_SRC += dom0-tools/xl/run.c

XL_LIBS := -lyajl -luuid
