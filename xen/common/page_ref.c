/* SPDX-License-Identifier: MIT */
/*
 * General references to frames, without locks.
 *
 * A count of 0 never grows again by page_get(): the frame is free, or its last
 * reference is gone and it is about to be. So whoever takes the count to 0 is
 * the only one who frees it.
 */
#include "xen/mm.h"

#include "xen/atomic.h"
#include "xen/bitops.h"
#include "page_alloc_internal.h"

/* One more reference, unless there is none or no room for it. */
static inline bool count_get(struct page_info *pg)
{
    unsigned long x = READ_ONCE(pg->count_info), old;

    do {
        unsigned long count = x & PGC_count_mask;

        if (unlikely(count == 0 || count == PGC_count_mask))
            return false;
        old = x;
        x = cmpxchg(&pg->count_info, old, old + 1);
    } while (unlikely(x != old));

    return true;
}

bool page_get(struct page_info *pg, const struct domain *d)
{
    if (unlikely(!count_get(pg)))
        return false;
    if (likely(page_get_owner(pg) == d))
        return true;
    page_put(pg);
    return false;
}

struct domain *page_get_owner_and_reference(struct page_info *pg)
{
    struct domain *d;

    if (!count_get(pg))
        return NULL;
    d = page_get_owner(pg);
    if (d == NULL)
        page_put(pg);
    return d;
}

void page_put(struct page_info *pg)
{
    unsigned long x = __atomic_sub_fetch(&pg->count_info, 1, __ATOMIC_SEQ_CST);

    ASSERT((x & PGC_count_mask) != PGC_count_mask);
    if (unlikely((x & PGC_count_mask) == 0))
        page_release(pg);
}

bool page_put_allocation(struct page_info *pg)
{
    if (!test_and_clear_bit(PGC_allocated_bit, &pg->count_info))
        return false;
    page_put(pg);
    return true;
}
