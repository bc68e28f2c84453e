/* SPDX-License-Identifier: MIT */
/* How a domain's TSC runs: always at the machine's rate, unemulated. */
#include "asm/domctl.h"

#include "public/domctl.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/time.h"
#include "xen/vcpu.h"
#include "asm/time.h"

/* xen_domctl_tsc_info.tsc_mode. */
#define TSC_MODE_DEFAULT 0 /* native where it can be */
#define TSC_MODE_NATIVE  2

int domctl_gettscinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_tsc_info *info = &op->u.tsc_info;

    if (d == current->domain)
        return -EINVAL;
    *info = (struct xen_domctl_tsc_info){
        .tsc_mode = d->arch.tsc_mode,
        .incarnation = d->arch.tsc_incarnation,
    };
    if (d->arch.tsc_mode == TSC_MODE_DEFAULT) {
        info->gtsc_khz = (u32)tsc_khz;
        info->elapsed_nsec = NOW();
    }
    return 0;
}

int domctl_settscinfo(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_tsc_info *info = &op->u.tsc_info;

    if (d == current->domain)
        return -EINVAL;
    if (info->tsc_mode != TSC_MODE_DEFAULT && info->tsc_mode != TSC_MODE_NATIVE)
        return -EINVAL;
    d->arch.tsc_mode = info->tsc_mode;
    d->arch.tsc_incarnation = info->incarnation + 1;
    return 0;
}
