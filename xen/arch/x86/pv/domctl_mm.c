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

/* Log-dirty mode, which is never on: there is nothing to turn off. */
int domctl_shadow_op(struct domain *d, struct xen_domctl *op)
{
    if (d == current->domain || op->u.shadow_op.op == XEN_DOMCTL_SHADOW_OP_OFF)
        return -EINVAL;
    return -EOPNOTSUPP;
}
