/* SPDX-License-Identifier: MIT */
/* Per-CPU variables as arrays over the simulated CPUs. */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include "asm/current.h"

#define FAKE_NR_CPUS 8

#define DEFINE_PER_CPU(type, name)                                             \
    __typeof__(type) per_cpu__##name[FAKE_NR_CPUS]
#define DECLARE_PER_CPU(type, name)                                            \
    extern __typeof__(type) per_cpu__##name[FAKE_NR_CPUS]

#define per_cpu(name, cpu) (per_cpu__##name[cpu])
#define this_cpu(name)     (per_cpu__##name[smp_processor_id()])

#endif
