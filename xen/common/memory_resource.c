/* SPDX-License-Identifier: MIT */
/* XENMEM_acquire_resource: frames that the hypervisor keeps for a domain, for
 * its toolstack to map. */
#include "memory_internal.h"

#include "xen/errno.h"
#include "xen/gnttab.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/softirq.h"
#include "xen/vcpu.h"

#define FRAMES_AT_ONCE 16

/* How many are there? */
static long query_size(u64 arg, struct domain *d, u32 id)
{
    u32 nr = gnttab_resource_max_frames(d, id);

    return copy_to_guest(
        arg + offsetof(struct xen_mem_acquire_resource, nr_frames), &nr,
        sizeof(nr));
}

/* Frames [done, done + nr) of those wanted. */
static long acquire_some(const struct xen_mem_acquire_resource *r,
                         struct domain *d, unsigned long done, unsigned int nr)
{
    mfn_t mfn[FRAMES_AT_ONCE];
    long rc = gnttab_acquire_resource(d, r->id, r->frame + done, nr, mfn);

    for (unsigned int i = 0; i < nr && rc == 0; i++) {
        xen_pfn_t frame = mfn_x(mfn[i]);

        rc = copy_to_guest_index(r->frame_list, done + i, &frame);
    }
    return rc;
}

static long acquire_list(const struct xen_mem_acquire_resource *r,
                         struct domain *d, unsigned long *done)
{
    while (*done < r->nr_frames) {
        unsigned int nr = min(r->nr_frames - *done, (u64)FRAMES_AT_ONCE);
        long rc = acquire_some(r, d, *done, nr);

        if (rc != 0)
            return rc;
        *done += nr;
        if (*done < r->nr_frames && hypercall_preempt_check())
            return -ERESTART;
    }
    return 0;
}

static bool range_valid(const struct xen_mem_acquire_resource *r,
                        unsigned long start)
{
    return r->pad == 0 && start <= r->nr_frames &&
           r->frame <= 0xffffffff - (u64)r->nr_frames &&
           guest_array_ok(r->frame_list, r->nr_frames, sizeof(xen_pfn_t));
}

long memory_acquire_resource(u64 arg, unsigned long start)
{
    struct xen_mem_acquire_resource r;
    unsigned long done = start;
    struct domain *d;
    long rc;

    if (copy_from_guest(&r, arg, sizeof(r)) != 0)
        return hc_error(-EFAULT);
    if (!range_valid(&r, start))
        return hc_error(-EINVAL);
    if (r.type != XENMEM_resource_grant_table)
        return -EOPNOTSUPP;
    rc = memory_target(r.domid, &d);
    if (rc != 0)
        return hc_error(rc);
    if (r.nr_frames == 0 && r.frame_list == 0)
        rc = query_size(arg, d, r.id);
    else
        rc = acquire_list(&r, d, &done);
    domain_put(d);
    if (rc == -ERESTART)
        hypercall_continue(XENMEM_acquire_resource | done << MEMOP_EXTENT_SHIFT,
                           arg, 0, 0, 0);
    return rc;
}
