/* SPDX-License-Identifier: MIT */
/*
 * Frames and the domains that own them: accounting, claims, sharing.
 *
 * A domain that owns frames is referenced once for all of them: the struct
 * outlives its last frame, which another domain may still map. Hypervisor pages
 * shared with it do not count; they pass on to dom_xen.
 */
#include "xen/page_alloc.h"

#include "xen/domain.h"
#include "xen/errno.h"
#include "asm/smp.h"
#include "page_alloc_internal.h"

/* Most frames that page_free_unshared() frees at once. */
#define FREE_RUN 64UL

/* Guests may have mapped it until now. */
static void page_stamp(struct page_info *pg)
{
    pg->tlbflush_stamp = max(tlbflush_current_time(), 1u);
}

static bool may_grow(const struct domain *d, unsigned long nr)
{
    unsigned long tot = READ_ONCE(d->mem.tot_pages);
    unsigned long limit = READ_ONCE(d->mem.max_pages);

    return tot <= limit && nr <= limit - tot;
}

/* What d grows by is no longer set aside for it. */
static void claim_use_locked(struct domain *d, unsigned long nr)
{
    unsigned long claim = d->mem.outstanding_claim;

    ASSERT_LOCKED(&d->mem.lock);
    if (claim > 0 &&
        heap_claim(&d->mem.outstanding_claim, claim - min(nr, claim)) != 0)
        BUG();
}

static int account_locked(struct domain *d, unsigned long nr)
{
    ASSERT_LOCKED(&d->mem.lock);
    if (!may_grow(d, nr))
        return -E2BIG;
    claim_use_locked(d, nr);
    if (d->mem.tot_pages == 0)
        domain_get_known(d);
    d->mem.tot_pages += nr;
    return 0;
}

/* Returns whether those were the last. */
static bool __must_check unaccount_locked(struct domain *d, unsigned long nr)
{
    ASSERT_LOCKED(&d->mem.lock);
    BUG_ON(nr > d->mem.tot_pages);
    d->mem.tot_pages -= nr;
    return nr > 0 && d->mem.tot_pages == 0;
}

int assign_pages(struct domain *d, struct page_info *pg, unsigned int order,
                 unsigned int memflags)
{
    int rc = -EINVAL;

    spin_lock(&d->mem.lock);
    if (d->dying != DOMDYING_alive)
        goto out_unlock;
    rc = memflags & MEMF_no_refcount ? 0 : account_locked(d, 1UL << order);
    if (rc != 0)
        goto out_unlock;
    for (unsigned long i = 0; i < (1UL << order); i++) {
        unsigned long kept = pg[i].count_info;

        ASSERT((kept & ~PGC_non_coherent) == 0 && pg[i].owner == 0);
        page_set_owner(&pg[i], d);
        pg[i].type_info = 0;
        page_list_add_tail(&pg[i], &d->mem.page_list);
        smp_wmb(); /* pairs with page_get(): a count means the owner is right */
        WRITE_ONCE(pg[i].count_info, kept | PGC_allocated | 1);
    }
out_unlock:
    spin_unlock(&d->mem.lock);
    return rc;
}

struct page_info *alloc_domheap_pages(struct domain *d, unsigned int order,
                                      unsigned int memflags)
{
    unsigned long claim = 0;
    struct page_info *pg;

    if (order > MAX_ORDER)
        return NULL;
    if (d != NULL) {
        if (!(memflags & MEMF_no_refcount) && !may_grow(d, 1UL << order))
            return NULL;
        claim = READ_ONCE(d->mem.outstanding_claim);
    }
    pg = heap_alloc(order, memflags, claim);
    if (pg != NULL && d != NULL && assign_pages(d, pg, order, memflags) != 0) {
        heap_free(pg, 1UL << order);
        return NULL;
    }
    return pg;
}

/* Free nr frames side by side, which are not on their owner's list any more. */
static void free_listless_pages(struct page_info *pg, unsigned long nr)
{
    for (unsigned long i = 0; i < nr; i++) {
        m2p_set(page_to_mfn(&pg[i]), INVALID_PFN);
        arch_page_release(&pg[i]);
        page_stamp(&pg[i]);
    }
    heap_free(pg, nr);
}

static void free_owned_page(struct page_info *pg, struct domain *d)
{
    bool last;

    spin_lock(&d->mem.lock);
    page_list_del(pg, &d->mem.page_list);
    last = unaccount_locked(d, 1);
    spin_unlock(&d->mem.lock);
    free_listless_pages(pg, 1);
    if (last)
        domain_put(d);
}

void free_domheap_pages(struct page_info *pg, unsigned int order)
{
    if (page_get_owner(pg) == NULL) {
        heap_free(pg, 1UL << order);
        return;
    }
    for (unsigned long i = 0; i < (1UL << order); i++)
        free_owned_page(&pg[i], page_get_owner(&pg[i]));
}

void page_release(struct page_info *pg)
{
    if (is_xen_heap_page(pg)) {
        page_stamp(pg);
        heap_free(pg, 1);
    } else {
        free_domheap_pages(pg, 0);
    }
}

/* Nobody but the owner refers to it: take that reference too. From here on
 * page_get() fails. What is to be known about its caches stays, should the
 * frame come back. */
static bool take_only_reference(struct page_info *pg)
{
    unsigned long x = READ_ONCE(pg->count_info);

    /* A type reference always comes with a general one. */
    return (x & (PGC_allocated | PGC_count_mask)) == (PGC_allocated | 1) &&
           cmpxchg(&pg->count_info, x, x & PGC_non_coherent) == x;
}

unsigned long page_free_unshared(struct domain *d)
{
    struct page_info *pg;
    unsigned long nr = 0;
    bool last;

    spin_lock(&d->mem.lock);
    ASSERT(d->dying != DOMDYING_alive);
    pg = page_list_first(&d->mem.page_list);
    while (pg && nr < FREE_RUN &&
           &pg[nr] == page_list_first(&d->mem.page_list) &&
           take_only_reference(&pg[nr])) {
        page_list_del(&pg[nr], &d->mem.page_list);
        nr++;
    }
    last = unaccount_locked(d, nr);
    spin_unlock(&d->mem.lock);
    if (nr > 0)
        free_listless_pages(pg, nr);
    if (last)
        domain_put(d);
    return nr;
}

int page_steal(struct domain *d, struct page_info *pg)
{
    int rc = -EINVAL;

    spin_lock(&d->mem.lock);
    if (d->dying != DOMDYING_alive || page_get_owner(pg) != d ||
        is_xen_heap_page(pg))
        goto out_unlock;
    rc = -EINVAL;
    if (!take_only_reference(pg))
        goto out_unlock;
    page_list_del(pg, &d->mem.page_list);
    page_set_owner(pg, NULL);
    pg->type_info = 0;
    page_stamp(pg);
    rc = 0;
out_unlock:
    spin_unlock(&d->mem.lock);
    return rc;
}

void page_forget_stolen(struct domain *d, unsigned long nr)
{
    bool last;

    spin_lock(&d->mem.lock);
    last = unaccount_locked(d, nr);
    spin_unlock(&d->mem.lock);
    if (last)
        domain_put(d);
}

void share_xen_page_with_guest(struct page_info *pg, struct domain *d,
                               enum share_mode mode)
{
    BUG_ON(READ_ONCE(pg->count_info) & ~PGC_xen_heap);
    spin_lock(&d->mem.lock);
    page_set_owner(pg, d);
    /* One reference of our own keeps the type as it is. */
    pg->type_info =
        (mode == SHARE_rw ? PGT_writable : PGT_none) | PGT_validated | 1;
    smp_wmb(); /* pairs with page_get() */
    WRITE_ONCE(pg->count_info, PGC_xen_heap | PGC_allocated | 1);
    d->mem.xenheap_pages++;
    spin_unlock(&d->mem.lock);
}

void unshare_xen_page(struct page_info *pg)
{
    struct domain *d = page_get_owner(pg);

    spin_lock(&d->mem.lock);
    BUG_ON(!is_xen_heap_page(pg) || d->mem.xenheap_pages == 0);
    d->mem.xenheap_pages--;
    spin_unlock(&d->mem.lock);
    page_set_owner(pg, dom_xen);
    __atomic_fetch_sub(&pg->type_info, 1, __ATOMIC_SEQ_CST);
    if (!page_put_allocation(pg))
        BUG();
}

int domain_claim_pages(struct domain *d, unsigned long nr_pages)
{
    int rc = -EINVAL;

    spin_lock(&d->mem.lock);
    if (nr_pages == 0)
        rc = heap_claim(&d->mem.outstanding_claim, 0);
    else if (d->dying == DOMDYING_alive && d->mem.outstanding_claim == 0 &&
             nr_pages > d->mem.tot_pages && nr_pages <= d->mem.max_pages)
        rc = heap_claim(&d->mem.outstanding_claim, nr_pages - d->mem.tot_pages);
    spin_unlock(&d->mem.lock);
    return rc;
}
