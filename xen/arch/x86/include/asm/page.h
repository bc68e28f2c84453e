/* SPDX-License-Identifier: MIT */
/* Pages, and the ways between machine frames and hypervisor addresses. */
#ifndef ASM_PAGE_H
#define ASM_PAGE_H

#include "asm/config.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

/* 52 bits: what a page-table entry can hold. */
#define PADDR_BITS     52
#define PADDR_MASK     ((1UL << PADDR_BITS) - 1)

#define PFN_UP(addr)   (((addr) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(addr) ((addr) >> PAGE_SHIFT)

#ifndef __ASSEMBLY__

#include "xen/types.h"

/* Physical addresses the direct map can reach: 5 TiB. */
#define DIRECTMAP_MAX_MFN (DIRECTMAP_SIZE >> PAGE_SHIFT)

static inline void *maddr_to_virt(paddr_t ma)
{
    return (void *)(DIRECTMAP_VIRT_START + ma);
}

static inline void *mfn_to_virt(mfn_t mfn)
{
    return maddr_to_virt(mfn_x(mfn) << PAGE_SHIFT);
}

/** Machine address behind a direct-map pointer (not: image, vmap, stack). */
static inline paddr_t virt_to_maddr(const void *va)
{
    return (unsigned long)va - DIRECTMAP_VIRT_START;
}

/** Machine address of something in the hypervisor's image. */
static inline paddr_t image_to_maddr(const void *va)
{
    return (unsigned long)va - XEN_VIRT_START + XEN_PHYS_START;
}

static inline mfn_t virt_to_mfn(const void *va)
{
    return _mfn(virt_to_maddr(va) >> PAGE_SHIFT);
}

static inline mfn_t maddr_to_mfn(paddr_t ma)
{
    return _mfn(ma >> PAGE_SHIFT);
}

static inline paddr_t mfn_to_maddr(mfn_t mfn)
{
    return (paddr_t)mfn_x(mfn) << PAGE_SHIFT;
}

/** Sign extension of bit 47 is right. */
static inline bool is_canonical_address(unsigned long va)
{
    return va < (1UL << 47) || va >= -(1UL << 47);
}

/** A guest may name this address: canonical and not the hypervisor's. */
static inline bool guest_addr_ok(unsigned long va)
{
    return va < (1UL << 47) || va >= HYPERVISOR_VIRT_END;
}

#endif /* __ASSEMBLY__ */
#endif
