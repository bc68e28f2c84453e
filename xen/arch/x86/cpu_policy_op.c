/* SPDX-License-Identifier: MIT */
/*
 * CPU policies for toolstacks: those of the host (sysctl), and the one of a
 * domain, which a toolstack reads, edits and sets before the domain runs
 * (domctl). Of the MSRs in a policy, guests have none that may say something.
 * Source: public/sysctl.h, public/domctl.h.
 */
#include "asm/cpuid.h"
#include "asm/domctl.h"

#include "public/domctl.h"
#include "public/sysctl.h"
#include "xen/bitops.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/guest_access.h"
#include "xen/heap.h"
#include "xen/sysctl.h"
#include "xen/vcpu.h"
#include "asm/processor.h"

#define MSR_ARCH_CAPABILITIES 0x0000010a
#define NR_MSRS               2

#define NOWHERE               (~0u)

/* Without HVM, the policies of such domains are empty. */
static const struct cpuid_policy no_policy;

static const struct cpuid_policy *const policies[] = {
    [XEN_SYSCTL_cpu_policy_raw] = &cpuid_raw,
    [XEN_SYSCTL_cpu_policy_host] = &cpuid_host,
    [XEN_SYSCTL_cpu_policy_pv_max] = &cpuid_pv_max,
    [XEN_SYSCTL_cpu_policy_hvm_max] = &no_policy,
    [XEN_SYSCTL_cpu_policy_pv_default] = &cpuid_pv_default,
    [XEN_SYSCTL_cpu_policy_hvm_default] = &no_policy,
};

static const struct cpuid_policy *const featuresets[] = {
    [XEN_SYSCTL_cpu_featureset_raw] = &cpuid_raw,
    [XEN_SYSCTL_cpu_featureset_host] = &cpuid_host,
    [XEN_SYSCTL_cpu_featureset_pv] = &cpuid_pv_default,
    [XEN_SYSCTL_cpu_featureset_hvm] = &no_policy,
    [XEN_SYSCTL_cpu_featureset_pv_max] = &cpuid_pv_max,
    [XEN_SYSCTL_cpu_featureset_hvm_max] = &no_policy,
};

int arch_sysctl_get_cpu_featureset(struct xen_sysctl *op)
{
    struct xen_sysctl_cpu_featureset *set = &op->u.cpu_featureset;
    u32 words[FEATURESET_WORDS];
    u32 nr = min(set->nr_features, (u32)FEATURESET_WORDS);

    if (set->features == 0) {
        set->nr_features = FEATURESET_WORDS;
        return 0;
    }
    if (set->index >= ARRAY_SIZE(featuresets))
        return -EINVAL;
    cpuid_featureset(
        featuresets[array_index_nospec(set->index, ARRAY_SIZE(featuresets))],
        words);
    if (copy_to_guest(set->features, words, nr * sizeof(u32)))
        return -EFAULT;
    if (set->nr_features < FEATURESET_WORDS)
        return -ENOBUFS;
    set->nr_features = FEATURESET_WORDS;
    return 0;
}

/* Write p to the caller's list, with room for *nr. */
static int leaves_to_guest(const struct cpuid_policy *p, u64 list, u32 *nr)
{
    struct xen_cpuid_leaf *leaves;
    u32 nr_leaves;
    int rc = 0;

    if (list == 0) {
        *nr = CPUID_MAX_LEAVES;
        return 0;
    }
    leaves = xzalloc_array(struct xen_cpuid_leaf, CPUID_MAX_LEAVES);
    if (!leaves)
        return -ENOMEM;
    nr_leaves = cpuid_policy_list(p, leaves);
    if (*nr < nr_leaves)
        rc = -ENOBUFS;
    else if (copy_to_guest(list, leaves, nr_leaves * sizeof(*leaves)))
        rc = -EFAULT;
    else
        *nr = nr_leaves;
    xfree(leaves);
    return rc;
}

static int msrs_to_guest(u64 list, u32 *nr)
{
    static const struct xen_msr_entry msrs[NR_MSRS] = {
        {.idx = MSR_PLATFORM_INFO},
        {.idx = MSR_ARCH_CAPABILITIES},
    };

    if (list != 0) {
        if (*nr < NR_MSRS)
            return -ENOBUFS;
        if (copy_to_guest(list, msrs, sizeof(msrs)))
            return -EFAULT;
    }
    *nr = NR_MSRS;
    return 0;
}

int arch_sysctl_get_cpu_policy(struct xen_sysctl *op)
{
    struct xen_sysctl_cpu_policy *get = &op->u.cpu_policy;
    const struct cpuid_policy *p;
    int rc;

    if (get->index >= ARRAY_SIZE(policies) || get->_rsvd != 0)
        return -EINVAL;
    p = policies[array_index_nospec(get->index, ARRAY_SIZE(policies))];
    rc = leaves_to_guest(p, get->leaves, &get->nr_leaves);
    if (rc == 0)
        rc = msrs_to_guest(get->msrs, &get->nr_msrs);
    return rc;
}

int domctl_get_cpu_policy(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_cpu_policy *get = &op->u.cpu_policy;
    int rc = leaves_to_guest(d->arch.cpuid, get->leaves, &get->nr_leaves);

    if (rc == 0)
        rc = msrs_to_guest(get->msrs, &get->nr_msrs);
    return rc;
}

/* Take over the caller's leaves. Returns 0; -EFAULT; -ERANGE. */
static int leaves_from_guest(struct cpuid_policy *p,
                             struct xen_domctl_cpu_policy *set)
{
    for (u32 i = 0; i < set->nr_leaves; i++) {
        struct xen_cpuid_leaf from;
        struct cpuid_leaf *to;

        if (copy_from_guest_index(&from, set->leaves, i))
            return -EFAULT;
        to = cpuid_policy_leaf(p, from.leaf, from.subleaf);
        if (!to) {
            set->err_leaf = from.leaf;
            set->err_subleaf = from.subleaf;
            return -ERANGE;
        }
        *to = (struct cpuid_leaf){from.a, from.b, from.c, from.d};
    }
    return 0;
}

static int check_msr(const struct xen_msr_entry *msr)
{
    if (msr->flags != 0)
        return -EINVAL;
    switch (msr->idx) {
    case MSR_PLATFORM_INFO:
        return msr->val == 0 ? 0 : -EINVAL;
    case MSR_ARCH_CAPABILITIES:
        return 0; /* dropped, as a feature that is too much */
    default:
        return -ERANGE;
    }
}

static int msrs_from_guest(struct xen_domctl_cpu_policy *set)
{
    for (u32 i = 0; i < set->nr_msrs; i++) {
        struct xen_msr_entry msr;
        int rc;

        if (copy_from_guest_index(&msr, set->msrs, i))
            return -EFAULT;
        rc = check_msr(&msr);
        if (rc) {
            set->err_msr = msr.idx;
            return rc;
        }
    }
    return 0;
}

/* How many leaves there are is not for a toolstack to raise. */
static int check_last_leaves(const struct cpuid_policy *p,
                             struct xen_domctl_cpu_policy *set)
{
    set->err_subleaf = XEN_CPUID_NO_SUBLEAF;
    set->err_leaf = 0;
    if (p->basic[0].a > cpuid_pv_max.basic[0].a)
        return -EINVAL;
    set->err_leaf = 0x80000000;
    if (p->extended[0].a > cpuid_pv_max.extended[0].a)
        return -EINVAL;
    set->err_leaf = NOWHERE;
    return 0;
}

int domctl_set_cpu_policy(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_cpu_policy *set = &op->u.cpu_policy;
    const struct cpuid_policy *old = d->arch.cpuid;
    struct cpuid_policy *p;
    int rc;

    if (d == current->domain)
        return -EINVAL;
    if (d->was_unpaused)
        return -EEXIST;
    set->err_leaf = set->err_subleaf = set->err_msr = NOWHERE;
    if (set->nr_leaves > CPUID_MAX_LEAVES || set->nr_msrs > NR_MSRS)
        return -E2BIG;

    p = xzalloc(struct cpuid_policy);
    if (!p)
        return -ENOMEM;
    *p = *old;
    rc = leaves_from_guest(p, set);
    if (rc == 0)
        rc = msrs_from_guest(set);
    if (rc == 0)
        rc = check_last_leaves(p, set);
    if (rc) {
        xfree(p);
        return rc;
    }
    cpuid_policy_limit(p);
    d->arch.cpuid = p;
    if (old != &cpuid_initial)
        xfree((void *)old);
    return 0;
}
