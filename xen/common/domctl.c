/* SPDX-License-Identifier: MIT */
/* domctl: what the control domain does to one domain.
 * Source: public/domctl.h. */
#include "public/domctl.h"

#include "xen/bitops.h"
#include "xen/domain_info.h"
#include "xen/domctl.h"
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "xen/string.h"
#include "xen/subop.h"
#include "xen/time.h"
#include "xen/vcpu.h"
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

static int domctl_settimeoffset(struct domain *d, struct xen_domctl *op)
{
    d->time_offset_seconds = op->u.settimeoffset.time_offset_seconds;
    update_domain_wallclock(d);
    return 0;
}

/* There is no debugger to attach. */
static int domctl_setdebugging(struct domain *d, struct xen_domctl *op)
{
    if (d == current->domain)
        return -EINVAL;
    return op->u.setdebugging.enable ? -EOPNOTSUPP : 0;
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
    [XEN_DOMCTL_setdebugging] = domctl_setdebugging,
    [XEN_DOMCTL_settimeoffset] = domctl_settimeoffset,
    [XEN_DOMCTL_getvcpuaffinity] = domctl_getvcpuaffinity,
    [XEN_DOMCTL_resumedomain] = domctl_resumedomain,
    [XEN_DOMCTL_sendtrigger] = domctl_sendtrigger,
    [XEN_DOMCTL_subscribe] = domctl_subscribe,
    [XEN_DOMCTL_set_address_size] = domctl_set_address_size,
    [XEN_DOMCTL_get_address_size] = domctl_get_address_size,
    [XEN_DOMCTL_set_virq_handler] = domctl_set_virq_handler,
    [XEN_DOMCTL_setnodeaffinity] = domctl_setnodeaffinity,
    [XEN_DOMCTL_getnodeaffinity] = domctl_getnodeaffinity,
};

/*
 * What there is only with an IOMMU, for HVM guests, or with hardware that is
 * not used here: toolstacks try, and go on after these errors.
 */
static const u8 absent_ops[] = {
    [XEN_DOMCTL_gethvmcontext] = EINVAL,
    [XEN_DOMCTL_sethvmcontext] = EINVAL,
    [XEN_DOMCTL_assign_device] = EOPNOTSUPP,
    [XEN_DOMCTL_bind_pt_irq] = EINVAL,
    [XEN_DOMCTL_ioport_mapping] = EOPNOTSUPP,
    [XEN_DOMCTL_test_assign_device] = EOPNOTSUPP,
    [XEN_DOMCTL_set_target] = EOPNOTSUPP,
    [XEN_DOMCTL_deassign_device] = EOPNOTSUPP,
    [XEN_DOMCTL_unbind_pt_irq] = EINVAL,
    [XEN_DOMCTL_get_device_group] = EOPNOTSUPP,
    [XEN_DOMCTL_debug_op] = EINVAL,
    [XEN_DOMCTL_gethvmcontext_partial] = EINVAL,
    [XEN_DOMCTL_set_access_required] = EOPNOTSUPP,
    [XEN_DOMCTL_set_broken_page_p2m] = EINVAL,
    [XEN_DOMCTL_setvnumainfo] = EOPNOTSUPP,
    [XEN_DOMCTL_psr_cmt_op] = ENODEV,
    [XEN_DOMCTL_monitor_op] = EOPNOTSUPP,
    [XEN_DOMCTL_psr_alloc] = ENODEV,
    [XEN_DOMCTL_soft_reset] = EINVAL,
    [XEN_DOMCTL_vmtrace_op] = EINVAL,
    [XEN_DOMCTL_get_paging_mempool_size] = EOPNOTSUPP,
    [XEN_DOMCTL_set_paging_mempool_size] = EOPNOTSUPP,
};

static int domctl_absent(unsigned int cmd)
{
    u8 error = 0;

    if (cmd < ARRAY_SIZE(absent_ops))
        error = absent_ops[array_index_nospec(cmd, ARRAY_SIZE(absent_ops))];
    return error ? -error : -ENOSYS;
}

static int domctl_by_table(struct xen_domctl *op)
{
    domctl_fn fn = NULL;
    struct domain *d;
    int rc;

    if (op->cmd < ARRAY_SIZE(domctl_ops))
        fn = domctl_ops[array_index_nospec(op->cmd, ARRAY_SIZE(domctl_ops))];
    if (!fn)
        fn = arch_domctl_find(op->cmd);
    d = domain_get(op->domain);
    if (!d)
        return -ESRCH;
    rc = fn ? fn(d, op) : domctl_absent(op->cmd);
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
static long domctl_try(void *op)
{
    static spinlock_t lock = SPIN_LOCK_INIT(LOCK_DOMCTL);
    long rc = -ERESTART;

    if (spin_trylock(&lock)) {
        rc = domctl_locked(op);
        spin_unlock(&lock);
    }
    return rc;
}

long do_domctl(unsigned long a0, unsigned long a1, unsigned long a2,
               unsigned long a3, unsigned long a4)
{
    struct xen_domctl op;
    long rc;

    (void)a1, (void)a2, (void)a3, (void)a4;
    rc = control_call(a0, &op, sizeof(op), XEN_DOMCTL_INTERFACE_VERSION,
                      domctl_try);
    if (rc == -ERESTART)
        hypercall_continue(a0, 0, 0, 0, 0);
    return rc;
}
