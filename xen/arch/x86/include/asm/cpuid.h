/* SPDX-License-Identifier: MIT */
/*
 * CPUID as guests see it: what the boot CPU says, less all that a paravirtual
 * guest cannot use, with each vcpu a package of its own; and the leaves by
 * which a guest finds its hypervisor.
 */
#ifndef ASM_CPUID_H
#define ASM_CPUID_H

#include "xen/types.h"

struct cpuid_leaf {
    u32 a, b, c, d;
};

#define CPUID_MAX_BASIC     0xd
#define CPUID_MAX_EXTENDED  0x80000008
#define CPUID_CACHE_LEAVES  8
#define CPUID_XSTATE_LEAVES 10

struct cpuid_policy {
    struct cpuid_leaf basic[CPUID_MAX_BASIC + 1];
    struct cpuid_leaf cache[CPUID_CACHE_LEAVES];   /* subleaves of leaf 4 */
    struct cpuid_leaf xstate[CPUID_XSTATE_LEAVES]; /* subleaves of leaf 0xd */
    struct cpuid_leaf extended[CPUID_MAX_EXTENDED - 0x80000000 + 1];
};

/* Where policies depend on one bit or two. */
#define CPUID_1_ECX_OSXSAVE   (1u << 27)
#define CPUID_7_EBX_FSGSBASE  (1u << 0)
#define CPUID_EXT1_EDX_RDTSCP (1u << 27)

/** Compute the policies. After cpu_features_init() and xstate_init(). */
void cpuid_policy_init(void);

/** The policy of a new domain; constant. */
const struct cpuid_policy *cpuid_policy_for(bool is_hardware);

/**
 * What CPUID returns to a vcpu.
 *
 * @kernel_view  OSXSAVE follows the hypervisor's CR4, as a guest kernel wants
 *               to see it before it has set its own; else the guest's CR4
 *
 * Returns zeros for leaves that there are not.
 * Source: SDM 2A CPUID; APM 3 E.
 */
struct cpuid_leaf cpuid_guest(const struct vcpu *v, u32 leaf, u32 subleaf,
                              bool kernel_view);

static inline bool cpuid_has_fsgsbase(const struct cpuid_policy *p)
{
    return p->basic[7].b & CPUID_7_EBX_FSGSBASE;
}

static inline bool cpuid_has_rdtscp(const struct cpuid_policy *p)
{
    return p->extended[1].d & CPUID_EXT1_EDX_RDTSCP;
}

#endif
