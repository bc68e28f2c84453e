/* SPDX-License-Identifier: MIT */
/* GNTTABOP_cache_flush: for who drives devices that do not snoop the caches. */
#include "gnttab_internal.h"

#include "xen/errno.h"
#include "xen/hypercall.h"
#include "xen/vcpu.h"
#include "asm/pv_mm.h"

/* Returns 0; -EPERM without devices; -EINVAL for a range across the end of the
 * frame, or a frame that is no RAM; -EOPNOTSUPP for one named by a grant. */
static long flush_one(const struct gnttab_cache_flush *op)
{
    mfn_t mfn = maddr_to_mfn(op->a.dev_bus_addr);

    if (!current->domain->arch.has_devices)
        return -EPERM;
    if (op->op & GNTTAB_CACHE_SOURCE_GREF)
        return -EOPNOTSUPP;
    if (op->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL) ||
        op->offset + op->length > PAGE_SIZE || !mfn_valid(mfn))
        return -EINVAL;
    /* Lines are written back before they go: no data of others is lost. */
    if (op->op != 0 && op->length != 0)
        flush_page_cache(mfn);
    return 0;
}

long gnttab_op_cache_flush(void *ops, unsigned int nr)
{
    (void)nr;
    return hc_error(flush_one(ops));
}
