/* SPDX-License-Identifier: MIT */
/*
 * Copies between domains, without mappings.
 *
 * Either end is a frame of the caller or a grant. A grant may be for part of a
 * frame, or pass on a grant that its domain has from a third one (transitive);
 * the latter has two pins, of which the second one has the frame.
 */
#include "gnttab_internal.h"

#include "xen/string.h"
#include "xen/vcpu.h"

/* What one end of a copy holds. */
struct copy_end {
    struct page_info *pg;
    bool writable;       /* has a type reference, not from a pin */
    unsigned int nr_pin; /* 0: a frame of the caller */
    struct grant_pin pin[2];
    struct domain *rd[2];
};

static int pin_grant(struct copy_end *end, grant_ref_t ref, domid_t who,
                     bool readonly)
{
    struct grant_pin *pin = &end->pin[end->nr_pin];
    struct domain *rd = end->rd[end->nr_pin];
    int rc = gnttab_pin(rd, ref, who, readonly, true, pin);

    if (rc != GNTST_okay) {
        domain_put(rd);
        return rc;
    }
    end->nr_pin++;
    end->pg = pin->pg;
    return GNTST_okay;
}

static void release_end(struct copy_end *end)
{
    while (end->nr_pin > 0) {
        const struct grant_pin *pin = &end->pin[--end->nr_pin];

        gnttab_unpin(pin->rd, pin->ref, pin->readonly);
        domain_put(pin->rd);
        end->pg = NULL;
    }
    if (end->pg == NULL)
        return;
    if (end->writable)
        page_put_type(end->pg);
    page_put(end->pg);
}

/* The part of the frame that the last pin allows. */
static bool range_allowed(const struct copy_end *end, u16 offset, u16 len)
{
    const struct grant_pin *pin = &end->pin[end->nr_pin - 1];

    return offset >= pin->start && offset + len <= pin->start + pin->length;
}

/* The grant that the first pin passes on. */
static int follow(struct copy_end *end, bool readonly)
{
    domid_t via = end->rd[0]->domain_id;

    end->rd[1] = domain_get(end->pin[0].trans_domid);
    if (end->rd[1] == NULL)
        return GNTST_general_error;
    if (pin_grant(end, end->pin[0].trans_ref, via, readonly) != GNTST_okay)
        return GNTST_general_error;
    /* No longer chains. */
    return end->pin[1].kind == GRANT_transitive ? GNTST_general_error
                                                : GNTST_okay;
}

static int open_grant(struct copy_end *end, const struct gnttab_copy_ptr *ptr,
                      u16 len, bool readonly)
{
    int rc;

    end->rd[0] = domain_get_or_self(ptr->domid);
    if (end->rd[0] == NULL)
        return GNTST_bad_domain;
    rc = pin_grant(end, ptr->u.ref, current->domain->domain_id, readonly);
    if (rc == GNTST_okay && end->pin[0].kind == GRANT_transitive)
        rc = follow(end, readonly);
    if (rc == GNTST_okay && !range_allowed(end, ptr->offset, len))
        rc = GNTST_general_error;
    return rc;
}

static int open_frame(struct copy_end *end, const struct gnttab_copy_ptr *ptr,
                      bool readonly)
{
    struct domain *d = current->domain;
    struct page_info *pg;

    if (ptr->domid != DOMID_SELF)
        return GNTST_permission_denied;
    if (!mfn_valid(_mfn(ptr->u.gmfn)))
        return GNTST_bad_page;
    pg = mfn_to_page(_mfn(ptr->u.gmfn));
    if (!page_get(pg, d))
        return GNTST_bad_page;
    end->pg = pg;
    if (readonly)
        return GNTST_okay;
    if (page_get_type(pg, PGT_writable) != 0)
        return GNTST_bad_page;
    end->writable = true;
    return GNTST_okay;
}

static int open_end(struct copy_end *end, const struct gnttab_copy_ptr *ptr,
                    u16 len, bool is_gref, bool readonly)
{
    return is_gref ? open_grant(end, ptr, len, readonly)
                   : open_frame(end, ptr, readonly);
}

static int copy_one(const struct gnttab_copy *op)
{
    struct copy_end src = {0}, dst = {0};
    int rc;

    if (op->source.offset + op->len > PAGE_SIZE ||
        op->dest.offset + op->len > PAGE_SIZE)
        return GNTST_bad_copy_arg;
    rc = open_end(&src, &op->source, op->len, op->flags & GNTCOPY_source_gref,
                  true);
    if (rc == GNTST_okay)
        rc = open_end(&dst, &op->dest, op->len, op->flags & GNTCOPY_dest_gref,
                      false);
    if (rc == GNTST_okay)
        memmove((char *)page_to_virt(dst.pg) + op->dest.offset,
                (char *)page_to_virt(src.pg) + op->source.offset, op->len);
    release_end(&dst);
    release_end(&src);
    return rc;
}

long gnttab_op_copy(void *ops, unsigned int nr)
{
    struct gnttab_copy *op = ops;

    (void)nr;
    op->status = copy_one(op);
    return 0;
}
