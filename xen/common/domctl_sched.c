/* SPDX-License-Identifier: MIT */
/* domctl on who runs where, and how much: affinity, weights, caps. */
#include "domctl_internal.h"

#include "xen/bitops.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/guest_bitmap.h"
#include "xen/sched.h"

#define FULL_CPU 100 /* a cap's unit: per cent */

int domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getvcpuinfo *info = &op->u.getvcpuinfo;
    struct vcpu_runstate_info state;
    struct vcpu *v;
    int rc = domctl_find_vcpu(d, info->vcpu, &v);

    if (rc)
        return rc;
    vcpu_runstate_get(v, &state);
    info->online = !test_bit(VPF_down, &v->pause_flags);
    info->blocked = test_bit(VPF_blocked, &v->pause_flags);
    info->running = READ_ONCE(v->is_running);
    info->cpu_time = state.time[RUNSTATE_running];
    info->cpu = READ_ONCE(v->processor);
    return 0;
}

typedef int (*set_affinity_fn)(struct vcpu *v, struct cpumask *mask);

/* Set one of the two from a guest's map, which becomes what of it counts. */
static int set_affinity(struct vcpu *v, set_affinity_fn set,
                        const struct xenctl_bitmap *map)
{
    struct cpumask mask;
    int rc = cpumask_from_guest(&mask, map);

    if (!rc)
        rc = set(v, &mask);
    return rc ? rc : cpumask_to_guest(map, &mask);
}

int domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    struct vcpu *v;
    int rc = domctl_find_vcpu(d, a->vcpu, &v);

    if (rc)
        return rc;
    if (a->flags == 0)
        return -EINVAL;
    if (a->flags & XEN_VCPUAFFINITY_FORCE)
        vcpu_unpin_override(v); /* if it is pinned */
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = set_affinity(v, vcpu_set_hard_affinity, &a->cpumap_hard);
    if (rc == 0 && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = set_affinity(v, vcpu_set_soft_affinity, &a->cpumap_soft);
    return rc;
}

int domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    struct cpumask hard, soft;
    struct vcpu *v;
    int rc = domctl_find_vcpu(d, a->vcpu, &v);

    if (rc)
        return rc;
    if (a->flags == 0)
        return -EINVAL;
    vcpu_get_affinity(v, &hard, &soft);
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        rc = cpumask_to_guest(&a->cpumap_hard, &hard);
    if (rc == 0 && (a->flags & XEN_VCPUAFFINITY_SOFT))
        rc = cpumask_to_guest(&a->cpumap_soft, &soft);
    return rc;
}

/* There is one node, where every domain's memory is. */
int domctl_setnodeaffinity(struct domain *d, struct xen_domctl *op)
{
    struct cpumask nodes;
    int rc = cpumask_from_guest(&nodes, &op->u.nodeaffinity.nodemap);

    (void)d;
    if (rc)
        return rc;
    return cpumask_test(0, &nodes) ? 0 : -EINVAL;
}

int domctl_getnodeaffinity(struct domain *d, struct xen_domctl *op)
{
    struct cpumask nodes;

    (void)d;
    cpumask_of(&nodes, 0);
    return cpumask_to_guest(&op->u.nodeaffinity.nodemap, &nodes);
}

/* A weight of 0 leaves it as it is. */
static int put_params(struct domain *d,
                      const struct xen_domctl_sched_credit2 *wanted)
{
    struct sched_params params;

    if (wanted->cap > FULL_CPU * d->max_vcpus)
        return -EINVAL;
    sched_params_get(d, &params);
    params.cap = wanted->cap;
    if (wanted->weight != 0)
        params.weight = wanted->weight;
    return sched_params_set(d, &params);
}

/* There are no parameters of single vcpus. */
int domctl_scheduler_op(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;
    struct sched_params params;

    if (s->sched_id != XEN_SCHEDULER_CREDIT2)
        return -EINVAL;
    switch (s->cmd) {
    case XEN_DOMCTL_SCHEDOP_putinfo:
        return put_params(d, &s->u.credit2);
    case XEN_DOMCTL_SCHEDOP_getinfo:
        sched_params_get(d, &params);
        s->u.credit2.weight = params.weight;
        s->u.credit2.cap = params.cap;
        return 0;
    default:
        return -EINVAL;
    }
}
