/* SPDX-License-Identifier: MIT */
/* Page tables of a new guest, made in memory of this process. */
#ifndef BUILD_PAGETABLE_H
#define BUILD_PAGETABLE_H

#include <stdint.h>

#include "build/layout.h"

/* Bits of entries, as the guest sees them. */
#define PTE_PRESENT  0x001UL
#define PTE_RW       0x002UL
#define PTE_USER     0x004UL
#define PTE_ACCESSED 0x020UL
#define PTE_DIRTY    0x040UL

/**
 * Make all tables of a layout.
 *
 * @mfns    frame of each pfn
 * @tables  nr_tables + nr_p2m_tables pages, zeroed: those from tables_pfn on,
 *          then those that map the p2m
 *
 * Locks:  none. Never fails: the layout has room for all of them.
 */
void pagetable_make(const struct layout *l, const uint64_t *mfns,
                    uint64_t (*tables)[512]);

#endif
