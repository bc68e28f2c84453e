/* SPDX-License-Identifier: MIT */
/*
 * Machine-to-physical table: one u64 per frame. Guests read it at
 * M2P_VIRT_START; the hypervisor has a writable view of the same memory.
 */
#include "asm/mm.h"

#include "xen/domain.h"
#include "xen/page_alloc.h"

static u64 *const m2p = (u64 *)M2P_RW_VIRT_START;

void m2p_set(mfn_t mfn, pfn_t pfn)
{
    WRITE_ONCE(m2p[mfn_x(mfn)], pfn.p);
}

pfn_t m2p_get(mfn_t mfn)
{
    return _pfn(READ_ONCE(m2p[mfn_x(mfn)]));
}

mfn_t m2p_chunk(unsigned long index)
{
    unsigned long va = M2P_VIRT_START + index * M2P_CHUNK_SIZE;
    u64 entry = idle_pg_table[pt_index(va, 4)];

    for (unsigned int level = 3; level >= 2; level--) {
        const u64 *table = maddr_to_virt(mfn_to_maddr(pte_mfn(entry)));

        entry = table[pt_index(va, level)];
        if (!(entry & PTE_PRESENT))
            return INVALID_MFN;
    }
    ASSERT(entry & PTE_PSE);
    return pte_mfn(entry);
}

void m2p_share(void)
{
    for (unsigned long i = 0; i < m2p_nr_chunks(); i++) {
        mfn_t mfn = m2p_chunk(i);

        for (unsigned int j = 0; mfn_valid(mfn) && j < PT_ENTRIES; j++)
            share_xen_page_with_guest(mfn_to_page(mfn_add(mfn, j)), dom_xen,
                                      SHARE_ro);
    }
}
