/* SPDX-License-Identifier: MIT */
/* What time.c and time_sync.c share. */
#ifndef ASM_TIME_INTERNAL_H
#define ASM_TIME_INTERNAL_H

#include "xen/percpu.h"
#include "asm/time.h"

/* How a CPU turns its TSC into system time. Written by that CPU with
 * interrupts off, or before it runs. */
struct cpu_time {
    u64 tsc;     /* when... */
    s_time_t ns; /* ...it was this time */
    struct time_scale scale;
};
DECLARE_PER_CPU(struct cpu_time, cpu_time);

/** System time at a TSC value, not before t->ns. */
s_time_t cpu_time_at(const struct cpu_time *t, u64 tsc);

/** System time by the platform's clock. One caller at a time, and at least
 * once in platform_half_wrap_ns(). */
s_time_t platform_time(void);
/** Let the platform's clock go on from `now`. */
void platform_time_start(s_time_t now);
u64 platform_half_wrap_ns(void);

#endif
