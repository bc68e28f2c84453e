/* SPDX-License-Identifier: MIT */
/* Affinity: where vcpus may run (hard) and where they should (soft). */
#include "sched_policy.h"

#include "xen/errno.h"
#include "xen/softirq.h"
#include "asm/smp.h"

void sched_leave_forbidden_cpu(struct vcpu *v)
{
    unsigned long flags;
    struct run_queue *q = vcpu_queue_lock(v, &flags);
    bool forbidden = !sched_may_run_on(v, v->processor);

    if (forbidden && q->curr == v)
        cpu_raise_softirq(v->processor, SCHEDULE_SOFTIRQ);
    else if (forbidden)
        policy_dequeue(q, v->sched);
    queue_unlock(q, flags);
    if (forbidden)
        sched_queue_vcpu(v, false);
}

/* Of mask, the CPUs that are online and in v's pool. */
static void usable_cpus(const struct vcpu *v, const struct cpumask *mask,
                        struct cpumask *usable)
{
    cpumask_and(usable, mask, &v->domain->sched->pool->cpus);
    cpumask_and(usable, usable, &cpu_online_map);
}

/* Change the hard affinity; the rest of the affinity, if `soft` is given, and
 * `pinned`. */
static void change(struct vcpu *v, const struct cpumask *hard,
                   const struct cpumask *soft, bool pinned)
{
    struct sched_vcpu *sv = v->sched;
    unsigned long flags;
    struct run_queue *q = vcpu_queue_lock(v, &flags);

    sv->hard = *hard;
    if (soft)
        sv->soft = *soft;
    sv->pinned = pinned;
    queue_unlock(q, flags);
}

int vcpu_set_hard_affinity(struct vcpu *v, struct cpumask *mask)
{
    struct cpumask usable;
    int rc = 0;

    spin_lock(&cpupool_lock);
    usable_cpus(v, mask, &usable);
    if (v->sched->pinned) {
        rc = -EBUSY;
    } else if (cpumask_empty(&usable)) {
        rc = -EINVAL;
    } else {
        change(v, mask, NULL, false);
        *mask = usable;
    }
    spin_unlock(&cpupool_lock);
    if (rc == 0)
        sched_leave_forbidden_cpu(v);
    return rc;
}

int vcpu_set_soft_affinity(struct vcpu *v, struct cpumask *mask)
{
    struct sched_vcpu *sv = v->sched;
    int rc = 0;

    spin_lock(&cpupool_lock);
    if (sv->pinned) {
        rc = -EBUSY;
    } else {
        change(v, &sv->hard, mask, false);
        usable_cpus(v, mask, mask);
        cpumask_and(mask, mask, &sv->hard);
    }
    spin_unlock(&cpupool_lock);
    return rc;
}

void vcpu_get_affinity(const struct vcpu *v, struct cpumask *hard_out,
                       struct cpumask *soft_out)
{
    unsigned long flags;
    struct run_queue *q = vcpu_queue_lock(v, &flags);

    cpumask_and(hard_out, &v->sched->hard, &cpu_online_map);
    cpumask_and(soft_out, &v->sched->soft, &cpu_online_map);
    queue_unlock(q, flags);
}

bool sched_is_pinned_to(const struct vcpu *v, unsigned int cpu)
{
    return v->sched->pinned && cpumask_test(cpu, &v->sched->hard);
}

bool sched_mend_affinity(struct vcpu *v)
{
    struct cpumask usable, all;

    usable_cpus(v, &v->sched->hard, &usable);
    if (!cpumask_empty(&usable))
        return false;
    cpumask_fill(&all);
    change(v, &all, NULL, false);
    return true;
}

void sched_reset_affinity(struct vcpu *v)
{
    struct cpumask all;

    cpumask_fill(&all);
    change(v, &all, &all, false);
}

void sched_cpu_join(unsigned int cpu, struct cpupool *pool)
{
    struct run_queue *q = &per_cpu(run_queue, cpu);
    unsigned long flags;

    spin_lock_irqsave(&q->lock, flags);
    if (q->pool != pool) {
        q->pool = pool;
        policy_join(q);
    }
    queue_unlock(q, flags);
}

static int pin_locked(struct vcpu *v, unsigned int cpu)
{
    struct sched_vcpu *sv = v->sched;
    struct cpumask mask;

    if (cpu >= NR_CPUS || !cpumask_test(cpu, &cpu_online_map) ||
        !cpumask_test(cpu, &v->domain->sched->pool->cpus))
        return -EINVAL;
    if (sv->pinned)
        return -EBUSY;
    sv->unpinned_hard = sv->hard;
    cpumask_of(&mask, cpu);
    change(v, &mask, NULL, true);
    return 0;
}

int vcpu_pin_override(struct vcpu *v, unsigned int cpu)
{
    int rc;

    spin_lock(&cpupool_lock);
    rc = pin_locked(v, cpu);
    spin_unlock(&cpupool_lock);
    if (rc == 0)
        sched_leave_forbidden_cpu(v);
    return rc;
}

int vcpu_unpin_override(struct vcpu *v)
{
    bool pinned;

    spin_lock(&cpupool_lock);
    pinned = v->sched->pinned;
    if (pinned) {
        change(v, &v->sched->unpinned_hard, NULL, false);
        sched_mend_affinity(v);
    }
    spin_unlock(&cpupool_lock);
    if (!pinned)
        return -EINVAL;
    sched_leave_forbidden_cpu(v);
    return 0;
}
