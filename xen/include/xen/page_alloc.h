/* SPDX-License-Identifier: MIT */
/*
 * Buddy allocator for the machine's frames.
 *
 * Free blocks hang in lists by order and by the number of address bits that
 * reach them, so that an address-limited request (DMA) is as fast as any other
 * and takes high memory only if it may. Frame 0 is never handed out: 0 ends a
 * page list. A freed frame is scrubbed (zeroed) before anybody gets it again,
 * and remembers when it was freed, so that stale TLB entries are flushed before
 * reuse.
 */
#ifndef XEN_PAGE_ALLOC_H
#define XEN_PAGE_ALLOC_H

#include "xen/mm.h"
#include "xen/spinlock.h"

#define MAX_ORDER 20

/* Flags of an allocation. */
#define MEMF_bits(n)     ((unsigned int)(n) << 24) /* address width, 0: any */
#define MEMF_get_bits(f) ((f) >> 24)
#define MEMF_no_scrub    (1u << 0) /* the caller overwrites every byte */
#define MEMF_no_refcount (1u << 1) /* is in the owner's tot_pages already */

/** Hand [start, end) (machine bytes, page aligned inwards) to the allocator
 * while booting. */
void init_boot_pages(paddr_t start, paddr_t end);

/** Take `nr` contiguous frames, aligned to `align` frames, before the buddy
 * lists exist. panic()s when there are none. */
mfn_t alloc_boot_pages(unsigned long nr, unsigned long align);

/** Give all boot pages that are left to the buddy lists. Frame table needed. */
void end_boot_allocator(void);

/**
 * Frames for the hypervisor itself: zeroed, mapped in the direct map, no owner,
 * PGC_xen_heap. NULL if there are none.
 */
void *alloc_xenheap_pages(unsigned int order, unsigned int memflags);
void free_xenheap_pages(void *va, unsigned int order);

static inline void *alloc_xenheap_page(void)
{
    return alloc_xenheap_pages(0, 0);
}

static inline void free_xenheap_page(void *va)
{
    free_xenheap_pages(va, 0);
}

/**
 * 2^order contiguous frames for a domain: owner set, PGC_allocated|1, zeroed,
 * counted in d->mem.tot_pages, in d->mem.page_list, flushed from all TLBs.
 * With d == NULL anonymous frames (count_info 0) that
 * assign_pages() may give to a domain later.
 *
 * Returns the first frame; NULL if memory is short, or d's max_pages forbids
 * it, or d is dying.
 */
struct page_info *alloc_domheap_pages(struct domain *d, unsigned int order,
                                      unsigned int memflags);

/** Free frames whose last reference is gone: takes them off their owner. */
void free_domheap_pages(struct page_info *pg, unsigned int order);

/**
 * Make `d` the owner of anonymous frames. Returns 0; -EINVAL if d is dying;
 * -E2BIG past its max_pages.
 * Locks: d->mem.lock.
 */
int __must_check assign_pages(struct domain *d, struct page_info *pg,
                              unsigned int order, unsigned int memflags);

/**
 * Share a hypervisor page with a guest: d becomes owner and may map it; the
 * page stays PGC_xen_heap, is never on the page list, and can't be stolen.
 */
enum share_mode { SHARE_ro, SHARE_rw };
void share_xen_page_with_guest(struct page_info *pg, struct domain *d,
                               enum share_mode mode);

/**
 * The guest's life ends, or its use of the page: nobody else may map it any
 * more. It is freed now, or with the last mapping in another domain, until when
 * dom_xen owns it.
 */
void unshare_xen_page(struct page_info *pg);

/**
 * Set frames of the host aside, so that d can grow to nr_pages in total; 0
 * gives the rest of them back.
 *
 * Returns 0; -EINVAL if d has that many already, or a claim, or may not have
 *         them; -ENOMEM if they are not free.
 * Locks: d->mem.lock.
 */
int __must_check domain_claim_pages(struct domain *d, unsigned long nr_pages);

/** Frames in the free lists, and of those with at most `bits` address bits. */
unsigned long avail_heap_pages(void);
unsigned long avail_heap_pages_bits(unsigned int bits);
/** Frames that domains have claimed and not yet got. */
unsigned long claimed_heap_pages(void);

/** Register debug key 'm'. Boot only. */
void page_debug_init(void);

/** For the debug key and tests: free frames per order. */
void heap_free_by_order(unsigned long counts[MAX_ORDER + 1]);

#endif
