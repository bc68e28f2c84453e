/* SPDX-License-Identifier: MIT */
/* Work deferred to a point where interrupts are on and no lock is held: before
 * a CPU returns to a guest, and in its idle loop. */
#ifndef XEN_SOFTIRQ_H
#define XEN_SOFTIRQ_H

#include "xen/cpumask.h"
#include "xen/percpu.h"

/* Handled in this order. */
enum softirq {
    TIMER_SOFTIRQ,
    CONTINUE_SOFTIRQ,   /* the hypercall will be made again (entry.S) */
    GUEST_NMI_SOFTIRQ,  /* the way back to the guest looks for its NMI */
    CRASH_DUMP_SOFTIRQ, /* the vcpu that runs here crashed its domain */
    SCHEDULE_SOFTIRQ,
    NR_SOFTIRQS,
};

DECLARE_PER_CPU(unsigned long, softirq_pending);

/** Set the handler; once, while starting. */
void softirq_open(enum softirq nr, void (*handler)(void));
/** Handle what is pending on this CPU. SCHEDULE_SOFTIRQ may not return. */
void do_softirq(void);
/** Handle what may be handled in the middle of a hypercall: for long loops. */
void process_pending_softirqs(void);

/** For this CPU: it looks before returning to the guest. */
void raise_softirq(enum softirq nr);
/** For another CPU: interrupts it if needed. */
void cpu_raise_softirq(unsigned int cpu, enum softirq nr);

static inline bool softirq_is_pending(unsigned int cpu)
{
    return READ_ONCE(per_cpu(softirq_pending, cpu)) != 0;
}

/** A long hypercall should stop here and be continued. */
static inline bool hypercall_preempt_check(void)
{
    return READ_ONCE(this_cpu(softirq_pending)) != 0;
}

#endif
