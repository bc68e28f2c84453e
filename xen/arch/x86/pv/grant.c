/* SPDX-License-Identifier: MIT */
/*
 * Host mappings of grants: placing and removing the L1 entry.
 *
 * An entry holds its own references to the frame, like any other L1 entry, on
 * top of those the grant table keeps for the mapping. A guest that overwrites
 * the entry behind our back so drops just the entry's.
 */
#include "xen/gnttab.h"

#include "xen/errno.h"
#include "xen/vcpu.h"
#include "asm/pv.h"
#include "asm/pv_mm.h"
#include "asm/smp.h"

/* Bits of a grant's entry that unmapping compares. */
#define COMPARED_BITS (PTE_ADDR_MASK | PTE_PRESENT | PTE_RW)

static u64 grant_pte(mfn_t frame, unsigned int flags)
{
    u64 pte = pte_make(frame, PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_NX);

    if (!(flags & GNTMAP_readonly))
        pte |= PTE_RW;
    if (flags & GNTMAP_application_map)
        pte |= PTE_USER;
    /* What the guest wants in bits 9-11 and 52-54 it may have there. */
    pte |= ((u64)(flags >> _GNTMAP_guest_avail0) & 7) << 9;
    return pte;
}

/* The entry and the locked table that it is in. Returns GNTST_*. */
static int lock_slot(u64 addr, unsigned int flags, u64 **slot_out,
                     struct page_info **pg_out)
{
    struct domain *d = current->domain;
    paddr_t slot;
    struct page_info *pg;

    if (flags & GNTMAP_contains_pte) {
        if (addr & 7)
            return GNTST_general_error;
        slot = addr;
    } else {
        if (!guest_addr_ok(addr))
            return GNTST_bad_virt_addr;
        slot = guest_l1e_maddr(addr);
    }

    if (!slot || !mfn_valid(maddr_to_mfn(slot)))
        return GNTST_general_error;
    pg = mfn_to_page(maddr_to_mfn(slot));
    if (!page_get(pg, d))
        return GNTST_general_error;
    if (!page_lock_l1(pg)) {
        page_put(pg);
        return GNTST_general_error;
    }
    *slot_out = maddr_to_virt(slot);
    *pg_out = pg;
    return GNTST_okay;
}

static void unlock_slot(struct page_info *pg)
{
    page_unlock_table(pg);
    page_put(pg);
}

/* Who the entry's references are taken from. */
static struct domain *frame_owner(mfn_t frame)
{
    struct domain *owner =
        mfn_valid(frame) ? page_get_owner(mfn_to_page(frame)) : NULL;

    return owner ? owner : dom_io;
}

int arch_grant_map(u64 addr, mfn_t frame, unsigned int flags)
{
    struct domain *d = current->domain;
    struct page_info *pg;
    u64 *slot;
    int rc;

    rc = lock_slot(addr, flags, &slot, &pg);
    if (rc != GNTST_okay)
        return rc;
    rc = mod_l1_entry(slot, grant_pte(frame, flags), d, frame_owner(frame),
                      false);
    unlock_slot(pg);
    return rc ? GNTST_general_error : GNTST_okay;
}

/* What the guest maps at new_addr moves to the grant's place. */
static int take_replacement(u64 new_addr, u64 *pte_out)
{
    struct page_info *pg;
    u64 *slot;
    int rc;

    rc = lock_slot(new_addr, 0, &slot, &pg);
    if (rc != GNTST_okay)
        return rc;
    *pte_out = READ_ONCE(*slot) & ~(PTE_ACCESSED | PTE_DIRTY);
    rc = mod_l1_entry(slot, 0, current->domain, current->domain, false);
    unlock_slot(pg);
    flush_domain_tlb(current->domain);
    return rc ? GNTST_general_error : GNTST_okay;
}

int arch_grant_unmap(u64 addr, mfn_t frame, u64 new_addr, unsigned int flags)
{
    struct domain *d = current->domain;
    u64 expected = grant_pte(frame, flags), new = 0;
    struct page_info *pg;
    u64 *slot;
    int rc;

    if (new_addr) {
        if (flags & GNTMAP_contains_pte)
            return GNTST_general_error;
        rc = take_replacement(new_addr, &new);
        if (rc != GNTST_okay)
            return rc;
    }

    rc = lock_slot(addr, flags, &slot, &pg);
    if (rc != GNTST_okay)
        return rc;
    if ((READ_ONCE(*slot) ^ expected) & COMPARED_BITS)
        rc = GNTST_general_error;
    else if (mod_l1_entry(slot, new, d, d, false))
        rc = GNTST_general_error;
    unlock_slot(pg);
    return rc;
}
