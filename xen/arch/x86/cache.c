/* SPDX-License-Identifier: MIT */
/* Caches, line by line. */
#include "asm/pv_mm.h"

#define LINE 64 /* of every CPU that runs this; a smaller step does no harm */

void flush_page_cache(mfn_t mfn)
{
    const char *page = mfn_to_virt(mfn);

    /* Older CPUs do not order CLFLUSH with anything but MFENCE. */
    __asm__ volatile("mfence" ::: "memory");
    for (unsigned int i = 0; i < PAGE_SIZE; i += LINE)
        __asm__ volatile("clflush %0" ::"m"(page[i]) : "memory");
    __asm__ volatile("mfence" ::: "memory");
}

void arch_page_release(struct page_info *pg)
{
    if (unlikely(READ_ONCE(pg->count_info) & PGC_non_coherent))
        flush_page_cache(page_to_mfn(pg));
}
