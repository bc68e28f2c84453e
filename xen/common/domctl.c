/* SPDX-License-Identifier: MIT */
/* domctl: what the control domain does to one domain.
 * Source: public/domctl.h. */
#include "public/domctl.h"

#include "xen/bitops.h"
#include "xen/domain_info.h"
#include "xen/domctl.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/string.h"
#include "domctl_internal.h"

#define MAX_MEM_KB (1UL << 50) /* past any machine's memory */

static int domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
    u64 kb = op->u.max_mem.max_memkb;

    if (kb > MAX_MEM_KB)
        return -EINVAL;
    spin_lock(&d->mem.lock);
    d->mem.max_pages = kb >> (PAGE_SHIFT - 10);
    spin_unlock(&d->mem.lock);
    return 0;
}

static int domctl_setdomainhandle(struct domain *d, struct xen_domctl *op)
{
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
    return 0;
}

/* Guests are 64-bit. */
static int domctl_set_address_size(struct domain *d, struct xen_domctl *op)
{
    (void)d;
    return op->u.address_size.size == 64 ? 0 : -EINVAL;
}

static int domctl_get_address_size(struct domain *d, struct xen_domctl *op)
{
    (void)d;
    op->u.address_size.size = 64;
    return 0;
}

/* Of the next domain if there is none with this id. */
static int domctl_getdomaininfo(struct xen_domctl *op)
{
    struct domain *d = domain_get_next(op->domain);

    if (!d)
        return -ESRCH;
    domain_info_get(d, &op->u.getdomaininfo);
    op->domain = d->domain_id;
    domain_put(d);
    return 0;
}

static const domctl_fn domctl_ops[] = {
    [XEN_DOMCTL_destroydomain] = domctl_destroydomain,
    [XEN_DOMCTL_pausedomain] = domctl_pausedomain,
    [XEN_DOMCTL_unpausedomain] = domctl_unpausedomain,
    [XEN_DOMCTL_setvcpuaffinity] = domctl_setvcpuaffinity,
    [XEN_DOMCTL_max_mem] = domctl_max_mem,
    [XEN_DOMCTL_setvcpucontext] = domctl_setvcpucontext,
    [XEN_DOMCTL_getvcpucontext] = domctl_getvcpucontext,
    [XEN_DOMCTL_max_vcpus] = domctl_max_vcpus,
    [XEN_DOMCTL_getvcpuinfo] = domctl_getvcpuinfo,
    [XEN_DOMCTL_scheduler_op] = domctl_scheduler_op,
    [XEN_DOMCTL_setdomainhandle] = domctl_setdomainhandle,
    [XEN_DOMCTL_getvcpuaffinity] = domctl_getvcpuaffinity,
    [XEN_DOMCTL_resumedomain] = domctl_resumedomain,
    [XEN_DOMCTL_set_address_size] = domctl_set_address_size,
    [XEN_DOMCTL_get_address_size] = domctl_get_address_size,
    [XEN_DOMCTL_setnodeaffinity] = domctl_setnodeaffinity,
    [XEN_DOMCTL_getnodeaffinity] = domctl_getnodeaffinity,
};

static int domctl_by_table(struct xen_domctl *op)
{
    domctl_fn fn = NULL;
    struct domain *d;
    int rc;

    if (op->cmd < ARRAY_SIZE(domctl_ops))
        fn = domctl_ops[array_index_nospec(op->cmd, ARRAY_SIZE(domctl_ops))];
    if (!fn)
        fn = arch_domctl_find(op->cmd);
    if (!fn)
        return -ENOSYS;
    d = domain_get(op->domain);
    if (!d)
        return -ESRCH;
    rc = fn(d, op);
    domain_put(d);
    return rc;
}

static int domctl_locked(struct xen_domctl *op)
{
    switch (op->cmd) {
    case XEN_DOMCTL_createdomain:
        return domctl_createdomain(op);
    case XEN_DOMCTL_getdomaininfo:
        return domctl_getdomaininfo(op);
    default:
        return domctl_by_table(op);
    }
}

/* Who finds the lock taken comes again instead of waiting: others' work may be
 * long. */
long do_domctl(unsigned long a0, unsigned long a1, unsigned long a2,
               unsigned long a3, unsigned long a4)
{
    static spinlock_t lock = SPIN_LOCK_INIT(LOCK_DOMCTL);
    struct xen_domctl op;
    int rc = -ERESTART;

    (void)a1, (void)a2, (void)a3, (void)a4;
    if (copy_from_guest(&op, a0, sizeof(op)))
        return -EFAULT;
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION)
        return -EACCES;

    if (spin_trylock(&lock)) {
        rc = domctl_locked(&op);
        spin_unlock(&lock);
    }
    if (rc == -ERESTART)
        hypercall_continue(a0, 0, 0, 0, 0);
    else if (copy_to_guest(a0, &op, sizeof(op)) && rc == 0)
        rc = -EFAULT;
    return rc;
}
