/* SPDX-License-Identifier: MIT */
/* sysctl on processors and memory. There is one NUMA node. */
#include "sysctl_internal.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/page_alloc.h"
#include "xen/sched.h"
#include "xen/string.h"
#include "xen/sysctl.h"
#include "xen/time.h"
#include "asm/smp.h"

#define NODE_DISTANCE_LOCAL 10
#define MAX_BITWIDTH        64

static struct xen_sysctl_cputopo topology(unsigned int cpu)
{
    struct xen_sysctl_cputopo topo = {.node = 0};

    arch_cpu_topology(cpu, &topo);
    return topo;
}

/* CPUs of the first one's package, and of its core. */
static void count_siblings(unsigned int *package_out, unsigned int *core_out)
{
    struct xen_sysctl_cputopo first = topology(0), topo;

    *package_out = *core_out = 0;
    for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
        topo = topology(cpu);
        if (topo.socket != first.socket)
            continue;
        *package_out += 1;
        if (topo.core == first.core)
            *core_out += 1;
    }
}

int sysctl_physinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_physinfo *info = &op->u.physinfo;
    unsigned int package, core;

    memset(info, 0, sizeof(*info));
    count_siblings(&package, &core);
    info->threads_per_core = core;
    info->cores_per_socket = DIV_ROUND_UP(package, core);
    info->nr_cpus = cpumask_weight(&cpu_online_map);
    info->max_cpu_id = nr_cpus - 1;
    info->nr_nodes = 1;
    info->cpu_khz = tsc_khz;
    info->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1 |
                         XEN_SYSCTL_PHYSCAP_gnttab_v2;
    info->total_pages = total_pages;
    info->free_pages = avail_heap_pages();
    info->outstanding_pages = claimed_heap_pages();
    info->max_mfn = max_page - 1;
    arch_hw_capabilities(info->hw_cap);
    return 0;
}

int sysctl_getcpuinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_getcpuinfo *get = &op->u.getcpuinfo;
    unsigned int nr = min(get->max_cpus, (u32)nr_cpus);
    struct vcpu_runstate_info state;

    for (unsigned int cpu = 0; cpu < nr; cpu++) {
        struct xen_sysctl_cpuinfo info = {0};

        if (cpumask_test(cpu, &cpu_online_map)) {
            vcpu_runstate_get(idle_domain->vcpu[cpu], &state);
            info.idletime = state.time[RUNSTATE_running];
        }
        if (copy_to_guest_index(get->info, cpu, &info))
            return -EFAULT;
    }
    get->nr_cpus = nr;
    return 0;
}

/* Free frames that up to that many address bits reach; 0: no limit. */
static unsigned long avail_below(unsigned int bits)
{
    if (bits == 0 || bits >= MAX_BITWIDTH)
        return avail_heap_pages();
    return avail_heap_pages_bits(bits);
}

int sysctl_availheap(struct xen_sysctl *op)
{
    struct xen_sysctl_availheap *heap = &op->u.availheap;
    unsigned long above = avail_below(heap->max_bitwidth), below = 0;

    if (heap->node > 0)
        return -EINVAL;
    if (heap->min_bitwidth > 0)
        below = avail_below(heap->min_bitwidth);
    heap->avail_bytes = (u64)(above - min(above, below)) << PAGE_SHIFT;
    return 0;
}

int sysctl_cputopoinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_cputopoinfo *info = &op->u.cputopoinfo;
    unsigned int nr = nr_cpus;

    if (info->cputopo != 0)
        nr = min(info->num_cpus, (u32)nr);
    for (unsigned int cpu = 0; info->cputopo != 0 && cpu < nr; cpu++) {
        struct xen_sysctl_cputopo topo = topology(cpu);

        if (copy_to_guest_index(info->cputopo, cpu, &topo))
            return -EFAULT;
    }
    info->num_cpus = nr;
    return 0;
}

int sysctl_numainfo(struct xen_sysctl *op)
{
    struct xen_sysctl_numainfo *info = &op->u.numainfo;
    const struct xen_sysctl_meminfo mem = {
        .memsize = (u64)total_pages << PAGE_SHIFT,
        .memfree = (u64)avail_heap_pages() << PAGE_SHIFT,
    };
    const u32 distance = NODE_DISTANCE_LOCAL;
    bool counting = info->meminfo == 0 && info->distance == 0;

    if (!counting && info->num_nodes == 0)
        return 0;
    if (info->meminfo != 0 && copy_to_guest(info->meminfo, &mem, sizeof(mem)))
        return -EFAULT;
    if (info->distance != 0 &&
        copy_to_guest(info->distance, &distance, sizeof(distance)))
        return -EFAULT;
    info->num_nodes = 1;
    return 0;
}

int sysctl_get_cpu_levelling_caps(struct xen_sysctl *op)
{
    op->u.cpu_levelling_caps.caps = 0;
    return 0;
}
