/* SPDX-License-Identifier: MIT */
/*
 * Page tables of a new guest; see pagetable.h.
 *
 * Tables are taken one after the other as mappings need them, from the kernel's
 * set, then, for the p2m, from the set behind it. Of the two only the first has
 * pfns in the mapped range, so only those pages must be mapped read-only.
 */
#include "build/pagetable.h"

#include <stdbool.h>

#define L1_FLAGS    (PTE_PRESENT | PTE_RW | PTE_ACCESSED)
#define UPPER_FLAGS (PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY | PTE_USER)

struct maker {
    const struct layout *l;
    const uint64_t *mfns;
    uint64_t (*tables)[512];
    uint64_t next; /* table that is free */
};

/* Pfn of a table. */
static uint64_t table_pfn(const struct layout *l, uint64_t table)
{
    return table < l->nr_tables
               ? l->tables_pfn + table
               : l->p2m_pfn + l->nr_p2m + (table - l->nr_tables);
}

static bool is_table(const struct layout *l, uint64_t pfn)
{
    uint64_t apart = l->p2m_pfn + l->nr_p2m;

    return (pfn >= l->tables_pfn && pfn < l->tables_pfn + l->nr_tables) ||
           (pfn >= apart && pfn < apart + l->nr_p2m_tables);
}

/* The table below `table` on the way to va; a new one where there is none. */
static uint64_t descend(struct maker *m, uint64_t table, uint64_t va,
                        unsigned int level)
{
    unsigned int slot = va >> (PAGE_SHIFT + 9 * (level - 1)) & 511;
    uint64_t *entry = &m->tables[table][slot], mfn, i;

    if (!*entry) {
        *entry = m->mfns[table_pfn(m->l, m->next)] << PAGE_SHIFT | UPPER_FLAGS;
        return m->next++;
    }
    /* Few tables: look for the one that the entry names. */
    mfn = *entry >> PAGE_SHIFT;
    for (i = m->next - 1; m->mfns[table_pfn(m->l, i)] != mfn;)
        i--;
    return i;
}

static void map(struct maker *m, uint64_t va, uint64_t pfn, uint64_t nr)
{
    uint64_t l1 = 0, i;

    for (i = 0; i < nr; i++, va += PAGE_SIZE) {
        unsigned int slot = va >> PAGE_SHIFT & 511;

        if (i == 0 || slot == 0)
            l1 = descend(m, descend(m, descend(m, 0, va, 4), va, 3), va, 2);
        m->tables[l1][slot] =
            m->mfns[pfn + i] << PAGE_SHIFT |
            (is_table(m->l, pfn + i) ? L1_FLAGS & ~PTE_RW : L1_FLAGS);
    }
}

void pagetable_make(const struct layout *l, const uint64_t *mfns,
                    uint64_t (*tables)[512])
{
    struct maker m = {.l = l, .mfns = mfns, .tables = tables, .next = 1};

    map(&m, l->virt_base, 0, l->mapped_pages);
    if (l->p2m_apart)
        map(&m, l->p2m_va, l->p2m_pfn, l->nr_p2m);
}
