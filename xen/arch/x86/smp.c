/* SPDX-License-Identifier: MIT */
/* Interrupts between CPUs: look at your softirqs, call a function, stop. */
#include "asm/smp.h"

#include "xen/atomic.h"
#include "xen/spinlock.h"
#include "xen/time.h"
#include "asm/apic.h"
#include "asm/current.h"
#include "asm/irq.h"
#include "asm/irqflags.h"
#include "asm/processor.h"
#include "asm/smp_internal.h"

#define STOP_WAIT_NSEC MILLISECS(200)

struct cpumask cpu_online_map;
unsigned int nr_cpus = 1;
u32 cpu_apicid[NR_CPUS];
u32 cpu_acpi_id[NR_CPUS];

static DEFINE_SPINLOCK(call_lock, LOCK_CALL_CPUS);
/* Set under call_lock; each CPU removes itself from `pending` when done. */
static struct {
    struct cpumask pending;
    void (*fn)(void *);
    void *arg;
} call;

/* The CPU that stops the others; NR_CPUS: none does. */
static unsigned int stopper = NR_CPUS;

void smp_send_event_check_cpu(unsigned int cpu)
{
    apic_send_ipi(cpu, EVENT_CHECK_VECTOR);
}

void smp_send_event_check(const struct cpumask *mask)
{
    apic_send_ipi_mask(mask, EVENT_CHECK_VECTOR);
}

/* That the CPU left the guest is all that is wanted. */
static void event_check_interrupt(void)
{
}

static void call_interrupt(void)
{
    unsigned int cpu = smp_processor_id();

    if (!cpumask_test(cpu, &call.pending))
        return;
    call.fn(call.arg);
    cpumask_clear(cpu, &call.pending);
}

static void call_here(void)
{
    unsigned long flags = local_irq_save();

    call_interrupt();
    local_irq_restore(flags);
}

void on_cpus(const struct cpumask *mask, void (*fn)(void *), void *arg)
{
    unsigned int cpu;

    spin_lock(&call_lock);
    call.fn = fn;
    call.arg = arg;
    smp_wmb(); /* pairs with the atomic test in call_interrupt() */
    cpumask_and(&call.pending, mask, &cpu_online_map);
    smp_mb();
    for_each_cpu(cpu, mask)
        if (cpu != smp_processor_id() && cpumask_test(cpu, &cpu_online_map))
            apic_send_ipi(cpu, CALL_FUNCTION_VECTOR);
    call_here();
    while (!cpumask_empty(&call.pending))
        cpu_relax();
    spin_unlock(&call_lock);
}

static void stop_interrupt(void)
{
    local_irq_disable();
    apic_shutdown();
    cpumask_clear(smp_processor_id(), &cpu_online_map);
    for (;;)
        halt();
}

void smp_stop_if_asked(void)
{
    unsigned int cpu = READ_ONCE(stopper);

    if (cpu != NR_CPUS && cpu != smp_processor_id())
        stop_interrupt();
}

static bool others_online(void)
{
    struct cpumask others = cpu_online_map;

    cpumask_clear(smp_processor_id(), &others);
    return !cpumask_empty(&others);
}

static void wait_for_others(void)
{
    s_time_t end = NOW() + STOP_WAIT_NSEC;

    while (others_online() && NOW() < end)
        cpu_relax();
}

void smp_stop_others(void)
{
    unsigned int cpu, self = smp_processor_id();

    /* Of two CPUs that want to stop the machine, one goes on. */
    cpu = cmpxchg(&stopper, (unsigned int)NR_CPUS, self);
    if (cpu == self)
        return;
    if (cpu != NR_CPUS)
        stop_interrupt();
    for_each_cpu(cpu, &cpu_online_map)
        if (cpu != self)
            apic_send_ipi(cpu, STOP_VECTOR);
    wait_for_others();

    /* Those left have their interrupts off. */
    for_each_cpu(cpu, &cpu_online_map)
        if (cpu != self)
            apic_send_nmi(cpu);
    wait_for_others();
}

void smp_init_vectors(void)
{
    set_direct_vector(EVENT_CHECK_VECTOR, event_check_interrupt);
    set_direct_vector(CALL_FUNCTION_VECTOR, call_interrupt);
    set_direct_vector(FLUSH_VECTOR, flush_interrupt);
    set_direct_vector(STOP_VECTOR, stop_interrupt);
}
