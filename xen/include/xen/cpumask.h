/* SPDX-License-Identifier: MIT */
/* Sets of CPUs. Single CPUs are added and removed atomically. */
#ifndef XEN_CPUMASK_H
#define XEN_CPUMASK_H

#include "xen/bitmap.h"
#include "asm/config.h"

struct cpumask {
    DECLARE_BITMAP(bits, NR_CPUS);
};

static inline void cpumask_set(unsigned int cpu, struct cpumask *mask)
{
    set_bit(cpu, mask->bits);
}

static inline void cpumask_clear(unsigned int cpu, struct cpumask *mask)
{
    clear_bit(cpu, mask->bits);
}

static inline bool cpumask_test(unsigned int cpu, const struct cpumask *mask)
{
    return test_bit(cpu, mask->bits);
}

static inline bool cpumask_test_and_set(unsigned int cpu, struct cpumask *mask)
{
    return test_and_set_bit(cpu, mask->bits);
}

static inline bool cpumask_test_and_clear(unsigned int cpu,
                                          struct cpumask *mask)
{
    return test_and_clear_bit(cpu, mask->bits);
}

/** Remove all CPUs. */
static inline void cpumask_zero(struct cpumask *mask)
{
    bitmap_zero(mask->bits, NR_CPUS);
}

/** Add all NR_CPUS CPUs, present or not. */
static inline void cpumask_fill(struct cpumask *mask)
{
    bitmap_fill(mask->bits, NR_CPUS);
}

static inline void cpumask_copy(struct cpumask *dst, const struct cpumask *src)
{
    *dst = *src;
}

/** Make *mask the set of one CPU. */
static inline void cpumask_of(struct cpumask *mask, unsigned int cpu)
{
    cpumask_zero(mask);
    __set_bit(cpu, mask->bits);
}

static inline void cpumask_and(struct cpumask *dst, const struct cpumask *a,
                               const struct cpumask *b)
{
    bitmap_and(dst->bits, a->bits, b->bits, NR_CPUS);
}

static inline void cpumask_andnot(struct cpumask *dst, const struct cpumask *a,
                                  const struct cpumask *b)
{
    bitmap_andnot(dst->bits, a->bits, b->bits, NR_CPUS);
}

static inline void cpumask_or(struct cpumask *dst, const struct cpumask *a,
                              const struct cpumask *b)
{
    bitmap_or(dst->bits, a->bits, b->bits, NR_CPUS);
}

static inline bool cpumask_empty(const struct cpumask *mask)
{
    return bitmap_empty(mask->bits, NR_CPUS);
}

static inline bool cpumask_equal(const struct cpumask *a,
                                 const struct cpumask *b)
{
    return bitmap_equal(a->bits, b->bits, NR_CPUS);
}

static inline bool cpumask_subset(const struct cpumask *a,
                                  const struct cpumask *b)
{
    return bitmap_subset(a->bits, b->bits, NR_CPUS);
}

static inline bool cpumask_intersects(const struct cpumask *a,
                                      const struct cpumask *b)
{
    return bitmap_intersects(a->bits, b->bits, NR_CPUS);
}

/** Number of CPUs in the set. */
static inline unsigned int cpumask_weight(const struct cpumask *mask)
{
    return bitmap_weight(mask->bits, NR_CPUS);
}

/** Lowest CPU of the set; NR_CPUS if it is empty. */
static inline unsigned int cpumask_first(const struct cpumask *mask)
{
    return bitmap_find_first(mask->bits, NR_CPUS);
}

/** Lowest CPU above `cpu`; NR_CPUS if there is none. */
static inline unsigned int cpumask_next(unsigned int cpu,
                                        const struct cpumask *mask)
{
    return bitmap_find_next(mask->bits, NR_CPUS, cpu + 1);
}

/** As cpumask_next(), but start again at the lowest after the highest. */
static inline unsigned int cpumask_cycle(unsigned int cpu,
                                         const struct cpumask *mask)
{
    unsigned int next = cpumask_next(cpu, mask);

    return next < NR_CPUS ? next : cpumask_first(mask);
}

#define for_each_cpu(cpu, mask)                                                \
    for ((cpu) = cpumask_first(mask); (cpu) < NR_CPUS;                         \
         (cpu) = cpumask_next(cpu, mask))

#endif
