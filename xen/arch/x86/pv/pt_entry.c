/* SPDX-License-Identifier: MIT */
/* Single page-table entries: what they may say, and the references they hold.
 * abi: PV MMU rules. */
#include "asm/pv_mm.h"

#include "public/xen.h"
#include "xen/atomic.h"
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "asm/rights.h"
#include "xen/vcpu.h"

paddr_t l1tf_limit, l1tf_mask;

/* Whether a frame exists is asked for separately. */
#define L1_ALLOWED (UPPER_ALLOWED | PTE_GLOBAL | PTE_ADDR_MASK)

/* Changes of only these bits need no new references. RW is not among them, nor
 * anything that names another frame or another kind of memory. */
#define L1_FAST_BITS                                                           \
    (PTE_NX | PTE_AVAIL | PTE_AVAIL_HI | PTE_GLOBAL | PTE_DIRTY |              \
     PTE_ACCESSED | PTE_USER)
/* Linear tables do not exist here, so RW of an upper entry says nothing about
 * who can write to a table. */
#define UPPER_FAST_BITS ((L1_FAST_BITS & ~PTE_GLOBAL) | PTE_RW)

/* PAT index 3, uncached, for cacheable mappings of device frames. */
static u64 device_cache_bits(u64 pte)
{
    u64 bits = pte & PTE_CACHE_MASK;

    if (bits == 0 || bits == PTE_PWT || bits == (PTE_PAT | PTE_PWT))
        return (pte & ~PTE_CACHE_MASK) | PTE_PCD | PTE_PWT;
    return pte;
}

static int l1e_get_device(u64 *pte, struct domain *d, struct domain *pg_owner)
{
    unsigned long mfn = mfn_x(pte_mfn(*pte));

    if (pg_owner == dom_xen)
        return hc_error(-EINVAL);
    if (!rights_have(d, RIGHT_IOMEM, mfn, mfn))
        return hc_error(-EPERM);
    if (pg_owner != d && pg_owner != dom_io &&
        !rights_have(pg_owner, RIGHT_IOMEM, mfn, mfn))
        return hc_error(-EPERM);

    if (mmio_ro_frame(mfn))
        *pte &= ~PTE_RW;
    *pte = device_cache_bits(*pte);
    return 0;
}

static inline int get_writable(struct page_info *pg)
{
    return likely(page_get_type_fast(pg, PGT_writable))
               ? 0
               : page_get_type(pg, PGT_writable);
}

static inline void put_writable(struct page_info *pg)
{
    if (unlikely(!page_put_type_fast(pg)))
        page_put_type(pg);
}

int l1e_get(u64 *pte, struct domain *d, struct domain *pg_owner)
{
    u64 allowed = L1_ALLOWED;
    mfn_t mfn = pte_mfn(*pte);
    struct page_info *pg;

    if (!(*pte & PTE_PRESENT))
        return l1tf_unsafe(*pte, 1) ? hc_error(-EINVAL) : 0;
    if (d->arch.has_devices)
        allowed |= PTE_CACHE_MASK;
    if (unlikely(*pte & ~allowed))
        return hc_error(-EINVAL);

    if (unlikely(is_iomem_mfn(mfn)))
        return l1e_get_device(pte, d, pg_owner);

    pg = mfn_to_page(mfn);
    if (unlikely(!page_get(pg, pg_owner)))
        return hc_error(-EBUSY);
    if (unlikely((*pte & PTE_CACHE_MASK) && is_xen_heap_page(pg))) {
        page_put(pg);
        return hc_error(-EACCES);
    }
    if (*pte & PTE_RW) {
        if (unlikely(get_writable(pg))) {
            page_put(pg);
            return hc_error(-EBUSY);
        }
        if (unlikely(*pte & PTE_CACHE_MASK))
            __atomic_fetch_or(&pg->count_info, PGC_non_coherent,
                              __ATOMIC_SEQ_CST);
    }
    return 0;
}

void l1e_put(u64 pte)
{
    struct page_info *pg;

    if (!(pte & PTE_PRESENT) || is_iomem_mfn(pte_mfn(pte)))
        return;
    pg = mfn_to_page(pte_mfn(pte));
    if (pte & PTE_RW)
        put_writable(pg);
    page_put(pg);
}

int upper_get(u64 pte, unsigned int level, struct domain *d)
{
    struct page_info *child;
    int rc;

    if (!(pte & PTE_PRESENT))
        return l1tf_unsafe(pte, level) ? hc_error(-EINVAL) : 0;
    if (unlikely(pte & ~(UPPER_ALLOWED | PTE_ADDR_MASK)) ||
        unlikely(!mfn_valid(pte_mfn(pte))))
        return hc_error(-EINVAL);

    child = mfn_to_page(pte_mfn(pte));
    if (unlikely(!page_get(child, d)))
        return hc_error(-EINVAL);
    rc = page_get_type_preemptible(child, (unsigned long)(level - 1) << 60);
    if (unlikely(rc))
        page_put(child);
    return rc;
}

int upper_put(u64 pte, unsigned int level)
{
    struct page_info *child;
    int rc;

    (void)level;
    if (!(pte & PTE_PRESENT))
        return 0;
    child = mfn_to_page(pte_mfn(pte));
    rc = page_put_type_preemptible(child);
    if (!rc)
        page_put(child);
    return rc;
}

/* Store an entry. Only the hardware changes it meanwhile: A and D. */
static inline u64 exchange_entry(u64 *slot, u64 new, bool preserve_ad)
{
    u64 old, seen;

    if (!preserve_ad)
        return xchg(slot, new);

    old = READ_ONCE(*slot);
    while ((seen = cmpxchg(slot, old,
                           new | (old & (PTE_ACCESSED | PTE_DIRTY)))) != old)
        old = seen;
    return old;
}

/* The same frame of RAM as before, of the owner, and no device reaches it past
 * the caches: then a change of RW is about its type only. */
static bool only_rw_changes(u64 old, u64 new, const struct domain *pg_owner)
{
    return !((old ^ new) & ~(L1_FAST_BITS | PTE_RW)) &&
           !(new &PTE_CACHE_MASK) && mfn_valid(pte_mfn(new)) &&
           page_owned_by(mfn_to_page(pte_mfn(new)), pg_owner) &&
           pg_owner != dom_io;
}

/* The entry's reference to the frame stays. */
static int change_rw(u64 *slot, u64 new, bool preserve_ad)
{
    struct page_info *pg = mfn_to_page(pte_mfn(new));

    if ((new &PTE_RW) && unlikely(get_writable(pg)))
        return hc_error(-EBUSY);
    exchange_entry(slot, adjust_l1e(new), preserve_ad);
    if (!(new &PTE_RW))
        put_writable(pg);
    return 0;
}

int mod_l1_entry(u64 *slot, u64 new, struct domain *d, struct domain *pg_owner,
                 bool preserve_ad)
{
    u64 old = READ_ONCE(*slot);
    int rc;

    if (new &PTE_PRESENT) {
        if ((old & PTE_PRESENT) && !((old ^ new) & ~L1_FAST_BITS)) {
            exchange_entry(slot, adjust_l1e(new), preserve_ad);
            return 0;
        }
        if ((old & PTE_PRESENT) && only_rw_changes(old, new, pg_owner))
            return change_rw(slot, new, preserve_ad);
        rc = l1e_get(&new, d, pg_owner);
        if (unlikely(rc))
            return rc;
    } else if (unlikely(l1tf_unsafe(new, 1))) {
        return hc_error(-EINVAL);
    }
    l1e_put(exchange_entry(slot, adjust_l1e(new), preserve_ad));
    return 0;
}

int cmpxchg_l1_entry(u64 *slot, u64 old, u64 new, struct domain *d)
{
    bool fast = (old & new &PTE_PRESENT) && !((old ^ new) & ~L1_FAST_BITS);
    int rc;

    if (!fast) {
        rc = l1e_get(&new, d, d);
        if (rc)
            return rc;
    }
    if (cmpxchg(slot, old, adjust_l1e(new)) != old) {
        if (!fast)
            l1e_put(new);
        return -EAGAIN;
    }
    if (!fast)
        l1e_put(old);
    return 0;
}

/* The same at an upper level. Copies of an L4 table are out of date as soon as
 * the old entry's reference may go. */
static inline u64 exchange_upper(u64 *slot, u64 new, unsigned int level,
                                 struct domain *d, bool preserve_ad)
{
    u64 old = exchange_entry(slot, adjust_upper(new), preserve_ad);

    if (unlikely(level == 4))
        __atomic_fetch_add(&d->arch.root_changes, 1, __ATOMIC_SEQ_CST);
    return old;
}

int mod_upper_entry(u64 *slot, u64 new, unsigned int level, unsigned int index,
                    struct domain *d, bool preserve_ad)
{
    struct vcpu *curr = current;
    u64 old = READ_ONCE(*slot);
    int rc;

    if (unlikely(is_hypervisor_slot(level, index)))
        return hc_error(-EINVAL);
    if (unlikely(curr->arch.old_guest_table))
        return -ERESTART;

    if (new &PTE_PRESENT) {
        if ((old & PTE_PRESENT) && !((old ^ new) & ~UPPER_FAST_BITS)) {
            exchange_upper(slot, new, level, d, preserve_ad);
            return 0;
        }
        rc = upper_get(new, level, d);
        if (unlikely(rc))
            return rc;
    } else if (unlikely(l1tf_unsafe(new, level))) {
        return hc_error(-EINVAL);
    }
    old = exchange_upper(slot, new, level, d, preserve_ad);
    if (old & PTE_PRESENT)
        (void)!put_table_preemptible(curr, mfn_to_page(pte_mfn(old)));
    return 0;
}
