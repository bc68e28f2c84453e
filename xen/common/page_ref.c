/* SPDX-License-Identifier: MIT */
/* General references to frames, without locks: see xen/mm.h. */
#include "xen/mm.h"

#include "xen/bitops.h"

struct domain *page_get_owner_and_reference(struct page_info *pg)
{
    struct domain *d;

    if (!page_count_get(pg))
        return NULL;
    d = page_get_owner(pg);
    if (d == NULL)
        page_put(pg);
    return d;
}

bool page_put_allocation(struct page_info *pg)
{
    if (!test_and_clear_bit(PGC_allocated_bit, &pg->count_info))
        return false;
    page_put(pg);
    return true;
}
