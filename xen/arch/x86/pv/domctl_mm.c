/* SPDX-License-Identifier: MIT */
/* domctl on the frames of a PV domain: what they are used as, and which
 * were written to. */
#include "asm/domctl.h"

#include "public/domctl.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/vcpu.h"
#include "asm/pv_mm.h"

/* Frames that one call can ask about. */
#define MAX_FRAMES 1024

/* XEN_DOMCTL_PFINFO_* of a frame of d. */
static u32 frame_info(struct domain *d, mfn_t mfn)
{
    struct page_info *pg;
    unsigned long x;
    u32 info = XEN_DOMCTL_PFINFO_NOTAB;

    if (!mfn_valid(mfn))
        return XEN_DOMCTL_PFINFO_XTAB;
    pg = mfn_to_page(mfn);
    if (!page_get(pg, d))
        return XEN_DOMCTL_PFINFO_XTAB;
    x = READ_ONCE(pg->type_info);
    if ((x & PGT_count_mask) && type_level(x) >= 1 && type_level(x) <= 4) {
        info = type_level(x) << XEN_DOMCTL_PFINFO_LTAB_SHIFT;
        if (x & PGT_pinned)
            info |= XEN_DOMCTL_PFINFO_LPINTAB;
    }
    page_put(pg);
    return info;
}

int domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op)
{
    u64 array = op->u.getpageframeinfo3.array;
    u64 num = op->u.getpageframeinfo3.num;
    xen_pfn_t frame;
    int rc;

    if (num > MAX_FRAMES)
        return -E2BIG;
    for (u64 i = 0; i < num; i++) {
        rc = copy_from_guest_index(&frame, array, i);
        if (rc)
            return rc;
        frame = frame_info(d, _mfn(frame));
        rc = copy_to_guest_index(array, i, &frame);
        if (rc)
            return rc;
    }
    return 0;
}

/*
 * Log-dirty mode. Which frames a PV guest writes to shows nowhere but in bits
 * of its page tables that are the guest's own. So each frame counts as written
 * since the last look: who sends a running guest gets all of it each time, and
 * never too little.
 */

/* Bits that one call writes: a guest of 256 GiB. */
#define MAX_BITS (1ull << 26)

static int all_dirty(u64 bitmap, u64 nr_bits)
{
    static const u8 ones[512] = {[0 ... 511] = 0xff};
    u64 size = (nr_bits + 7) / 8, at, len;
    int rc = 0;

    for (at = 0; at < size && !rc; at += len) {
        len = size - at < sizeof(ones) ? size - at : sizeof(ones);
        rc = copy_to_guest(bitmap + at, ones, len);
    }
    return rc;
}

/* Without a bitmap only the counts are wanted. */
static int dirty_read(const struct domain *d, struct xen_domctl_shadow_op *op)
{
    if (!d->arch.log_dirty)
        return -EINVAL;
    if (op->pages > MAX_BITS)
        return -E2BIG;
    op->stats.fault_count = 0;
    op->stats.dirty_count = (u32)READ_ONCE(d->mem.tot_pages);
    return op->dirty_bitmap ? all_dirty(op->dirty_bitmap, op->pages) : 0;
}

static int log_dirty_set(struct domain *d, bool on)
{
    if (d->arch.log_dirty == on)
        return -EINVAL;
    d->arch.log_dirty = on;
    return 0;
}

int domctl_shadow_op(struct domain *d, struct xen_domctl *op)
{
    if (d == current->domain)
        return -EINVAL;
    switch (op->u.shadow_op.op) {
    case XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY:
        return log_dirty_set(d, true);
    case XEN_DOMCTL_SHADOW_OP_ENABLE:
        return op->u.shadow_op.mode == XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY
                   ? log_dirty_set(d, true)
                   : -EOPNOTSUPP;
    case XEN_DOMCTL_SHADOW_OP_OFF:
        return log_dirty_set(d, false);
    case XEN_DOMCTL_SHADOW_OP_CLEAN:
    case XEN_DOMCTL_SHADOW_OP_PEEK:
        return dirty_read(d, &op->u.shadow_op);
    default:
        return -EOPNOTSUPP;
    }
}
