/* SPDX-License-Identifier: MIT */
/* Frames for a domain, and frames it gives back, by lists of extents. */
#include "memory_internal.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/page_alloc.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"

/* One extent. Each returns whether it was done. */
typedef bool (*extent_fn)(struct domain *d,
                          const struct xen_memory_reservation *r,
                          unsigned long i);

static bool increase_extent(struct domain *d,
                            const struct xen_memory_reservation *r,
                            unsigned long i)
{
    struct page_info *pg =
        alloc_domheap_pages(d, r->extent_order, memory_memflags(r->mem_flags));
    xen_pfn_t mfn;

    if (pg == NULL)
        return false;
    if (r->extent_start == 0)
        return true;
    mfn = mfn_x(page_to_mfn(pg));
    return copy_to_guest_index(r->extent_start, i, &mfn) == 0;
}

/* Another vcpu may have given the frame back already, and somebody got it. */
static void set_pfn(struct domain *d, mfn_t mfn, pfn_t pfn)
{
    struct page_info *pg = mfn_to_page(mfn);

    if (!page_get(pg, d))
        return;
    m2p_set(mfn, pfn);
    page_put(pg);
}

static bool populate_extent(struct domain *d,
                            const struct xen_memory_reservation *r,
                            unsigned long i)
{
    struct page_info *pg;
    xen_pfn_t pfn, mfn;

    if (copy_from_guest_index(&pfn, r->extent_start, i) != 0)
        return false;
    pg = alloc_domheap_pages(d, r->extent_order, memory_memflags(r->mem_flags));
    if (pg == NULL)
        return false;
    mfn = mfn_x(page_to_mfn(pg));
    for (unsigned long j = 0; j < (1UL << r->extent_order); j++)
        set_pfn(d, _mfn(mfn + j), _pfn(pfn + j));
    return copy_to_guest_index(r->extent_start, i, &mfn) == 0;
}

/* The domain's own reference goes; whoever still maps the frame keeps it. */
static bool give_back(struct domain *d, unsigned long frame)
{
    struct page_info *pg;
    bool done;

    if (!mfn_valid(_mfn(frame)))
        return false;
    pg = mfn_to_page(_mfn(frame));
    if (!page_get(pg, d))
        return false;
    done = !is_xen_heap_page(pg) && page_put_allocation(pg);
    page_put(pg);
    return done;
}

static bool decrease_extent(struct domain *d,
                            const struct xen_memory_reservation *r,
                            unsigned long i)
{
    xen_pfn_t mfn;

    if (copy_from_guest_index(&mfn, r->extent_start, i) != 0)
        return false;
    for (unsigned long j = 0; j < (1UL << r->extent_order); j++)
        if (!give_back(d, mfn + j))
            return false;

    return true;
}

static bool reservation_valid(unsigned int op,
                              const struct xen_memory_reservation *r,
                              unsigned long start)
{
    if (r->extent_start == 0 && op != XENMEM_increase_reservation)
        return false;
    return start <= r->nr_extents &&
           r->nr_extents <= ~0UL >> MEMOP_EXTENT_SHIFT &&
           r->extent_order <= memory_max_order(current->domain) &&
           !(r->mem_flags & XENMEMF_populate_on_demand) &&
           guest_array_ok(r->extent_start, r->nr_extents, sizeof(xen_pfn_t));
}

static extent_fn extent_fn_of(unsigned int op)
{
    switch (op) {
    case XENMEM_increase_reservation:
        return increase_extent;
    case XENMEM_decrease_reservation:
        return decrease_extent;
    default:
        return populate_extent;
    }
}

long memory_reservation_op(unsigned int op, u64 arg, unsigned long start)
{
    extent_fn fn = extent_fn_of(op);
    struct xen_memory_reservation r;
    struct domain *d;
    unsigned long i = start;

    if (copy_from_guest(&r, arg, sizeof(r)) != 0 ||
        !reservation_valid(op, &r, start) || memory_target(r.domid, &d) != 0)
        return start;
    while (i < r.nr_extents && fn(d, &r, i)) {
        i++;
        if (i < r.nr_extents && hypercall_preempt_check()) {
            domain_put(d);
            hypercall_continue(op | i << MEMOP_EXTENT_SHIFT, arg, 0, 0, 0);
            return -ERESTART;
        }
    }
    domain_put(d);
    return i;
}
