/* SPDX-License-Identifier: MIT */
/* State of domains for unit tests; see fake_state.h. */
#include "fake_state.h"

#include <errno.h>
#include <string.h>

#define FRAME 0x000ffffffffff000ULL

static unsigned int level_below(uint64_t table, unsigned int level,
                                uint64_t mfn)
{
    const uint64_t *entry = fake_frame(table);
    unsigned int i, found = 0;

    if (table == mfn)
        return level;
    for (i = 0; level > 1 && entry && i < 512 && !found; i++)
        if (entry[i] & 1)
            found = level_below((entry[i] & FRAME) >> 12, level - 1, mfn);
    return found;
}

unsigned int fake_table_level(const struct fake_domain *d, uint64_t mfn)
{
    return d->pinned ? level_below(d->pinned, 4, mfn) : 0;
}

static int do_frame_types(struct fake_domain *d, struct xen_domctl *op)
{
    uint64_t *frame = (uint64_t *)op->u.getpageframeinfo3.array, i;

    if (op->u.getpageframeinfo3.num > 1024)
        return -E2BIG;
    for (i = 0; i < op->u.getpageframeinfo3.num; i++) {
        uint64_t mfn = frame[i];

        frame[i] = XEN_DOMCTL_PFINFO_XTAB;
        if (fake_frame_owner(mfn) == d->info.domain)
            frame[i] = (uint64_t)fake_table_level(d, mfn) << 28 |
                       (mfn == d->pinned ? XEN_DOMCTL_PFINFO_LPINTAB : 0);
    }
    return 0;
}

static int do_get_context(struct fake_domain *d, struct xen_domctl *op)
{
    uint32_t vcpu = op->u.vcpucontext.vcpu;

    if (vcpu >= FAKE_MAX_VCPUS || !d->vcpu[vcpu].exists)
        return -ESRCH;
    *(struct vcpu_guest_context *)op->u.vcpucontext.ctxt =
        d->vcpu[vcpu].context;
    return 0;
}

static int do_get_xsave(struct xen_domctl_vcpuextstate *get)
{
    if (get->buffer) {
        if (get->size < FAKE_XSAVE)
            return -EINVAL;
        memset((void *)get->buffer, 0x5a, FAKE_XSAVE);
    }
    get->size = FAKE_XSAVE;
    return 0;
}

static int do_set_xsave(const struct xen_domctl_vcpuextstate *set)
{
    return set->size == FAKE_XSAVE && *(uint8_t *)set->buffer == 0x5a ? 0
                                                                      : -EINVAL;
}

static int do_get_policy(struct xen_domctl_cpu_policy *get)
{
    if (get->nr_leaves < FAKE_LEAVES || get->nr_msrs < 1)
        return -ENOBUFS;
    memset((void *)get->leaves, 1, FAKE_LEAVES * sizeof(struct xen_cpuid_leaf));
    memset((void *)get->msrs, 2, sizeof(struct xen_msr_entry));
    get->nr_leaves = FAKE_LEAVES;
    get->nr_msrs = 1;
    return 0;
}

static int do_set_policy(struct xen_domctl_cpu_policy *set)
{
    if (set->nr_leaves == FAKE_LEAVES && *(uint8_t *)set->leaves == 1)
        return 0;
    set->err_leaf = 7;
    return -EINVAL;
}

static int do_resume(struct fake_domain *d)
{
    if (!(d->info.flags & XEN_DOMINF_shutdown))
        return -EINVAL;
    d->info.flags = 0;
    return 0;
}

int fake_state_domctl(struct fake_domain *d, struct xen_domctl *op)
{
    switch (op->cmd) {
    case XEN_DOMCTL_getpageframeinfo3:
        return do_frame_types(d, op);
    case XEN_DOMCTL_getvcpucontext:
        return do_get_context(d, op);
    case XEN_DOMCTL_get_ext_vcpucontext:
        op->u.ext_vcpucontext.size = sizeof(op->u.ext_vcpucontext);
        op->u.ext_vcpucontext.syscall32_callback_eip = 0x1234;
        return 0;
    case XEN_DOMCTL_set_ext_vcpucontext:
        return op->u.ext_vcpucontext.syscall32_callback_eip == 0x1234 ? 0
                                                                      : -EINVAL;
    case XEN_DOMCTL_getvcpuextstate:
        return do_get_xsave(&op->u.vcpuextstate);
    case XEN_DOMCTL_setvcpuextstate:
        return do_set_xsave(&op->u.vcpuextstate);
    case XEN_DOMCTL_get_vcpu_msrs:
        op->u.vcpu_msrs.msr_count = 0;
        return 0;
    case XEN_DOMCTL_gettscinfo:
        op->u.tsc_info.elapsed_nsec = 42;
        op->u.tsc_info.gtsc_khz = 1000000;
        return 0;
    case XEN_DOMCTL_get_cpu_policy:
        return do_get_policy(&op->u.cpu_policy);
    case XEN_DOMCTL_set_cpu_policy:
        return do_set_policy(&op->u.cpu_policy);
    case XEN_DOMCTL_resumedomain:
        return do_resume(d);
    default:
        return -ENOSYS;
    }
}
