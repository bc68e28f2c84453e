/* SPDX-License-Identifier: MIT */
/* Other CPUs: which are there, and asking them to do things. */
#ifndef ASM_SMP_H
#define ASM_SMP_H

#include "xen/cpumask.h"

extern struct cpumask cpu_online_map;
extern unsigned int
    nr_cpus; /* CPUs found and allowed by maxcpus=, <= NR_CPUS */
extern u32 cpu_apicid[NR_CPUS];
extern u32 cpu_acpi_id[NR_CPUS];

/** Start all other CPUs and wait for them. */
void smp_start_cpus(void);

/** Interrupt CPUs so that they look at their softirqs. */
void smp_send_event_check(const struct cpumask *mask);
void smp_send_event_check_cpu(unsigned int cpu);

/**
 * Run fn(arg) on each CPU of mask (this one included if in it) in interrupt
 * context and wait until all have. Interrupts must be on.
 * Locks: LOCK_CALL_CPUS.
 */
void on_cpus(const struct cpumask *mask, void (*fn)(void *), void *arg);

/** Stop all other CPUs for good (power-off, panic). Callable anywhere. */
void smp_stop_others(void);

/*
 * TLBs. flush_cpus() works on all online CPUs of the mask and returns when
 * done; va 0 means everything. No lock may be held that another CPU takes with
 * interrupts off: it would not answer.
 */
#define FLUSH_TLB        1u  /* all non-global entries */
#define FLUSH_TLB_GLOBAL 2u  /* hypervisor mappings too */
#define FLUSH_TLB_PAGE   4u  /* one address */
#define FLUSH_CACHE      8u  /* write back and invalidate the caches */
#define FLUSH_STATE      16u /* bring lazily kept vcpu state back */
void flush_cpus(const struct cpumask *mask, unsigned int flags,
                unsigned long va);
void flush_local(unsigned int flags, unsigned long va);

/** Do what another CPU wants flushed here, if it does: for loops that wait for
 * another CPU, which may wait for this one, with interrupts off. */
void flush_serve(void);

/*
 * TLB clock: counts flushes. A frame remembers the clock when its last
 * writable or table mapping went away; CPUs that flushed since need not again.
 */
u32 tlbflush_current_time(void);
/** Remove from mask the CPUs that have flushed since `stamp`. */
void tlbflush_filter(struct cpumask *mask, u32 stamp);

#endif
