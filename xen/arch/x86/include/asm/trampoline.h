/* SPDX-License-Identifier: MIT */
/* The code in low memory through which the other CPUs start. */
#ifndef ASM_TRAMPOLINE_H
#define ASM_TRAMPOLINE_H

/* Where it runs: one page below 1 MiB, never handed to the allocator. The
 * start-up IPI's vector is this address divided by the page size. */
#define TRAMPOLINE_PHYS 0x8000

/* Selectors of the start-up GDT. */
#define BOOT_CS64 0x08
#define BOOT_DS   0x10
#define BOOT_CS32 0x18

#ifndef __ASSEMBLY__

#include "xen/types.h"

extern char trampoline_start[], trampoline_end[];

/* At the very end of the code, trampoline_data - trampoline_start into it. */
struct trampoline_data {
    u32 cr3;   /* physical address of the tables to start with */
    u32 efer;  /* extended features: long mode, NX */
    u64 entry; /* 64-bit code to jump to: ap_start */
    u64 stack; /* top of the CPU's stack */
};
extern struct trampoline_data trampoline_data;

/**
 * Copy the code to TRAMPOLINE_PHYS and fill in all but the stack; once, before
 * the first start-up IPI. Returns the copy's data block: set `stack`, then send
 * the IPI; one CPU at a time.
 */
struct trampoline_data *trampoline_install(void);

/** Where a CPU goes on in C, on its own stack; smp.c. */
void __noreturn start_secondary(void);

#endif /* __ASSEMBLY__ */
#endif
