/* SPDX-License-Identifier: MIT */
/*
 * domctl on what a vcpu has besides its context, for saving and restoring it:
 * further callbacks and machine check registers, extended processor state,
 * MSRs. Values come from a file that may be anybody's: each is checked as if
 * the guest itself had set it.
 * Source: public/domctl.h.
 */
#include "asm/domctl.h"

#include "public/domctl.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/heap.h"
#include "xen/sched.h"
#include "xen/vcpu.h"
#include "asm/cpufeature.h"
#include "asm/cpuid.h"
#include "asm/processor.h"
#include "asm/xstate.h"

#define MSR_MISC_FEATURES_ENABLES 0x00000140
#define MAX_MSRS                  2 /* that a vcpu keeps */

/* MCG_CAP: number of banks, MCG_CTL; on Intel's CPUs also CMCI, threshold based
 * status, recovery (SDM 3B 16.3). */
#define MCG_CAP_ANY   0x000001ffUL
#define MCG_CAP_INTEL 0x01000c00UL

/* v shall not run and its registers shall be in its struct. */
static void stop(struct vcpu *v)
{
    vcpu_pause(v);
    sync_vcpu_state(v);
}

static void set_flag(struct vcpu *v, unsigned int flag, bool on)
{
    if (on)
        v->arch.flags |= flag;
    else
        v->arch.flags &= ~flag;
}

int domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_ext_vcpucontext *e = &op->u.ext_vcpucontext;
    struct vcpu *v = domain_vcpu(d, e->vcpu);

    if (!v || d == current->domain)
        return -ESRCH;
    stop(v);
    *e = (struct xen_domctl_ext_vcpucontext){
        .vcpu = v->vcpu_id,
        .size = sizeof(*e),
        .syscall32_callback_eip = v->arch.syscall32_callback,
        .sysenter_callback_eip = v->arch.sysenter_callback,
        .syscall32_disables_events = !!(v->arch.flags & VCPU_SYSCALL32_MASKS),
        .sysenter_disables_events = !!(v->arch.flags & VCPU_SYSENTER_MASKS),
    };
    e->vmce.caps = v->arch.mce.cap;
    e->vmce.mci_ctl2_bank0 = v->arch.mce.bank_ctl2[0];
    e->vmce.mci_ctl2_bank1 = v->arch.mce.bank_ctl2[1];
    e->vmce.mcg_ext_ctl = v->arch.mce.ext_ctl;
    vcpu_unpause(v);
    return 0;
}

/* What is missing at the end is 0. */
static int check_mce(struct xen_domctl_ext_vcpucontext *e)
{
    u64 caps = MCG_CAP_ANY;

    if (cpu_features.vendor == VENDOR_INTEL)
        caps |= MCG_CAP_INTEL;
    if (e->size <
        offsetof(struct xen_domctl_ext_vcpucontext, vmce.mci_ctl2_bank0))
        e->vmce.caps = NR_MC_BANKS;
    if (e->size < sizeof(*e))
        e->vmce.mci_ctl2_bank0 = e->vmce.mci_ctl2_bank1 = e->vmce.mcg_ext_ctl =
            0;
    return e->vmce.caps & ~caps ? -EINVAL : 0;
}

/* The selectors are those of the flat segments, whatever is given. */
int domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_ext_vcpucontext *e = &op->u.ext_vcpucontext;
    struct vcpu *v = domain_vcpu(d, e->vcpu);

    if (!v || d == current->domain)
        return -ESRCH;
    if (e->size < offsetof(struct xen_domctl_ext_vcpucontext, vmce) ||
        !is_canonical_address(e->syscall32_callback_eip) ||
        !is_canonical_address(e->sysenter_callback_eip) || check_mce(e))
        return -EINVAL;

    stop(v);
    v->arch.syscall32_callback = e->syscall32_callback_eip;
    v->arch.sysenter_callback = e->sysenter_callback_eip;
    set_flag(v, VCPU_SYSCALL32_MASKS, e->syscall32_disables_events);
    set_flag(v, VCPU_SYSENTER_MASKS, e->sysenter_disables_events);
    v->arch.mce = (struct vcpu_mce){
        .cap = e->vmce.caps,
        .bank_ctl2 = {e->vmce.mci_ctl2_bank0, e->vmce.mci_ctl2_bank1},
        .ext_ctl = e->vmce.mcg_ext_ctl,
    };
    vcpu_unpause(v);
    return 0;
}

/* In front of the XSAVE area. Without states, it stands alone. */
struct extstate {
    u64 xcr0;
    u64 used; /* states ever enabled */
    u8 area[];
};

static unsigned int extstate_size(u64 used)
{
    return sizeof(struct extstate) + (used ? xstate_size(used) : 0);
}

/* A buffer for the largest. */
static struct extstate *extstate_alloc(void)
{
    return xmalloc_bytes(extstate_size(xfeature_mask));
}

int domctl_getvcpuextstate(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpuextstate *get = &op->u.vcpuextstate;
    struct vcpu *v = domain_vcpu(d, get->vcpu);
    struct extstate *state;
    unsigned int size;
    int rc = 0;

    if (d == current->domain)
        return -EINVAL;
    if (!v)
        return -ESRCH;
    if (get->buffer == 0) {
        get->size = extstate_size(xfeature_mask);
        get->xfeature_mask = xfeature_mask;
        return 0;
    }
    if (get->xfeature_mask != xfeature_mask)
        return -EINVAL;
    state = extstate_alloc();
    if (!state)
        return -ENOMEM;

    stop(v);
    state->used = xstate_used(v);
    state->xcr0 = state->used ? v->arch.xcr0 : 0;
    size = extstate_size(state->used);
    if (state->used)
        xstate_export(v, state->area);
    vcpu_unpause(v);

    if (get->size < size)
        rc = -EINVAL;
    else if (copy_to_guest(get->buffer, state, size))
        rc = -EFAULT;
    else
        get->size = size;
    xfree(state);
    return rc;
}

static int load_extstate(struct vcpu *v, struct extstate *state, u64 size)
{
    int rc;

    /* It has used nothing: it stays as it is. */
    if (!state->used)
        return state->xcr0 || size != sizeof(*state) ? -EINVAL : 0;
    if ((state->used & ~xfeature_mask) || size != extstate_size(state->used))
        return -EINVAL;
    stop(v);
    rc = xstate_import(v, state->xcr0, state->used, state->area);
    vcpu_unpause(v);
    return rc;
}

int domctl_setvcpuextstate(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_vcpuextstate *set = &op->u.vcpuextstate;
    struct vcpu *v = domain_vcpu(d, set->vcpu);
    struct extstate *state;
    int rc;

    if (d == current->domain)
        return -EINVAL;
    if (!v)
        return -ESRCH;
    if (set->size < sizeof(*state) || set->size > extstate_size(xfeature_mask))
        return -EINVAL;
    state = extstate_alloc();
    if (!state)
        return -ENOMEM;
    if (copy_from_guest(state, set->buffer, set->size))
        rc = -EFAULT;
    else
        rc = load_extstate(v, state, set->size);
    xfree(state);
    return rc;
}

int domctl_get_vcpu_msrs(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpu_msrs *get = &op->u.vcpu_msrs;
    struct vcpu *v = domain_vcpu(d, get->vcpu);
    struct xen_domctl_vcpu_msr msr = {.index = MSR_TSC_AUX};
    u32 nr = 0;

    if (d == current->domain)
        return -EINVAL;
    if (!v)
        return -ESRCH;
    if (get->msrs == 0) {
        get->msr_count = MAX_MSRS;
        return 0;
    }
    stop(v);
    msr.value = v->arch.tsc_aux;
    vcpu_unpause(v);

    if (msr.value) {
        if (get->msr_count == 0)
            return -ENOBUFS;
        if (copy_to_guest_index(get->msrs, nr, &msr))
            return -EFAULT;
        nr++;
    }
    get->msr_count = nr;
    return 0;
}

static int set_msr(struct vcpu *v, const struct xen_domctl_vcpu_msr *msr)
{
    if (msr->reserved != 0)
        return -EINVAL;
    switch (msr->index) {
    case MSR_MISC_FEATURES_ENABLES: /* CPUID faulting is not there */
        return msr->value == 0 ? 0 : -EINVAL;
    case MSR_TSC_AUX:
        if (!cpuid_has_rdtscp(v->domain->arch.cpuid) || msr->value >> 32)
            return -EINVAL;
        v->arch.tsc_aux = msr->value;
        return 0;
    default:
        return -EINVAL;
    }
}

int domctl_set_vcpu_msrs(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_vcpu_msrs *set = &op->u.vcpu_msrs;
    struct vcpu *v = domain_vcpu(d, set->vcpu);
    u32 nr = set->msr_count;
    int rc = 0;

    if (d == current->domain)
        return -EINVAL;
    if (!v)
        return -ESRCH;
    if (nr > MAX_MSRS)
        return -EINVAL;
    stop(v);
    for (u32 i = 0; i < nr && !rc; i++) {
        struct xen_domctl_vcpu_msr msr;

        set->msr_count = i;
        rc = copy_from_guest_index(&msr, set->msrs, i);
        if (!rc)
            rc = set_msr(v, &msr);
    }
    if (!rc)
        set->msr_count = nr;
    vcpu_unpause(v);
    return rc;
}
