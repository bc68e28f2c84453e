/* SPDX-License-Identifier: MIT */
/*
 * Machine-to-physical table: one u64 per frame. Guests read it at
 * M2P_VIRT_START; the hypervisor has a writable view of the same memory.
 */
#include "xen/mm.h"

#include "asm/config.h"

static u64 *const m2p = (u64 *)M2P_RW_VIRT_START;

void m2p_set(mfn_t mfn, pfn_t pfn)
{
    WRITE_ONCE(m2p[mfn_x(mfn)], pfn.p);
}

pfn_t m2p_get(mfn_t mfn)
{
    return _pfn(READ_ONCE(m2p[mfn_x(mfn)]));
}
