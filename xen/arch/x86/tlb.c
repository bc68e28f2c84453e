/* SPDX-License-Identifier: MIT */
/*
 * Flushing TLBs and caches, here and on other CPUs, and the clock that tells
 * which flushes were done already.
 *
 * One flush of several CPUs is under way at a time. A CPU that waits for its
 * turn looks after requests to itself meanwhile, so that two CPUs with
 * interrupts off do not wait for each other.
 *
 * The clock advances with each full flush. When it has run through its 32 bits
 * it stands at 0, which is never after any stamp, until all CPUs were flushed
 * once more.
 */
#include "asm/smp.h"

#include "xen/atomic.h"
#include "xen/percpu.h"
#include "xen/spinlock.h"
#include "asm/apic.h"
#include "asm/current.h"
#include "asm/irq.h"
#include "asm/irqflags.h"
#include "asm/processor.h"
#include "asm/smp_internal.h"
#include "asm/switch.h"
#include "asm/xpti.h"

static u32 tlb_clock = 1;

/* The clock at the start of this CPU's last full flush. */
static DEFINE_PER_CPU(u32, flush_time);

static DEFINE_SPINLOCK(flush_lock, LOCK_CALL_CPUS);
/* Set under flush_lock; each CPU removes itself from `pending`. */
static struct {
    struct cpumask pending;
    unsigned int flags;
    unsigned long va;
} request;

u32 tlbflush_current_time(void)
{
    return READ_ONCE(tlb_clock);
}

/* The new time; 0 if the clock stands. */
static u32 clock_advance(void)
{
    u32 now = READ_ONCE(tlb_clock), found;

    while (now != 0) {
        found = cmpxchg(&tlb_clock, now, now + 1);
        if (found == now)
            return now + 1;
        now = found;
    }
    return 0;
}

void tlbflush_filter(struct cpumask *mask, u32 stamp)
{
    unsigned int cpu;

    if (READ_ONCE(tlb_clock) == 0)
        return;
    for_each_cpu(cpu, mask)
        if (READ_ONCE(per_cpu(flush_time, cpu)) > stamp)
            cpumask_clear(cpu, mask);
}

static void flush_all_entries(bool global)
{
    u32 now = clock_advance();
    unsigned long cr4 = read_cr4();

    if (global && (cr4 & X86_CR4_PGE)) {
        write_cr4(cr4 & ~X86_CR4_PGE);
        write_cr4(cr4);
    } else {
        write_cr3(read_cr3());
    }
    xpti_look_again();
    WRITE_ONCE(this_cpu(flush_time), now);
}

void flush_local(unsigned int flags, unsigned long va)
{
    unsigned long irq_flags = local_irq_save();

    if (flags & FLUSH_STATE)
        sync_local_state();
    if ((flags & (FLUSH_TLB | FLUSH_TLB_GLOBAL)) ||
        ((flags & FLUSH_TLB_PAGE) && va == 0))
        flush_all_entries(flags & FLUSH_TLB_GLOBAL);
    else if (flags & FLUSH_TLB_PAGE)
        invlpg(va);
    if (flags & FLUSH_CACHE)
        __asm__ volatile("wbinvd" ::: "memory");
    local_irq_restore(irq_flags);
}

void flush_interrupt(void)
{
    unsigned int cpu = smp_processor_id();

    if (!cpumask_test(cpu, &request.pending))
        return;
    flush_local(request.flags, request.va);
    cpumask_clear(cpu, &request.pending);
}

void flush_serve(void)
{
    unsigned long flags = local_irq_save();

    flush_interrupt();
    local_irq_restore(flags);
    cpu_relax();
}

/* `others` are online and do not contain this CPU. */
static void flush_others(const struct cpumask *others, unsigned int flags,
                         unsigned long va)
{
    while (!spin_trylock(&flush_lock))
        flush_serve();

    request.flags = flags;
    request.va = va;
    smp_wmb(); /* pairs with the atomic test in flush_interrupt() */
    request.pending = *others;
    smp_mb();
    apic_send_ipi_mask(others, FLUSH_VECTOR);
    while (!cpumask_empty(&request.pending))
        cpu_relax();
    spin_unlock(&flush_lock);
}

static void flush_online(const struct cpumask *mask, unsigned int flags,
                         unsigned long va)
{
    unsigned int cpu = smp_processor_id();
    struct cpumask others;

    if (cpumask_test(cpu, mask))
        flush_local(flags, va);
    cpumask_and(&others, mask, &cpu_online_map);
    cpumask_clear(cpu, &others);
    if (!cpumask_empty(&others))
        flush_others(&others, flags, va);
}

static void clock_restart(void)
{
    struct cpumask all = cpu_online_map;

    flush_online(&all, FLUSH_TLB_GLOBAL, 0);
    (void)cmpxchg(&tlb_clock, 0, 1);
}

void flush_cpus(const struct cpumask *mask, unsigned int flags,
                unsigned long va)
{
    if (unlikely(READ_ONCE(tlb_clock) == 0))
        clock_restart();
    flush_online(mask, flags, va);
}
