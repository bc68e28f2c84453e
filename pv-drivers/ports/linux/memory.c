// SPDX-License-Identifier: MIT
/* Memory and grants. None of these sleeps: the drivers do without for a while
 * when there is none. */
#include <linux/gfp.h>
#include <linux/slab.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#include "port.h"

void *os_alloc(size_t size)
{
    return kvzalloc(size, GFP_ATOMIC | __GFP_NOWARN);
}

void os_free(void *memory, size_t size)
{
    kvfree(memory);
}

void *os_pages_alloc(unsigned int nr)
{
    return alloc_pages_exact((size_t)nr * OS_PAGE_SIZE,
                             GFP_ATOMIC | __GFP_ZERO | __GFP_NOWARN);
}

void os_pages_free(void *pages, unsigned int nr)
{
    if (pages)
        free_pages_exact(pages, (size_t)nr * OS_PAGE_SIZE);
}

int os_grant(domid_t to, void *page, bool readonly, grant_ref_t *ref_out)
{
    int ref = gnttab_grant_foreign_access(to, virt_to_gfn(page), readonly);

    if (ref < 0)
        return ref;
    *ref_out = ref;
    return 0;
}

int os_grant_end(grant_ref_t ref)
{
    return gnttab_try_end_foreign_access(ref) ? 0 : -EBUSY;
}
