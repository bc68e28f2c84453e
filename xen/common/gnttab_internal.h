/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: what the files gnttab*.c share.
 *
 * A domain's table has entries that it writes and others use:
 *
 *   shared[]   frames of entries, mapped by the guest; version 1 or 2
 *   status[]   version 2: frames of "in use" bits
 *   active[]   per entry, private: what a user found in it, and how many use it
 *
 * A user (a mapping or a copy) pins an entry (gnttab_ref.c): the entry's frame
 * then has one general reference, and for writing a type reference too, per
 * pin. What the guest does to the entry meanwhile changes nothing; only when
 * nobody uses it any more it is read again.
 *
 * A domain that maps others' entries has a maptrack: per mapping the granting
 * domain, which is referenced, and the entry. Its index is the handle.
 */
#ifndef COMMON_GNTTAB_INTERNAL_H
#define COMMON_GNTTAB_INTERNAL_H

#include "xen/bitops.h"
#include "xen/gnttab.h"

enum grant_kind { GRANT_page, GRANT_sub_page, GRANT_transitive };

struct gnttab_active {
    u32 nr_read;  /* users that read only */
    u32 nr_write; /* others */
    /* While there are users: */
    u32 frame;         /* mfn; not with GRANT_transitive */
    u16 start, length; /* the part of the frame that may be used */
    domid_t domid;     /* who uses it */
    u8 kind;           /* enum grant_kind */
};

/* A mapping. Free: no flags, and ref is the next free handle. */
struct gnttab_maptrack {
    struct domain *rd; /* that granted; the mapping holds a reference */
    u32 ref;
    u16 flags; /* GNTMAP_* of the map call, GNTTAB_UNMAPPING() */
};

/* Ways in which something can be mapped, and those being undone. */
#define GNTTAB_MAPPED        (GNTMAP_device_map | GNTMAP_host_map)
#define GNTTAB_UNMAPPING(fl) ((fl) << 8)
/* What maptrack keeps of a map call's flags. */
#define GNTTAB_TRACKED                                                         \
    (GNTTAB_MAPPED | GNTMAP_readonly | GNTMAP_application_map |                \
     GNTMAP_contains_pte)

#define ENTRIES_V1         (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define ENTRIES_V2         (PAGE_SIZE / sizeof(union grant_entry_v2))
#define STATUS_PER_FRAME   (PAGE_SIZE / sizeof(grant_status_t))
#define MAPTRACK_PER_FRAME (PAGE_SIZE / sizeof(struct gnttab_maptrack))
#define NO_HANDLE          (~0u)

struct gnttab {
    spinlock_t grow_lock; /* rank LOCK_GNTTAB_GROW: one change of size or
                             version at a time */

    spinlock_t lock; /* rank LOCK_GNTTAB_ENTRY */
    /* Under lock; to change also grow_lock: */
    unsigned int version;   /* 1 or 2 */
    unsigned int nr_frames; /* of shared[] and active[] */
    unsigned int nr_status; /* of status[] */
    void **shared;
    struct gnttab_active **active; /* ENTRIES_V1 per frame */
    grant_status_t **status;

    spinlock_t maptrack_lock; /* rank LOCK_GNTTAB_MAPTRACK */
    /* Under maptrack_lock: */
    struct gnttab_maptrack **maptrack; /* NULL until the first mapping */
    unsigned int nr_maptrack_frames;
    u32 free_handle;      /* head of the free list; NO_HANDLE: empty */
    u32 nr_released;      /* gnttab_release_mappings(): handles done */
    unsigned int nr_maps; /* handles in use */

    /* Set when the domain is created, then constant: */
    unsigned int max_frames;
    unsigned int max_maptrack_frames;
    unsigned int max_version; /* 1 or 2 */
};

static inline unsigned int gnttab_max_status(const struct gnttab *gt)
{
    return DIV_ROUND_UP(gt->max_frames * ENTRIES_V2, STATUS_PER_FRAME);
}

static inline unsigned int entries_per_frame(const struct gnttab *gt)
{
    return gt->version == 1 ? ENTRIES_V1 : ENTRIES_V2;
}

static inline unsigned int gnttab_nr_entries(const struct gnttab *gt)
{
    return gt->nr_frames * entries_per_frame(gt);
}

/* ref is below gnttab_nr_entries(); gt->lock is held. */
static inline struct gnttab_active *gnttab_active(const struct gnttab *gt,
                                                  grant_ref_t ref)
{
    return &gt->active[ref / entries_per_frame(gt)]
                      [ref % entries_per_frame(gt)];
}

static inline bool gnttab_in_use(const struct gnttab_active *act)
{
    return act->nr_read || act->nr_write;
}

static inline struct grant_entry_v1 *gnttab_v1(const struct gnttab *gt,
                                               grant_ref_t ref)
{
    struct grant_entry_v1 *frame = gt->shared[ref / ENTRIES_V1];

    return &frame[ref % ENTRIES_V1];
}

static inline union grant_entry_v2 *gnttab_v2(const struct gnttab *gt,
                                              grant_ref_t ref)
{
    union grant_entry_v2 *frame = gt->shared[ref / ENTRIES_V2];

    return &frame[ref % ENTRIES_V2];
}

static inline grant_status_t *gnttab_status(const struct gnttab *gt,
                                            grant_ref_t ref)
{
    return &gt->status[ref / STATUS_PER_FRAME][ref % STATUS_PER_FRAME];
}

/* gnttab.c */

/**
 * Let the table have at least nr_frames frames (and the status frames that
 * belong to them).
 *
 * Returns 0; -EINVAL past max_frames; -ENOMEM.
 * Locks: grow_lock must be held; takes lock.
 */
int __must_check gnttab_grow_locked(struct domain *d, unsigned int nr_frames);
/** The same for status frames alone, in preparation of version 2. */
int __must_check gnttab_grow_status_locked(struct domain *d,
                                           unsigned int nr_status);

/**
 * The domain whose table the caller names, referenced in *d_out.
 *
 * Returns GNTST_okay, _bad_domain or _permission_denied.
 */
int __must_check gnttab_target(domid_t domid, struct domain **d_out);

/* gnttab_ref.c */

/* One use of an entry. */
struct grant_pin {
    struct domain *rd; /* that granted; its reference is the caller's */
    grant_ref_t ref;
    bool readonly;
    enum grant_kind kind;
    struct page_info *pg; /* NULL with GRANT_transitive */
    u16 start, length;
    /* GRANT_transitive: whose entry this one passes on */
    domid_t trans_domid;
    grant_ref_t trans_ref;
};

/**
 * Use an entry of rd on behalf of domain `who`.
 *
 * @copy  accept grants that allow copies only
 *
 * Returns GNTST_okay, and the pin; GNTST_bad_gntref, _general_error,
 *         _bad_page, _bad_domain (rd is going away).
 * Locks: rd's table lock.
 */
int __must_check gnttab_pin(struct domain *rd, grant_ref_t ref, domid_t who,
                            bool readonly, bool copy, struct grant_pin *pin);
/** End that use: drops the frame's references, tells the granting guest. */
void gnttab_unpin(struct domain *rd, grant_ref_t ref, bool readonly);

/* Operations: each works on nr elements (copies) and fills in their status.
 * Returns 0, or the result of the whole call. */
long gnttab_op_map(void *ops, unsigned int nr);
long gnttab_op_unmap(void *ops, unsigned int nr);
long gnttab_op_unmap_and_replace(void *ops, unsigned int nr);
long gnttab_op_copy(void *ops, unsigned int nr);
long gnttab_op_set_version(void *ops, unsigned int nr);
long gnttab_op_get_version(void *ops, unsigned int nr);
long gnttab_op_get_status_frames(void *ops, unsigned int nr);
long gnttab_op_swap(void *ops, unsigned int nr);
long gnttab_op_cache_flush(void *ops, unsigned int nr);

#define GNTTAB_UNMAP_BATCH 32

static inline struct gnttab_maptrack *gnttab_maptrack(const struct gnttab *gt,
                                                      u32 handle)
{
    return &gt->maptrack[handle / MAPTRACK_PER_FRAME]
                        [handle % MAPTRACK_PER_FRAME];
}

#endif
