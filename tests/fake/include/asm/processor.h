/* SPDX-License-Identifier: MIT */
/* The page-table base is remembered, not loaded, and an LDT is not even that;
 * CPUID is the machine's unless a test has its own; so is the rest. */
#ifndef FAKE_ASM_PROCESSOR_H
#define FAKE_ASM_PROCESSOR_H

#define write_cr3(v)         asm_write_cr3(v)
#define load_ldt_register(s) asm_load_ldt_register(s)
#define cpuid                asm_cpuid
#include_next "asm/processor.h"
#undef write_cr3
#undef load_ldt_register
#undef cpuid

extern unsigned long fake_cr3;

static inline void write_cr3(unsigned long v)
{
    fake_cr3 = v;
}

static inline void load_ldt_register(u16 selector)
{
    (void)selector;
}

/* Fills in eax to edx; NULL: the machine's own. */
extern void (*fake_cpuid)(u32 leaf, u32 subleaf, u32 regs_out[4]);

static inline void cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
    u32 regs[4];

    if (!fake_cpuid) {
        asm_cpuid(leaf, subleaf, a, b, c, d);
        return;
    }
    fake_cpuid(leaf, subleaf, regs);
    *a = regs[0];
    *b = regs[1];
    *c = regs[2];
    *d = regs[3];
}

#endif
