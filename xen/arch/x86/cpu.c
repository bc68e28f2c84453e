/* SPDX-License-Identifier: MIT */
/* Finds out what the CPU can do, and switches it on. SDM 2A CPUID, 3A 2.5. */
#include "asm/cpufeature.h"

#include "xen/option.h"
#include "xen/printk.h"
#include "xen/string.h"
#include "asm/pgtable.h"
#include "asm/processor.h"
#include "asm/xpti.h"

/* CPUID bits. */
#define LEAF1_ECX_MWAIT        (1u << 3)
#define LEAF1_ECX_X2APIC       (1u << 21)
#define LEAF1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF1_ECX_XSAVE        (1u << 26)
#define LEAF1_EDX_PGE          (1u << 13)
#define LEAF1_EDX_PAT          (1u << 16)
#define LEAF7_EBX_FSGSBASE     (1u << 0)
#define LEAF7_EBX_SMEP         (1u << 7)
#define LEAF7_EBX_SMAP         (1u << 20)
#define LEAF7_ECX_UMIP         (1u << 2)
#define EXT1_EDX_PAGE1GB       (1u << 26)
#define EXT1_EDX_RDTSCP        (1u << 27)
#define EXT7_EDX_TSC_INVARIANT (1u << 8)

struct cpu_features cpu_features;

static bool opt_smep = true, opt_smap = true;
OPTION_BOOL("smep", opt_smep, "use SMEP: never execute guests' pages");
OPTION_BOOL("smap", opt_smap, "use SMAP: touch guests' pages on purpose only");

static void identify(void)
{
    u32 a, b, c, d, max_leaf;
    char vendor[13] = "";

    cpuid(0, 0, &max_leaf, &b, &c, &d);
    memcpy(vendor, &b, 4);
    memcpy(vendor + 4, &d, 4);
    memcpy(vendor + 8, &c, 4);
    if (strcmp(vendor, "GenuineIntel") == 0)
        cpu_features.vendor = VENDOR_INTEL;
    else if (strcmp(vendor, "AuthenticAMD") == 0 ||
             strcmp(vendor, "HygonGenuine") == 0)
        cpu_features.vendor = VENDOR_AMD;

    cpuid(1, 0, &a, &b, &c, &d);
    cpu_features.stepping = a & 15;
    cpu_features.model = ((a >> 4) & 15) | ((a >> 12) & 0xf0);
    cpu_features.family = (a >> 8) & 15;
    if (cpu_features.family == 15)
        cpu_features.family += (a >> 20) & 0xff;
}

static void read_leaf_1_and_7(void)
{
    u32 a, b, c, d, max_leaf;

    cpuid(0, 0, &max_leaf, &b, &c, &d);
    cpuid(1, 0, &a, &b, &c, &d);
    cpu_features.mwait = c & LEAF1_ECX_MWAIT;
    cpu_features.x2apic = c & LEAF1_ECX_X2APIC;
    cpu_features.tsc_deadline = c & LEAF1_ECX_TSC_DEADLINE;
    cpu_features.xsave = c & LEAF1_ECX_XSAVE;
    cpu_features.pge = d & LEAF1_EDX_PGE;
    cpu_features.pat = d & LEAF1_EDX_PAT;

    if (max_leaf < 7)
        return;
    cpuid(7, 0, &a, &b, &c, &d);
    cpu_features.fsgsbase = b & LEAF7_EBX_FSGSBASE;
    cpu_features.smep = opt_smep && (b & LEAF7_EBX_SMEP);
    cpu_features.smap = opt_smap && (b & LEAF7_EBX_SMAP);
    cpu_features.umip = c & LEAF7_ECX_UMIP;
}

static void read_extended_leaves(void)
{
    u32 a, b, c, d, max_leaf;

    cpuid(0x80000000, 0, &max_leaf, &b, &c, &d);
    cpuid(0x80000001, 0, &a, &b, &c, &d);
    cpu_features.page1gb = d & EXT1_EDX_PAGE1GB;
    cpu_features.rdtscp = d & EXT1_EDX_RDTSCP;

    for (u32 i = 0; i < 3 && max_leaf >= 0x80000004; i++) {
        u32 *text = (u32 *)(cpu_features.name + 16 * i);

        cpuid(0x80000002 + i, 0, &text[0], &text[1], &text[2], &text[3]);
    }
    if (max_leaf >= 0x80000007) {
        cpuid(0x80000007, 0, &a, &b, &c, &d);
        cpu_features.tsc_invariant = d & EXT7_EDX_TSC_INVARIANT;
    }
    cpu_features.phys_bits = 36;
    if (max_leaf >= 0x80000008) {
        cpuid(0x80000008, 0, &a, &b, &c, &d);
        cpu_features.phys_bits = a & 0xff;
    }
}

void cpu_features_init(void)
{
    const struct cpu_features *f = &cpu_features;

    identify();
    read_leaf_1_and_7();
    read_extended_leaves();
    printk("CPU: %s, family %u model %u stepping %u, %u address bits\n",
           f->name[0] ? f->name : "unnamed", f->family, f->model, f->stepping,
           f->phys_bits);
    printk("CPU protection: NX%s%s%s%s\n", f->smep ? " SMEP" : "",
           f->smap ? " SMAP" : "", f->umip ? " UMIP" : "",
           f->fsgsbase ? " FSGSBASE" : "");
}

void cpu_features_enable(void)
{
    unsigned long cr4 = read_cr4() | X86_CR4_PAE | X86_CR4_DE | X86_CR4_OSFXSR |
                        X86_CR4_OSXMMEXCPT;

    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NX | EFER_SCE);
    if (cpu_features.pat)
        wrmsr(MSR_PAT, XEN_PAT);

    /* What is global stays in the TLB when the root changes. */
    if (cpu_features.pge && !xpti_enabled)
        cr4 |= X86_CR4_PGE;
    if (cpu_features.smep)
        cr4 |= X86_CR4_SMEP;
    if (cpu_features.umip)
        cr4 |= X86_CR4_UMIP;
    if (cpu_features.fsgsbase)
        cr4 |= X86_CR4_FSGSBASE;
    if (cpu_features.xsave)
        cr4 |= X86_CR4_OSXSAVE;
    write_cr4(cr4);
}

void cpu_smap_enable(void)
{
    if (cpu_features.smap)
        write_cr4(read_cr4() | X86_CR4_SMAP);
}
