/* SPDX-License-Identifier: MIT */
/*
 * Which vcpu runs where: run queues per CPU, blocking and waking. The policy
 * (who is next, for how long) is behind sched_policy.h.
 */
#ifndef XEN_SCHED_H
#define XEN_SCHED_H

#include "xen/vcpu.h"

/** Set up the queue and the idle vcpu of one CPU; cpu 0 first. */
void sched_cpu_init(unsigned int cpu);

/** Per domain and per vcpu state. Return 0; -ENOMEM; or an error of
 * cpupool_enter(). What creating has left half done, destroying cleans up. */
int __must_check sched_domain_create(struct domain *d, unsigned int pool);
void sched_domain_destroy(struct domain *d);
/** d, paused for good, begins to die: no timer of it looks at its vcpus from
 * now on, and it holds no CPU pool. LOCK_CPUPOOL. */
void sched_domain_retire(struct domain *d);
int __must_check sched_vcpu_create(struct vcpu *v);
void sched_vcpu_destroy(struct vcpu *v);

/** v has become runnable: queue it, and interrupt a CPU that should run it. */
void vcpu_wake(struct vcpu *v);
/** v has stopped being runnable: take it off its CPU. */
void vcpu_sleep_nosync(struct vcpu *v);
/** ...and wait until it is off. */
void vcpu_sleep_sync(struct vcpu *v);
/** An event for a blocked vcpu. */
void vcpu_unblock(struct vcpu *v);
/** Function of vcpu.poll_timer. */
void sched_poll_timeout(void *data);
/** current waits for an event, unless it has one already. */
void vcpu_block_current(void);

/**
 * Where v may run, and of that where it should. *mask becomes what of it counts
 * for now: CPUs that are online, in the pool, and for `soft` in the hard
 * affinity. LOCK_CPUPOOL.
 *
 * Return 0; -EBUSY while SCHEDOP_pin_override is in force; -EINVAL if no CPU
 * would be left to run on.
 */
int __must_check vcpu_set_hard_affinity(struct vcpu *v, struct cpumask *mask);
int __must_check vcpu_set_soft_affinity(struct vcpu *v, struct cpumask *mask);
/** What is in force, of CPUs that are online. */
void vcpu_get_affinity(const struct vcpu *v, struct cpumask *hard_out,
                       struct cpumask *soft_out);
/**
 * Override the hard affinity by one CPU, and stop doing so. LOCK_CPUPOOL.
 * Return 0; -EINVAL if the CPU is not in the pool, or there is nothing to stop;
 * -EBUSY if it is overridden already.
 */
int __must_check vcpu_pin_override(struct vcpu *v, unsigned int cpu);
int vcpu_unpin_override(struct vcpu *v);

/** Current runstate times, up to now. */
void vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out);
/**
 * Copy the current vcpu's runstate to where its guest asked for it; if the
 * guest is not in its kernel, whose tables map that place, note in
 * runstate_stale that it has to be done when it enters the kernel.
 */
void vcpu_runstate_publish(struct vcpu *v);

/** The scheduling softirq: pick the next vcpu and switch to it. */
void schedule(void);
/** Second half of a switch, on the new vcpu's stack: prev is off this CPU. */
void context_saved(struct vcpu *prev);

/** Weight 1..65535 (256 is normal); cap in percent of one CPU, 0: none. */
struct sched_params {
    u16 weight;
    u16 cap;
};
int __must_check sched_params_set(struct domain *d,
                                  const struct sched_params *params);
void sched_params_get(const struct domain *d, struct sched_params *params_out);

/** The idle loop's hook: nothing to run on this CPU. Never returns. */
void __noreturn idle_loop(void);

/* Architecture. */

/**
 * Leave prev, enter next on this CPU. Does not return: next goes on where it
 * entered the hypervisor. Called with interrupts off, no lock held; calls
 * context_saved(prev).
 */
void __noreturn context_switch(struct vcpu *prev, struct vcpu *next);
/** Go on with current, which schedule() chose again. */
void __noreturn continue_running(struct vcpu *same);
/** Write this CPU's lazily kept state back to its vcpu, if it holds any. */
void sync_vcpu_state(struct vcpu *v);

#endif
