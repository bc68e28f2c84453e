/* SPDX-License-Identifier: MIT */
/*
 * Which MSRs a guest kernel may read and write. The few that are real go first,
 * for KERNEL_GS_BASE is read at each context switch of a guest; the rest is a
 * table. What stands in neither raises #GP.
 */
#include "asm/msr.h"

#include "xen/errno.h"
#include "xen/time.h"
#include "xen/vcpu.h"
#include "asm/cpufeature.h"
#include "asm/cpuid.h"
#include "asm/pgtable.h"
#include "asm/processor.h"
#include "asm/time.h"

#define MSR_PLATFORM_ID              0x00000017
#define MSR_FEATURE_CONTROL          0x0000003a
#define MSR_PATCH_LEVEL              0x0000008b
#define MSR_MISC_FEATURES_ENABLES    0x00000140
#define MSR_MCG_CAP                  0x00000179
#define MSR_MCG_STATUS               0x0000017a
#define MSR_DEBUGCTL                 0x000001d9
#define MSR_MC0_CTL                  0x00000400 /* four registers per bank */
#define MSR_K7_EVNTSEL0              0xc0010000 /* four, then four counters */
#define MSR_K7_PERFCTR3              0xc0010007
#define MSR_K8_HWCR                  0xc0010015
#define MSR_AMD_DE_CFG               0xc0011029

#define APIC_BASE                    0xfee00000
#define APIC_BASE_BSP                0x100
#define APIC_BASE_ENABLE             0x800

#define MISC_ENABLE_PERFMON          (1u << 7)
#define MISC_ENABLE_BTS_UNAVAILABLE  (1u << 11)
#define MISC_ENABLE_PEBS_UNAVAILABLE (1u << 12)
#define MISC_ENABLE_MONITOR          (1u << 18)
#define MISC_ENABLE_XTPR_DISABLE     (1u << 23)

#define FEATURE_CONTROL_LOCKED       0x1
#define DE_CFG_LFENCE_SERIALISES     0x2

/* Bits of EFER that a guest sees. */
#define EFER_GUEST (EFER_SCE | EFER_LME | EFER_LMA | EFER_NX)

/* A rule without a read or write function refuses the access. */
struct msr_rule {
    u32 first, last;
    enum cpu_vendor vendor; /* VENDOR_OTHER: any */
    int (*read)(const struct vcpu *v, u32 msr, u64 *value_out);
    int (*write)(const struct vcpu *v, u32 msr, u64 value);
};

static int read_zero(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)v;
    (void)msr;
    *value_out = 0;
    return 0;
}

static int read_host(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)v;
    return rdmsr_safe(msr, value_out) ? -EPERM : 0;
}

u64 msr_guest_tsc(const struct vcpu *v)
{
    return v->domain->arch.tsc.emulated ? domain_tsc_at(v->domain, NOW())
                                        : rdtsc();
}

static int read_tsc(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)msr;
    *value_out = msr_guest_tsc(v);
    return 0;
}

static int read_apic_base(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)msr;
    *value_out = APIC_BASE | APIC_BASE_ENABLE;
    if (v->vcpu_id == 0)
        *value_out |= APIC_BASE_BSP;
    return 0;
}

static int read_pat(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)v;
    (void)msr;
    *value_out = XEN_PAT;
    return 0;
}

static int read_efer(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)v;
    *value_out = rdmsr(msr) & EFER_GUEST;
    return 0;
}

static int read_mcg_cap(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)msr;
    *value_out = v->arch.mce.cap;
    return 0;
}

/* CTL of a bank reads as all enabled; STATUS, ADDR and MISC are empty. */
static int read_mc_bank(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)v;
    *value_out = (msr - MSR_MC0_CTL) % 4 == 0 ? ~0ULL : 0;
    return 0;
}

static int read_feature_control(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)v;
    (void)msr;
    *value_out = FEATURE_CONTROL_LOCKED;
    return 0;
}

static int read_de_cfg(const struct vcpu *v, u32 msr, u64 *value_out)
{
    (void)v;
    (void)msr;
    *value_out = DE_CFG_LFENCE_SERIALISES;
    return 0;
}

static int read_misc_enable(const struct vcpu *v, u32 msr, u64 *value_out)
{
    u64 value;

    (void)v;
    if (rdmsr_safe(msr, &value))
        return -EPERM;
    value &= ~(u64)(MISC_ENABLE_PERFMON | MISC_ENABLE_MONITOR);
    *value_out = value | MISC_ENABLE_BTS_UNAVAILABLE |
                 MISC_ENABLE_PEBS_UNAVAILABLE | MISC_ENABLE_XTPR_DISABLE;
    return 0;
}

/* A guest may set these to any value; the hardware's stay what they are. */
static int write_ignored(const struct vcpu *v, u32 msr, u64 value)
{
    (void)v;
    (void)msr;
    (void)value;
    return 0;
}

static int write_zero(const struct vcpu *v, u32 msr, u64 value)
{
    (void)v;
    (void)msr;
    return value == 0 ? 0 : -EPERM;
}

static int write_same_efer(const struct vcpu *v, u32 msr, u64 value)
{
    (void)v;
    return value == (rdmsr(msr) & EFER_GUEST) ? 0 : -EPERM;
}

static int write_same_pat(const struct vcpu *v, u32 msr, u64 value)
{
    (void)v;
    (void)msr;
    return value == XEN_PAT ? 0 : -EPERM;
}

static int write_mc_bank(const struct vcpu *v, u32 msr, u64 value)
{
    (void)v;
    if ((msr - MSR_MC0_CTL) % 4 == 0)
        return 0;
    return value == 0 ? 0 : -EPERM;
}

/* clang-format off */
static const struct msr_rule rules[] = {
    {MSR_TSC, MSR_TSC, VENDOR_OTHER, read_tsc, NULL},
    {MSR_PLATFORM_ID, MSR_PLATFORM_ID, VENDOR_INTEL, read_host, NULL},
    {MSR_APIC_BASE, MSR_APIC_BASE, VENDOR_OTHER, read_apic_base, NULL},
    {MSR_FEATURE_CONTROL, MSR_FEATURE_CONTROL, VENDOR_INTEL, read_feature_control, NULL},
    {MSR_PATCH_LEVEL, MSR_PATCH_LEVEL, VENDOR_INTEL, read_host, write_zero},
    {MSR_PATCH_LEVEL, MSR_PATCH_LEVEL, VENDOR_AMD, read_host, NULL},
    {MSR_PLATFORM_INFO, MSR_PLATFORM_INFO, VENDOR_INTEL, read_zero, NULL},
    {MSR_MISC_FEATURES_ENABLES, MSR_MISC_FEATURES_ENABLES, VENDOR_INTEL, read_zero, write_zero},
    {MSR_MCG_CAP, MSR_MCG_CAP, VENDOR_OTHER, read_mcg_cap, NULL},
    {MSR_MCG_STATUS, MSR_MCG_STATUS, VENDOR_OTHER, read_zero, write_zero},
    {MSR_MISC_ENABLE, MSR_MISC_ENABLE, VENDOR_INTEL, read_misc_enable, NULL},
    {MSR_DEBUGCTL, MSR_DEBUGCTL, VENDOR_OTHER, read_zero, write_zero},
    {MSR_PAT, MSR_PAT, VENDOR_OTHER, read_pat, write_same_pat},
    {MSR_MC0_CTL, MSR_MC0_CTL + 4 * NR_MC_BANKS - 1, VENDOR_OTHER, read_mc_bank, write_mc_bank},
    {MSR_EFER, MSR_EFER, VENDOR_OTHER, read_efer, write_same_efer},
    {MSR_K7_EVNTSEL0, MSR_K7_PERFCTR3, VENDOR_AMD, read_zero, write_ignored},
    {MSR_K8_HWCR, MSR_K8_HWCR, VENDOR_AMD, read_zero, write_ignored},
    {MSR_AMD_DE_CFG, MSR_AMD_DE_CFG, VENDOR_AMD, read_de_cfg, NULL},
};
/* clang-format on */

static const struct msr_rule *find_rule(u32 msr)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++) {
        const struct msr_rule *r = &rules[i];

        if (msr >= r->first && msr <= r->last &&
            (r->vendor == VENDOR_OTHER || r->vendor == cpu_features.vendor))
            return r;
    }
    return NULL;
}

int msr_guest_read(struct vcpu *v, u32 msr, u64 *value_out)
{
    const struct msr_rule *r;

    switch (msr) {
    case MSR_KERNEL_GS_BASE:
    case MSR_GS_BASE:
    case MSR_FS_BASE:
        /* In guest kernel mode the user's GS base is the inactive one. */
        *value_out = rdmsr(msr);
        return 0;
    case MSR_TSC_AUX:
        if (!cpuid_has_rdtscp(v->domain->arch.cpuid))
            return -EPERM;
        *value_out = v->arch.tsc_aux;
        return 0;
    default:
        r = find_rule(msr);
        return r && r->read ? r->read(v, msr, value_out) : -EPERM;
    }
}

int msr_guest_write(struct vcpu *v, u32 msr, u64 value)
{
    const struct msr_rule *r;

    switch (msr) {
    case MSR_KERNEL_GS_BASE:
    case MSR_GS_BASE:
    case MSR_FS_BASE:
        if (!is_canonical_address(value))
            return -EPERM;
        wrmsr(msr, value);
        return 0;
    case MSR_TSC_AUX:
        if (!cpuid_has_rdtscp(v->domain->arch.cpuid) || value >> 32)
            return -EPERM;
        v->arch.tsc_aux = value;
        wrmsr(MSR_TSC_AUX, value);
        return 0;
    default:
        r = find_rule(msr);
        return r && r->write ? r->write(v, msr, value) : -EPERM;
    }
}
