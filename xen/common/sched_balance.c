/* SPDX-License-Identifier: MIT */
/* Which CPU: where a vcpu that wakes up goes, and what idle CPUs fetch. */
#include "sched_policy.h"

#include "xen/softirq.h"
#include "asm/smp.h"

/* Vcpus of one queue that are looked at with its lock held. */
#define MAX_CANDIDATES 64

struct cpumask sched_idle_cpus, sched_waiting_cpus;

/* Online CPUs where v may run. */
static void allowed_cpus(const struct vcpu *v, struct cpumask *allowed)
{
    cpumask_and(allowed, &READ_ONCE(v->domain->sched->pool)->cpus,
                &cpu_online_map);
    cpumask_and(allowed, allowed, &v->sched->hard);
}

/* Of those: the ones in the soft affinity, if any. */
static void preferred_cpus(const struct vcpu *v, const struct cpumask *allowed,
                           struct cpumask *preferred)
{
    cpumask_and(preferred, allowed, &v->sched->soft);
    if (cpumask_empty(preferred))
        cpumask_copy(preferred, allowed);
}

/* An idle CPU of mask, the one after `near` first; NR_CPUS: none. */
static unsigned int idle_cpu_of(const struct cpumask *mask, unsigned int near)
{
    struct cpumask idle;

    cpumask_and(&idle, mask, &sched_idle_cpus);
    return cpumask_cycle(near, &idle);
}

static unsigned int shortest_queue(const struct cpumask *mask)
{
    unsigned int cpu, nr, best = cpumask_first(mask), best_nr = ~0u;

    for_each_cpu(cpu, mask) {
        nr = READ_ONCE(per_cpu(run_queue, cpu).nr_waiting);
        if (nr < best_nr) {
            best = cpu;
            best_nr = nr;
        }
    }
    return best;
}

unsigned int balance_choose_cpu(const struct vcpu *v)
{
    unsigned int here = v->processor, cpu;
    struct cpumask allowed, preferred;

    if (cpumask_test(here, &sched_idle_cpus) && sched_may_run_on(v, here) &&
        cpumask_test(here, &v->sched->soft))
        return here;

    allowed_cpus(v, &allowed);
    preferred_cpus(v, &allowed, &preferred);
    cpu = idle_cpu_of(&preferred, here);
    if (cpu >= NR_CPUS)
        cpu = idle_cpu_of(&allowed, here);
    if (cpu < NR_CPUS)
        return cpu;
    if (cpumask_test(here, &preferred))
        return here;
    return shortest_queue(&preferred);
}

void balance_kick_idle(const struct vcpu *v)
{
    struct cpumask allowed;
    unsigned int cpu;

    if (cpumask_empty(&sched_idle_cpus))
        return;
    allowed_cpus(v, &allowed);
    cpu = idle_cpu_of(&allowed, v->processor);
    if (cpu < NR_CPUS && cpumask_test_and_clear(cpu, &sched_idle_cpus))
        cpu_raise_softirq(cpu, SCHEDULE_SOFTIRQ);
}

static bool may_move(const struct sched_vcpu *sv, unsigned int cpu,
                     bool soft_only)
{
    return !READ_ONCE(sv->vcpu->is_running) &&
           sched_may_run_on(sv->vcpu, cpu) &&
           (!soft_only || cpumask_test(cpu, &sv->soft));
}

/* The least served of those in q that may run on `cpu`. */
static struct sched_vcpu *find_candidate(struct run_queue *q, unsigned int cpu,
                                         s64 limit, bool soft_only)
{
    struct pqueue_node *node = q->waiting.first;
    struct sched_vcpu *best = NULL;

    for (unsigned int i = 0; node && i < MAX_CANDIDATES; i++) {
        struct sched_vcpu *sv = container_of(node, struct sched_vcpu, node);

        if (node->key < limit && may_move(sv, cpu, soft_only)) {
            best = sv;
            limit = node->key;
        }
        node = pqueue_next(node);
    }
    return best;
}

static struct vcpu *steal_from(struct run_queue *q, s64 limit, bool soft_only)
{
    unsigned int cpu = smp_processor_id();
    struct sched_vcpu *sv;

    spin_lock(&q->lock);
    sv = find_candidate(q, cpu, limit, soft_only);
    if (sv) {
        policy_dequeue(q, sv);
        WRITE_ONCE(sv->vcpu->processor, cpu);
        if (limit != STIME_MAX && sv->vruntime < limit - policy_drift_limit())
            policy_catch_up(q, limit - policy_drift_limit() / 2);
    }
    spin_unlock(&q->lock);
    return sv ? sv->vcpu : NULL;
}

static struct vcpu *steal(s64 limit, bool soft_only)
{
    unsigned int here = smp_processor_id(), cpu = here;
    struct cpumask todo = sched_waiting_cpus;
    struct vcpu *v = NULL;

    __clear_bit(here, todo.bits);
    while (!v && (cpu = cpumask_cycle(cpu, &todo)) < NR_CPUS) {
        struct run_queue *q = &per_cpu(run_queue, cpu);

        /* An idle CPU is about to run what it has. */
        if (READ_ONCE(q->curr) != q->idle &&
            READ_ONCE(q->first_vruntime) < limit)
            v = steal_from(q, limit, soft_only);
        __clear_bit(cpu, todo.bits);
    }
    return v;
}

s64 balance_find_ahead(s64 limit)
{
    struct run_queue *here = &this_cpu(run_queue), *q;
    unsigned int cpu = cpumask_cycle(here->looked_at, &sched_waiting_cpus);
    s64 ahead = limit + policy_drift_limit(), found = -STIME_MAX;
    struct sched_vcpu *sv;

    if (cpu >= NR_CPUS)
        return found;
    here->looked_at = cpu;
    q = &per_cpu(run_queue, cpu);
    if (q == here || READ_ONCE(q->first_vruntime) < ahead)
        return found;
    spin_lock(&q->lock);
    sv = find_candidate(q, smp_processor_id(), STIME_MAX, true);
    if (sv && sv->vruntime > ahead)
        found = sv->vruntime;
    spin_unlock(&q->lock);
    return found;
}

struct vcpu *balance_steal(s64 limit)
{
    struct vcpu *v = steal(limit, true);

    return v || limit != STIME_MAX ? v : steal(limit, false);
}
