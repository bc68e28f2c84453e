/* SPDX-License-Identifier: MIT */
/*
 * Small objects. Sizes up to half a page are rounded to a class; a page, the
 * slab, holds objects of one class behind a header:
 *
 *   | struct slab | object | object | ... | unused |
 *
 * Free objects are chained through their first word. Larger sizes get whole
 * pages of their own, whose number stands in the first frame's page_info. What
 * starts at a page boundary is therefore pages, and all else lies in a slab.
 */
#include "xen/heap.h"

#include "xen/bitops.h"
#include "xen/list.h"
#include "xen/page_alloc.h"
#include "xen/string.h"

struct slab {
    struct list_head list; /* slabs of the class with free objects */
    void *free;            /* first free object, or NULL */
    u16 nr_free;
    u16 class;
};

#define SLAB_HEADER 48
BUILD_BUG_ON(sizeof(struct slab) > SLAB_HEADER);

/* Multiples of 16 that leave little of a page unused. */
static const u16 class_size[] = {16,  32,  48,  64,   80,   96,  112, 128,
                                 160, 192, 224, 256,  288,  336, 400, 448,
                                 576, 672, 800, 1008, 1344, 2016};
#define NR_CLASSES ARRAY_SIZE(class_size)
#define MAX_SMALL  2016

static DEFINE_SPINLOCK(slab_lock, LOCK_HEAP); /* irq-safe */

/* Under slab_lock. A full slab is on no list: its objects lead back to it. */
static struct list_head partial[NR_CLASSES];
static bool initialised;

static void init_locked(void)
{
    ASSERT_LOCKED(&slab_lock);
    for (unsigned int i = 0; i < NR_CLASSES; i++)
        list_init(&partial[i]);
    initialised = true;
}

static unsigned int class_of(size_t size)
{
    unsigned int class = 0;

    while (class_size[class] < size)
        class ++;
    return class;
}

static unsigned int objects_per_slab(unsigned int class)
{
    return (PAGE_SIZE - SLAB_HEADER) / class_size[class];
}

static struct slab *slab_new(unsigned int class)
{
    struct slab *slab = alloc_xenheap_pages(0, 0);

    if (slab == NULL)
        return NULL;
    slab->class = class;
    slab->nr_free = objects_per_slab(class);
    for (unsigned int i = slab->nr_free; i-- > 0;) {
        void **object =
            (void **)((char *)slab + SLAB_HEADER + i * class_size[class]);

        *object = slab->free;
        slab->free = object;
    }
    return slab;
}

static void *take_locked(struct slab *slab)
{
    void *object = slab->free;

    ASSERT_LOCKED(&slab_lock);
    slab->free = *(void **)object;
    if (--slab->nr_free == 0)
        list_del(&slab->list);
    return object;
}

static void *alloc_small(unsigned int class)
{
    unsigned long flags;
    struct slab *slab = NULL;
    void *object;

    spin_lock_irqsave(&slab_lock, flags);
    if (!initialised)
        init_locked();
    if (list_empty(&partial[class])) {
        /* Getting a page may flush TLBs: not under the lock. */
        spin_unlock_irqrestore(&slab_lock, flags);
        slab = slab_new(class);
        if (slab == NULL)
            return NULL;
        spin_lock_irqsave(&slab_lock, flags);
        list_add(&slab->list, &partial[class]);
    }
    object = take_locked(list_first_entry(&partial[class], struct slab, list));
    spin_unlock_irqrestore(&slab_lock, flags);
    return memset(object, 0, class_size[class]);
}

/* Whole pages; what the buddy block has too many goes back. */
static void *alloc_large(size_t size)
{
    unsigned long nr = PFN_UP(size), have;
    unsigned int order = 0;
    char *p;

    if (nr > (1UL << MAX_ORDER) || nr < PFN_DOWN(size))
        return NULL;
    while ((1UL << order) < nr)
        order++;
    p = alloc_xenheap_pages(order, 0);
    if (p == NULL)
        return NULL;
    for (have = 1UL << order; have > nr; have -= 1UL << order) {
        order = lowest_bit(have);
        while (have - (1UL << order) < nr)
            order--;
        free_xenheap_pages(p + ((have - (1UL << order)) << PAGE_SHIFT), order);
    }
    virt_to_page(p)->type_info = nr;
    return p;
}

void *xmalloc_bytes(size_t size)
{
    return size <= MAX_SMALL ? alloc_small(class_of(size)) : alloc_large(size);
}

static void free_large(char *p)
{
    struct page_info *pg = virt_to_page(p);
    unsigned long nr = pg->type_info;

    BUG_ON(nr == 0 || pg->count_info != PGC_xen_heap);
    while (nr > 0) {
        unsigned int order = highest_bit(nr);

        free_xenheap_pages(p, order);
        p += PAGE_SIZE << order;
        nr -= 1UL << order;
    }
}

static void free_small(void *p)
{
    unsigned long flags;
    struct slab *slab = (struct slab *)((unsigned long)p & PAGE_MASK);
    bool release;

    spin_lock_irqsave(&slab_lock, flags);
    BUG_ON(slab->class >= NR_CLASSES);
    *(void **)p = slab->free;
    slab->free = p;
    if (slab->nr_free++ == 0)
        list_add(&slab->list, &partial[slab->class]);
    /* None is kept for the next allocation: when a domain is gone, as much is
     * free as before. */
    release = slab->nr_free == objects_per_slab(slab->class);
    if (release)
        list_del(&slab->list);
    spin_unlock_irqrestore(&slab_lock, flags);
    if (release)
        free_xenheap_page(slab);
}

void xfree(void *p)
{
    if (p == NULL)
        return;
    if ((unsigned long)p & ~PAGE_MASK)
        free_small(p);
    else
        free_large(p);
}
