/* SPDX-License-Identifier: MIT */
/* GDT, IDT and TSS of each CPU, and the per-CPU area they are seen in. */
#ifndef ASM_DESCRIPTORS_H
#define ASM_DESCRIPTORS_H

#include "xen/types.h"

/**
 * Make a CPU's area: descriptor page, entry stub and its data, windows for
 * guest descriptors. `stack` is the lowest address of its stack.
 *
 * Returns 0 or -ENOMEM.
 */
int __must_check cpu_area_init(unsigned int cpu, void *stack);

/** Load GDT, IDT, TSS and the entry MSRs on this CPU, which is `cpu`. */
void load_descriptors(unsigned int cpu);

/**
 * All that a CPU needs before it starts: per-CPU data, a stack with its guard
 * page, its area. Callable again for the same CPU.
 *
 * Returns the stack's top, or NULL if there is no memory.
 */
void *__must_check cpu_prepare(unsigned int cpu);

#endif
