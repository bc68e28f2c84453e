/* SPDX-License-Identifier: MIT */
/* Other CPUs: calls run at once as that CPU; flushes are counted. */
#include "asm/smp.h"

#include "fake/fake.h"

struct cpumask cpu_online_map = {.bits = {(1UL << FAKE_NR_CPUS) - 1}};
unsigned int nr_cpus = FAKE_NR_CPUS;

struct cpumask fake_event_checks;
struct cpumask fake_last_flush;
unsigned int fake_nr_flushes;
u32 fake_tlb_clock = 1;
void (*fake_while_waiting)(void);

static u32 flushed_at[FAKE_NR_CPUS];

void smp_send_event_check(const struct cpumask *mask)
{
    cpumask_or(&fake_event_checks, &fake_event_checks, mask);
}

void smp_send_event_check_cpu(unsigned int cpu)
{
    cpumask_set(cpu, &fake_event_checks);
}

void on_cpus(const struct cpumask *mask, void (*fn)(void *), void *arg)
{
    unsigned int cpu, here = smp_processor_id();

    for_each_cpu(cpu, mask) {
        fake_set_cpu(cpu);
        fn(arg);
    }
    fake_set_cpu(here);
}

void fake_cpu_flushed(unsigned int cpu)
{
    flushed_at[cpu] = ++fake_tlb_clock;
}

void flush_cpus(const struct cpumask *mask, unsigned int flags,
                unsigned long va)
{
    unsigned int cpu;

    fake_nr_flushes++;
    fake_last_flush = *mask;
    if ((flags & FLUSH_TLB) && va == 0)
        for_each_cpu(cpu, mask)
            fake_cpu_flushed(cpu);
}

void flush_serve(void)
{
    if (fake_while_waiting != NULL)
        fake_while_waiting();
}

void flush_local(unsigned int flags, unsigned long va)
{
    struct cpumask mask;

    cpumask_of(&mask, smp_processor_id());
    flush_cpus(&mask, flags, va);
}

u32 tlbflush_current_time(void)
{
    return fake_tlb_clock;
}

void tlbflush_filter(struct cpumask *mask, u32 stamp)
{
    unsigned int cpu;

    for_each_cpu(cpu, mask)
        if (flushed_at[cpu] > stamp)
            cpumask_clear(cpu, mask);
}
