/* SPDX-License-Identifier: MIT */
/*
 * Ranges of hypervisor addresses for mappings that the direct map can't serve.
 *
 * Ranges in use are kept sorted by address; a new one goes into the first gap
 * that is large enough, with one unmapped page behind it.
 */
#include "xen/vmap.h"

#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/list.h"
#include "xen/spinlock.h"
#include "asm/mm.h"

struct vmap_range {
    struct list_head list;
    unsigned long start; /* address */
    unsigned long nr;    /* pages, without the guard page */
};

static DEFINE_SPINLOCK(vmap_lock, LOCK_VMAP); /* irq-safe */
/* Under vmap_lock: */
static LIST_HEAD(ranges);

/* Find a gap and put the range there. Returns 0 or -ENOMEM. */
static int range_insert(struct vmap_range *range)
{
    unsigned long flags;
    unsigned long start = VMAP_VIRT_START;
    unsigned long size = (range->nr + 1) << PAGE_SHIFT;
    struct vmap_range *next;
    int rc = -ENOMEM;

    spin_lock_irqsave(&vmap_lock, flags);
    list_for_each_entry(next, &ranges, list) {
        if (next->start - start >= size)
            break;
        start = next->start + ((next->nr + 1) << PAGE_SHIFT);
    }
    if (size <= VMAP_VIRT_END - start) {
        range->start = start;
        list_add_tail(&range->list, &next->list);
        rc = 0;
    }
    spin_unlock_irqrestore(&vmap_lock, flags);
    return rc;
}

static struct vmap_range *range_alloc(unsigned long nr)
{
    struct vmap_range *range;

    if (nr == 0 || nr >= PFN_DOWN(VMAP_VIRT_END - VMAP_VIRT_START))
        return NULL;
    range = xzalloc(struct vmap_range);
    if (range == NULL)
        return NULL;
    range->nr = nr;
    if (range_insert(range) != 0) {
        xfree(range);
        return NULL;
    }
    return range;
}

/* Its pages are not mapped any more. */
static void range_free(struct vmap_range *range)
{
    unsigned long flags;

    spin_lock_irqsave(&vmap_lock, flags);
    list_del(&range->list);
    spin_unlock_irqrestore(&vmap_lock, flags);
    xfree(range);
}

static struct vmap_range *range_find(unsigned long va)
{
    unsigned long flags;
    struct vmap_range *range, *found = NULL;

    spin_lock_irqsave(&vmap_lock, flags);
    list_for_each_entry(range, &ranges, list)
        if (range->start == va)
            found = range;
    spin_unlock_irqrestore(&vmap_lock, flags);
    return found;
}

void *vmap(const mfn_t *mfn, unsigned int nr)
{
    struct vmap_range *range = range_alloc(nr);

    if (range == NULL)
        return NULL;
    for (unsigned int i = 0; i < nr; i++)
        if (map_pages_to_xen(range->start + i * PAGE_SIZE, mfn[i], 1,
                             PAGE_HYPERVISOR_RW) != 0) {
            if (i > 0)
                destroy_xen_mappings(range->start, i);
            range_free(range);
            return NULL;
        }

    return (void *)range->start;
}

void vunmap(void *va)
{
    struct vmap_range *range;

    if (va == NULL)
        return;
    range = range_find((unsigned long)va & PAGE_MASK);
    BUG_ON(range == NULL);
    destroy_xen_mappings(range->start, range->nr);
    range_free(range);
}

void *ioremap(paddr_t pa, size_t len)
{
    unsigned long offset = pa & ~PAGE_MASK;
    struct vmap_range *range;
    u64 last;

    if (len == 0 || __builtin_add_overflow(pa, len - 1, &last) ||
        last > PADDR_MASK)
        return NULL;
    range = range_alloc(PFN_DOWN(last) - PFN_DOWN(pa) + 1);
    if (range == NULL)
        return NULL;
    if (map_pages_to_xen(range->start, maddr_to_mfn(pa), range->nr,
                         PAGE_HYPERVISOR_UC) != 0) {
        destroy_xen_mappings(range->start, range->nr);
        range_free(range);
        return NULL;
    }
    return (char *)range->start + offset;
}

void iounmap(void *va)
{
    vunmap(va);
}
