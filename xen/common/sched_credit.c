/* SPDX-License-Identifier: MIT */
/*
 * Policy: proportional share by virtual run time.
 *
 * Each vcpu's virtual run time is the CPU time it had, scaled by 256 / weight;
 * the vcpu with the least runs next. Nothing is counted while a vcpu sleeps or
 * waits, so a vcpu that does nothing costs nothing.
 *
 *  - A vcpu that slept does not keep what it has missed: it comes back a little
 *    (WAKE_BONUS) ahead of the others of its queue, enough to run at once.
 *  - Virtual times of different CPUs are comparable. At the end of a slice a
 *    CPU looks for vcpus that wait elsewhere and had clearly less than its own:
 *    so shares hold over all CPUs, not only within one queue. Where affinity
 *    lets queues drift apart, a vcpu that moves is fitted into its new queue
 *    (FIT_LIMIT), and while nobody waits anywhere those behind catch up.
 *  - A cap is a budget of CPU time for each CAP_PERIOD, shared by the domain's
 *    vcpus, refilled when somebody looks. Those who run out of it are parked
 *    until the next period; what was used too much is owed.
 */
#include "sched_policy.h"

#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/option.h"

#define WAKE_BONUS     MILLISECS(5)
#define WAKE_LEAD      MILLISECS(10) /* most that a vcpu wakes up behind */
#define WAKE_ADVANTAGE MILLISECS(1)  /* less is not worth a switch */
#define FIT_LIMIT      MILLISECS(100)
#define STEAL_DISTANCE MILLISECS(10)
#define CAP_PERIOD     MILLISECS(30)
#define CAP_MIN_SLICE  MICROSECS(500)

/* Light vcpus have shorter slices, down to this part of a slice. */
#define MIN_SLICE_DIVISOR 8

static unsigned int opt_slice_ms = 10;
OPTION_UINT("sched_slice_ms", opt_slice_ms,
            "milliseconds a vcpu runs before others are looked at (10)");

/* The shortest time that others let a vcpu run. */
static s_time_t ratelimit(const struct run_queue *q)
{
    return MICROSECS(READ_ONCE(q->pool->ratelimit_us));
}

static bool queue_unused(const struct run_queue *q)
{
    return q->curr == q->idle && q->nr_waiting == 0;
}

/* The furthest virtual time of the queues of q's pool. */
static s64 furthest_vtime(const struct run_queue *q)
{
    return READ_ONCE(q->pool->furthest_vtime);
}

static void advance_vtime(struct run_queue *q, s64 vtime)
{
    if (vtime <= q->vtime)
        return;
    q->vtime = vtime;
    /* The pool's is written without a lock: losing an update matters little. */
    if (vtime > furthest_vtime(q))
        WRITE_ONCE(q->pool->furthest_vtime, vtime);
}

/* Caps. */

static void cap_refill(struct sched_domain *sd, s_time_t now)
{
    s_time_t start = READ_ONCE(sd->period);
    s64 nr = (now - start) / CAP_PERIOD;
    s64 quota = READ_ONCE(sd->quota), old, refilled;

    /* Whoever moves the period on refills. */
    if (nr <= 0 ||
        cmpxchg(&sd->period, start, start + nr * CAP_PERIOD) != start)
        return;
    do {
        old = READ_ONCE(sd->budget);
        refilled = nr > 1000 ? quota : min(old + nr * quota, quota);
    } while (cmpxchg(&sd->budget, old, refilled) != old);
}

static bool cap_exhausted(const struct sched_vcpu *sv, s_time_t now)
{
    struct sched_domain *sd = sv->vcpu->domain->sched;

    if (likely(!READ_ONCE(sd->quota)))
        return false;
    cap_refill(sd, now);
    return READ_ONCE(sd->budget) <= 0;
}

static void park(struct sched_vcpu *sv)
{
    struct sched_domain *sd = sv->vcpu->domain->sched;

    sv->parked = true;
    if (!timer_is_active(&sd->refill_timer))
        timer_set(&sd->refill_timer, READ_ONCE(sd->period) + CAP_PERIOD);
}

static void unpark_all(void *data)
{
    struct domain *d = data;
    unsigned long flags;
    struct vcpu *v;
    bool parked;

    for_each_vcpu(d, v) {
        struct run_queue *q = vcpu_queue_lock(v, &flags);

        parked = v->sched->parked;
        v->sched->parked = false;
        queue_unlock(q, flags);
        if (parked)
            sched_queue_vcpu(v, false);
    }
}

/* Queues. */

static void note_first(struct run_queue *q)
{
    const struct pqueue_node *first = q->waiting.first;

    WRITE_ONCE(q->first_vruntime, first ? first->key : STIME_MAX);
}

void policy_charge(struct run_queue *q, s_time_t now)
{
    struct sched_vcpu *sv = q->curr->sched;
    s64 delta = now - q->accounted;
    struct sched_domain *sd;

    if (q->curr == q->idle || delta <= 0)
        return;
    sd = q->curr->domain->sched;
    q->accounted = now;
    sv->vruntime += (s64)(((u64)delta * READ_ONCE(sd->inv_weight)) >> 16);
    if (unlikely(READ_ONCE(sd->quota)))
        __atomic_fetch_sub(&sd->budget, delta, __ATOMIC_RELAXED);
    advance_vtime(q, min(sv->vruntime, q->first_vruntime));
}

/* Bring the virtual run time into [vtime - behind, vtime + ahead]. */
static void fit(struct run_queue *q, struct sched_vcpu *sv, s64 behind,
                s64 ahead)
{
    if (queue_unused(q))
        advance_vtime(q, furthest_vtime(q) - FIT_LIMIT / 2);
    sv->vruntime = max(sv->vruntime, q->vtime - behind);
    sv->vruntime = min(sv->vruntime, q->vtime + ahead);
    if (queue_unused(q))
        advance_vtime(q, sv->vruntime);
}

void policy_join(struct run_queue *q)
{
    q->vtime = furthest_vtime(q) - FIT_LIMIT / 2;
}

void policy_arrive(struct run_queue *q, struct sched_vcpu *sv)
{
    fit(q, sv, FIT_LIMIT, FIT_LIMIT);
}

void policy_enqueue(struct run_queue *q, struct sched_vcpu *sv, bool woken,
                    s_time_t now)
{
    ASSERT(!sched_is_queued(sv) && !sv->parked);
    policy_charge(q, now);
    if (woken)
        fit(q, sv, WAKE_BONUS, WAKE_LEAD);
    if (unlikely(cap_exhausted(sv, now))) {
        park(sv);
        return;
    }

    pqueue_add(&q->waiting, &sv->node, sv->vruntime);
    note_first(q);
    WRITE_ONCE(q->nr_waiting, q->nr_waiting + 1);
    if (q->nr_waiting == 1)
        cpumask_set(sv->vcpu->processor, &sched_waiting_cpus);
}

void policy_dequeue(struct run_queue *q, struct sched_vcpu *sv)
{
    sv->parked = false;
    if (!sched_is_queued(sv))
        return;
    pqueue_del(&q->waiting, &sv->node);
    note_first(q);
    WRITE_ONCE(q->nr_waiting, q->nr_waiting - 1);
    if (q->nr_waiting == 0)
        cpumask_clear(sv->vcpu->processor, &sched_waiting_cpus);
}

/* Is the first in the queue to run instead of prev, which could go on? */
static bool takes_over(const struct run_queue *q, const struct sched_vcpu *prev,
                       const struct sched_vcpu *first, s_time_t now)
{
    if (q->slice_over)
        return first->vruntime < prev->vruntime;
    return first->vruntime + WAKE_ADVANTAGE < prev->vruntime &&
           now >= q->run_start + ratelimit(q);
}

struct sched_vcpu *policy_pick(struct run_queue *q, struct sched_vcpu *prev,
                               s_time_t now)
{
    struct sched_vcpu *first;

    while ((first = queue_first(q)) != NULL && cap_exhausted(first, now)) {
        policy_dequeue(q, first);
        park(first);
    }
    if (prev && cap_exhausted(prev, now)) {
        park(prev);
        prev = NULL;
    }
    if (!prev || !first)
        return prev ? prev : first;

    if (prev->vcpu->yielding) {
        prev->vruntime = max(prev->vruntime, first->vruntime);
        return first;
    }
    return takes_over(q, prev, first, now) ? first : prev;
}

s64 policy_steal_limit(const struct run_queue *q, const struct sched_vcpu *best)
{
    if (!best)
        return STIME_MAX;
    return q->slice_over ? best->vruntime - STEAL_DISTANCE : -STIME_MAX;
}

void policy_start_slice(struct run_queue *q, s_time_t now)
{
    struct sched_vcpu *sv = q->curr->sched;
    const struct sched_domain *sd = q->curr->domain->sched;
    s_time_t slice = MILLISECS(min(max(opt_slice_ms, 1u), 1000u));
    s_time_t scaled = slice * READ_ONCE(sd->params.weight) / 256;

    slice = min(slice, max(scaled, slice / MIN_SLICE_DIVISOR));
    if (unlikely(READ_ONCE(sd->quota)))
        slice = min(slice, max(READ_ONCE(sd->budget), CAP_MIN_SLICE));
    q->slice_end = now + slice;

    /* Nobody is worse off if those who are behind catch up now. */
    if (q->nr_waiting == 0 &&
        !cpumask_intersects(&sched_waiting_cpus, &q->pool->cpus)) {
        sv->vruntime = max(sv->vruntime, furthest_vtime(q) - FIT_LIMIT / 2);
        advance_vtime(q, sv->vruntime);
    }
}

s_time_t policy_preempt_time(const struct run_queue *q,
                             const struct sched_vcpu *sv, s_time_t now)
{
    if (q->curr == q->idle)
        return now;
    if (sv->vruntime + WAKE_ADVANTAGE >= q->curr->sched->vruntime)
        return STIME_MAX;
    return max(now, q->run_start + ratelimit(q));
}

/* Parameters. */

static void params_apply(struct sched_domain *sd)
{
    WRITE_ONCE(sd->inv_weight,
               ((u32)SCHED_DEFAULT_WEIGHT << 16) / sd->params.weight);
    WRITE_ONCE(sd->quota, CAP_PERIOD * sd->params.cap / 100);
}

void policy_domain_init(struct domain *d, struct sched_domain *sd)
{
    sd->params.weight = SCHED_DEFAULT_WEIGHT;
    params_apply(sd);
    timer_init(&sd->refill_timer, unpark_all, d, smp_processor_id());
}

int sched_params_set(struct domain *d, const struct sched_params *params)
{
    struct sched_domain *sd = d->sched;

    if (params->weight == 0)
        return -EINVAL;

    spin_lock(&sd->lock);
    sd->params = *params;
    params_apply(sd);
    spin_unlock(&sd->lock);
    unpark_all(d);
    return 0;
}

void sched_params_get(const struct domain *d, struct sched_params *params_out)
{
    struct sched_domain *sd = d->sched;

    spin_lock(&sd->lock);
    *params_out = sd->params;
    spin_unlock(&sd->lock);
}
