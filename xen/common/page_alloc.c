/* SPDX-License-Identifier: MIT */
/*
 * Free frames: a list of ranges while booting, then buddies.
 *
 * A free block is 2^order frames, aligned to its size. Only its first frame
 * says so (PGC_free, order in type_info); all others have a count_info of 0. As
 * frame 0 is never free, no block reaches across a power of two: all frames of
 * a block need the same number of address bits, and that is its zone.
 *
 * Frames are scrubbed when they are handed out, by whoever gets them and
 * outside of the lock; so is the TLB flush for what guests have mapped before.
 */
#include "xen/page_alloc.h"

#include "xen/bitops.h"
#include "xen/errno.h"
#include "xen/string.h"
#include "asm/smp.h"
#include "page_alloc_internal.h"

#define NR_ZONES        (PADDR_BITS - PAGE_SHIFT + 1)
#define MAX_BOOT_RANGES 256

/* Taken with interrupts off, like all locks of a rank above those that
 * interrupt handlers take. */
static DEFINE_SPINLOCK(heap_lock, LOCK_PAGE_ALLOC);

/* Under heap_lock: */
static struct page_list free_list[NR_ZONES][MAX_ORDER + 1];
static u32 free_orders[NR_ZONES]; /* bit n: free_list[][n] has blocks */
static unsigned long free_pages[NR_ZONES];
static unsigned long free_blocks[MAX_ORDER + 1];
static unsigned long nr_free;
static unsigned long nr_claimed; /* sum of domains' outstanding_claim */

/* Frames [start, end) that nobody has taken yet, while booting. */
static struct boot_range {
    unsigned long start, end;
} boot_range[MAX_BOOT_RANGES];
static unsigned int nr_boot_ranges;

static void boot_range_add(unsigned long start, unsigned long end)
{
    if (start >= end)
        return;
    if (nr_boot_ranges == MAX_BOOT_RANGES)
        panic("More than %u separate ranges of free memory", MAX_BOOT_RANGES);
    boot_range[nr_boot_ranges++] = (struct boot_range){start, end};
}

void init_boot_pages(paddr_t start, paddr_t end)
{
    /* Frame 0 ends page lists. */
    boot_range_add(max(PFN_UP(start), 1UL), PFN_DOWN(end));
}

/* The highest aligned start in range r for nr frames; 0 if it is too small. */
static unsigned long boot_range_fit(const struct boot_range *r,
                                    unsigned long nr, unsigned long align)
{
    unsigned long start;

    if (r->end - r->start < nr)
        return 0;
    start = (r->end - nr) / align * align;
    return start >= r->start ? start : 0;
}

mfn_t alloc_boot_pages(unsigned long nr, unsigned long align)
{
    struct boot_range *best = NULL;
    unsigned long start = 0, end;

    for (unsigned int i = 0; i < nr_boot_ranges; i++) {
        unsigned long fit = boot_range_fit(&boot_range[i], nr, align);

        if (fit > start) {
            start = fit;
            best = &boot_range[i];
        }
    }
    if (best == NULL)
        panic("No %lu KiB of free memory in one piece: give the machine more",
              nr << (PAGE_SHIFT - 10));
    end = best->end;
    best->end = start;
    boot_range_add(start + nr, end);
    return _mfn(start);
}

static unsigned int zone_of(unsigned long mfn)
{
    return highest_bit(mfn) + 1;
}

static void block_insert(unsigned long mfn, unsigned int order)
{
    struct page_info *pg = mfn_to_page(_mfn(mfn));
    unsigned int zone = zone_of(mfn);

    pg->count_info = PGC_free;
    pg->type_info = order;
    page_list_add(pg, &free_list[zone][order]);
    free_orders[zone] |= 1u << order;
    free_blocks[order]++;
}

static void block_remove(struct page_info *pg, unsigned int zone,
                         unsigned int order)
{
    page_list_del(pg, &free_list[zone][order]);
    free_blocks[order]--;
    if (page_list_empty(&free_list[zone][order]))
        free_orders[zone] &= ~(1u << order);
    WRITE_ONCE(pg->count_info, 0);
    pg->type_info = 0;
}

/* Is there a free block of just this order? */
static bool block_is_free(unsigned long mfn, unsigned int order)
{
    const struct page_info *pg = mfn_to_page(_mfn(mfn));

    return mfn_valid(_mfn(mfn)) && READ_ONCE(pg->count_info) == PGC_free &&
           pg->type_info == order;
}

/* Free a block, together with all buddies that are free too. */
static void block_free_locked(unsigned long mfn, unsigned int order)
{
    unsigned int zone = zone_of(mfn);

    ASSERT_LOCKED(&heap_lock);
    nr_free += 1UL << order;
    free_pages[zone] += 1UL << order;
    while (order < MAX_ORDER) {
        unsigned long buddy = mfn ^ (1UL << order);

        if (buddy == 0 || zone_of(buddy) != zone ||
            !block_is_free(buddy, order))
            break;
        block_remove(mfn_to_page(_mfn(buddy)), zone, order);
        mfn &= ~(1UL << order);
        order++;
    }
    block_insert(mfn, order);
}

/* Largest aligned block at the start of [mfn, end). */
static unsigned int largest_order(unsigned long mfn, unsigned long end)
{
    unsigned int order = min(lowest_bit(mfn), highest_bit(end - mfn));

    return min(order, (unsigned int)MAX_ORDER);
}

/* Free frames [mfn, end), in blocks as large as they can be. */
static void range_free_locked(unsigned long mfn, unsigned long end)
{
    while (mfn < end) {
        unsigned int order = largest_order(mfn, end);

        block_free_locked(mfn, order);
        mfn += 1UL << order;
    }
}

void end_boot_allocator(void)
{
    unsigned long flags;

    spin_lock_irqsave(&heap_lock, flags);
    for (unsigned int i = 0; i < nr_boot_ranges; i++)
        range_free_locked(boot_range[i].start, boot_range[i].end);
    nr_boot_ranges = 0;
    spin_unlock_irqrestore(&heap_lock, flags);
}

/* Highest zone for frames below 2^bits bytes. */
static unsigned int max_zone(unsigned int bits)
{
    if (bits == 0 || bits >= PADDR_BITS)
        return NR_ZONES - 1;
    return bits > PAGE_SHIFT ? bits - PAGE_SHIFT : 0;
}

/* Take a block out of the lists: highest zone first, there the smallest. */
static struct page_info *block_take_locked(unsigned int order,
                                           unsigned int bits)
{
    ASSERT_LOCKED(&heap_lock);
    for (unsigned int zone = max_zone(bits); zone > 0; zone--) {
        u32 orders = free_orders[zone] >> order << order;
        struct page_info *pg;
        unsigned int from;

        if (orders == 0)
            continue;
        from = lowest_bit(orders);
        pg = page_list_first(&free_list[zone][from]);
        block_remove(pg, zone, from);
        while (from > order) {
            from--;
            block_insert(mfn_x(page_to_mfn(pg)) + (1UL << from), from);
        }
        free_pages[zone] -= 1UL << order;
        nr_free -= 1UL << order;
        return pg;
    }
    return NULL;
}

/* No stale TLB entry may lead to frames that get another use. */
static void block_flush(const struct page_info *pg, unsigned int order)
{
    struct cpumask mask = cpu_online_map;
    u32 stamp = 0;

    for (unsigned long i = 0; i < (1UL << order); i++)
        stamp = max(stamp, pg[i].tlbflush_stamp);
    if (stamp == 0)
        return;
    tlbflush_filter(&mask, stamp);
    if (!cpumask_empty(&mask))
        flush_cpus(&mask, FLUSH_TLB, 0);
}

struct page_info *heap_alloc(unsigned int order, unsigned int memflags,
                             unsigned long claim)
{
    unsigned long flags;
    struct page_info *pg = NULL;

    if (order > MAX_ORDER)
        return NULL;
    spin_lock_irqsave(&heap_lock, flags);
    if (nr_claimed <= claim || nr_free >= nr_claimed - claim + (1UL << order))
        pg = block_take_locked(order, MEMF_get_bits(memflags));
    spin_unlock_irqrestore(&heap_lock, flags);
    if (pg == NULL)
        return NULL;
    block_flush(pg, order);
    for (unsigned long i = 0; i < (1UL << order); i++)
        pg[i].tlbflush_stamp = 0;
    if (!(memflags & MEMF_no_scrub))
        memset(page_to_virt(pg), 0, PAGE_SIZE << order);
    return pg;
}

void heap_free(struct page_info *pg, unsigned long nr)
{
    unsigned long mfn = mfn_x(page_to_mfn(pg)), flags;

    for (unsigned long i = 0; i < nr; i++) {
        pg[i].owner = 0;
        pg[i].type_info = 0;
        WRITE_ONCE(pg[i].count_info, 0);
    }
    spin_lock_irqsave(&heap_lock, flags);
    range_free_locked(mfn, mfn + nr);
    spin_unlock_irqrestore(&heap_lock, flags);
}

unsigned long claimed_heap_pages(void)
{
    return READ_ONCE(nr_claimed);
}

int heap_claim(unsigned long *claim, unsigned long nr)
{
    unsigned long flags;
    int rc = -ENOMEM;

    spin_lock_irqsave(&heap_lock, flags);
    if (nr <= *claim || nr - *claim <= nr_free - min(nr_claimed, nr_free)) {
        nr_claimed += nr - *claim;
        *claim = nr;
        rc = 0;
    }
    spin_unlock_irqrestore(&heap_lock, flags);
    return rc;
}

void *alloc_xenheap_pages(unsigned int order, unsigned int memflags)
{
    struct page_info *pg = heap_alloc(order, memflags, 0);

    if (pg == NULL)
        return NULL;
    for (unsigned long i = 0; i < (1UL << order); i++)
        WRITE_ONCE(pg[i].count_info, PGC_xen_heap);
    return page_to_virt(pg);
}

void free_xenheap_pages(void *va, unsigned int order)
{
    struct page_info *pg;

    if (va == NULL)
        return;
    pg = virt_to_page(va);
    for (unsigned long i = 0; i < (1UL << order); i++)
        BUG_ON(READ_ONCE(pg[i].count_info) != PGC_xen_heap);
    heap_free(pg, 1UL << order);
}

unsigned long avail_heap_pages(void)
{
    return READ_ONCE(nr_free);
}

unsigned long avail_heap_pages_bits(unsigned int bits)
{
    unsigned long sum = 0;

    for (unsigned int zone = max_zone(bits); zone > 0; zone--)
        sum += READ_ONCE(free_pages[zone]);

    return sum;
}

void heap_free_by_order(unsigned long counts[MAX_ORDER + 1])
{
    unsigned long flags;

    spin_lock_irqsave(&heap_lock, flags);
    for (unsigned int order = 0; order <= MAX_ORDER; order++)
        counts[order] = free_blocks[order] << order;
    spin_unlock_irqrestore(&heap_lock, flags);
}
