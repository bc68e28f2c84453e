/* SPDX-License-Identifier: MIT */
/* Grant tables: life and size of a domain's table, and the way from a call to
 * its operation. gnttab_internal.h tells how a table is built. */
#include "gnttab_internal.h"

#include "public/memory.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/heap.h"
#include "xen/hypercall.h"
#include "xen/page_alloc.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"

/* A zeroed frame that the guest may map. */
static void *shared_page_alloc(struct domain *d)
{
    void *p = alloc_xenheap_page();

    if (p != NULL)
        share_xen_page_with_guest(virt_to_page(p), d, SHARE_rw);
    return p;
}

static void shared_page_free(void *p)
{
    if (p != NULL)
        unshare_xen_page(virt_to_page(p));
}

static int grow_one_frame_locked(struct domain *d)
{
    struct gnttab *gt = d->gnttab;
    struct gnttab_active *active =
        xzalloc_array(struct gnttab_active, ENTRIES_V1);
    void *shared;

    ASSERT_LOCKED(&gt->grow_lock);
    if (active == NULL)
        return -ENOMEM;
    shared = shared_page_alloc(d);
    if (shared == NULL) {
        xfree(active);
        return -ENOMEM;
    }
    spin_lock(&gt->lock);
    gt->active[gt->nr_frames] = active;
    gt->shared[gt->nr_frames] = shared;
    gt->nr_frames++;
    spin_unlock(&gt->lock);
    return 0;
}

int gnttab_grow_status_locked(struct domain *d, unsigned int nr_status)
{
    struct gnttab *gt = d->gnttab;

    ASSERT_LOCKED(&gt->grow_lock);
    while (gt->nr_status < nr_status) {
        void *status = shared_page_alloc(d);

        if (status == NULL)
            return -ENOMEM;
        spin_lock(&gt->lock);
        gt->status[gt->nr_status++] = status;
        spin_unlock(&gt->lock);
    }
    return 0;
}

int gnttab_grow_locked(struct domain *d, unsigned int nr_frames)
{
    struct gnttab *gt = d->gnttab;
    int rc = 0;

    ASSERT_LOCKED(&gt->grow_lock);
    if (nr_frames > gt->max_frames)
        return -EINVAL;
    /* Status bits first: an entry that exists has them. */
    if (gt->version == 2)
        rc = gnttab_grow_status_locked(
            d, DIV_ROUND_UP(nr_frames * ENTRIES_V2, STATUS_PER_FRAME));
    while (rc == 0 && gt->nr_frames < nr_frames)
        rc = grow_one_frame_locked(d);
    return rc;
}

int gnttab_create(struct domain *d, unsigned int max_frames,
                  unsigned int max_maptrack_frames, unsigned int max_version)
{
    struct gnttab *gt = xzalloc(struct gnttab);
    int rc;

    d->gnttab = gt; /* gnttab_destroy() frees what there is */
    if (gt == NULL)
        return -ENOMEM;
    spin_lock_init(&gt->grow_lock, LOCK_GNTTAB_GROW);
    spin_lock_init(&gt->lock, LOCK_GNTTAB_ENTRY);
    spin_lock_init(&gt->maptrack_lock, LOCK_GNTTAB_MAPTRACK);
    gt->version = 1;
    gt->free_handle = NO_HANDLE;
    gt->max_frames = max(max_frames, 1u);
    gt->max_maptrack_frames = max_maptrack_frames;
    gt->max_version = max_version;
    gt->shared = xzalloc_array(void *, gt->max_frames);
    gt->active = xzalloc_array(struct gnttab_active *, gt->max_frames);
    gt->status = xzalloc_array(grant_status_t *, gnttab_max_status(gt));
    if (gt->shared == NULL || gt->active == NULL || gt->status == NULL)
        return -ENOMEM;
    spin_lock(&gt->grow_lock);
    rc = gnttab_grow_locked(d, 1);
    spin_unlock(&gt->grow_lock);
    return rc;
}

void gnttab_destroy(struct domain *d)
{
    struct gnttab *gt = d->gnttab;

    if (gt == NULL)
        return;
    for (unsigned int i = 0; i < gt->nr_frames; i++) {
        shared_page_free(gt->shared[i]);
        xfree(gt->active[i]);
    }
    for (unsigned int i = 0; i < gt->nr_status; i++)
        shared_page_free(gt->status[i]);
    for (unsigned int i = 0; i < gt->nr_maptrack_frames; i++)
        xfree(gt->maptrack[i]);
    xfree(gt->maptrack);
    xfree(gt->shared);
    xfree(gt->active);
    xfree(gt->status);
    xfree(gt);
    d->gnttab = NULL;
}

int gnttab_target(domid_t domid, struct domain **d_out)
{
    struct domain *d = domain_get_or_self(domid);

    if (d == NULL)
        return GNTST_bad_domain;
    if (!domain_controls(current->domain, d)) {
        domain_put(d);
        return GNTST_permission_denied;
    }
    *d_out = d;
    return GNTST_okay;
}

unsigned int gnttab_resource_max_frames(struct domain *d, unsigned int id)
{
    switch (id) {
    case XENMEM_resource_grant_table_id_shared:
        return d->gnttab->max_frames;
    case XENMEM_resource_grant_table_id_status:
        return gnttab_max_status(d->gnttab);
    default:
        return 0;
    }
}

int gnttab_acquire_resource(struct domain *d, unsigned int id,
                            unsigned int frame, unsigned int nr, mfn_t mfn[])
{
    bool status = id == XENMEM_resource_grant_table_id_status;
    unsigned int max_frames = gnttab_resource_max_frames(d, id);
    struct gnttab *gt = d->gnttab;
    int rc;

    if (frame > max_frames || nr > max_frames - frame)
        return -EINVAL;
    spin_lock(&gt->grow_lock);
    if (status)
        rc = gt->version == 2 ? gnttab_grow_status_locked(d, frame + nr)
                              : -EINVAL;
    else
        rc = gnttab_grow_locked(d, frame + nr);
    for (unsigned int i = 0; i < nr && rc == 0; i++)
        mfn[i] = virt_to_mfn(status ? (void *)gt->status[frame + i]
                                    : gt->shared[frame + i]);
    spin_unlock(&gt->grow_lock);
    return rc;
}

static long op_setup_table(void *ops, unsigned int nr)
{
    struct gnttab_setup_table *op = ops;
    struct domain *d;
    long rc = 0;

    (void)nr;
    op->status = gnttab_target(op->dom, &d);
    if (op->status != GNTST_okay)
        return 0;
    spin_lock(&d->gnttab->grow_lock);
    if (gnttab_grow_locked(d, op->nr_frames) != 0)
        op->status = GNTST_general_error;
    spin_unlock(&d->gnttab->grow_lock);
    /* Frames never go away, and the array of their addresses neither. */
    for (unsigned int i = 0;
         op->status == GNTST_okay && i < op->nr_frames && rc == 0; i++) {
        xen_pfn_t mfn = mfn_x(virt_to_mfn(d->gnttab->shared[i]));

        rc = copy_to_guest_index(op->frame_list, i, &mfn);
    }
    domain_put(d);
    return rc;
}

static long op_query_size(void *ops, unsigned int nr)
{
    struct gnttab_query_size *op = ops;
    struct domain *d;

    (void)nr;
    op->status = gnttab_target(op->dom, &d);
    if (op->status != GNTST_okay)
        return 0;
    op->nr_frames = READ_ONCE(d->gnttab->nr_frames);
    op->max_nr_frames = d->gnttab->max_frames;
    domain_put(d);
    return 0;
}

struct gnttab_op {
    long (*fn)(void *ops, unsigned int nr);
    u16 size;
    u8 batch;    /* elements handed over at once */
    bool single; /* takes just one element */
};

#define OP(nr, f, type, n, one)                                                \
    [nr] = {.fn = (f), .size = sizeof(type), .batch = (n), .single = (one)}

/* clang-format off */
static const struct gnttab_op gnttab_ops[] = {
    OP(GNTTABOP_map_grant_ref, gnttab_op_map,
       struct gnttab_map_grant_ref, 1, false),
    OP(GNTTABOP_unmap_grant_ref, gnttab_op_unmap,
       struct gnttab_unmap_grant_ref, GNTTAB_UNMAP_BATCH, false),
    OP(GNTTABOP_setup_table, op_setup_table,
       struct gnttab_setup_table, 1, true),
    OP(GNTTABOP_copy, gnttab_op_copy, struct gnttab_copy, 1, false),
    OP(GNTTABOP_query_size, op_query_size, struct gnttab_query_size, 1, true),
    OP(GNTTABOP_unmap_and_replace, gnttab_op_unmap_and_replace,
       struct gnttab_unmap_and_replace, GNTTAB_UNMAP_BATCH, false),
    OP(GNTTABOP_set_version, gnttab_op_set_version,
       struct gnttab_set_version, 1, true),
    OP(GNTTABOP_get_status_frames, gnttab_op_get_status_frames,
       struct gnttab_get_status_frames, 1, true),
    OP(GNTTABOP_get_version, gnttab_op_get_version,
       struct gnttab_get_version, 1, true),
    OP(GNTTABOP_swap_grant_ref, gnttab_op_swap,
       struct gnttab_swap_grant_ref, 1, false),
    OP(GNTTABOP_cache_flush, gnttab_op_cache_flush,
       struct gnttab_cache_flush, 1, false),
};
/* clang-format on */

#define MAX_BATCH_BYTES                                                        \
    (GNTTAB_UNMAP_BATCH * sizeof(struct gnttab_unmap_grant_ref))

/* Work through the array. Returns how much is left in *left. */
static long run(const struct gnttab_op *op, u64 va, unsigned long *left)
{
    u64 buf[MAX_BATCH_BYTES / sizeof(u64)];

    for (;;) {
        unsigned int nr = min(*left, (unsigned long)op->batch);
        long rc;

        if (copy_from_guest(buf, va, nr * op->size) != 0)
            return -EFAULT;
        rc = op->fn(buf, nr);
        if (copy_to_guest(va, buf, nr * op->size) != 0)
            return -EFAULT;
        *left -= nr;
        va += nr * op->size;
        if (rc != 0 || *left == 0)
            return rc;
        if (hypercall_preempt_check())
            return -ERESTART;
    }
}

long do_grant_table_op(unsigned long cmd, unsigned long uop,
                       unsigned long count, unsigned long a3, unsigned long a4)
{
    const struct gnttab_op *op;
    unsigned long left = count;
    long rc;

    (void)a3, (void)a4;
    if (cmd >= ARRAY_SIZE(gnttab_ops))
        return -ENOSYS;
    op = &gnttab_ops[array_index_nospec(cmd, ARRAY_SIZE(gnttab_ops))];
    if (op->fn == NULL)
        return -ENOSYS;
    if (op->single && count != 1)
        return hc_error(-EINVAL);
    if (!guest_array_ok(uop, count, op->size))
        return hc_error(-EFAULT);
    if (count == 0)
        return 0;
    rc = run(op, uop, &left);
    if (rc == -ERESTART)
        hypercall_continue(cmd, uop + (count - left) * op->size, left, 0, 0);
    return rc;
}
