/* SPDX-License-Identifier: MIT */
/*
 * The two layouts of entries, and what only version 2 has.
 *
 * A table changes its version when nobody uses it, with the exception of the
 * entries that the toolstack fills in for console and xenstore: these keep
 * their meaning, and may be in use.
 */
#include "gnttab_internal.h"

#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/string.h"
#include "xen/vcpu.h"

#define NR_RESERVED GNTTAB_NR_RESERVED_ENTRIES
#define USE_MARKS   (GTF_reading | GTF_writing)

/* A reserved entry, whatever the version. */
struct reserved {
    u16 flags; /* with the marks of use */
    domid_t domid;
    u32 frame;
};

/* Only full grants of frames that version 1 can express survive. */
static int read_reserved(const struct gnttab *gt, grant_ref_t ref,
                         struct reserved *r)
{
    u64 frame;

    if (gt->version == 1) {
        const struct grant_entry_v1 *e = gnttab_v1(gt, ref);

        r->flags = READ_ONCE(e->flags);
        r->domid = READ_ONCE(e->domid);
        frame = READ_ONCE(e->frame);
    } else {
        const union grant_entry_v2 *e = gnttab_v2(gt, ref);

        r->flags = (READ_ONCE(e->hdr.flags) & ~USE_MARKS) |
                   (READ_ONCE(*gnttab_status(gt, ref)) & USE_MARKS);
        r->domid = READ_ONCE(e->hdr.domid);
        frame = READ_ONCE(e->full_page.frame);
    }
    r->frame = frame;
    switch (r->flags & GTF_type_mask) {
    case GTF_invalid:
        return 0;
    case GTF_permit_access:
        if (r->flags & GTF_sub_page || frame != r->frame)
            return -ERANGE;
        return 0;
    default:
        return -EINVAL;
    }
}

static void write_reserved(const struct gnttab *gt, grant_ref_t ref,
                           const struct reserved *r)
{
    if (gt->version == 1) {
        *gnttab_v1(gt, ref) = (struct grant_entry_v1){
            .flags = r->flags, .domid = r->domid, .frame = r->frame};
        return;
    }
    gnttab_v2(gt, ref)->full_page.frame = r->frame;
    *gnttab_status(gt, ref) = r->flags & USE_MARKS;
    gnttab_v2(gt, ref)->hdr = (struct grant_entry_header){
        .flags = r->flags & ~USE_MARKS, .domid = r->domid};
}

static bool others_in_use(const struct gnttab *gt)
{
    for (grant_ref_t ref = NR_RESERVED; ref < gnttab_nr_entries(gt); ref++)
        if (gnttab_in_use(gnttab_active(gt, ref)))
            return true;

    return false;
}

/* Both locks are held; the status frames are there. */
static int convert_locked(struct gnttab *gt, unsigned int version)
{
    struct reserved kept[NR_RESERVED];

    ASSERT_LOCKED(&gt->lock);
    if (others_in_use(gt))
        return -EBUSY;
    for (grant_ref_t ref = 0; ref < NR_RESERVED; ref++) {
        int rc = read_reserved(gt, ref, &kept[ref]);

        if (rc != 0)
            return rc;
    }
    for (unsigned int i = 0; i < gt->nr_frames; i++)
        memset(gt->shared[i], 0, PAGE_SIZE);
    for (unsigned int i = 0; i < gt->nr_status; i++)
        memset(gt->status[i], 0, PAGE_SIZE);
    gt->version = version;
    for (grant_ref_t ref = 0; ref < NR_RESERVED; ref++)
        write_reserved(gt, ref, &kept[ref]);
    return 0;
}

long gnttab_op_set_version(void *ops, unsigned int nr)
{
    struct gnttab_set_version *op = ops;
    struct domain *d = current->domain;
    struct gnttab *gt = d->gnttab;
    long rc = 0;

    (void)nr;
    if (op->version != 1 && op->version != 2)
        return hc_error(-EINVAL);
    if (op->version > gt->max_version)
        return -ENOSYS;
    spin_lock(&gt->grow_lock);
    if (gt->version != op->version) {
        if (op->version == 2)
            rc = gnttab_grow_status_locked(
                d, DIV_ROUND_UP(gt->nr_frames * ENTRIES_V2, STATUS_PER_FRAME));
        spin_lock(&gt->lock);
        if (rc == 0)
            rc = convert_locked(gt, op->version);
        spin_unlock(&gt->lock);
    }
    op->version = gt->version;
    spin_unlock(&gt->grow_lock);
    return rc;
}

long gnttab_op_get_version(void *ops, unsigned int nr)
{
    struct gnttab_get_version *op = ops;
    struct domain *d;

    (void)nr;
    switch (gnttab_target(op->dom, &d)) {
    case GNTST_okay:
        op->version = READ_ONCE(d->gnttab->version);
        domain_put(d);
        return 0;
    case GNTST_bad_domain:
        return hc_error(-ESRCH);
    default:
        return hc_error(-EPERM);
    }
}

long gnttab_op_get_status_frames(void *ops, unsigned int nr)
{
    struct gnttab_get_status_frames *op = ops;
    struct gnttab *gt;
    struct domain *d;
    long rc = 0;

    (void)nr;
    op->status = gnttab_target(op->dom, &d);
    if (op->status != GNTST_okay)
        return 0;
    gt = d->gnttab;
    spin_lock(&gt->grow_lock);
    if (gt->version != 2 || op->nr_frames > gt->nr_status)
        op->status = GNTST_general_error;
    spin_unlock(&gt->grow_lock);
    for (unsigned int i = 0;
         op->status == GNTST_okay && i < op->nr_frames && rc == 0; i++) {
        xen_pfn_t mfn = mfn_x(virt_to_mfn(gt->status[i]));

        rc = copy_to_guest_index(op->frame_list, i, &mfn);
    }
    domain_put(d);
    return rc;
}

static int swap_locked(struct gnttab *gt, grant_ref_t a, grant_ref_t b)
{
    unsigned int nr = gnttab_nr_entries(gt);

    ASSERT_LOCKED(&gt->lock);
    if (a >= nr || b >= nr)
        return GNTST_bad_gntref;
    a = array_index_nospec(a, nr);
    b = array_index_nospec(b, nr);
    if (gnttab_in_use(gnttab_active(gt, a)) ||
        gnttab_in_use(gnttab_active(gt, b)))
        return GNTST_eagain;
    if (gt->version == 1) {
        struct grant_entry_v1 t = *gnttab_v1(gt, a);

        *gnttab_v1(gt, a) = *gnttab_v1(gt, b);
        *gnttab_v1(gt, b) = t;
    } else {
        union grant_entry_v2 t = *gnttab_v2(gt, a);

        *gnttab_v2(gt, a) = *gnttab_v2(gt, b);
        *gnttab_v2(gt, b) = t;
    }
    return GNTST_okay;
}

long gnttab_op_swap(void *ops, unsigned int nr)
{
    struct gnttab_swap_grant_ref *op = ops;
    struct gnttab *gt = current->domain->gnttab;

    (void)nr;
    spin_lock(&gt->lock);
    op->status = swap_locked(gt, op->ref_a, op->ref_b);
    spin_unlock(&gt->lock);
    return 0;
}
