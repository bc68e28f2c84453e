/* SPDX-License-Identifier: MIT */
/*
 * Reading the current guest's page tables without locks. What is found may
 * change at once; whoever acts on it takes references and looks again.
 */
#include "asm/mm.h"

#include "xen/vcpu.h"
#include "asm/processor.h"
#include "asm/pv.h"

/* One step down from a table of `level`. False: there is nothing. */
static __always_inline bool descend(mfn_t *table, unsigned long va,
                                    unsigned int level)
{
    const u64 *entries = mfn_to_virt(*table);
    u64 pte = READ_ONCE(entries[pt_index(va, level)]);

    *table = pte_mfn(pte);
    return (pte & PTE_PRESENT) && mfn_valid(*table);
}

paddr_t guest_l1e_maddr(unsigned long va)
{
    const struct vcpu *v = current;
    mfn_t table =
        guest_kernel_mode(v) ? v->arch.guest_table : v->arch.guest_table_user;

    if (!descend(&table, va, 4) || !descend(&table, va, 3) ||
        !descend(&table, va, 2))
        return 0;
    return mfn_to_maddr(table) + pt_index(va, 1) * sizeof(u64);
}

u64 guest_get_l1e(unsigned long va)
{
    paddr_t slot;

    if (!guest_addr_ok(va))
        return 0;
    slot = guest_l1e_maddr(va);
    return slot ? READ_ONCE(*(u64 *)maddr_to_virt(slot)) : 0;
}
