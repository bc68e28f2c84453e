/* SPDX-License-Identifier: MIT */
/*
 * Between the scheduler's mechanism (sched.c: who runs, blocks, wakes) and its
 * policy (sched_credit.c: who is next and for how long; sched_balance.c: on
 * which CPU).
 *
 * Locks: each CPU has a run queue with a lock, which covers the scheduling
 * state of all vcpus whose `processor` is that CPU, queued or not. Changing
 * v->processor takes the lock of the queue it leaves. One queue's lock is held
 * at a time: a vcpu on its way between two queues is simply not queued.
 */
#ifndef COMMON_SCHED_POLICY_H
#define COMMON_SCHED_POLICY_H

#include "xen/cpumask.h"
#include "xen/cpupool.h"
#include "xen/percpu.h"
#include "xen/pqueue.h"
#include "xen/sched.h"
#include "xen/spinlock.h"
#include "xen/timer.h"

#define SCHED_DEFAULT_WEIGHT 256
#define NR_WATCHDOGS         2

struct run_queue {
    spinlock_t lock; /* rank LOCK_SCHED; irq-safe */

    /* Under lock: */
    struct vcpu *curr;     /* runs here, or is about to */
    struct vcpu *idle;     /* constant */
    struct cpupool *pool;  /* that the CPU is in, or was in last */
    s_time_t run_start;    /* since when curr runs */
    s_time_t accounted;    /* up to when curr has been charged */
    s_time_t slice_end;    /* when curr should be looked at */
    bool slice_over;       /* it is that time */
    s64 vtime;             /* virtual time: what the least served one had */
    struct pqueue waiting; /* runnable, not running; by virtual run time */
    /* ... and read without it: */
    unsigned int nr_waiting;
    unsigned int looked_at; /* CPU: by this one, in balance_find_ahead() */
    s64 first_vruntime;     /* of the first in the queue; STIME_MAX: empty */

    struct timer slice_timer;
};

DECLARE_PER_CPU(struct run_queue, run_queue);

/* CPUs that run their idle vcpu and that nobody has woken yet; CPUs whose
 * queue is not empty. Hints: changed atomically, read without any lock. */
extern struct cpumask sched_idle_cpus, sched_waiting_cpus;

extern spinlock_t cpupool_lock; /* rank LOCK_CPUPOOL */

/* All under the lock of the vcpu's run queue. */
struct sched_vcpu {
    struct pqueue_node node; /* in run_queue.waiting; key: virtual run time */
    struct vcpu *vcpu;
    s64 vruntime; /* ns of CPU time, scaled by 256 / weight */
    bool parked;  /* runnable, but its domain has used up its cap */
    /* Changed under cpupool_lock too: */
    struct cpumask hard, soft;
    bool pinned; /* SCHEDOP_pin_override: `hard` is one CPU meanwhile */
    struct cpumask unpinned_hard;
};

/* Read without a lock by all CPUs; changed as said. */
struct sched_domain {
    spinlock_t lock; /* rank LOCK_SCHED_DOMAIN; to change the parameters */
    struct sched_params params;
    u32 inv_weight; /* 2^16 * 256 / weight */

    struct cpupool *pool; /* under cpupool_lock; NULL for the idle domain */

    /* Cap: atomically, lazily refilled. */
    s64 quota;                 /* ns of CPU time in each period; 0: no cap */
    s64 budget;                /* left of it; negative: debt */
    s_time_t period;           /* when this one began */
    struct timer refill_timer; /* set while a vcpu is parked */

    struct timer watchdog[NR_WATCHDOGS]; /* under lock */
    bool watchdog_used[NR_WATCHDOGS];
};

static inline struct run_queue *vcpu_queue(const struct vcpu *v)
{
    return &per_cpu(run_queue, v->processor);
}

/** Lock the run queue of v, wherever v is by then. Interrupts go off. */
struct run_queue *vcpu_queue_lock(const struct vcpu *v, unsigned long *flags);

static inline void queue_unlock(struct run_queue *q, unsigned long flags)
{
    spin_unlock_irqrestore(&q->lock, flags);
}

/* Is `cpu` in v's affinity and pool? Of its online CPUs there is always one. */
static inline bool sched_may_run_on(const struct vcpu *v, unsigned int cpu)
{
    return cpumask_test(cpu, &v->sched->hard) &&
           cpumask_test(cpu, &READ_ONCE(v->domain->sched->pool)->cpus);
}

static inline bool sched_is_queued(const struct sched_vcpu *sv)
{
    return pqueue_is_queued(&sv->node);
}

static inline struct sched_vcpu *queue_first(const struct run_queue *q)
{
    return q->waiting.first
               ? container_of(q->waiting.first, struct sched_vcpu, node)
               : NULL;
}

/* Policy: all under the lock of the queue. */

/** Charge q->curr for the time since it was charged last. */
void policy_charge(struct run_queue *q, s_time_t now);
/**
 * Put a runnable vcpu of this queue into it; or park it if its domain may not
 * run more for now. `woken`: it has slept and gets a bonus.
 */
void policy_enqueue(struct run_queue *q, struct sched_vcpu *sv, bool woken,
                    s_time_t now);
/** Take it out again, or off the parked ones. */
void policy_dequeue(struct run_queue *q, struct sched_vcpu *sv);
/**
 * Who should run now: the first in the queue (which stays in it), or `prev`
 * (q->curr if that may go on, else NULL). NULL: nobody.
 */
struct sched_vcpu *policy_pick(struct run_queue *q, struct sched_vcpu *prev,
                               s_time_t now);
/** When `sv`, just queued, should take the CPU: `now`, later, or STIME_MAX. */
s_time_t policy_preempt_time(const struct run_queue *q,
                             const struct sched_vcpu *sv, s_time_t now);
/** q, in which nobody waits, has another pool. */
void policy_join(struct run_queue *q);
/** sv, not queued, comes from another queue. */
void policy_arrive(struct run_queue *q, struct sched_vcpu *sv);
/**
 * A vcpu below this virtual run time should come here from another CPU's queue
 * before `best` runs; STIME_MAX: whoever there is.
 */
s64 policy_steal_limit(const struct run_queue *q,
                       const struct sched_vcpu *best);
/** A vcpu cannot be so far ahead of another one, or behind, by right: virtual
 * times of queues that differ more tell nothing. */
s64 policy_drift_limit(void);
/** Move those of q that are before the goal forward until the last is there. */
void policy_catch_up(struct run_queue *q, s64 goal);
/** q->curr begins a slice. */
void policy_start_slice(struct run_queue *q, s_time_t now);

/** Set up the policy's part of a domain. */
void policy_domain_init(struct domain *d, struct sched_domain *sd);

/* Balancing. */

/** The CPU where v, about to be queued, should run. Lock of its queue. */
unsigned int balance_choose_cpu(const struct vcpu *v);
/**
 * Fetch a vcpu that waits in another CPU's queue, with a virtual run time below
 * `limit` (STIME_MAX: any). It is queued nowhere then, and of this CPU. NULL if
 * there is none. No lock held, interrupts off.
 */
struct vcpu *balance_steal(s64 limit);
/**
 * The virtual run time of some vcpu that waits far ahead of `limit` in another
 * CPU's queue and could run here; -STIME_MAX: none is found. Looks at one queue
 * of those that may have some. No lock held, interrupts off.
 */
s64 balance_find_ahead(s64 limit);
/** Let an idle CPU, if there is one that v may use, look for work. */
void balance_kick_idle(const struct vcpu *v);

/* Debug keys; while starting. */
void sched_dump_init(void);

/* Mechanism for the policy. */

/** Move v if it runs or waits where it may not; no queue's lock held. */
void sched_leave_forbidden_cpu(struct vcpu *v);

/* Affinity, for cpupool.c: under cpupool_lock. */

/** Is v kept on `cpu` by SCHEDOP_pin_override? */
bool sched_is_pinned_to(const struct vcpu *v, unsigned int cpu);
/** If the pool has no CPU of v's hard affinity, let v use all. Returns whether
 * it was so. */
bool sched_mend_affinity(struct vcpu *v);
/** All CPUs, as for a new vcpu. */
void sched_reset_affinity(struct vcpu *v);
/** `cpu`, where nobody waits, begins to serve this pool. Its vcpu of the old
 * pool may not have left yet. */
void sched_cpu_join(unsigned int cpu, struct cpupool *pool);
/** Queue v where it should run, if it is runnable and neither runs nor is
 * queued; no lock held. */
void sched_queue_vcpu(struct vcpu *v, bool woken);

#endif
