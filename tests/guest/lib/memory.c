/* SPDX-License-Identifier: MIT */
/* Pages, frames and the tables in use. */
#include "guest.h"

static volatile uint64_t *p2m(void)
{
    return (volatile uint64_t *)start_info->mfn_list;
}

uint64_t pfn_to_mfn(uint64_t pfn)
{
    return p2m()[pfn];
}

void set_p2m(uint64_t pfn, uint64_t mfn)
{
    p2m()[pfn] = mfn;
}

uint64_t mfn_to_pfn(uint64_t mfn)
{
    return ((volatile uint64_t *)MACH2PHYS_VIRT_START)[mfn];
}

uint64_t va_to_pfn(const void *va)
{
    return ((uint64_t)va - VIRT_BASE) >> PAGE_SHIFT;
}

uint64_t va_to_mfn(const void *va)
{
    return pfn_to_mfn(va_to_pfn(va));
}

void *mfn_to_va(uint64_t mfn)
{
    return (void *)(VIRT_BASE + (mfn_to_pfn(mfn) << PAGE_SHIFT));
}

static long page_remap(void *page, uint64_t flags)
{
    return update_va_mapping((uint64_t)page, make_pte(va_to_mfn(page), flags),
                             UVMF_INVLPG | UVMF_ALL);
}

long page_set_readonly(void *page)
{
    return page_remap(page, PTE_PAGE_RO);
}

long page_set_writable(void *page)
{
    return page_remap(page, PTE_PAGE_RW);
}

long page_unmap(void *page)
{
    return update_va_mapping((uint64_t)page, 0, UVMF_INVLPG | UVMF_ALL);
}

static unsigned int table_index(uint64_t va, int level)
{
    return (va >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

uint64_t *boot_l4(void)
{
    return (uint64_t *)start_info->pt_base;
}

uint64_t *pte_of(uint64_t va, int level)
{
    uint64_t *table = boot_l4();

    for (int at = 4;; at--) {
        uint64_t *entry = &table[table_index(va, at)];

        if (at == level)
            return entry;
        if (!(READ_ONCE(*entry) & PTE_P))
            return NULL;
        table = mfn_to_va((READ_ONCE(*entry) & PTE_MFN_MASK) >> PAGE_SHIFT);
    }
}

uint64_t pte_maddr(uint64_t va, int level)
{
    uint64_t *entry = pte_of(va, level);

    if (!entry)
        return 0;
    return (va_to_mfn(entry) << PAGE_SHIFT) +
           ((uint64_t)entry & (PAGE_SIZE - 1));
}
