/* SPDX-License-Identifier: MIT */
/*
 * Deadlines per CPU, behind the one hardware timer that each CPU has.
 *
 * The hardware is programmed again only for a deadline that is earlier than
 * what it has: when timers are stopped it comes once in vain, which is cheaper
 * than following every change of a timer that is set and stopped thousands of
 * times a second.
 */
#include "xen/timer.h"

#include "xen/atomic.h"
#include "xen/bug.h"
#include "xen/debug_key.h"
#include "xen/percpu.h"
#include "xen/printk.h"
#include "xen/softirq.h"
#include "xen/spinlock.h"
#include "asm/smp.h"

/* Lines of the debug key for each CPU. */
#define MAX_DUMPED 32

struct cpu_timers {
    spinlock_t lock; /* rank LOCK_TIMER; irq-safe */
    /* Under lock: */
    struct pqueue queue;
    s_time_t programmed;   /* when the interrupt comes; STIME_MAX: never */
    struct timer *running; /* its function is being called; also read without
                              the lock, and not followed: it may be gone */
};

static DEFINE_PER_CPU(struct cpu_timers, cpu_timers);

/* Lock the queue of t's CPU, wherever that is by then. */
static struct cpu_timers *timer_lock(struct timer *t, unsigned long *flags)
{
    struct cpu_timers *ct;
    unsigned int cpu;

    for (;;) {
        cpu = READ_ONCE(t->cpu);
        ct = &per_cpu(cpu_timers, cpu);
        spin_lock_irqsave(&ct->lock, *flags);
        if (t->cpu == cpu)
            return ct;
        spin_unlock_irqrestore(&ct->lock, *flags);
    }
}

static void dequeue(struct cpu_timers *ct, struct timer *t)
{
    if (t->status != TIMER_in_heap)
        return;
    pqueue_del(&ct->queue, &t->node);
    t->status = TIMER_inactive;
}

/* Have the CPU's interrupt come early enough for its first timer. */
static void program(struct cpu_timers *ct, unsigned int cpu)
{
    const struct pqueue_node *first = ct->queue.first;

    if (!first || first->key >= ct->programmed)
        return;
    if (cpu != smp_processor_id()) {
        cpu_raise_softirq(cpu, TIMER_SOFTIRQ);
        return;
    }
    ct->programmed = first->key;
    reprogram_timer(max(first->key, (s_time_t)1));
}

static void enqueue(struct cpu_timers *ct, struct timer *t)
{
    pqueue_add(&ct->queue, &t->node, t->deadline);
    t->status = TIMER_in_heap;
    program(ct, t->cpu);
}

void timer_init(struct timer *t, void (*function)(void *), void *data,
                unsigned int cpu)
{
    *t = (struct timer){.function = function,
                        .data = data,
                        .cpu = cpu,
                        .status = TIMER_inactive};
}

void timer_set(struct timer *t, s_time_t deadline)
{
    unsigned long flags;
    struct cpu_timers *ct = timer_lock(t, &flags);

    ASSERT(t->status != TIMER_invalid);
    if (t->status != TIMER_killed) {
        dequeue(ct, t);
        t->deadline = deadline;
        enqueue(ct, t);
    }
    spin_unlock_irqrestore(&ct->lock, flags);
}

void timer_stop(struct timer *t)
{
    unsigned long flags;
    struct cpu_timers *ct;

    if (READ_ONCE(t->status) != TIMER_in_heap)
        return;
    ct = timer_lock(t, &flags);
    dequeue(ct, t);
    spin_unlock_irqrestore(&ct->lock, flags);
}

/* Both queues' locks, the lower CPU's first. */
static void lock_two(unsigned int a, unsigned int b)
{
    spin_lock(&per_cpu(cpu_timers, min(a, b)).lock);
    spin_lock_nested(&per_cpu(cpu_timers, max(a, b)).lock);
}

static void unlock_two(unsigned int a, unsigned int b)
{
    spin_unlock(&per_cpu(cpu_timers, max(a, b)).lock);
    spin_unlock(&per_cpu(cpu_timers, min(a, b)).lock);
}

static void migrate_locked(struct timer *t, unsigned int cpu)
{
    bool active = t->status == TIMER_in_heap;

    dequeue(&per_cpu(cpu_timers, t->cpu), t);
    WRITE_ONCE(t->cpu, cpu);
    if (active)
        enqueue(&per_cpu(cpu_timers, cpu), t);
}

void timer_migrate(struct timer *t, unsigned int cpu)
{
    unsigned long flags = local_irq_save();
    unsigned int old;

    while ((old = READ_ONCE(t->cpu)) != cpu) {
        lock_two(old, cpu);
        if (t->cpu == old)
            migrate_locked(t, cpu);
        unlock_two(old, cpu);
    }
    local_irq_restore(flags);
}

void timer_kill(struct timer *t)
{
    unsigned long flags;
    struct cpu_timers *ct;
    unsigned int cpu;

    if (t->status == TIMER_invalid)
        return;
    ct = timer_lock(t, &flags);
    dequeue(ct, t);
    t->status = TIMER_killed;
    spin_unlock_irqrestore(&ct->lock, flags);

    /* It may have been moved while its function ran. */
    for_each_cpu(cpu, &cpu_online_map)
        while (cpu != smp_processor_id() &&
               READ_ONCE(per_cpu(cpu_timers, cpu).running) == t)
            cpu_relax();
}

/* Call the function of the first timer, which is due. Under lock, which is
 * released meanwhile. */
static void run_first(struct cpu_timers *ct)
{
    struct timer *t = container_of(ct->queue.first, struct timer, node);
    struct timer *outer = ct->running;
    void (*function)(void *) = t->function;
    void *data = t->data;

    dequeue(ct, t);
    ct->running = t;
    spin_unlock_irq(&ct->lock);
    function(data);
    spin_lock_irq(&ct->lock);
    WRITE_ONCE(ct->running, outer);
}

static void timer_softirq(void)
{
    struct cpu_timers *ct = &this_cpu(cpu_timers);
    s_time_t due = NOW();

    spin_lock_irq(&ct->lock);
    while (ct->queue.first && ct->queue.first->key <= due)
        run_first(ct);
    program(ct, smp_processor_id());
    spin_unlock_irq(&ct->lock);
}

void timer_interrupt(void)
{
    /* Without the lock: this CPU does not hold it, and another one that finds
     * the old value need not know better, for the softirq looks at all. */
    WRITE_ONCE(this_cpu(cpu_timers).programmed, STIME_MAX);
    raise_softirq(TIMER_SOFTIRQ);
}

static void dump_cpu(unsigned int cpu, s_time_t now)
{
    struct cpu_timers *ct = &per_cpu(cpu_timers, cpu);
    struct pqueue_node *node;
    unsigned int nr = 0;
    unsigned long flags;

    spin_lock_irqsave(&ct->lock, flags);
    printk("CPU%u: interrupt in %ld us\n", cpu,
           ct->programmed == STIME_MAX ? -1L : (ct->programmed - now) / 1000);
    for (node = ct->queue.first; node && nr < MAX_DUMPED;
         node = pqueue_next(node), nr++) {
        const struct timer *t = container_of(node, struct timer, node);

        printk("  in %8ld us  %ps(%p)\n", (t->deadline - now) / 1000,
               (void *)(unsigned long)t->function, t->data);
    }
    spin_unlock_irqrestore(&ct->lock, flags);
}

static void timers_dump(void)
{
    s_time_t now = NOW();
    unsigned int cpu;

    for_each_cpu(cpu, &cpu_online_map)
        dump_cpu(cpu, now);
}

void timer_cpu_init(unsigned int cpu)
{
    struct cpu_timers *ct = &per_cpu(cpu_timers, cpu);

    spin_lock_init(&ct->lock, LOCK_TIMER);
    ct->programmed = STIME_MAX;
    if (cpu != 0)
        return;
    softirq_open(TIMER_SOFTIRQ, timer_softirq);
    debug_key_register('a', "timers of all CPUs", timers_dump);
}
