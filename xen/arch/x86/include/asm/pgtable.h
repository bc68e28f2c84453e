/* SPDX-License-Identifier: MIT */
/* Page-table entries: one format at all four levels (SDM 3A 4.5). */
#ifndef ASM_PGTABLE_H
#define ASM_PGTABLE_H

#include "asm/page.h"

#define PTE_PRESENT  0x001UL
#define PTE_RW       0x002UL
#define PTE_USER     0x004UL
#define PTE_PWT      0x008UL
#define PTE_PCD      0x010UL
#define PTE_ACCESSED 0x020UL
#define PTE_DIRTY    0x040UL
#define PTE_PSE      0x080UL /* levels 2 and 3: superpage */
#define PTE_PAT      0x080UL /* level 1 */
#define PTE_GLOBAL   0x100UL
#define PTE_AVAIL    0xe00UL
#define PTE_AVAIL_HI (0x7ffUL << 52)
#define PTE_NX       (1UL << 63)
/* Software: the guest meant a supervisor mapping (bit 52, seen by guests). */
#define PTE_GUEST_KERNEL (1UL << 52)

#define PTE_ADDR_MASK    0x000ffffffffff000UL
#define PTE_FLAGS_MASK   (~PTE_ADDR_MASK)
#define PTE_CACHE_MASK   (PTE_PWT | PTE_PCD | PTE_PAT)

#define PT_ENTRIES       512

/* Hypervisor mappings. */
#define PAGE_HYPERVISOR_RW                                                     \
    (PTE_PRESENT | PTE_RW | PTE_ACCESSED | PTE_DIRTY | PTE_GLOBAL | PTE_NX)
#define PAGE_HYPERVISOR_RO (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL | PTE_NX)
#define PAGE_HYPERVISOR_RX (PTE_PRESENT | PTE_ACCESSED | PTE_GLOBAL)
#define PAGE_HYPERVISOR_UC (PAGE_HYPERVISOR_RW | PTE_PCD | PTE_PWT)
#define PAGE_HYPERVISOR_TABLE                                                  \
    (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

/* The hardware's PAT, which guests derive their cache attributes from. */
#define XEN_PAT 0x0000050100070406UL

#ifndef __ASSEMBLY__

static inline mfn_t pte_mfn(u64 pte)
{
    return _mfn((pte & PTE_ADDR_MASK) >> PAGE_SHIFT);
}

static inline u64 pte_make(mfn_t mfn, u64 flags)
{
    return (mfn_x(mfn) << PAGE_SHIFT) | flags;
}

/** Index into the table of `level` (1..4) on the way to `va`. */
static inline unsigned int pt_index(unsigned long va, unsigned int level)
{
    return (va >> (PAGE_SHIFT + 9 * (level - 1))) & (PT_ENTRIES - 1);
}

#endif /* __ASSEMBLY__ */
#endif
