/* SPDX-License-Identifier: MIT */
/* sysctl: what the control domain asks of the host as a whole.
 * Source: public/sysctl.h. */
#include "public/sysctl.h"

#include "xen/bitops.h"
#include "xen/console.h"
#include "xen/debug_key.h"
#include "xen/domain_info.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/subop.h"
#include "xen/sysctl.h"
#include "sysctl_internal.h"

#define MAX_DEBUG_KEYS   64
#define MAX_CONSOLE_READ 65536 /* more than the ring has */

static int sysctl_readconsole(struct xen_sysctl *op)
{
    struct xen_sysctl_readconsole *rd = &op->u.readconsole;
    u32 room = min(rd->count, (u32)MAX_CONSOLE_READ), done = 0;
    u32 index = rd->incremental ? rd->index : 0;
    char text[256];
    size_t len;

    while (done < room) {
        len = console_ring_read(&index, text,
                                min_t(size_t, room - done, sizeof(text)));
        if (len == 0)
            break;
        if (copy_to_guest(rd->buffer + done, text, len))
            return -EFAULT;
        done += len;
    }
    if (rd->clear)
        console_ring_clear();
    rd->count = done;
    rd->index = index;
    return 0;
}

static int sysctl_getdomaininfolist(struct xen_sysctl *op)
{
    struct xen_sysctl_getdomaininfolist *list = &op->u.getdomaininfolist;
    struct xen_domctl_getdomaininfo info;
    domid_t next = list->first_domain;
    struct domain *d;
    u32 nr = 0;

    while (nr < list->max_domains && (d = domain_get_next(next)) != NULL) {
        domain_info_get(d, &info);
        next = d->domain_id + 1;
        domain_put(d);
        if (copy_to_guest_index(list->buffer, nr, &info))
            return -EFAULT;
        nr++;
    }
    list->num_domains = nr;
    return 0;
}

static int sysctl_debug_keys(struct xen_sysctl *op)
{
    const struct xen_sysctl_debug_keys *keys = &op->u.debug_keys;
    char text[MAX_DEBUG_KEYS];

    if (keys->nr_keys > sizeof(text))
        return -E2BIG;
    if (copy_from_guest(text, keys->keys, keys->nr_keys))
        return -EFAULT;
    for (unsigned int i = 0; i < keys->nr_keys; i++)
        debug_key_handle(text[i]);
    return 0;
}

typedef int (*sysctl_fn)(struct xen_sysctl *op);

static const sysctl_fn sysctl_ops[] = {
    [XEN_SYSCTL_readconsole] = sysctl_readconsole,
    [XEN_SYSCTL_physinfo] = sysctl_physinfo,
    [XEN_SYSCTL_sched_id] = sysctl_sched_id,
    [XEN_SYSCTL_getdomaininfolist] = sysctl_getdomaininfolist,
    [XEN_SYSCTL_debug_keys] = sysctl_debug_keys,
    [XEN_SYSCTL_getcpuinfo] = sysctl_getcpuinfo,
    [XEN_SYSCTL_availheap] = sysctl_availheap,
    [XEN_SYSCTL_cpu_hotplug] = sysctl_cpu_hotplug,
    [XEN_SYSCTL_cputopoinfo] = sysctl_cputopoinfo,
    [XEN_SYSCTL_numainfo] = sysctl_numainfo,
    [XEN_SYSCTL_cpupool_op] = sysctl_cpupool_op,
    [XEN_SYSCTL_scheduler_op] = sysctl_scheduler_op,
    [XEN_SYSCTL_pcitopoinfo] = sysctl_pcitopoinfo,
    [XEN_SYSCTL_get_cpu_levelling_caps] = sysctl_get_cpu_levelling_caps,
    [XEN_SYSCTL_get_cpu_featureset] = arch_sysctl_get_cpu_featureset,
    [XEN_SYSCTL_get_cpu_policy] = arch_sysctl_get_cpu_policy,
};

/* Hardware that is not used, and test coverage; other absent features are
 * unknown operations. */
static const u8 absent_ops[] = {
    [XEN_SYSCTL_get_pmstat] = ENODEV,
    [XEN_SYSCTL_coverage_op] = EOPNOTSUPP,
    [XEN_SYSCTL_psr_cmt_op] = ENODEV,
    [XEN_SYSCTL_psr_alloc] = ENODEV,
};

static int sysctl_absent(unsigned int cmd)
{
    u8 error = 0;

    if (cmd < ARRAY_SIZE(absent_ops))
        error = absent_ops[array_index_nospec(cmd, ARRAY_SIZE(absent_ops))];
    return error ? -error : -ENOSYS;
}

static long sysctl_by_table(void *arg)
{
    struct xen_sysctl *op = arg;
    sysctl_fn fn = NULL;

    if (op->cmd < ARRAY_SIZE(sysctl_ops))
        fn = sysctl_ops[array_index_nospec(op->cmd, ARRAY_SIZE(sysctl_ops))];
    return fn ? fn(op) : sysctl_absent(op->cmd);
}

long do_sysctl(unsigned long a0, unsigned long a1, unsigned long a2,
               unsigned long a3, unsigned long a4)
{
    struct xen_sysctl op;

    (void)a1, (void)a2, (void)a3, (void)a4;
    return control_call(a0, &op, sizeof(op), XEN_SYSCTL_INTERFACE_VERSION,
                        sysctl_by_table);
}
