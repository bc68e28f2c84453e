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
    bool forbidden = !cpumask_test(v->processor, &v->sched->hard);

    if (forbidden && q->curr == v)
        cpu_raise_softirq(v->processor, SCHEDULE_SOFTIRQ);
    else if (forbidden)
        policy_dequeue(q, v->sched);
    queue_unlock(q, flags);
    if (forbidden)
        sched_queue_vcpu(v, false);
}

int vcpu_set_hard_affinity(struct vcpu *v, const struct cpumask *mask)
{
    struct sched_vcpu *sv = v->sched;
    struct run_queue *q;
    unsigned long flags;

    if (!cpumask_intersects(mask, &cpu_online_map))
        return -EINVAL;

    q = vcpu_queue_lock(v, &flags);
    if (sv->pinned)
        sv->unpinned_hard = *mask;
    else
        sv->hard = *mask;
    queue_unlock(q, flags);
    sched_leave_forbidden_cpu(v);
    return 0;
}

int vcpu_set_soft_affinity(struct vcpu *v, const struct cpumask *mask)
{
    struct run_queue *q;
    unsigned long flags;

    if (!cpumask_intersects(mask, &cpu_online_map))
        return -EINVAL;

    q = vcpu_queue_lock(v, &flags);
    v->sched->soft = *mask;
    queue_unlock(q, flags);
    return 0;
}

void vcpu_get_affinity(const struct vcpu *v, struct cpumask *hard_out,
                       struct cpumask *soft_out)
{
    const struct sched_vcpu *sv = v->sched;
    unsigned long flags;
    struct run_queue *q = vcpu_queue_lock(v, &flags);

    *hard_out = sv->pinned ? sv->unpinned_hard : sv->hard;
    *soft_out = sv->soft;
    queue_unlock(q, flags);
}

int vcpu_pin_override(struct vcpu *v, int cpu)
{
    struct sched_vcpu *sv = v->sched;
    struct run_queue *q;
    unsigned long flags;
    int rc = 0;

    if (cpu >= 0 && (cpu >= NR_CPUS || !cpumask_test(cpu, &cpu_online_map)))
        return -EINVAL;

    q = vcpu_queue_lock(v, &flags);
    if (cpu >= 0 && !sv->pinned) {
        sv->unpinned_hard = sv->hard;
        cpumask_of(&sv->hard, cpu);
        sv->pinned = true;
    } else if (cpu < 0 && sv->pinned) {
        sv->hard = sv->unpinned_hard;
        sv->pinned = false;
    } else {
        rc = cpu < 0 ? -EINVAL : -EBUSY;
    }
    queue_unlock(q, flags);
    sched_leave_forbidden_cpu(v);
    return rc;
}
