/* SPDX-License-Identifier: MIT */
/* What a root table without the hypervisor's mappings has in it. */
#include "asm/xpti.h"

/* Whole words: another CPU may change an entry meanwhile. */
static void copy_entries(u64 *to, const u64 *from, unsigned int first,
                         unsigned int end)
{
    unsigned long nr = end - first;

    to += first;
    from += first;
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(nr)::"memory");
}

void xpti_make_root(u64 *root, const u64 *guest, u64 m2p, u64 area)
{
    copy_entries(root, guest, 0, HYPERVISOR_FIRST_SLOT);
    for (unsigned int slot = HYPERVISOR_FIRST_SLOT;
         slot <= HYPERVISOR_LAST_SLOT; slot++)
        root[slot] = 0;
    root[HYPERVISOR_FIRST_SLOT] = m2p;
    root[pt_index(CPU_AREA_START, 4)] = area;
    copy_entries(root, guest, HYPERVISOR_LAST_SLOT + 1, PT_ENTRIES);
}
