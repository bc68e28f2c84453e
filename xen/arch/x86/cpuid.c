/* SPDX-License-Identifier: MIT */
/*
 * CPUID for guests. Features are listed, not excluded: one that nobody has
 * thought of stays hidden.
 */
#include "asm/cpuid.h"

#include "xen/time.h"
#include "xen/vcpu.h"
#include "asm/cpufeature.h"
#include "asm/processor.h"
#include "asm/time.h"
#include "asm/xstate.h"

#define BIT(n) (1u << (n))

/* SSE3 PCLMULQDQ SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE RDRAND. */
#define LEAF1_ECX                                                              \
    (BIT(0) | BIT(1) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(22) |        \
     BIT(23) | BIT(25) | BIT(26) | BIT(30))
#define LEAF1_ECX_XSAVE BIT(26)
/* FMA AVX F16C: with the AVX state only. */
#define LEAF1_ECX_AVX        (BIT(12) | BIT(28) | BIT(29))
#define LEAF1_ECX_HYPERVISOR BIT(31)

/* FPU DE TSC MSR PAE MCE CX8 APIC MCA CMOV PAT CLFLUSH ACPI MMX FXSR SSE SSE2
 * SS. */
#define LEAF1_EDX                                                              \
    (BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) |   \
     BIT(14) | BIT(15) | BIT(16) | BIT(19) | BIT(22) | BIT(23) | BIT(24) |     \
     BIT(25) | BIT(26) | BIT(27))
#define LEAF1_EDX_SEP  BIT(11) /* 64-bit kernels: on Intel CPUs only */
#define LEAF1_EDX_MTRR BIT(12) /* the hardware domain only */

/* FSGSBASE BMI1 FDP_EXCPTN BMI2 ERMS FCS/FDS RDSEED ADX CLFLUSHOPT CLWB SHA. */
#define LEAF7_EBX                                                              \
    (BIT(0) | BIT(3) | BIT(6) | BIT(8) | BIT(9) | BIT(13) | BIT(18) |          \
     BIT(19) | BIT(23) | BIT(24) | BIT(29))
#define LEAF7_EBX_AVX BIT(5) /* AVX2 */
/* AVX512 F DQ IFMA CD BW VL. */
#define LEAF7_EBX_AVX512                                                       \
    (BIT(16) | BIT(17) | BIT(21) | BIT(28) | BIT(30) | BIT(31))
/* GFNI RDPID CLDEMOTE MOVDIRI MOVDIR64B. */
#define LEAF7_ECX     (BIT(8) | BIT(22) | BIT(25) | BIT(27) | BIT(28))
#define LEAF7_ECX_AVX (BIT(9) | BIT(10)) /* VAES VPCLMULQDQ */
/* AVX512 VBMI VBMI2 VNNI BITALG VPOPCNTDQ. */
#define LEAF7_ECX_AVX512 (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
#define LEAF7_EDX        (BIT(4) | BIT(10)) /* FSRM MD_CLEAR */

#define LEAFD1_EAX       (BIT(0) | BIT(1) | BIT(2)) /* XSAVEOPT XSAVEC XGETBV1 */

/* LAHF ABM SSE4A MISALIGNSSE 3DNOWPREFETCH; XOP FMA4 TBM with AVX. */
#define EXT1_ECX     (BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8))
#define EXT1_ECX_AVX (BIT(11) | BIT(16) | BIT(21))
/* SYSCALL NX RDTSCP LM. */
#define EXT1_EDX (BIT(11) | BIT(20) | CPUID_EXT1_EDX_RDTSCP | BIT(29))
/* AMD repeats many bits of leaf 1, and has MMXEXT 3DNOWEXT 3DNOW. */
#define EXT1_EDX_COMMON 0x0183f3ff
#define EXT1_EDX_AMD    (BIT(22) | BIT(30) | BIT(31))

#define XSTATE_AVX      0x04
#define XSTATE_AVX512   0xe0

#define HYPERVISOR_LEAF 0x40000000
#define HYPERVISOR_LAST 0x40000005

static struct cpuid_policy hardware_policy, guest_policy;

static struct cpuid_leaf host_leaf(u32 leaf, u32 subleaf)
{
    struct cpuid_leaf l;

    cpuid(leaf, subleaf, &l.a, &l.b, &l.c, &l.d);
    return l;
}

static bool has_avx(void)
{
    return xfeature_mask & XSTATE_AVX;
}

static bool has_avx512(void)
{
    return (xfeature_mask & XSTATE_AVX512) == XSTATE_AVX512;
}

/* Leaf 1. ebx keeps the size of cache lines; the APIC id is the vcpu's. */
static void restrict_leaf_1(struct cpuid_leaf *l)
{
    u32 ecx = LEAF1_ECX, edx = LEAF1_EDX;

    if (has_avx())
        ecx |= LEAF1_ECX_AVX;
    if (!xfeature_mask)
        ecx &= ~LEAF1_ECX_XSAVE;
    if (cpu_features.vendor == VENDOR_INTEL)
        edx |= LEAF1_EDX_SEP;
    l->b &= 0x0000ff00;
    l->c = (l->c & ecx) | LEAF1_ECX_HYPERVISOR;
    l->d &= edx;
}

static void restrict_leaf_7(struct cpuid_leaf *l)
{
    u32 ebx = LEAF7_EBX, ecx = LEAF7_ECX;

    if (has_avx()) {
        ebx |= LEAF7_EBX_AVX;
        ecx |= LEAF7_ECX_AVX;
    }
    if (has_avx512()) {
        ebx |= LEAF7_EBX_AVX512;
        ecx |= LEAF7_ECX_AVX512;
    }
    l->a = 0;
    l->b &= ebx;
    l->c &= ecx;
    l->d &= LEAF7_EDX;
}

/* Caches, Intel's way: shared by nobody, cores: one. */
static void fill_cache_leaves(struct cpuid_policy *p)
{
    for (u32 i = 0; i < CPUID_CACHE_LEAVES; i++) {
        struct cpuid_leaf l = host_leaf(4, i);

        if (!(l.a & 0x1f))
            return;
        l.a &= 0x3fff;
        p->cache[i] = l;
    }
}

static void fill_xstate_leaves(struct cpuid_policy *p)
{
    if (!xfeature_mask)
        return;

    p->xstate[0].a = (u32)xfeature_mask;
    p->xstate[0].c = xsave_area_size;
    p->xstate[0].d = (u32)(xfeature_mask >> 32);
    p->xstate[1].a = host_leaf(0xd, 1).a & LEAFD1_EAX;
    for (u32 i = 2; i < CPUID_XSTATE_LEAVES; i++)
        if ((xfeature_mask >> i) & 1)
            p->xstate[i] = host_leaf(0xd, i);
}

static void fill_basic(struct cpuid_policy *p)
{
    struct cpuid_leaf l = host_leaf(0, 0);
    u32 max_leaf = min(l.a, (u32)CPUID_MAX_BASIC);

    l.a = max_leaf;
    p->basic[0] = l;
    p->basic[1] = host_leaf(1, 0);
    restrict_leaf_1(&p->basic[1]);
    if (max_leaf >= 2 && cpu_features.vendor == VENDOR_INTEL)
        p->basic[2] = host_leaf(2, 0);
    if (max_leaf >= 4)
        fill_cache_leaves(p);
    if (max_leaf >= 7) {
        p->basic[7] = host_leaf(7, 0);
        restrict_leaf_7(&p->basic[7]);
    }
    if (max_leaf >= 0xd)
        fill_xstate_leaves(p);
}

static void restrict_extended_1(struct cpuid_leaf *l)
{
    bool amd = cpu_features.vendor == VENDOR_AMD;
    u32 edx = EXT1_EDX;

    if (amd)
        edx |= (EXT1_EDX_COMMON & LEAF1_EDX) | EXT1_EDX_AMD;
    if (!cpu_features.rdtscp)
        edx &= ~CPUID_EXT1_EDX_RDTSCP;
    l->c &= EXT1_ECX | (has_avx() ? EXT1_ECX_AVX : 0);
    l->d &= edx;
}

/* Brand, caches, address sizes. Leaf 7: nothing, guests have a clock of their
 * own. */
static void fill_extended(struct cpuid_policy *p)
{
    u32 max_leaf = host_leaf(0x80000000, 0).a;

    if (max_leaf < 0x80000000)
        return;
    max_leaf = min(max_leaf, (u32)CPUID_MAX_EXTENDED);
    for (u32 leaf = 0x80000000; leaf <= max_leaf; leaf++)
        p->extended[leaf - 0x80000000] = host_leaf(leaf, 0);

    p->extended[0].a = max_leaf;
    restrict_extended_1(&p->extended[1]);
    p->extended[7] = (struct cpuid_leaf){0};
    p->extended[8] = (struct cpuid_leaf){.a = p->extended[8].a & 0xffff};
}

void cpuid_policy_init(void)
{
    u32 mtrr = host_leaf(1, 0).d & LEAF1_EDX_MTRR;

    fill_basic(&guest_policy);
    fill_extended(&guest_policy);
    hardware_policy = guest_policy;
    hardware_policy.basic[1].d |= mtrr;
    if (cpu_features.vendor == VENDOR_AMD)
        hardware_policy.extended[1].d |= mtrr;
}

const struct cpuid_policy *cpuid_policy_for(bool is_hardware)
{
    return is_hardware ? &hardware_policy : &guest_policy;
}

/* Size of an XSAVE area for the features in xcr0: legacy area and header, and
 * each further part at its fixed place. */
static u32 xstate_size(const struct cpuid_policy *p, u64 xcr0)
{
    u32 size = 512 + 64;

    for (unsigned int i = 2; i < CPUID_XSTATE_LEAVES; i++)
        if ((xcr0 >> i) & 1)
            size = max(size, p->xstate[i].a + p->xstate[i].b);

    return size;
}

static struct cpuid_leaf basic_leaf(const struct vcpu *v, u32 leaf, u32 subleaf,
                                    bool kernel_view)
{
    const struct cpuid_policy *p = v->domain->arch.cpuid;
    struct cpuid_leaf l = {0};

    if (leaf > p->basic[0].a || leaf > CPUID_MAX_BASIC)
        return l;
    leaf = array_index_nospec(leaf, CPUID_MAX_BASIC + 1);
    if (leaf == 4) {
        if (subleaf < CPUID_CACHE_LEAVES)
            l = p->cache[array_index_nospec(subleaf, CPUID_CACHE_LEAVES)];
        return l;
    }
    if (leaf == 7 && subleaf != 0)
        return l;
    if (leaf == 0xd) {
        if (subleaf < CPUID_XSTATE_LEAVES)
            l = p->xstate[array_index_nospec(subleaf, CPUID_XSTATE_LEAVES)];
        if (subleaf == 0 && l.a)
            l.b = xstate_size(p, v->arch.xcr0);
        return l;
    }

    l = p->basic[leaf];
    if (leaf == 1) {
        l.b |= (v->vcpu_id * 2) << 24;
        if ((l.c & LEAF1_ECX_XSAVE) &&
            (kernel_view || (v->arch.cr4 & X86_CR4_OSXSAVE)))
            l.c |= CPUID_1_ECX_OSXSAVE;
    }
    return l;
}

/* Number of bits of the highest machine address. */
static u32 machine_address_bits(void)
{
    return max_page ? highest_bit(max_page - 1) + 1 + PAGE_SHIFT : 0;
}

/* Time of the guest: its TSC is the machine's, never emulated. */
static struct cpuid_leaf time_leaf(u32 subleaf)
{
    struct time_scale scale = time_scale_from_hz(tsc_khz * 1000);
    struct cpuid_leaf l = {0};

    switch (subleaf) {
    case 0:
        l.a = (tsc_reliable ? BIT(1) : 0) | (cpu_features.rdtscp ? BIT(2) : 0);
        l.b = 2; /* mode: native */
        l.c = (u32)tsc_khz;
        break;
    case 1:
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

static struct cpuid_leaf hypervisor_leaf(u32 leaf, u32 subleaf)
{
    switch (leaf - HYPERVISOR_LEAF) {
    case 0: /* "XenVMMXenVMM" */
        return (struct cpuid_leaf){HYPERVISOR_LAST, 0x566e6558, 0x65584d4d,
                                   0x4d4d566e};
    case 1: /* version 4.17 */
        return (struct cpuid_leaf){.a = (4u << 16) | 17};
    case 2: /* hypercall page MSR; mmu_update can preserve A and D */
        return (struct cpuid_leaf){.a = 1, .b = 0x40000000, .c = BIT(0)};
    case 3:
        return time_leaf(subleaf);
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

    if (leaf < HYPERVISOR_LEAF)
        return basic_leaf(v, leaf, subleaf, kernel_view);
    if (leaf < 0x80000000)
        return hypervisor_leaf(leaf, subleaf);
    if (leaf > p->extended[0].a || extended >= ARRAY_SIZE(p->extended))
        return (struct cpuid_leaf){0};
    return p->extended[array_index_nospec(extended, ARRAY_SIZE(p->extended))];
}
