/* SPDX-License-Identifier: MIT */
/*
 * Reading the current guest's page tables without locks. What is found may
 * change at once; whoever acts on it takes references and looks again.
 *
 * An entry that says present names a page table, unless another vcpu has just
 * given its table back: then the frame holds anything, and so may the address
 * read from it. Cut to WALK_ADDR_MASK, it leads into the direct map, or just
 * above it to the guest's own memory: never to a device that the hypervisor has
 * mapped. Such a walk ends by a fault, or in a frame that nobody will find to
 * be a table of the guest's.
 */
#include "asm/mm.h"

#include "xen/vcpu.h"
#include "asm/processor.h"
#include "asm/pv.h"
#include "asm/uaccess.h"

/* As far as tables can be, and no further than where guests' addresses begin.
 */
#define WALK_ADDR_MASK (PTE_ADDR_MASK & ((1UL << 43) - 1))

/* The entry for va in the table at `table`; 0 if there is no memory. */
static __always_inline u64 read_entry(paddr_t table, unsigned long va,
                                      unsigned int level)
{
    const u64 *entries = maddr_to_virt(table);
    u64 pte;

    /* cppcheck-suppress legacyUninitvar ; it is the statement's output */
    unsafe_get_u64(pte, &entries[pt_index(va, level)], fault);
    return pte;

fault:
    return 0;
}

/* One step down from a table of `level`. False: there is nothing. */
static __always_inline bool descend(paddr_t *table, unsigned long va,
                                    unsigned int level)
{
    u64 pte = read_entry(*table, va, level);

    BUILD_BUG_ON(DIRECTMAP_SIZE > 1UL << 43);
    *table = pte & WALK_ADDR_MASK;
    return pte & PTE_PRESENT;
}

paddr_t guest_l1e_maddr(unsigned long va)
{
    const struct vcpu *v = current;
    paddr_t table = mfn_to_maddr(
        guest_kernel_mode(v) ? v->arch.guest_table : v->arch.guest_table_user);

    if (!descend(&table, va, 4) || !descend(&table, va, 3) ||
        !descend(&table, va, 2))
        return 0;
    return table + pt_index(va, 1) * sizeof(u64);
}

u64 guest_get_l1e(unsigned long va)
{
    paddr_t slot;

    if (!guest_addr_ok(va))
        return 0;
    slot = guest_l1e_maddr(va);
    return slot ? read_entry(slot & PAGE_MASK, va, 1) : 0;
}
