/* SPDX-License-Identifier: MIT */
/* Softirqs: raised ones stay pending until a test handles them. */
#include "xen/softirq.h"

#include "fake/fake.h"

DEFINE_PER_CPU(unsigned long, softirq_pending);

static void (*handlers[NR_SOFTIRQS])(void);

void softirq_open(enum softirq nr, void (*handler)(void))
{
    handlers[nr] = handler;
}

static void handle(unsigned long mask)
{
    for (unsigned int nr = 0; nr < NR_SOFTIRQS; nr++)
        if ((mask & BIT_MASK(nr)) &&
            test_and_clear_bit(nr, &this_cpu(softirq_pending)) && handlers[nr])
            handlers[nr]();
}

void do_softirq(void)
{
    handle(~0UL);
}

void process_pending_softirqs(void)
{
    handle(~BIT_MASK(SCHEDULE_SOFTIRQ));
}

void raise_softirq(enum softirq nr)
{
    set_bit(nr, &this_cpu(softirq_pending));
}

void cpu_raise_softirq(unsigned int cpu, enum softirq nr)
{
    set_bit(nr, &per_cpu(softirq_pending, cpu));
}

void fake_set_preempt(bool wanted)
{
    if (wanted)
        set_bit(SCHEDULE_SOFTIRQ, &this_cpu(softirq_pending));
    else
        clear_bit(SCHEDULE_SOFTIRQ, &this_cpu(softirq_pending));
}
