/* SPDX-License-Identifier: MIT */
/* domctl on vcpus: create them, load and read what they run with. */
#include "domctl_internal.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/heap.h"
#include "xen/sched.h"
#include "xen/string.h"
#include "xen/time.h"
#include "xen/vcpu.h"

/* The number was said when the domain was created. */
int domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
    if (d == current->domain || op->u.max_vcpus.max != d->max_vcpus)
        return -EINVAL;
    for (unsigned int id = 0; id < d->max_vcpus; id++)
        if (!d->vcpu[id] && !vcpu_create(d, id))
            return -ENOMEM;
    return 0;
}

/* A vcpu of somebody else. Returns 0, -EINVAL, -ESRCH. */
static int find_vcpu(struct domain *d, u32 id, struct vcpu **v_out)
{
    return d == current->domain ? -EINVAL : domctl_find_vcpu(d, id, v_out);
}

/* As it was before it got its first context. Its tables may go in several
 * steps, with the domain running in between: it is down from the first on. */
static int reset_locked(struct vcpu *v)
{
    set_bit(VPF_down, &v->pause_flags);
    v->is_initialised = false;
    return arch_vcpu_reset(v);
}

static int set_context_locked(struct vcpu *v,
                              const struct vcpu_guest_context *ctxt)
{
    int rc;

    if (v->domain->dying != DOMDYING_alive)
        return -EINVAL;
    rc = arch_set_info_guest(v, ctxt);
    if (rc)
        return rc;
    /* Who built the domain has written all of shared_info. */
    if (v->vcpu_id == 0)
        update_domain_wallclock(v->domain);
    if (ctxt->flags & VGCF_online)
        clear_bit(VPF_down, &v->pause_flags);
    else
        set_bit(VPF_down, &v->pause_flags);
    return 0;
}

/* No context: reset. The domain is paused meanwhile, which also lets the vcpu
 * notice that it is up or down. */
static int set_context(struct vcpu *v, const struct vcpu_guest_context *ctxt)
{
    struct domain *d = v->domain;
    int rc;

    domain_pause(d);
    spin_lock(&d->lock);
    rc = ctxt ? set_context_locked(v, ctxt) : reset_locked(v);
    spin_unlock(&d->lock);
    domain_unpause(d);
    return rc;
}

int domctl_setvcpucontext(struct domain *d, struct xen_domctl *op)
{
    u64 from = op->u.vcpucontext.ctxt;
    struct vcpu_guest_context *ctxt;
    struct vcpu *v;
    int rc = find_vcpu(d, op->u.vcpucontext.vcpu, &v);

    if (rc)
        return rc;
    if (from == 0)
        return set_context(v, NULL);
    ctxt = xzalloc(struct vcpu_guest_context);
    if (!ctxt)
        return -ENOMEM;
    rc = copy_from_guest(ctxt, from, sizeof(*ctxt));
    if (!rc)
        rc = set_context(v, ctxt);
    xfree(ctxt);
    return rc;
}

int domctl_getvcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct vcpu_guest_context *ctxt;
    struct vcpu *v;
    int rc = find_vcpu(d, op->u.vcpucontext.vcpu, &v);

    if (rc)
        return rc;
    if (!READ_ONCE(v->is_initialised))
        return -ENODATA;
    ctxt = xzalloc(struct vcpu_guest_context);
    if (!ctxt)
        return -ENOMEM;
    domain_pause(d);
    spin_lock(&d->lock);
    arch_get_info_guest(v, ctxt);
    spin_unlock(&d->lock);
    domain_unpause(d);
    rc = copy_to_guest(op->u.vcpucontext.ctxt, ctxt, sizeof(*ctxt));
    xfree(ctxt);
    return rc;
}
