/* SPDX-License-Identifier: MIT */
/*
 * Direct paging: guests' page tables hold machine addresses, and a table is
 * used by the CPU only after every entry was checked.
 *
 * What an entry holds (pt_entry.c):
 *   L1, read-only     one general reference to the frame
 *   L1, writable      ...and one type reference PGT_writable
 *   L2, L3, L4        one general and one type reference to the table below
 * A pin, a base pointer (CR3), a GDT slot or LDT page: one of each.
 *
 * Validation of L2..L4 may stop half way (page_type.c). The frame then is
 * PGT_partial: it holds a type and a general reference to itself, keeps its
 * type, and whoever wants the type next, or page_resume(), goes on.
 */
#ifndef ASM_PV_MM_H
#define ASM_PV_MM_H

#include "public/xen.h"
#include "xen/domain.h"
#include "xen/vcpu.h"
#include "asm/mm.h"

/* An entry of level 2..4 may have these bits and nothing else. */
#define UPPER_ALLOWED                                                          \
    (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY | PTE_AVAIL |  \
     PTE_AVAIL_HI | PTE_NX)

/* In a count argument: the call goes on where it stopped. */
#define MMU_UPDATE_PREEMPTED 0x80000000UL

static inline unsigned int type_level(unsigned long type)
{
    return (type & PGT_type_mask) >> 60;
}

/** Take a type reference in the common case: the frame has the type. False: it
 * takes page_get_type(). */
static inline bool __must_check page_get_type_fast(struct page_info *pg,
                                                   unsigned long type)
{
    unsigned long x = READ_ONCE(pg->type_info);
    unsigned long count = x & PGT_count_mask;

    /* The first reference to a table validates it. */
    if ((x & (PGT_type_mask | PGT_validated)) != (type | PGT_validated) ||
        count == PGT_count_mask || (count == 0 && type_level(type) <= 4))
        return false;
    return cmpxchg(&pg->type_info, x, x + 1) == x;
}

/** Drop one that is not the last. False: it takes page_put_type(). */
static inline bool __must_check page_put_type_fast(struct page_info *pg)
{
    unsigned long x = READ_ONCE(pg->type_info);

    return (x & PGT_count_mask) > 1 && cmpxchg(&pg->type_info, x, x - 1) == x;
}

static inline bool is_hypervisor_slot(unsigned int level, unsigned int index)
{
    return level == 4 && index >= HYPERVISOR_FIRST_SLOT &&
           index <= HYPERVISOR_LAST_SLOT;
}

/* A device frame: no RAM behind it, or RAM nobody can own. */
static inline bool is_iomem_mfn(mfn_t mfn)
{
    return !mfn_valid(mfn) || page_owned_by(mfn_to_page(mfn), dom_io);
}

/* Addresses below l1tf_limit, in the bits of l1tf_mask, are memory that a cache
 * may hold. Both are 0 where nothing needs to be done; set at boot. */
extern paddr_t l1tf_limit, l1tf_mask;

/** The entry says not present, yet speculation would go where it points. The
 * first frame of the machine is nobody's secret. */
static inline bool l1tf_unsafe(u64 pte, unsigned int level)
{
    paddr_t addr = pte & l1tf_mask;

    if ((pte & PTE_PRESENT) || addr >= l1tf_limit)
        return false;
    return addr != 0 || (level > 1 && (pte & PTE_PSE));
}

/*
 * Entries. `d` owns the table, `pg_owner` what it maps (d, dom_io, dom_xen or
 * a domain that d controls).
 */

/**
 * Check an L1 entry and take its references. *pte may lose PTE_RW or have its
 * cache attributes changed (device frames).
 * Returns 0; -EINVAL forbidden bits, or an address where there must be none
 * (l1tf_unsafe()); -EPERM device memory; -EBUSY not pg_owner's, or in use as
 * another type; -EACCES cache attributes.
 */
int __must_check l1e_get(u64 *pte, struct domain *d, struct domain *pg_owner);
void l1e_put(u64 pte);

/** Same for levels 2..4. Returns also -ERESTART, then holds nothing. */
int __must_check upper_get(u64 pte, unsigned int level, struct domain *d);
/** Drop what an upper entry held. Returns 0, or -ERESTART: the work left over
 * is the child's own (page_resume), and the caller keeps a general reference
 * to it. */
int __must_check upper_put(u64 pte, unsigned int level);

/** The entry as the hardware shall see it. */
static inline u64 adjust_l1e(u64 pte)
{
    if (!(pte & PTE_PRESENT))
        return pte;
    if (!(pte & PTE_USER))
        pte |= PTE_USER | PTE_GUEST_KERNEL;
    return pte & ~PTE_GLOBAL;
}

static inline u64 adjust_upper(u64 pte)
{
    return pte & PTE_PRESENT ? pte | PTE_USER | PTE_ACCESSED : pte;
}

/**
 * Replace one entry of a locked table (page_lock()).
 *
 * @slot         the entry, in the direct map
 * @preserve_ad  accessed and dirty bits of the old entry are kept
 *
 * Returns 0 or as l1e_get()/upper_get(). -ERESTART from mod_upper_entry: not
 * done yet. When the old entry's table still has work, it is left in the
 * current vcpu's old_guest_table.
 */
int __must_check mod_l1_entry(u64 *slot, u64 new, struct domain *d,
                              struct domain *pg_owner, bool preserve_ad);
int __must_check mod_upper_entry(u64 *slot, u64 new, unsigned int level,
                                 unsigned int index, struct domain *d,
                                 bool preserve_ad);

/** As mod_l1_entry(), if the entry still is `old`; else -EAGAIN: the hardware
 * has set accessed or dirty meanwhile. */
int __must_check cmpxchg_l1_entry(u64 *slot, u64 old, u64 new,
                                  struct domain *d);

/**
 * Take a type reference of whatever validated table type the frame has, and
 * serialise changes of its entries. Returns that type (PGT_l1..PGT_l4); 0 if
 * the frame is no validated table; PGT_locked if another CPU has it and this
 * one has other work: nothing is held then, try again later.
 */
unsigned long __must_check page_lock_table(struct page_info *pg);
/** The same for L1 tables only, which are never locked for long. Returns false
 * if the frame is none. */
bool __must_check page_lock_l1(struct page_info *pg);
void page_unlock_table(struct page_info *pg);

/** Go on with work left in a PGT_partial frame, if it is one. Returns 0 or
 * -ERESTART. */
int __must_check page_resume(struct page_info *pg);

/** Finish the current vcpu's old_guest_table. Returns 0 or -ERESTART. */
int __must_check finish_old_guest_table(struct vcpu *v);
static inline int __must_check put_old_guest_table(struct vcpu *v)
{
    return likely(!v->arch.old_guest_table) ? 0 : finish_old_guest_table(v);
}

/** Drop a type and a general reference to a table; what does not finish in
 * time becomes v's old_guest_table (which must be empty). */
int __must_check put_table_preemptible(struct vcpu *v, struct page_info *pg);

/** Resolve the owner of frames named by a hypercall: referenced, unless it is
 * the current domain, which lives as long as it runs. NULL: none, or the
 * current domain may not. */
struct domain *__must_check pg_owner_find(domid_t domid);

static inline struct domain *__must_check pg_owner_get(domid_t domid)
{
    return likely(domid == DOMID_SELF) ? current->domain : pg_owner_find(domid);
}

static inline void pg_owner_put(struct domain *d)
{
    if (unlikely(d != current->domain))
        domain_put(d);
}

/** The error where there is none: -ESRCH; to who controls no other domain
 * -EPERM, which does not tell what domains there are. */
int pg_owner_error(void);

/** CPUs that hold TLB entries of the vcpus in a bitmap in guest memory (one
 * bit per vcpu id). Returns 0 or -EFAULT. */
int __must_check vcpumask_to_cpumask(struct domain *d, u64 bitmap,
                                     struct cpumask *mask);

/** Flush the TLBs of all CPUs that may hold d's entries. */
void flush_domain_tlb(struct domain *d);

/** Device frames that dom0 may see but not write (MSI-X tables, ...). */
bool mmio_ro_frame(unsigned long mfn);

/** Write back and invalidate one frame from the caches. */
void flush_page_cache(mfn_t mfn);

/**
 * For the audit: how many entries of a table, from the first on, hold their
 * references. *child_out: the one behind them holds just a general one.
 */
unsigned int table_entries_held(const struct page_info *pg, bool *child_out);

int __must_check pv_set_ldt(struct vcpu *v, u64 base, u64 nr_ents);

#endif
