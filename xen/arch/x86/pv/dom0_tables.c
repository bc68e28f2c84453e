/* SPDX-License-Identifier: MIT */
/* Page tables that dom0 starts on: 4 KiB mappings only, tables read-only. The
 * ordinary validation checks them afterwards like any guest's. */
#include "asm/dom0.h"

#include "xen/bug.h"
#include "asm/mm.h"

#define TABLE_FLAGS (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define PAGE_FLAGS  (PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY)

/* Where the next table comes from. */
struct table_source {
    const struct dom0_build *b;
    unsigned long next_pfn, end_pfn;
};

static unsigned long tables_at(u64 va, unsigned long nr, unsigned int level)
{
    unsigned int shift = PAGE_SHIFT + 9 * level; /* what one table covers */
    u64 last = va + (nr << PAGE_SHIFT) - 1;

    return (last >> shift) - (va >> shift) + 1;
}

unsigned long dom0_nr_tables(u64 va, unsigned long nr)
{
    return tables_at(va, nr, 1) + tables_at(va, nr, 2) + tables_at(va, nr, 3);
}

static u64 *new_table(struct table_source *src, mfn_t *mfn_out)
{
    BUG_ON(src->next_pfn >= src->end_pfn);
    *mfn_out = dom0_mfn(src->b, src->next_pfn++);
    return mfn_to_virt(*mfn_out);
}

/* The L1 entry for va, with tables made on the way. */
static u64 *l1_slot(struct table_source *src, mfn_t l4, u64 va)
{
    u64 *table = mfn_to_virt(l4);

    for (unsigned int level = 4; level > 1; level--) {
        u64 *slot = &table[pt_index(va, level)];
        mfn_t mfn;

        if (!(*slot & PTE_PRESENT)) {
            new_table(src, &mfn);
            *slot = pte_make(mfn, TABLE_FLAGS);
        }
        table = mfn_to_virt(pte_mfn(*slot));
    }
    return &table[pt_index(va, 1)];
}

static void map_range(struct table_source *src, mfn_t l4, u64 va,
                      unsigned long pfn, unsigned long nr)
{
    const struct dom0_build *b = src->b;

    for (unsigned long i = 0; i < nr; i++, va += PAGE_SIZE) {
        u64 flags = PAGE_FLAGS;

        if (va >= b->pt_base && va < b->pt_end)
            flags &= ~PTE_RW;
        *l1_slot(src, l4, va) = pte_make(dom0_mfn(b, pfn + i), flags);
    }
}

mfn_t dom0_build_tables(struct dom0_build *b)
{
    u64 virt_base = b->img.virt_base;
    struct table_source main_src = {
        .b = b,
        .next_pfn = (b->pt_base - virt_base) >> PAGE_SHIFT,
        .end_pfn = (b->pt_end - virt_base) >> PAGE_SHIFT,
    };
    struct table_source p2m_src = {
        .b = b,
        .next_pfn = b->p2m_pfn + b->nr_p2m_pages,
        .end_pfn = b->p2m_pfn + b->nr_p2m_pages + b->nr_p2m_tables,
    };
    mfn_t l4;

    new_table(&main_src, &l4);
    map_range(&main_src, l4, virt_base, 0,
              (b->virt_end - virt_base) >> PAGE_SHIFT);
    map_range(&p2m_src, l4, b->p2m_va, b->p2m_pfn, b->nr_p2m_pages);
    return l4;
}
