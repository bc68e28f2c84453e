/* SPDX-License-Identifier: MIT */
/* Between the buddy lists (page_alloc.c) and the owners of frames
 * (page_owner.c, page_ref.c). */
#ifndef COMMON_PAGE_ALLOC_INTERNAL_H
#define COMMON_PAGE_ALLOC_INTERNAL_H

#include "xen/page_alloc.h"

/**
 * 2^order frames with no owner: scrubbed, in no TLB, count_info 0.
 *
 * @claim  frames of the host that are set aside for whom this is
 *
 * Returns NULL if there are none, or all are claimed by others.
 */
struct page_info *__must_check heap_alloc(unsigned int order,
                                          unsigned int memflags,
                                          unsigned long claim);

/** Nobody refers to these nr frames any more, which lie side by side;
 * tlbflush_stamp of each is set if guests ever mapped it, else 0. */
void heap_free(struct page_info *pg, unsigned long nr);

/**
 * Change a domain's claim to nr frames.
 *
 * Returns 0; -ENOMEM if that many more are not free and unclaimed.
 * Locks: the owner's mem.lock is held.
 */
int __must_check heap_claim(unsigned long *claim, unsigned long nr);

#endif
