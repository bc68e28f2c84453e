/* SPDX-License-Identifier: MIT */
/*
 * CPUID policies: what the CPU has, and how much of it domains may have.
 * Features for guests are listed, not excluded: one that nobody has thought of
 * stays hidden. A feature goes with those that it needs.
 */
#include "asm/cpuid.h"

#include "xen/compiler.h"
#include "xen/types.h"
#include "asm/cpufeature.h"
#include "asm/processor.h"
#include "asm/xstate.h"

#define BIT(n) (1u << (n))

struct cpuid_policy cpuid_raw, cpuid_host, cpuid_pv_max, cpuid_pv_default,
    cpuid_initial;

/* AMD repeats these bits of leaf 1 in leaf 0x80000001. */
#define EXT1_EDX_COMMON      0x0183f3ff

#define LEAF1_EDX_SEP        BIT(11)
#define LEAF1_EDX_HTT        BIT(28)
#define LEAF1_ECX_HYPERVISOR BIT(31)
#define LEAF7_ECX_OSPKE      BIT(4)
#define CACHE_TYPE           0x1f
#define CACHE_NOT_SHARED     0x3fff
#define LINEAR_BITS          48

#define XSTATE_FP_SSE        0x03
#define XSTATE_AVX           0x04
#define XSTATE_AVX512        0xe0
#define XSAVE_LEGACY_SIZE    512
#define XSAVE_HEADER_SIZE    64

/* What guests get unless the toolstack says otherwise. */
static const u32 pv_features[FEATURESET_WORDS] = {
    /* FPU DE TSC MSR PAE MCE CX8 APIC SEP MCA CMOV PAT CLFLUSH ACPI MMX FXSR
     * SSE SSE2 SS. */
    [FS_1D] = BIT(0) | BIT(2) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) |
              BIT(9) | LEAF1_EDX_SEP | BIT(14) | BIT(15) | BIT(16) | BIT(19) |
              BIT(22) | BIT(23) | BIT(24) | BIT(25) | BIT(26) | BIT(27),
    /* SSE3 PCLMULQDQ SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX
     * F16C RDRAND HYPERVISOR. */
    [FS_1C] = BIT(0) | BIT(1) | BIT(9) | BIT(12) | BIT(13) | BIT(19) | BIT(20) |
              BIT(22) | BIT(23) | BIT(25) | CPUID_1_ECX_XSAVE | BIT(28) |
              BIT(29) | BIT(30) | LEAF1_ECX_HYPERVISOR,
    /* SYSCALL NX MMXEXT RDTSCP LM 3DNOWEXT 3DNOW. */
    [FS_E1D] = BIT(11) | BIT(20) | BIT(22) | CPUID_EXT1_EDX_RDTSCP | BIT(29) |
               BIT(30) | BIT(31),
    /* LAHF ABM SSE4A MISALIGNSSE 3DNOWPREFETCH XOP FMA4 TBM. */
    [FS_E1C] = BIT(0) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | BIT(16) |
               BIT(21),
    /* XSAVEOPT XSAVEC XGETBV1. */
    [FS_DA1] = BIT(0) | BIT(1) | BIT(2),
    /* FSGSBASE BMI1 AVX2 FDP_EXCPTN BMI2 ERMS FCS/FDS AVX512F AVX512DQ RDSEED
     * ADX AVX512_IFMA CLFLUSHOPT CLWB AVX512CD SHA AVX512BW AVX512VL. */
    [FS_7B0] = CPUID_7_EBX_FSGSBASE | BIT(3) | BIT(5) | BIT(6) | BIT(8) |
               BIT(9) | BIT(13) | BIT(16) | BIT(17) | BIT(18) | BIT(19) |
               BIT(21) | BIT(23) | BIT(24) | BIT(28) | BIT(29) | BIT(30) |
               BIT(31),
    /* AVX512: VBMI VBMI2. GFNI VAES VPCLMULQDQ. AVX512: VNNI BITALG VPOPCNTDQ.
     * RDPID CLDEMOTE MOVDIRI MOVDIR64B. */
    [FS_7C0] = BIT(1) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(12) |
               BIT(14) | BIT(22) | BIT(25) | BIT(27) | BIT(28),
    /* FSRM MD_CLEAR SERIALIZE. */
    [FS_7D0] = BIT(4) | BIT(10) | BIT(14),
    /* AVX_VNNI AVX512_BF16 FZRM FSRS FSRCS. */
    [FS_7A1] = BIT(4) | BIT(5) | BIT(10) | BIT(11) | BIT(12),
    /* LFENCE always serialises; a null selector clears the base. */
    [FS_E21A] = BIT(2) | BIT(6),
};

/* What it may add: ITSC, a TSC that runs evenly. */
static const u32 pv_max_features[FEATURESET_WORDS] = {
    [FS_E7D] = BIT(8),
};

/* And on any CPU, for they are not about what instructions there are: HTT and
 * CMP_LEGACY, as guests' programs see them; X2APIC. */
#define MAX_ANYWHERE_1D  LEAF1_EDX_HTT
#define MAX_ANYWHERE_1C  BIT(21)
#define MAX_ANYWHERE_E1C BIT(1)

/* Without the features in `need`, none of `lost`; those first that others hang
 * on. */
struct dependency {
    enum featureset_word need_in;
    u32 need;
    enum featureset_word lost_in;
    u32 lost;
};

static const struct dependency dependencies[] = {
    {FS_1D, BIT(0), FS_1D, BIT(23)},      /* FPU: MMX */
    {FS_1D, BIT(23), FS_E1D, 0xc0400000}, /* MMX: MMXEXT 3DNOW 3DNOWEXT */
    {FS_1D, BIT(24), FS_1D, BIT(25)},     /* FXSR: SSE */
    {FS_1D, BIT(25), FS_1D, BIT(26)},     /* SSE: SSE2, MISALIGNSSE */
    {FS_1D, BIT(25), FS_E1C, BIT(7)},
    {FS_1D, BIT(26), FS_1C, BIT(0) | BIT(1) | BIT(25)}, /* SSE2: SSE3 PCLMUL
                                                           AES, SHA, GFNI */
    {FS_1D, BIT(26), FS_7B0, BIT(29)},
    {FS_1D, BIT(26), FS_7C0, BIT(8)},
    {FS_1C, BIT(0), FS_1C, BIT(9)}, /* SSE3: SSSE3, SSE4A */
    {FS_1C, BIT(0), FS_E1C, BIT(6)},
    {FS_1C, BIT(9), FS_1C, BIT(19)},            /* SSSE3: SSE4.1 */
    {FS_1C, BIT(19), FS_1C, BIT(20)},           /* SSE4.1: SSE4.2 */
    {FS_1C, CPUID_1_ECX_XSAVE, FS_1C, BIT(28)}, /* XSAVE: AVX, its variants */
    {FS_1C, CPUID_1_ECX_XSAVE, FS_DA1, ~0u},
    {FS_1C, BIT(28), FS_1C, BIT(12) | BIT(29)}, /* AVX: FMA F16C, XOP FMA4,
                                                   AVX2, VAES VPCLMULQDQ */
    {FS_1C, BIT(28), FS_E1C, BIT(11) | BIT(16)},
    {FS_1C, BIT(28), FS_7B0, BIT(5)},
    {FS_1C, BIT(28), FS_7C0, BIT(9) | BIT(10)},
    {FS_7B0, BIT(5), FS_7B0, BIT(16)}, /* AVX2: AVX512F, AVX_VNNI */
    {FS_7B0, BIT(5), FS_7A1, BIT(4)},
    {FS_7B0, BIT(16), FS_7B0, 0xd0220000}, /* AVX512F: the others */
    {FS_7B0, BIT(16), FS_7C0, 0x5842},
    {FS_7B0, BIT(16), FS_7A1, BIT(5)},
};

static struct cpuid_leaf host_leaf(u32 leaf, u32 subleaf)
{
    struct cpuid_leaf l;

    cpuid(leaf, subleaf, &l.a, &l.b, &l.c, &l.d);
    return l;
}

/* Where p keeps a feature word; NULL for those that no leaf has. */
static u32 *feature_word(struct cpuid_policy *p, enum featureset_word word)
{
    u32 *const where[FEATURESET_WORDS] = {
        [FS_1D] = &p->basic[1].d,         [FS_1C] = &p->basic[1].c,
        [FS_E1D] = &p->extended[1].d,     [FS_E1C] = &p->extended[1].c,
        [FS_DA1] = &p->xstate[1].a,       [FS_7B0] = &p->features[0].b,
        [FS_7C0] = &p->features[0].c,     [FS_E7D] = &p->extended[7].d,
        [FS_E8B] = &p->extended[8].b,     [FS_7D0] = &p->features[0].d,
        [FS_7A1] = &p->features[1].a,     [FS_E21A] = &p->extended[0x21].a,
        [FS_7B1] = &p->features[1].b,     [FS_7D2] = &p->features[2].d,
        [FS_7C1] = &p->features[1].c,     [FS_7D1] = &p->features[1].d,
        [FS_E21C] = &p->extended[0x21].c,
    };

    return where[word];
}

void cpuid_featureset(const struct cpuid_policy *p,
                      u32 words_out[FEATURESET_WORDS])
{
    for (unsigned int i = 0; i < FEATURESET_WORDS; i++) {
        const u32 *word = feature_word((struct cpuid_policy *)p, i);

        words_out[i] = word ? *word : 0;
    }
}

static void drop_dependent_features(struct cpuid_policy *p)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(dependencies); i++) {
        const struct dependency *dep = &dependencies[i];

        if (!(*feature_word(p, dep->need_in) & dep->need))
            *feature_word(p, dep->lost_in) &= ~dep->lost;
    }
}

/* p keeps the features that are in one of the two. */
static void limit_features(struct cpuid_policy *p,
                           const u32 some[FEATURESET_WORDS],
                           const u32 more[FEATURESET_WORDS])
{
    for (unsigned int i = 0; i < FEATURESET_WORDS; i++) {
        u32 *word = feature_word(p, i);

        if (word)
            *word &= some[i] | more[i];
    }
    drop_dependent_features(p);
}

static void read_basic(struct cpuid_policy *p)
{
    p->basic[0] = host_leaf(0, 0);
    for (u32 leaf = 1; leaf <= min(p->basic[0].a, (u32)CPUID_MAX_BASIC); leaf++)
        switch (leaf) {
        case 4:
            for (u32 i = 0; i < CPUID_CACHE_LEAVES; i++) {
                p->cache[i] = host_leaf(4, i);
                if (!(p->cache[i].a & CACHE_TYPE))
                    break;
            }
            break;
        case 7:
            p->features[0] = host_leaf(7, 0);
            for (u32 i = 1;
                 i <= min(p->features[0].a, CPUID_FEATURE_LEAVES - 1u); i++)
                p->features[i] = host_leaf(7, i);
            break;
        case 0xb:
            for (u32 i = 0; i < CPUID_TOPOLOGY_LEAVES; i++)
                p->topology[i] = host_leaf(0xb, i);
            break;
        case 0xd:
            for (u32 i = 0; i < CPUID_XSTATE_LEAVES; i++)
                if (i < 2 || (cpuid_xcr0_max(p) >> i) & 1)
                    p->xstate[i] = host_leaf(0xd, i);
            break;
        default:
            p->basic[leaf] = host_leaf(leaf, 0);
            break;
        }
}

static void read_extended(struct cpuid_policy *p)
{
    struct cpuid_leaf l = host_leaf(0x80000000, 0);

    if (l.a < 0x80000000)
        return;
    p->extended[0] = l;
    for (u32 leaf = 0x80000001; leaf <= min(l.a, (u32)CPUID_MAX_EXTENDED);
         leaf++)
        p->extended[leaf - 0x80000000] = host_leaf(leaf, 0);
}

/* The CPU, less what changes, and what the hypervisor was told not to use or
 * does not switch. */
static void make_host(struct cpuid_policy *p)
{
    *p = cpuid_raw;
    p->basic[0].a = min(p->basic[0].a, (u32)CPUID_MAX_BASIC);
    /* Leaves that an older CPU has not are empty; with them, it can take over
     * guests of a newer one. */
    p->extended[0].a = cpu_features.vendor == VENDOR_AMD
                           ? CPUID_MAX_EXTENDED
                           : min(p->extended[0].a, (u32)CPUID_MAX_EXTENDED);
    p->features[0].a = min(p->features[0].a, CPUID_FEATURE_LEAVES - 1u);

    p->basic[1].b &= 0x00ffffff; /* the CPU's own APIC id */
    p->basic[1].c &= ~CPUID_1_ECX_OSXSAVE;
    p->features[0].c &= ~LEAF7_ECX_OSPKE;
    p->xstate[0].b = 0;
    if (cpu_features.vendor != VENDOR_INTEL)
        p->basic[1].d &= ~LEAF1_EDX_SEP; /* not in 64-bit mode */
    if (!cpu_has_smep)
        p->features[0].b &= ~BIT(7);
    if (!cpu_has_smap)
        p->features[0].b &= ~BIT(20);
    if (!cpu_has_rdtscp)
        p->extended[1].d &= ~CPUID_EXT1_EDX_RDTSCP;
    if (!cpu_has_tsc_invariant)
        p->extended[7].d &= ~BIT(8);
    if (!xfeature_mask)
        p->basic[1].c &= ~CPUID_1_ECX_XSAVE;
    if (!(xfeature_mask & XSTATE_AVX))
        p->basic[1].c &= ~BIT(28);
    if ((xfeature_mask & XSTATE_AVX512) != XSTATE_AVX512)
        p->features[0].b &= ~BIT(16);
    drop_dependent_features(p);
}

/* Only states whose instructions are there. */
static void fill_xstate(struct cpuid_policy *p)
{
    u64 mask = 0;
    u32 variants = p->xstate[1].a;

    if (cpuid_has_xsave(p))
        mask |= XSTATE_FP_SSE;
    if (p->basic[1].c & BIT(28))
        mask |= XSTATE_AVX;
    if (p->features[0].b & BIT(16))
        mask |= XSTATE_AVX512;

    for (unsigned int i = 0; i < CPUID_XSTATE_LEAVES; i++)
        p->xstate[i] = i >= 2 && (mask >> i) & 1 ? cpuid_host.xstate[i]
                                                 : (struct cpuid_leaf){0};
    if (mask) {
        p->xstate[0].a = (u32)mask;
        p->xstate[0].c = cpuid_xstate_size(p, mask);
        p->xstate[1].a = variants;
    }
}

/* What no domain has: power, performance counters, the CPU's place among
 * others. Each vcpu is a package of its own. */
static void clear_machine(struct cpuid_policy *p)
{
    static const u8 none[] = {3, 5, 6, 8, 9, 0xa, 0xc};

    for (unsigned int i = 0; i < ARRAY_SIZE(none); i++)
        p->basic[none[i]] = (struct cpuid_leaf){0};
    for (unsigned int i = 0; i < CPUID_TOPOLOGY_LEAVES; i++)
        p->topology[i] = (struct cpuid_leaf){0};
    for (unsigned int i = 0; i < CPUID_CACHE_LEAVES; i++)
        p->cache[i].a &= CACHE_NOT_SHARED;

    p->basic[1].b &= 0x00ffffff;
    /* Of how many threads, where there are any. */
    if ((p->basic[1].d & LEAF1_EDX_HTT) && !(p->basic[1].b & 0x00ff0000))
        p->basic[1].b |= 0x00010000;

    p->extended[7] = (struct cpuid_leaf){.d = p->extended[7].d};
    p->extended[8] = (struct cpuid_leaf){
        .a = (p->extended[8].a & 0xff) | (LINEAR_BITS << 8),
        .b = p->extended[8].b,
    };
    for (unsigned int i = 9; i < CPUID_NR_EXTENDED - 1; i++)
        p->extended[i] = (struct cpuid_leaf){0};
    p->extended[0x21].b = p->extended[0x21].d = 0;
}

u32 cpuid_xstate_size(const struct cpuid_policy *p, u64 xcr0)
{
    u32 size = XSAVE_LEGACY_SIZE + XSAVE_HEADER_SIZE;

    for (unsigned int i = 2; i < CPUID_XSTATE_LEAVES; i++)
        if ((xcr0 >> i) & 1)
            size = max(size, p->xstate[i].a + p->xstate[i].b);

    return size;
}

void cpuid_policy_limit(struct cpuid_policy *p)
{
    static const u32 none[FEATURESET_WORDS];
    const struct cpuid_policy *most = &cpuid_pv_max;
    u32 words[FEATURESET_WORDS];

    cpuid_featureset(most, words);
    limit_features(p, words, none);
    p->features[0].a = min(p->features[0].a, most->features[0].a);
    if ((p->extended[8].a & 0xff) > (most->extended[8].a & 0xff))
        p->extended[8].a = most->extended[8].a;
    fill_xstate(p);
    clear_machine(p);
    if (cpu_features.vendor == VENDOR_AMD)
        p->extended[1].d |= p->basic[1].d & EXT1_EDX_COMMON;
}

void cpuid_policy_init(void)
{
    static const u32 none[FEATURESET_WORDS];

    read_basic(&cpuid_raw);
    read_extended(&cpuid_raw);
    make_host(&cpuid_host);

    cpuid_pv_max = cpuid_host;
    limit_features(&cpuid_pv_max, pv_features, pv_max_features);
    cpuid_pv_max.basic[1].d |= MAX_ANYWHERE_1D;
    cpuid_pv_max.basic[1].c |= LEAF1_ECX_HYPERVISOR | MAX_ANYWHERE_1C;
    cpuid_pv_max.extended[1].c |= MAX_ANYWHERE_E1C;
    fill_xstate(&cpuid_pv_max);
    clear_machine(&cpuid_pv_max);

    cpuid_pv_default = cpuid_pv_max;
    limit_features(&cpuid_pv_default, pv_features, none);
    cpuid_initial = cpuid_pv_default;
    cpuid_policy_limit(&cpuid_initial);
}
