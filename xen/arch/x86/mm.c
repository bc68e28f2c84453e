/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own mappings, in the tables below idle_pg_table. The
 * top-level entries of the hypervisor's slots are all made at start, so that
 * the copies of them in guests' top-level tables never go stale.
 */
#include "asm/mm.h"

#include "xen/bitops.h"
#include "xen/errno.h"
#include "xen/page_alloc.h"
#include "xen/spinlock.h"
#include "xen/string.h"
#include "asm/boot_mem.h"
#include "asm/cpufeature.h"
#include "asm/smp.h"

/* log2 of the pages that an entry at each level maps. */
#define LEVEL_ORDER(level) (9 * ((level)-1))
#define LEVEL_PAGES(level) (1UL << LEVEL_ORDER(level))

static DEFINE_SPINLOCK(map_lock, LOCK_XEN_MAP);

unsigned long max_page;
unsigned long total_pages;

unsigned long *ram_frames;

void ram_frames_init(unsigned long *bitmap)
{
    ram_frames = bitmap;
}

void ram_frames_add(unsigned long start, unsigned long end)
{
    for (; start < end; start++)
        ram_frames[start / BITS_PER_LONG] |= BIT_MASK(start);
}

/* From end_boot_allocator() on, tables come from the heap. */
static bool use_heap;

void mm_use_heap(void)
{
    use_heap = true;
}

static u64 *table_of(u64 entry)
{
    return mfn_to_virt(pte_mfn(entry));
}

/* A new, empty table; 0 if there is no memory. */
static u64 alloc_table(void)
{
    mfn_t mfn;
    void *table;

    if (use_heap) {
        table = alloc_xenheap_page();
        if (!table)
            return 0;
        mfn = virt_to_mfn(table);
    } else {
        mfn = alloc_boot_pages(1, 1);
        memset(mfn_to_virt(mfn), 0, PAGE_SIZE);
    }
    return pte_make(mfn, PAGE_HYPERVISOR_TABLE);
}

/* Make a table that maps what the superpage entry at `level` does. */
static u64 split_superpage(u64 entry, unsigned int level)
{
    u64 step = LEVEL_PAGES(level - 1) << PAGE_SHIFT;
    u64 table = alloc_table();

    if (!table)
        return 0;
    if (level == 2)
        entry &= ~PTE_PSE;
    for (unsigned int i = 0; i < PT_ENTRIES; i++)
        table_of(table)[i] = entry + i * step;
    return table;
}

/*
 * The entry for va at `level`, with tables made or superpages split on the
 * way. NULL if there is no memory.
 */
static u64 *entry_create(unsigned long va, unsigned int level)
{
    u64 *entry = &idle_pg_table[pt_index(va, 4)];

    for (unsigned int l = 4; l > level; l--) {
        u64 table = *entry;

        if (!(table & PTE_PRESENT))
            table = alloc_table();
        else if (l < 4 && (table & PTE_PSE))
            table = split_superpage(table, l);
        if (!table)
            return NULL;
        if (*entry != table)
            WRITE_ONCE(*entry, table);
        entry = &table_of(table)[pt_index(va, l - 1)];
    }
    return entry;
}

u64 *xen_l1e(unsigned long va)
{
    u64 *entry = &idle_pg_table[pt_index(va, 4)];

    for (unsigned int l = 4; l > 1; l--) {
        if (!(*entry & PTE_PRESENT) || (l < 4 && (*entry & PTE_PSE)))
            return NULL;
        entry = &table_of(*entry)[pt_index(va, l - 1)];
    }
    return entry;
}

/* Largest level at which the next piece can be mapped by one entry. */
static unsigned int level_for(unsigned long va, unsigned long mfn,
                              unsigned long nr, u64 flags)
{
    unsigned long both = (va >> PAGE_SHIFT) | mfn;

    /* Bit 7 means something else in superpages. */
    if (flags & PTE_PAT)
        return 1;
    for (unsigned int level = cpu_has_page1gb ? 3 : 2; level > 1; level--)
        if (!(both & (LEVEL_PAGES(level) - 1)) && nr >= LEVEL_PAGES(level))
            return level;
    return 1;
}

static bool is_table(u64 entry)
{
    return (entry & (PTE_PRESENT | PTE_PSE)) == PTE_PRESENT;
}

/* One entry; returns how many pages it maps, 0 if there is no memory. */
static unsigned long map_piece(unsigned long va, unsigned long mfn,
                               unsigned long nr, u64 flags, bool *changed)
{
    unsigned int level = level_for(va, mfn, nr, flags);
    u64 *entry = entry_create(va, level);
    u64 value;

    while (entry && level > 1 && is_table(*entry))
        entry = entry_create(va, --level);
    if (!entry)
        return 0;

    value = flags ? pte_make(_mfn(mfn), flags) : 0;
    if (level > 1)
        value |= PTE_PSE;
    if (*entry & PTE_PRESENT)
        *changed = true;
    WRITE_ONCE(*entry, value);
    return LEVEL_PAGES(level);
}

/* Before the boot CPU counts itself as online it is the only one. */
static void flush_mapping(unsigned long va, unsigned long nr)
{
    unsigned int flags = nr == 1 ? FLUSH_TLB_PAGE : FLUSH_TLB_GLOBAL;

    if (cpumask_empty(&cpu_online_map))
        flush_local(flags, nr == 1 ? va : 0);
    else
        flush_cpus(&cpu_online_map, flags, nr == 1 ? va : 0);
}

int map_pages_to_xen(unsigned long va, mfn_t mfn, unsigned long nr, u64 flags)
{
    unsigned long first = va, todo = nr, frame = mfn_x(mfn), done, irqs;
    bool changed = false;
    int rc = 0;

    spin_lock_irqsave(&map_lock, irqs);
    while (todo) {
        done = map_piece(va, frame, todo, flags, &changed);
        if (done == 0) {
            rc = -ENOMEM;
            break;
        }
        va += done << PAGE_SHIFT;
        frame += done;
        todo -= done;
    }
    spin_unlock_irqrestore(&map_lock, irqs);

    if (changed)
        flush_mapping(first, nr);
    return rc;
}

void destroy_xen_mappings(unsigned long va, unsigned long nr)
{
    unsigned long irqs;

    spin_lock_irqsave(&map_lock, irqs);
    for (unsigned long i = 0; i < nr; i++) {
        u64 *entry = xen_l1e(va + i * PAGE_SIZE);

        if (entry)
            WRITE_ONCE(*entry, 0);
    }
    spin_unlock_irqrestore(&map_lock, irqs);
    flush_mapping(va, nr);
}
