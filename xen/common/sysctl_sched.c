/* SPDX-License-Identifier: MIT */
/* sysctl on the scheduler: its parameters, CPU pools, CPUs going off. */
#include "sysctl_internal.h"

#include "xen/cpupool.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/guest_bitmap.h"
#include "asm/smp.h"

/* The policy has weights, caps and affinity, with credit2's parameters. */
int sysctl_sched_id(struct xen_sysctl *op)
{
    op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
    return 0;
}

static int put_ratelimit(unsigned int pool, u32 us)
{
    if (us != 0 && (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN ||
                    us > XEN_SYSCTL_SCHED_RATELIMIT_MAX))
        return -EINVAL;
    return cpupool_ratelimit_set(pool, us);
}

int sysctl_scheduler_op(struct xen_sysctl *op)
{
    struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;
    unsigned int us;
    int rc;

    if (s->cmd > XEN_SYSCTL_SCHEDOP_getinfo)
        return -EINVAL;
    rc = cpupool_ratelimit_get(s->cpupool_id, &us);
    if (rc)
        return rc;
    if (s->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    if (s->cmd == XEN_SYSCTL_SCHEDOP_putinfo)
        return put_ratelimit(s->cpupool_id, s->u.sched_credit2.ratelimit_us);
    s->u.sched_credit2.ratelimit_us = us;
    return 0;
}

/* Pools. */

static int pool_create(struct xen_sysctl_cpupool_op *pool)
{
    if (pool->sched_id != XEN_SCHEDULER_CREDIT2)
        return -ENOENT;
    return cpupool_create(pool->cpupool_id, &pool->cpupool_id);
}

/* Of the next pool if there is none with this id. */
static int pool_info(struct xen_sysctl_cpupool_op *pool)
{
    struct cpupool_info info;
    int rc = cpupool_info_get(pool->cpupool_id, &info);

    if (rc)
        return rc;
    pool->cpupool_id = info.id;
    pool->sched_id = XEN_SCHEDULER_CREDIT2;
    pool->n_dom = info.nr_domains;
    return cpumask_to_guest(&pool->cpumap, &info.cpus);
}

static int pool_move_domain(const struct xen_sysctl_cpupool_op *pool)
{
    struct domain *d = domain_get(pool->domid);
    int rc;

    if (!d)
        return -ESRCH;
    rc = cpupool_move_domain(d, pool->cpupool_id);
    domain_put(d);
    return rc;
}

static int pool_free_info(const struct xen_sysctl_cpupool_op *pool)
{
    struct cpumask cpus;

    cpupool_free_cpus(&cpus);
    return cpumask_to_guest(&pool->cpumap, &cpus);
}

int sysctl_cpupool_op(struct xen_sysctl *op)
{
    struct xen_sysctl_cpupool_op *pool = &op->u.cpupool_op;

    switch (pool->op) {
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
        return pool_create(pool);
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
        return cpupool_destroy(pool->cpupool_id);
    case XEN_SYSCTL_CPUPOOL_OP_INFO:
        return pool_info(pool);
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
        return cpupool_add_cpu(pool->cpupool_id, pool->cpu);
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        return cpupool_remove_cpu(pool->cpupool_id, pool->cpu);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        return pool_move_domain(pool);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return pool_free_info(pool);
    default:
        return -ENOSYS;
    }
}

/* CPUs that have started stay. */
int sysctl_cpu_hotplug(struct xen_sysctl *op)
{
    const struct xen_sysctl_cpu_hotplug *hotplug = &op->u.cpu_hotplug;
    bool online =
        hotplug->cpu < NR_CPUS && cpumask_test(hotplug->cpu, &cpu_online_map);

    switch (hotplug->op) {
    case XEN_SYSCTL_CPU_HOTPLUG_ONLINE:
        return online ? -EEXIST : -EINVAL;
    case XEN_SYSCTL_CPU_HOTPLUG_OFFLINE:
        return online && hotplug->cpu != 0 ? -EOPNOTSUPP : -EINVAL;
    default:
        return -EOPNOTSUPP;
    }
}
