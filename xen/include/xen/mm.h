/* SPDX-License-Identifier: MIT */
/*
 * Frames of machine memory: owner, references and types.
 *
 * Words: an mfn numbers a frame of the machine; a gfn is what a guest puts into
 * its page tables (for PV the mfn); a pfn is the guest's own linear numbering,
 * known to the hypervisor through the M2P only.
 *
 * Every frame of RAM has a struct page_info. It counts
 *  - general references: as long as there is one, the frame is not freed and
 *    does not change its owner. One of them is held by the owning domain
 *    itself (PGC_allocated) until the domain gives the frame back.
 *  - type references: as long as there is one, the frame keeps its type. Each
 *    type reference is accompanied by a general one.
 * A frame has type `writable` while a guest (or a device) can write to it, and
 * type L1..L4 or segdesc while the CPU uses it as such; the types exclude each
 * other. That is what keeps guests apart.
 */
#ifndef XEN_MM_H
#define XEN_MM_H

#include "xen/types.h"
#include "xen/atomic.h"
#include "xen/bitops.h"
#include "xen/bug.h"
#include "asm/page.h"

struct page_info {
    unsigned long count_info; /* PGC_*: changed by cmpxchg only */
    unsigned long type_info;  /* PGT_*: same; free: order of the block */
    u32 owner;                /* frame number of the struct domain; 0: none */
    union {
        /* Types none, writable, segdesc and free frames: when it was last
         * reachable through some TLB. */
        u32 tlbflush_stamp;
        /* Table types while PGT_partial: how far validation has come. */
        struct {
            u16 nr_validated;
            u8 partial; /* the entry nr_validated is partial itself */
        };
    };
    u32 next, prev; /* page_list links: frame numbers, 0 ends */
};

/* count_info: flags on top of the number of general references. */
#define PGC_allocated_bit 63 /* the owner's own reference */
#define PGC_allocated     (1UL << PGC_allocated_bit)
#define PGC_xen_heap                                                           \
    (1UL << 62)                /* hypervisor's page, maybe shared with owner */
#define PGC_free   (1UL << 61) /* in the allocator */
#define PGC_broken (1UL << 60)
#define PGC_non_coherent                                                       \
    (1UL << 59) /* was mapped writable and not write-back */
#define PGC_relinquished                                                       \
    (1UL << 58) /* the dying owner holds no more of it; under its mem.lock */
#define PGC_count_mask ((1UL << 48) - 1)

/* type_info: type and flags on top of the number of type references. */
#define PGT_none       (0UL << 60)
#define PGT_l1         (1UL << 60)
#define PGT_l2         (2UL << 60)
#define PGT_l3         (3UL << 60)
#define PGT_l4         (4UL << 60)
#define PGT_segdesc    (5UL << 60)
#define PGT_writable   (6UL << 60)
#define PGT_type_mask  (7UL << 60)
#define PGT_pinned     (1UL << 59) /* the guest's request to keep the type */
#define PGT_validated  (1UL << 58) /* contents were checked for the type */
#define PGT_partial    (1UL << 57) /* (de)validation stopped half way */
#define PGT_locked     (1UL << 56) /* page_lock(): entries are being changed */
#define PGT_count_mask ((1UL << 48) - 1)

/* Highest frame of RAM plus one, and the number of frames of RAM. */
extern unsigned long max_page;
extern unsigned long total_pages;

/* A bit per frame up to max_page: it is RAM. Set at boot. */
extern unsigned long *ram_frames;

/** The frame is RAM and has a struct page_info. */
static inline bool mfn_valid(mfn_t mfn)
{
    unsigned long nr = mfn_x(mfn);

    if (nr >= max_page)
        return false;
    nr = array_index_nospec(nr, max_page);
    return (ram_frames[nr / BITS_PER_LONG] >> (nr % BITS_PER_LONG)) & 1;
}

static inline struct page_info *mfn_to_page(mfn_t mfn)
{
    return (struct page_info *)FRAMETABLE_VIRT_START + mfn_x(mfn);
}

static inline mfn_t page_to_mfn(const struct page_info *pg)
{
    return _mfn(pg - (const struct page_info *)FRAMETABLE_VIRT_START);
}

static inline void *page_to_virt(const struct page_info *pg)
{
    return mfn_to_virt(page_to_mfn(pg));
}

static inline struct page_info *virt_to_page(const void *va)
{
    return mfn_to_page(virt_to_mfn(va));
}

static inline struct domain *page_get_owner(const struct page_info *pg)
{
    u32 owner = READ_ONCE(pg->owner);

    return owner ? mfn_to_virt(_mfn(owner)) : NULL;
}

static inline void page_set_owner(struct page_info *pg, const struct domain *d)
{
    WRITE_ONCE(pg->owner, d ? (u32)mfn_x(virt_to_mfn(d)) : 0);
}

static inline bool page_owned_by(const struct page_info *pg,
                                 const struct domain *d)
{
    return READ_ONCE(pg->owner) == (u32)mfn_x(virt_to_mfn(d));
}

static inline bool is_xen_heap_page(const struct page_info *pg)
{
    return READ_ONCE(pg->count_info) & PGC_xen_heap;
}

/** The last reference to this frame is gone. */
void page_release(struct page_info *pg);

/** Drop a general reference; the last one frees the frame. */
static inline void page_put(struct page_info *pg)
{
    unsigned long x = __atomic_sub_fetch(&pg->count_info, 1, __ATOMIC_SEQ_CST);

    ASSERT((x & PGC_count_mask) != PGC_count_mask);
    if (unlikely((x & PGC_count_mask) == 0))
        page_release(pg);
}

/* One more reference, unless there is none or no room for it: a count of 0
 * never grows again, so whoever takes it to 0 is the only one who frees. */
static inline bool __must_check page_count_get(struct page_info *pg)
{
    unsigned long x = READ_ONCE(pg->count_info);

    do
        if (unlikely(((x + 1) & PGC_count_mask) <= 1))
            return false;
    while (unlikely(!try_cmpxchg(&pg->count_info, &x, x + 1)));
    return true;
}

/**
 * Take a general reference to a frame that `d` owns.
 *
 * Returns false if d does not own it, or it is being freed, or the count is
 * full. Lock-free.
 */
static inline bool __must_check page_get(struct page_info *pg,
                                         const struct domain *d)
{
    if (unlikely(!page_count_get(pg)))
        return false;
    if (likely(page_owned_by(pg, d)))
        return true;
    page_put(pg);
    return false;
}

/** The same for whoever owns it; NULL if nobody does or it is going away. */
struct domain *__must_check page_get_owner_and_reference(struct page_info *pg);

/**
 * The owner gives the frame back: drop the reference that PGC_allocated stands
 * for. The frame is freed when the other references are gone too. The caller
 * holds one.
 *
 * Returns false, and does nothing, if the owner has done so before.
 */
bool __must_check page_put_allocation(struct page_info *pg);

/**
 * Free frames that a dying domain has first on its list, lie side by side, and
 * nobody else refers to.
 *
 * Returns how many, at most 64; 0 if the first one is none of those.
 * Locks: d->mem.lock.
 */
unsigned long page_free_unshared(struct domain *d);

/**
 * Take a frame away from d: no owner, no references, not on d's list, but still
 * in d's tot_pages (assign_pages() with MEMF_no_refcount, or
 * page_forget_stolen()).
 *
 * Returns 0; -EBUSY if somebody refers to it; -EINVAL if it is not d's, or a
 *         hypervisor page.
 * Locks: d->mem.lock.
 */
int __must_check page_steal(struct domain *d, struct page_info *pg);

/** nr frames that were stolen from d don't come back to it. */
void page_forget_stolen(struct domain *d, unsigned long nr);

/**
 * Take a type reference (and no general one).
 *
 * @type  one of PGT_l1 .. PGT_writable
 *
 * Returns 0; -EINVAL if the frame has another type in use or its contents do
 *         not pass as `type`; -EINTR/-ERESTART when preempted (preemptible
 *         variant only, nothing is held then).
 * The non-preemptible form is for types whose validation is short: writable,
 * segdesc, L1.
 */
int __must_check page_get_type(struct page_info *pg, unsigned long type);
int __must_check page_get_type_preemptible(struct page_info *pg,
                                           unsigned long type);
/** Drop a type reference. */
void page_put_type(struct page_info *pg);
/** Returns 0, or -ERESTART with the reference still (partially) held. */
int __must_check page_put_type_preemptible(struct page_info *pg);

/** General and type reference at once. Returns false and holds nothing, or
 * true and holds both. */
static inline bool __must_check page_get_and_type(struct page_info *pg,
                                                  const struct domain *d,
                                                  unsigned long type)
{
    if (!page_get(pg, d))
        return false;
    if (page_get_type(pg, type) == 0)
        return true;
    page_put(pg);
    return false;
}

static inline void page_put_and_type(struct page_info *pg)
{
    page_put_type(pg);
    page_put(pg);
}

/** Architecture: the frame leaves its owner; what caches hold of it is written
 * back if it was mapped other than write-back. */
void arch_page_release(struct page_info *pg);

/**
 * Machine-to-physical table: what the owner calls this frame. Guests read it
 * through M2P_VIRT_START; INVALID_PFN where nobody has said.
 */
void m2p_set(mfn_t mfn, pfn_t pfn);
pfn_t m2p_get(mfn_t mfn);

/* Doubly linked lists of frames through page_info.next/prev. */
struct page_list {
    u32 head, tail;
};

#define PAGE_LIST_INIT                                                         \
    {                                                                          \
        0, 0                                                                   \
    }

static inline bool page_list_empty(const struct page_list *list)
{
    return list->head == 0;
}

static inline struct page_info *page_list_first(const struct page_list *list)
{
    return list->head ? mfn_to_page(_mfn(list->head)) : NULL;
}

static inline struct page_info *page_list_next(const struct page_info *pg)
{
    return pg->next ? mfn_to_page(_mfn(pg->next)) : NULL;
}

static inline void page_list_add(struct page_info *pg, struct page_list *list)
{
    u32 self = (u32)mfn_x(page_to_mfn(pg));

    pg->prev = 0;
    pg->next = list->head;
    if (list->head)
        mfn_to_page(_mfn(list->head))->prev = self;
    else
        list->tail = self;
    list->head = self;
}

static inline void page_list_add_tail(struct page_info *pg,
                                      struct page_list *list)
{
    u32 self = (u32)mfn_x(page_to_mfn(pg));

    pg->next = 0;
    pg->prev = list->tail;
    if (list->tail)
        mfn_to_page(_mfn(list->tail))->next = self;
    else
        list->head = self;
    list->tail = self;
}

static inline void page_list_del(struct page_info *pg, struct page_list *list)
{
    if (pg->prev)
        mfn_to_page(_mfn(pg->prev))->next = pg->next;
    else
        list->head = pg->next;
    if (pg->next)
        mfn_to_page(_mfn(pg->next))->prev = pg->prev;
    else
        list->tail = pg->prev;
    pg->next = 0;
    pg->prev = 0;
}

#endif
