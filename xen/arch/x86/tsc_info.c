/* SPDX-License-Identifier: MIT */
/*
 * How a domain's TSC runs: at the machine's rate, unless the toolstack wants it
 * emulated: then RDTSC traps, and counts at a rate that stays the same when the
 * domain moves to another machine. A restored domain's count goes on where it
 * was when it was saved.
 */
#include "asm/domctl.h"

#include "public/domctl.h"
#include "xen/errno.h"
#include "xen/sched.h"
#include "xen/time.h"
#include "xen/vcpu.h"
#include "asm/time.h"

/* xen_domctl_tsc_info.tsc_mode. */
#define TSC_MODE_DEFAULT  0 /* native */
#define TSC_MODE_EMULATED 1
#define TSC_MODE_NATIVE   2

#define MAX_TSC_KHZ       100000000u

u64 domain_tsc_at(const struct domain *d, s_time_t ns)
{
    return time_scale_apply(ns - d->arch.tsc.start, d->arch.tsc.to_ticks);
}

int domctl_gettscinfo(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_tsc_info *info = &op->u.tsc_info;
    const struct domain_tsc *tsc = &d->arch.tsc;

    if (d == current->domain)
        return -EINVAL;
    *info = (struct xen_domctl_tsc_info){
        .tsc_mode = tsc->mode,
        .incarnation = tsc->incarnation,
    };
    if (tsc->mode != TSC_MODE_NATIVE) {
        info->gtsc_khz = tsc->emulated ? tsc->khz : (u32)tsc_khz;
        info->elapsed_nsec = NOW() - tsc->start;
    }
    return 0;
}

/* CR4.TSD and the guest's clock follow when the vcpus are next switched to. */
static void set_tsc(struct domain *d, const struct domain_tsc *tsc)
{
    struct vcpu *v;

    domain_pause(d);
    for_each_vcpu(d, v)
        sync_vcpu_state(v);
    d->arch.tsc = *tsc;
    domain_unpause(d);
}

int domctl_settscinfo(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_tsc_info *info = &op->u.tsc_info;
    struct domain_tsc tsc = {
        .mode = info->tsc_mode,
        .incarnation = info->incarnation + 1,
        .start = NOW() - info->elapsed_nsec,
    };

    if (d == current->domain)
        return -EINVAL;
    switch (info->tsc_mode) {
    case TSC_MODE_DEFAULT:
    case TSC_MODE_NATIVE:
        break;
    case TSC_MODE_EMULATED:
        tsc.emulated = true;
        tsc.khz = info->gtsc_khz ? info->gtsc_khz : (u32)tsc_khz;
        if (tsc.khz > MAX_TSC_KHZ)
            return -EINVAL;
        tsc.to_ns = time_scale_from_hz(tsc.khz * 1000UL);
        tsc.to_ticks = time_scale_reciprocal(tsc.to_ns);
        break;
    default:
        return -EINVAL;
    }
    set_tsc(d, &tsc);
    return 0;
}
