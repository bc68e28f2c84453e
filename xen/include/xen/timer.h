/* SPDX-License-Identifier: MIT */
/*
 * Deadlines. Each CPU has a heap of timers; functions run in softirq context
 * on the timer's CPU with interrupts on.
 */
#ifndef XEN_TIMER_H
#define XEN_TIMER_H

#include "xen/time.h"

enum timer_status {
    TIMER_invalid,
    TIMER_inactive,
    TIMER_in_heap,
    TIMER_killed
};

struct timer {
    s_time_t deadline;        /* ns */
    void (*function)(void *); /* called with `data`; may set the timer again */
    void *data;
    unsigned int cpu;
    unsigned int heap_index;
    enum timer_status status;
};

/** Prepare a timer for `cpu`; it is inactive. */
void timer_init(struct timer *t, void (*function)(void *), void *data,
                unsigned int cpu);
/** Let it fire at `deadline`, also if it was set already. */
void timer_set(struct timer *t, s_time_t deadline);
/** Inactive afterwards, but its function may still be running elsewhere. */
void timer_stop(struct timer *t);
/** Move it to another CPU; keeps its deadline. */
void timer_migrate(struct timer *t, unsigned int cpu);
/** Stop, refuse to be set again, and wait until its function has returned. */
void timer_kill(struct timer *t);

static inline bool timer_is_active(const struct timer *t)
{
    return t->status == TIMER_in_heap;
}

/** Per-CPU set-up, before the CPU uses timers. */
void timer_cpu_init(unsigned int cpu);
/** The timer interrupt came: raises TIMER_SOFTIRQ. */
void timer_interrupt(void);

#endif
