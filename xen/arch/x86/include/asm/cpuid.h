/* SPDX-License-Identifier: MIT */
/*
 * CPUID as guests see it. Each domain follows a policy: what the boot CPU says,
 * less all that a paravirtual guest cannot use, less what the toolstack takes
 * away. What differs between vcpus or from call to call is made up on each
 * call, and so are the leaves by which a guest finds its hypervisor.
 */
#ifndef ASM_CPUID_H
#define ASM_CPUID_H

#include "xen/types.h"

struct vcpu;

struct cpuid_leaf {
    u32 a, b, c, d;
};

/* What a policy has room for: all that the toolstack ABI can tell of. */
#define CPUID_MAX_BASIC       0xd
#define CPUID_MAX_EXTENDED    0x80000021
#define CPUID_CACHE_LEAVES    6
#define CPUID_FEATURE_LEAVES  3
#define CPUID_TOPOLOGY_LEAVES 2
#define CPUID_XSTATE_LEAVES   63
#define CPUID_NR_EXTENDED     (CPUID_MAX_EXTENDED - 0x80000000 + 1)

struct cpuid_policy {
    /* Those with subleaves (4, 7, 0xb, 0xd) stay zero here. */
    struct cpuid_leaf basic[CPUID_MAX_BASIC + 1];
    struct cpuid_leaf cache[CPUID_CACHE_LEAVES];       /* leaf 4 */
    struct cpuid_leaf features[CPUID_FEATURE_LEAVES];  /* leaf 7 */
    struct cpuid_leaf topology[CPUID_TOPOLOGY_LEAVES]; /* leaf 0xb */
    struct cpuid_leaf xstate[CPUID_XSTATE_LEAVES];     /* leaf 0xd */
    /* 0x40000000, 0x40000100. a: the last leaf to show, 0 for all of them. */
    struct cpuid_leaf hypervisor[2];
    struct cpuid_leaf extended[CPUID_NR_EXTENDED];
};

/* Where policies depend on one bit or two. */
#define CPUID_1_ECX_XSAVE     (1u << 26)
#define CPUID_1_ECX_OSXSAVE   (1u << 27)
#define CPUID_7_EBX_FSGSBASE  (1u << 0)
#define CPUID_EXT1_EDX_RDTSCP (1u << 27)

/* The words in which the ABI lists features: the registers of leaves, in the
 * order of its feature numbers, 32 each. */
enum featureset_word {
    FS_1D,
    FS_1C,
    FS_E1D, /* leaf 0x80000001, edx */
    FS_E1C,
    FS_DA1, /* leaf 0xd, eax of subleaf 1 */
    FS_7B0, /* leaf 7, ebx of subleaf 0 */
    FS_7C0,
    FS_E7D,
    FS_E8B,
    FS_7D0,
    FS_7A1,
    FS_E21A,
    FS_7B1,
    FS_7D2,
    FS_7C1,
    FS_7D1,
    FS_ARCH_CAPS_LO, /* of an MSR, which guests have not */
    FS_ARCH_CAPS_HI,
    FS_E21C,
    FEATURESET_WORDS,
};

/* cpuid_policy.c: which there are. */

/* Constant after cpuid_policy_init(). */
extern struct cpuid_policy cpuid_raw, /* what the boot CPU says */
    cpuid_host,                       /* what the hypervisor uses and offers */
    cpuid_pv_max,                     /* all that a domain may have */
    cpuid_pv_default,                 /* what a toolstack starts from */
    cpuid_initial; /* of a new domain: the same, as its vcpus see it */

/** Compute the policies. After cpu_features_init() and xstate_init(). */
void cpuid_policy_init(void);

/** Take from p what is more than cpuid_pv_max, or makes no sense without what
 * p lacks; then it is fit for a domain. */
void cpuid_policy_limit(struct cpuid_policy *p);

/** The feature words of p. */
void cpuid_featureset(const struct cpuid_policy *p,
                      u32 words_out[FEATURESET_WORDS]);

/** Bytes of an XSAVE area, in standard form, for the states in xcr0. */
u32 cpuid_xstate_size(const struct cpuid_policy *p, u64 xcr0);

/* cpuid_leaves.c: a policy as a list of leaves. */

struct xen_cpuid_leaf;

/* How long a list can be. */
#define CPUID_MAX_LEAVES                                                       \
    (CPUID_MAX_BASIC + 1 - 4 + CPUID_CACHE_LEAVES + CPUID_FEATURE_LEAVES +     \
     CPUID_TOPOLOGY_LEAVES + CPUID_XSTATE_LEAVES + 2 + CPUID_NR_EXTENDED)

/** Where p keeps a leaf; NULL if it has no room for such a one. The subleaf is
 * XEN_CPUID_NO_SUBLEAF where the leaf has none. */
struct cpuid_leaf *cpuid_policy_leaf(struct cpuid_policy *p, u32 leaf,
                                     u32 subleaf);
/** List p's leaves in ascending order; there is room for CPUID_MAX_LEAVES.
 * Returns their number. */
unsigned int cpuid_policy_list(const struct cpuid_policy *p,
                               struct xen_cpuid_leaf *list_out);

/* cpuid.c: what guests see. */

/**
 * What CPUID returns to a vcpu.
 *
 * @kernel_view  as the kernel of the guest sees it through the hypervisor's own
 *               prefix: OSXSAVE follows the hypervisor's CR4, as it wants to
 * see that before it has set its own, and the hardware domain has MTRRs; else
 * OSXSAVE follows the guest's CR4
 *
 * Returns zeros for leaves that there are not.
 * Source: SDM 2A CPUID; APM 3 E.
 */
struct cpuid_leaf cpuid_guest(const struct vcpu *v, u32 leaf, u32 subleaf,
                              bool kernel_view);

static inline bool cpuid_has_fsgsbase(const struct cpuid_policy *p)
{
    return p->features[0].b & CPUID_7_EBX_FSGSBASE;
}

static inline bool cpuid_has_rdtscp(const struct cpuid_policy *p)
{
    return p->extended[1].d & CPUID_EXT1_EDX_RDTSCP;
}

static inline bool cpuid_has_xsave(const struct cpuid_policy *p)
{
    return p->basic[1].c & CPUID_1_ECX_XSAVE;
}

/* States that XCR0 may enable. */
static inline u64 cpuid_xcr0_max(const struct cpuid_policy *p)
{
    return ((u64)p->xstate[0].d << 32) | p->xstate[0].a;
}

#endif
