/* SPDX-License-Identifier: MIT */
/* Work that interrupts and hypercalls leave for the way out to a guest. */
#include "xen/softirq.h"

#include "xen/bitops.h"
#include "xen/bug.h"
#include "asm/smp.h"

DEFINE_PER_CPU(unsigned long, softirq_pending);

static void (*handlers[NR_SOFTIRQS])(void);

void softirq_open(enum softirq nr, void (*handler)(void))
{
    BUG_ON(handlers[nr]);
    handlers[nr] = handler;
}

static void handle(unsigned long allowed)
{
    unsigned long *pending = &this_cpu(softirq_pending);
    unsigned long todo;
    unsigned int nr;

    while ((todo = READ_ONCE(*pending) & allowed) != 0) {
        nr = lowest_bit(todo);
        clear_bit(nr, pending);
        handlers[nr]();
    }
}

void do_softirq(void)
{
    handle(~0UL);
}

void process_pending_softirqs(void)
{
    handle(BIT_MASK(TIMER_SOFTIRQ));
}

void raise_softirq(enum softirq nr)
{
    set_bit(nr, &this_cpu(softirq_pending));
}

void cpu_raise_softirq(unsigned int cpu, enum softirq nr)
{
    unsigned long before = __atomic_fetch_or(&per_cpu(softirq_pending, cpu),
                                             BIT_MASK(nr), __ATOMIC_SEQ_CST);

    /* A CPU that has one pending looks again before it enters a guest or
     * halts. */
    if (before == 0 && cpu != smp_processor_id())
        smp_send_event_check_cpu(cpu);
}
