/* SPDX-License-Identifier: MIT */
/* Frames for code that only wants some: each block is used once. */
#include "xen/page_alloc.h"

#include <stdlib.h>
#include <string.h>

#include "xen/domain.h"
#include "xen/errno.h"
#include "fake/fake.h"

/* Frame 0 ends lists; the rest goes up to what the fakes need. */
static unsigned long next_frame = 1;

static struct page_info *take(unsigned int order)
{
    unsigned long mfn = ROUNDUP(next_frame, 1UL << order);

    if (mfn + (1UL << order) > PFN_DOWN(FAKE_RAM_END))
        return NULL;
    next_frame = mfn + (1UL << order);
    memset(mfn_to_virt(_mfn(mfn)), 0, PAGE_SIZE << order);
    return mfn_to_page(_mfn(mfn));
}

void *alloc_xenheap_pages(unsigned int order, unsigned int memflags)
{
    struct page_info *pg = take(order);

    (void)memflags;
    if (pg == NULL)
        return NULL;
    for (unsigned long i = 0; i < (1UL << order); i++)
        pg[i].count_info = PGC_xen_heap;
    return page_to_virt(pg);
}

void free_xenheap_pages(void *va, unsigned int order)
{
    (void)va;
    (void)order;
}

struct page_info *alloc_domheap_pages(struct domain *d, unsigned int order,
                                      unsigned int memflags)
{
    struct page_info *pg = take(order);

    if (pg != NULL && d != NULL && assign_pages(d, pg, order, memflags))
        return NULL;
    return pg;
}

int assign_pages(struct domain *d, struct page_info *pg, unsigned int order,
                 unsigned int memflags)
{
    (void)memflags;
    if (d->dying != DOMDYING_alive)
        return -EINVAL;
    for (unsigned long i = 0; i < (1UL << order); i++) {
        page_set_owner(&pg[i], d);
        pg[i].count_info = PGC_allocated | 1;
        page_list_add_tail(&pg[i], &d->mem.page_list);
    }
    d->mem.tot_pages += 1UL << order;
    return 0;
}

void free_domheap_pages(struct page_info *pg, unsigned int order)
{
    for (unsigned long i = 0; i < (1UL << order); i++) {
        struct domain *d = page_get_owner(&pg[i]);

        if (d != NULL && !is_xen_heap_page(&pg[i])) {
            page_list_del(&pg[i], &d->mem.page_list);
            d->mem.tot_pages--;
        }
        page_set_owner(&pg[i], NULL);
    }
}

void share_xen_page_with_guest(struct page_info *pg, struct domain *d,
                               enum share_mode mode)
{
    page_set_owner(pg, d);
    pg->type_info = (mode == SHARE_rw ? PGT_writable : PGT_none) | 1;
    pg->count_info |= PGC_allocated | 1;
    d->mem.xenheap_pages++;
}

unsigned long avail_heap_pages(void)
{
    return PFN_DOWN(FAKE_RAM_END) - next_frame;
}

unsigned long avail_heap_pages_bits(unsigned int bits)
{
    (void)bits;
    return avail_heap_pages();
}

unsigned long claimed_heap_pages(void)
{
    return 0;
}
