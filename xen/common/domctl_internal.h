/* SPDX-License-Identifier: MIT */
/* Operations on one domain, which the table of domctl.c lists: domctl_fn says
 * what they may assume. */
#ifndef XEN_DOMCTL_INTERNAL_H
#define XEN_DOMCTL_INTERNAL_H

#include "public/domctl.h"
#include "xen/domain.h"
#include "xen/errno.h"

/** Find a vcpu. Returns 0; -EINVAL: d can have none with this id; -ESRCH: it
 * has none yet. */
static inline int domctl_find_vcpu(const struct domain *d, u32 id,
                                   struct vcpu **v_out)
{
    if (id >= d->max_vcpus)
        return -EINVAL;
    *v_out = domain_vcpu(d, id);
    return *v_out ? 0 : -ESRCH;
}

/* domctl_life.c: from creation to destruction. createdomain has no domain
 * yet. */
int domctl_createdomain(struct xen_domctl *op);
int domctl_destroydomain(struct domain *d, struct xen_domctl *op);
int domctl_pausedomain(struct domain *d, struct xen_domctl *op);
int domctl_unpausedomain(struct domain *d, struct xen_domctl *op);
int domctl_resumedomain(struct domain *d, struct xen_domctl *op);

/* domctl_notify.c: who is told what. */

/** An NMI. Returns 0; -ESRCH for a vcpu that there is not; -EINVAL for buttons
 * that no PV guest has; -ENOSYS for other triggers. */
int domctl_sendtrigger(struct domain *d, struct xen_domctl *op);
/** Returns 0 or -EINVAL. */
int domctl_set_virq_handler(struct domain *d, struct xen_domctl *op);
/** Send on this port of the domain when it has suspended. Returns 0. */
int domctl_subscribe(struct domain *d, struct xen_domctl *op);

/* domctl_vcpu.c: their contexts. */
int domctl_max_vcpus(struct domain *d, struct xen_domctl *op);
int domctl_setvcpucontext(struct domain *d, struct xen_domctl *op);
int domctl_getvcpucontext(struct domain *d, struct xen_domctl *op);

/* domctl_sched.c: scheduling. */
int domctl_getvcpuinfo(struct domain *d, struct xen_domctl *op);
int domctl_setvcpuaffinity(struct domain *d, struct xen_domctl *op);
int domctl_getvcpuaffinity(struct domain *d, struct xen_domctl *op);
int domctl_setnodeaffinity(struct domain *d, struct xen_domctl *op);
int domctl_getnodeaffinity(struct domain *d, struct xen_domctl *op);
int domctl_scheduler_op(struct domain *d, struct xen_domctl *op);

#endif
