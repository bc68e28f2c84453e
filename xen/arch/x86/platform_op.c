/* SPDX-License-Identifier: MIT */
/* platform_op: what dom0 asks about, and of, the whole machine.
 * Source: public/platform.h. */
#include "public/platform.h"

#include "public/vcpu.h"
#include "xen/bitops.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/sched.h"
#include "xen/string.h"
#include "xen/subop.h"
#include "xen/symbols.h"
#include "xen/time.h"
#include "asm/acpi.h"
#include "asm/cpufeature.h"
#include "asm/page.h"
#include "asm/processor.h"
#include "asm/smp.h"

#define NSEC_PER_SEC        1000000000u
#define BDA_KBD_SHIFT_FLAGS 0x417 /* BIOS data area, keyboard flag byte 0 */

static long platform_settime64(struct xen_platform_op *op)
{
    const struct xenpf_settime64 *t = &op->u.settime64;

    if (t->mbz != 0 || t->nsecs >= NSEC_PER_SEC)
        return -EINVAL;
    wallclock_set(t->secs, t->nsecs, t->system_time);
    return 0;
}

static long platform_settime32(struct xen_platform_op *op)
{
    const struct xenpf_settime32 *t = &op->u.settime32;

    if (t->nsecs >= NSEC_PER_SEC)
        return -EINVAL;
    wallclock_set(t->secs, t->nsecs, t->system_time);
    return 0;
}

/* Disks are known to their driver only: the hypervisor made no BIOS calls. */
static long platform_firmware_info(struct xen_platform_op *op)
{
    struct xenpf_firmware_info *info = &op->u.firmware_info;

    switch (info->type) {
    case XEN_FW_KBD_SHIFT_FLAGS:
        if (info->index != 0)
            return -ESRCH;
        info->u.kbd_shift_flags = *(u8 *)maddr_to_virt(BDA_KBD_SHIFT_FLAGS);
        return 0;
    case XEN_FW_DISK_INFO:
    case XEN_FW_DISK_MBR_SIGNATURE:
    case XEN_FW_VBEDDC_INFO:
        return -ESRCH;
    case XEN_FW_EFI_INFO:
        return -ENOSYS;
    default:
        return -EINVAL;
    }
}

static long platform_enter_acpi_sleep(struct xen_platform_op *op)
{
    const struct xenpf_enter_acpi_sleep *s = &op->u.enter_acpi_sleep;

    if (s->flags & XENPF_ACPI_SLEEP_EXTENDED)
        return -EOPNOTSUPP;
    if (s->flags != 0)
        return -EINVAL;
    return acpi_enter_sleep(s->sleep_state, s->val_a, s->val_b);
}

static u64 cpu_idle_time(unsigned int cpu)
{
    struct vcpu_runstate_info state;

    vcpu_runstate_get(idle_domain->vcpu[cpu], &state);
    return state.time[RUNSTATE_running];
}

static long platform_getidletime(struct xen_platform_op *op)
{
    struct xenpf_getidletime *g = &op->u.getidletime;
    unsigned int nr = min(g->cpumap_nr_cpus, (u32)NR_CPUS);
    u64 map[NR_CPUS / 64] = {0};

    if (copy_from_guest(map, g->cpumap_bitmap, DIV_ROUND_UP(nr, 8)))
        return -EFAULT;
    for (unsigned int cpu = 0; cpu < nr; cpu++) {
        u64 idle;

        if (!test_bit(cpu, map))
            continue;
        if (!cpumask_test(cpu, &cpu_online_map)) {
            __clear_bit(cpu, map);
            continue;
        }
        idle = cpu_idle_time(cpu);
        if (copy_to_guest_index(g->idletime, cpu, &idle))
            return -EFAULT;
    }
    g->now = NOW();
    if (copy_to_guest(g->cpumap_bitmap, map, DIV_ROUND_UP(nr, 8)))
        return -EFAULT;
    return 0;
}

static long platform_get_cpuinfo(struct xen_platform_op *op)
{
    struct xenpf_pcpuinfo *info = &op->u.pcpu_info;
    unsigned long cpu = info->xen_cpuid;

    info->max_present = nr_cpus - 1;
    info->apic_id = 0;
    info->acpi_id = 0;
    info->flags = XEN_PCPU_FLAGS_INVALID;
    if (cpu >= nr_cpus)
        return 0;

    cpu = array_index_nospec(cpu, nr_cpus);
    info->apic_id = cpu_apicid[cpu];
    info->acpi_id = cpu_acpi_id[cpu];
    info->flags =
        cpumask_test(cpu, &cpu_online_map) ? XEN_PCPU_FLAGS_ONLINE : 0;
    return 0;
}

/* CPUs that have started stay, and no others come. */
static long platform_cpu_online(struct xen_platform_op *op)
{
    u32 cpu = op->u.cpu_ol.cpuid;

    return cpu < NR_CPUS && cpumask_test(cpu, &cpu_online_map) ? 0 : -EINVAL;
}

static long platform_cpu_offline(struct xen_platform_op *op)
{
    u32 cpu = op->u.cpu_ol.cpuid;

    return cpu < NR_CPUS && cpumask_test(cpu, &cpu_online_map) ? -EOPNOTSUPP
                                                               : -EINVAL;
}

/* All CPUs are like the boot CPU. */
static long platform_get_cpu_version(struct xen_platform_op *op)
{
    struct xenpf_pcpu_version *version = &op->u.pcpu_version;
    u32 cpu = version->xen_cpuid, max_leaf, b, c, d;

    *version = (struct xenpf_pcpu_version){
        .xen_cpuid = cpu,
        .max_present = nr_cpus - 1,
    };
    if (cpu >= nr_cpus || !cpumask_test(cpu, &cpu_online_map))
        return 0;
    cpuid(0, 0, &max_leaf, &b, &c, &d);
    memcpy(version->vendor_id, &b, sizeof(b));
    memcpy(version->vendor_id + 4, &d, sizeof(d));
    memcpy(version->vendor_id + 8, &c, sizeof(c));
    version->family = cpu_features.family;
    version->model = cpu_features.model;
    version->stepping = cpu_features.stepping;
    return 0;
}

/* The hypervisor's functions, one by one; past the last, the number stays. */
static long platform_get_symbol(struct xen_platform_op *op)
{
    struct xenpf_symdata *sym = &op->u.symdata;
    unsigned long addr;
    const char *name = symbol_by_number(sym->symnum, &addr);
    u32 size;

    if (!name) {
        sym->namelen = 0;
        return 0;
    }
    size = strlen(name) + 1;
    if (copy_to_guest(sym->name, name, min(size, sym->namelen)))
        return -EFAULT;
    sym->namelen = size;
    sym->symnum++;
    sym->address = addr;
    sym->type = 't';
    return 0;
}

typedef long (*platform_fn)(struct xen_platform_op *op);

/* Everything else is not there: processors neither change their speed nor go
 * off, and the firmware is not called. */
static const platform_fn platform_ops[] = {
    [XENPF_settime32] = platform_settime32,
    [XENPF_get_cpu_version] = platform_get_cpu_version,
    [XENPF_firmware_info] = platform_firmware_info,
    [XENPF_enter_acpi_sleep] = platform_enter_acpi_sleep,
    [XENPF_getidletime] = platform_getidletime,
    [XENPF_get_cpuinfo] = platform_get_cpuinfo,
    [XENPF_cpu_online] = platform_cpu_online,
    [XENPF_cpu_offline] = platform_cpu_offline,
    [XENPF_settime64] = platform_settime64,
    [XENPF_get_symbol] = platform_get_symbol,
};

static long platform_by_table(void *arg)
{
    struct xen_platform_op *op = arg;
    platform_fn fn = NULL;

    if (op->cmd < ARRAY_SIZE(platform_ops))
        fn =
            platform_ops[array_index_nospec(op->cmd, ARRAY_SIZE(platform_ops))];
    return fn ? fn(op) : -ENOSYS;
}

long do_platform_op(unsigned long a0, unsigned long a1, unsigned long a2,
                    unsigned long a3, unsigned long a4)
{
    struct xen_platform_op op;

    (void)a1, (void)a2, (void)a3, (void)a4;
    return control_call(a0, &op, sizeof(op), XENPF_INTERFACE_VERSION,
                        platform_by_table);
}
