/* SPDX-License-Identifier: MIT */
/* One copy of a variable for each CPU. */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include "asm/current.h"

/* Distance of each CPU's copies from the linked ones; set before it runs. */
extern unsigned long per_cpu_offset[NR_CPUS];

#define DEFINE_PER_CPU(type, name)                                             \
    __section(".bss.percpu") __typeof__(type) per_cpu__##name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) per_cpu__##name

#define per_cpu_ptr(name, offset)                                              \
    ((__typeof__(per_cpu__##name) *)((char *)&per_cpu__##name + (offset)))
#define per_cpu(name, cpu) (*per_cpu_ptr(name, per_cpu_offset[cpu]))
#define this_cpu(name)     (*per_cpu_ptr(name, get_cpu_info()->per_cpu_offset))

#endif
