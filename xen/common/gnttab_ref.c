/* SPDX-License-Identifier: MIT */
/*
 * Uses of grant entries.
 *
 * The guest's entry is checked and marked as in use in one step, so that the
 * guest, which revokes by a compare-and-swap of flags and domid, either comes
 * first or sees the mark. In version 2 the mark is in the status array: set it,
 * then look at the entry once more.
 */
#include "gnttab_internal.h"

#include "xen/atomic.h"

/* A guest that keeps changing an entry is not waited for. */
#define MAX_TRIES 5

/* What is asked for. */
struct request {
    domid_t who;
    bool readonly, copy;
};

/* Flags and domid of an entry, as one word. */
static u32 *header_word(const struct gnttab *gt, grant_ref_t ref)
{
    void *entry = gt->version == 1 ? (void *)gnttab_v1(gt, ref)
                                   : (void *)gnttab_v2(gt, ref);

    BUILD_BUG_ON(offsetof(struct grant_entry_v1, domid) != 2);
    BUILD_BUG_ON(offsetof(struct grant_entry_header, domid) != 2);
    return entry;
}

/* Does the entry allow it? Returns a kind, or a GNTST_* error. */
static int check_header(const struct gnttab *gt, u32 word,
                        const struct request *req)
{
    u16 flags = word;
    domid_t domid = word >> 16;

    if (domid != req->who || (!req->readonly && (flags & GTF_readonly)))
        return GNTST_general_error;
    switch (flags & GTF_type_mask) {
    case GTF_permit_access:
        if (gt->version == 1 || !(flags & GTF_sub_page))
            return GRANT_page;
        return req->copy ? (int)GRANT_sub_page : GNTST_general_error;
    case GTF_transitive:
        if (gt->version == 2 && req->copy)
            return GRANT_transitive;
        fallthrough;
    default:
        return GNTST_general_error;
    }
}

static u16 marks_for(bool readonly)
{
    return readonly ? GTF_reading : GTF_reading | GTF_writing;
}

/* Take back the marks that no use stands for. */
static void update_marks(const struct gnttab *gt, grant_ref_t ref,
                         const struct gnttab_active *act)
{
    u16 keep = ~0;
    u16 *marks =
        gt->version == 1 ? &gnttab_v1(gt, ref)->flags : gnttab_status(gt, ref);

    if (!act->nr_write)
        keep &= ~GTF_writing;
    if (!gnttab_in_use(act))
        keep &= ~GTF_reading;
    __atomic_fetch_and(marks, keep, __ATOMIC_SEQ_CST);
}

static int mark_v1(const struct gnttab *gt, grant_ref_t ref,
                   const struct request *req)
{
    u32 *word = header_word(gt, ref);

    for (unsigned int i = 0; i < MAX_TRIES; i++) {
        u32 old = READ_ONCE(*word);
        int kind = check_header(gt, old, req);

        if (kind < 0)
            return kind;
        if (cmpxchg(word, old, old | marks_for(req->readonly)) == old)
            return kind;
    }
    return GNTST_general_error;
}

static int mark_v2(const struct gnttab *gt, grant_ref_t ref,
                   const struct gnttab_active *act, const struct request *req)
{
    const u32 *word = header_word(gt, ref);
    int kind = check_header(gt, READ_ONCE(*word), req);

    if (kind < 0)
        return kind;
    __atomic_fetch_or(gnttab_status(gt, ref), marks_for(req->readonly),
                      __ATOMIC_SEQ_CST);
    /* Full barrier: pairs with the guest's between clearing the flags and
     * looking at the status. */
    if (check_header(gt, READ_ONCE(*word), req) != kind) {
        update_marks(gt, ref, act);
        return GNTST_general_error;
    }
    return kind;
}

/* Read frame and part from an entry that nobody used until now. */
static int read_entry(const struct gnttab *gt, grant_ref_t ref, int kind,
                      struct gnttab_active *act, domid_t who)
{
    u64 frame;

    act->start = 0;
    act->length = PAGE_SIZE;
    if (gt->version == 1) {
        frame = READ_ONCE(gnttab_v1(gt, ref)->frame);
    } else {
        union grant_entry_v2 *e = gnttab_v2(gt, ref);

        frame = READ_ONCE(e->full_page.frame);
        if (kind == GRANT_sub_page) {
            act->start = READ_ONCE(e->sub_page.page_off);
            act->length = READ_ONCE(e->sub_page.length);
        }
    }
    if (act->start + act->length > PAGE_SIZE)
        return GNTST_general_error;
    if (kind != GRANT_transitive && !mfn_valid(_mfn(frame)))
        return GNTST_bad_page;
    act->frame = frame;
    act->domid = who;
    act->kind = kind;
    return GNTST_okay;
}

static bool get_frame(struct domain *rd, struct page_info *pg, bool readonly)
{
    return readonly ? page_get(pg, rd)
                    : page_get_and_type(pg, rd, PGT_writable);
}

/* The entry is marked: fill in the pin. */
static int pin_marked_locked(struct gnttab *gt, int kind,
                             const struct request *req, struct grant_pin *pin)
{
    struct gnttab_active *act = gnttab_active(gt, pin->ref);
    int rc = GNTST_okay;

    ASSERT_LOCKED(&gt->lock);
    if (!gnttab_in_use(act))
        rc = read_entry(gt, pin->ref, kind, act, req->who);
    else if (act->domid != req->who || act->kind != kind)
        rc = GNTST_general_error;
    if (rc != GNTST_okay)
        return rc;
    pin->kind = kind;
    pin->start = act->start;
    pin->length = act->length;
    pin->pg = NULL;
    if (kind == GRANT_transitive) {
        union grant_entry_v2 *e = gnttab_v2(gt, pin->ref);

        pin->trans_domid = READ_ONCE(e->transitive.trans_domid);
        pin->trans_ref = READ_ONCE(e->transitive.gref);
    } else {
        pin->pg = mfn_to_page(_mfn(act->frame));
        if (!get_frame(pin->rd, pin->pg, req->readonly))
            return GNTST_bad_page;
    }
    if (req->readonly)
        act->nr_read++;
    else
        act->nr_write++;
    return GNTST_okay;
}

static int pin_locked(struct gnttab *gt, const struct request *req,
                      struct grant_pin *pin)
{
    struct gnttab_active *act;
    int kind, rc;

    if (pin->ref >= gnttab_nr_entries(gt))
        return GNTST_bad_gntref;
    pin->ref = array_index_nospec(pin->ref, gnttab_nr_entries(gt));
    act = gnttab_active(gt, pin->ref);
    kind = gt->version == 1 ? mark_v1(gt, pin->ref, req)
                            : mark_v2(gt, pin->ref, act, req);
    if (kind < 0)
        return kind;
    rc = pin_marked_locked(gt, kind, req, pin);
    if (rc != GNTST_okay)
        update_marks(gt, pin->ref, act);
    return rc;
}

int gnttab_pin(struct domain *rd, grant_ref_t ref, domid_t who, bool readonly,
               bool copy, struct grant_pin *pin)
{
    const struct request req = {who, readonly, copy};
    int rc;

    if (READ_ONCE(rd->dying) != DOMDYING_alive)
        return GNTST_bad_domain;
    pin->rd = rd;
    pin->ref = ref;
    pin->readonly = readonly;
    spin_lock(&rd->gnttab->lock);
    rc = pin_locked(rd->gnttab, &req, pin);
    spin_unlock(&rd->gnttab->lock);
    return rc;
}

void gnttab_unpin(struct domain *rd, grant_ref_t ref, bool readonly)
{
    struct gnttab *gt = rd->gnttab;
    struct page_info *pg = NULL;
    struct gnttab_active *act;

    spin_lock(&gt->lock);
    act = gnttab_active(gt, ref);
    BUG_ON(readonly ? act->nr_read == 0 : act->nr_write == 0);
    if (act->kind != GRANT_transitive)
        pg = mfn_to_page(_mfn(act->frame));
    if (readonly)
        act->nr_read--;
    else
        act->nr_write--;
    update_marks(gt, ref, act);
    spin_unlock(&gt->lock);
    if (pg == NULL)
        return;
    if (!readonly)
        page_put_type(pg);
    page_put(pg);
}
