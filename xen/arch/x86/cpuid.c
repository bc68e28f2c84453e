/* SPDX-License-Identifier: MIT */
/* CPUID of a vcpu: its domain's policy, what is the vcpu's own, and the leaves
 * of the hypervisor. */
#include "asm/cpuid.h"

#include "xen/time.h"
#include "xen/vcpu.h"
#include "asm/cpufeature.h"
#include "asm/processor.h"
#include "asm/time.h"

#define BIT(n)               (1u << (n))
#define LEAF1_EDX_MTRR       BIT(12)
#define LEAF1_APIC_ID(id)    ((u32)(id) << 24)
#define APIC_IDS_PER_VCPU    2

#define HYPERVISOR_LEAF      0x40000000
#define HYPERVISOR_LAST      0x40000005
#define HYPERVISOR_FEWEST    2 /* leaves behind the first */
#define HYPERVISOR_LAST_MASK 0xff

static struct cpuid_leaf feature_leaf(const struct vcpu *v, bool kernel_view)
{
    struct cpuid_leaf l = v->domain->arch.cpuid->basic[1];

    l.b |= LEAF1_APIC_ID(v->vcpu_id * APIC_IDS_PER_VCPU);
    if ((l.c & CPUID_1_ECX_XSAVE) &&
        (kernel_view || (v->arch.cr4 & X86_CR4_OSXSAVE)))
        l.c |= CPUID_1_ECX_OSXSAVE;
    if (v->domain->is_hardware && kernel_view)
        l.d |= cpuid_host.basic[1].d & LEAF1_EDX_MTRR;
    return l;
}

static struct cpuid_leaf sub_leaf(const struct cpuid_leaf *leaves,
                                  unsigned int nr, u32 subleaf)
{
    if (subleaf >= nr)
        return (struct cpuid_leaf){0};
    return leaves[array_index_nospec(subleaf, nr)];
}

static struct cpuid_leaf basic_leaf(const struct vcpu *v, u32 leaf, u32 subleaf,
                                    bool kernel_view)
{
    const struct cpuid_policy *p = v->domain->arch.cpuid;
    struct cpuid_leaf l;

    if (leaf > p->basic[0].a || leaf > CPUID_MAX_BASIC)
        return (struct cpuid_leaf){0};
    switch (leaf) {
    case 1:
        return feature_leaf(v, kernel_view);
    case 4:
        return sub_leaf(p->cache, CPUID_CACHE_LEAVES, subleaf);
    case 7:
        return sub_leaf(p->features, p->features[0].a + 1, subleaf);
    case 0xd:
        l = sub_leaf(p->xstate, CPUID_XSTATE_LEAVES, subleaf);
        if (subleaf == 0 && l.a)
            l.b = cpuid_xstate_size(p, v->arch.xcr0);
        return l;
    default:
        return p->basic[array_index_nospec(leaf, CPUID_MAX_BASIC + 1)];
    }
}

/* Number of bits of the highest machine address. */
static u32 machine_address_bits(void)
{
    return max_page ? highest_bit(max_page - 1) + 1 + PAGE_SHIFT : 0;
}

/* Time of the guest. Where its TSC is emulated, it does not depend on this
 * machine's. */
static struct cpuid_leaf time_leaf(const struct domain *d, u32 subleaf)
{
    const struct domain_tsc *tsc = &d->arch.tsc;
    struct time_scale scale =
        tsc->emulated ? tsc->to_ns : time_scale_from_hz(tsc_khz * 1000);
    u64 offset = tsc->emulated ? tsc->start : 0;
    struct cpuid_leaf l = {0};

    switch (subleaf) {
    case 0:
        l.a = (tsc->emulated ? BIT(0) : 0) | (tsc_reliable ? BIT(1) : 0) |
              (cpuid_has_rdtscp(d->arch.cpuid) ? BIT(2) : 0);
        l.b = tsc->mode;
        l.c = tsc->emulated ? tsc->khz : (u32)tsc_khz;
        l.d = tsc->incarnation;
        break;
    case 1:
        l.a = (u32)offset;
        l.b = (u32)(offset >> 32);
        l.c = scale.mul;
        l.d = (u32)scale.shift;
        break;
    case 2:
        l.a = (u32)tsc_khz;
        break;
    default:
        break;
    }
    return l;
}

/* The last leaf that a domain sees, as its toolstack wants it. */
static u32 last_hypervisor_leaf(const struct domain *d)
{
    u32 last = d->arch.cpuid->hypervisor[0].a & HYPERVISOR_LAST_MASK;

    if (last == 0)
        return HYPERVISOR_LAST;
    return min(HYPERVISOR_LEAF + max(last, (u32)HYPERVISOR_FEWEST),
               (u32)HYPERVISOR_LAST);
}

static struct cpuid_leaf hypervisor_leaf(const struct domain *d, u32 leaf,
                                         u32 subleaf)
{
    u32 last = last_hypervisor_leaf(d);

    if (leaf > last)
        return (struct cpuid_leaf){0};
    switch (leaf - HYPERVISOR_LEAF) {
    case 0: /* "XenVMMXenVMM" */
        return (struct cpuid_leaf){last, 0x566e6558, 0x65584d4d, 0x4d4d566e};
    case 1: /* version 4.17 */
        return (struct cpuid_leaf){.a = (4u << 16) | 17};
    case 2: /* hypercall page MSR; mmu_update can preserve A and D */
        return (struct cpuid_leaf){.a = 1, .b = 0x40000000, .c = BIT(0)};
    case 3:
        return time_leaf(d, subleaf);
    case 5:
        return (struct cpuid_leaf){.b = machine_address_bits()};
    default:
        return (struct cpuid_leaf){0};
    }
}

struct cpuid_leaf cpuid_guest(const struct vcpu *v, u32 leaf, u32 subleaf,
                              bool kernel_view)
{
    const struct cpuid_policy *p = v->domain->arch.cpuid;
    u32 extended = leaf - 0x80000000;
    struct cpuid_leaf l;

    if (leaf < HYPERVISOR_LEAF)
        return basic_leaf(v, leaf, subleaf, kernel_view);
    if (leaf < 0x80000000)
        return hypervisor_leaf(v->domain, leaf, subleaf);
    if (leaf > p->extended[0].a)
        return (struct cpuid_leaf){0};
    l = sub_leaf(p->extended, CPUID_NR_EXTENDED, extended);
    if (extended == 1 && v->domain->is_hardware && kernel_view &&
        cpu_features.vendor == VENDOR_AMD)
        l.d |= cpuid_host.extended[1].d & LEAF1_EDX_MTRR;
    return l;
}
