/* SPDX-License-Identifier: MIT */
/*
 * Deadlines. Each CPU has a queue of timers; functions run in softirq context
 * on the timer's CPU with interrupts on, at the deadline or shortly after it.
 *
 * Everything but timer_kill() is callable with interrupts off, in interrupt
 * context and under locks up to LOCK_SCHED. Locks: LOCK_TIMER.
 */
#ifndef XEN_TIMER_H
#define XEN_TIMER_H

#include "xen/pqueue.h"
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
    struct pqueue_node node; /* in the CPU's queue; under its lock */
    unsigned int cpu;
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
/** Stop, refuse to be set again, and wait until its function has returned
 * (unless called by it): hold no lock that the function takes. */
void timer_kill(struct timer *t);

static inline bool timer_is_active(const struct timer *t)
{
    return t->status == TIMER_in_heap;
}

/** Per-CPU set-up, CPU 0 first, before the CPU uses timers. */
void timer_cpu_init(unsigned int cpu);
/** The timer interrupt came: raises TIMER_SOFTIRQ. */
void timer_interrupt(void);

#endif
