/* SPDX-License-Identifier: MIT */
/* Page types without contents: counts, and no two types at once. */
#include "xen/mm.h"

#include "xen/errno.h"
#include "fake/fake.h"

int page_get_type(struct page_info *pg, unsigned long type)
{
    if ((pg->type_info & PGT_count_mask) != 0) {
        if ((pg->type_info & PGT_type_mask) != type)
            return -EINVAL;
        pg->type_info++;
        return 0;
    }
    pg->type_info = type | PGT_validated | 1;
    return 0;
}

int page_get_type_preemptible(struct page_info *pg, unsigned long type)
{
    return page_get_type(pg, type);
}

void page_put_type(struct page_info *pg)
{
    BUG_ON((pg->type_info & PGT_count_mask) == 0);
    pg->type_info--;
}

int page_put_type_preemptible(struct page_info *pg)
{
    page_put_type(pg);
    return 0;
}
