/* SPDX-License-Identifier: MIT */
/* What the CPUs can do, as the boot CPU says, less what options forbid. */
#ifndef ASM_CPUFEATURE_H
#define ASM_CPUFEATURE_H

#include "xen/types.h"

enum cpu_vendor { VENDOR_OTHER, VENDOR_INTEL, VENDOR_AMD };

struct cpu_features {
    enum cpu_vendor vendor;
    u8 family, model, stepping;
    u8 phys_bits; /* width of machine addresses */
    char name[49];

    bool page1gb;
    bool pge, pat;
    bool smep, smap, umip, fsgsbase;
    bool xsave;
    bool rdtscp;
    bool x2apic;
    bool tsc_deadline;
    bool tsc_invariant;
    bool mwait;
};

extern struct cpu_features cpu_features;

#define cpu_has_page1gb       (cpu_features.page1gb)
#define cpu_has_smep          (cpu_features.smep)
#define cpu_has_smap          (cpu_features.smap)
#define cpu_has_umip          (cpu_features.umip)
#define cpu_has_fsgsbase      (cpu_features.fsgsbase)
#define cpu_has_xsave         (cpu_features.xsave)
#define cpu_has_rdtscp        (cpu_features.rdtscp)
#define cpu_has_x2apic        (cpu_features.x2apic)
#define cpu_has_tsc_deadline  (cpu_features.tsc_deadline)
#define cpu_has_tsc_invariant (cpu_features.tsc_invariant)

/** Ask the boot CPU, apply the options. */
void cpu_features_init(void);

/** Switch on this CPU what cpu_features has: NX, PAT, CR4, caches. */
void cpu_features_enable(void);

/** From now on SMAP too: the code was patched for it. */
void cpu_smap_enable(void);

#endif
