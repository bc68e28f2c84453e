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
 *    (FIT_LIMIT); a CPU that could exchange vcpus with another one again, far
 *    ahead or behind, has the slower queue catch up (policy_catch_up()); and
 *    while nobody waits anywhere all those behind do.
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
/* Slices of virtual time: more than the lightest vcpu leads by after one. */
#define DRIFT_SLICES (SCHED_DEFAULT_WEIGHT / MIN_SLICE_DIVISOR + 8)

static unsigned int opt_slice_ms = 10;
OPTION_UINT("sched_slice_ms", opt_slice_ms,
            "milliseconds a vcpu runs before others are looked at (10)");

/* The shortest time that others let a vcpu run. */
static s_time_t ratelimit(const struct run_queue *q)
{
    return MICROSECS(READ_ONCE(q->pool->ratelimit_us));
}

static struct sched_domain *domain_of(const struct sched_vcpu *sv)
{
    return sv->vcpu->domain->sched;
}

/* Virtual run time that a vcpu gets in so much CPU time; and back. */
static s64 to_virtual(const struct sched_vcpu *sv, s_time_t ns)
{
    return (s64)(((u64)ns * READ_ONCE(domain_of(sv)->inv_weight)) >> 16);
}

static s_time_t to_real(const struct sched_vcpu *sv, s64 vtime)
{
    return vtime * READ_ONCE(domain_of(sv)->params.weight) /
           SCHED_DEFAULT_WEIGHT;
}

static s_time_t full_slice(void)
{
    return MILLISECS(min(max(opt_slice_ms, 1u), 1000u));
}

/* How long a vcpu runs before others are looked at. */
static s_time_t slice_of(const struct sched_vcpu *sv)
{
    s_time_t slice = full_slice();

    return min(slice, max(to_real(sv, slice), slice / MIN_SLICE_DIVISOR));
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
    struct sched_domain *sd = domain_of(sv);

    if (likely(!READ_ONCE(sd->quota)))
        return false;
    cap_refill(sd, now);
    return READ_ONCE(sd->budget) <= 0;
}

static void park(struct sched_vcpu *sv)
{
    struct sched_domain *sd = domain_of(sv);

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
    sv->vruntime += to_virtual(sv, delta);
    if (unlikely(READ_ONCE(sd->quota)))
        __atomic_fetch_sub(&sd->budget, delta, __ATOMIC_RELAXED);
    advance_vtime(q, min(sv->vruntime, q->first_vruntime));
}

/* Bring the virtual run time into [vtime - behind, vtime + ahead]. A slice is
 * the lead that a vcpu can have by right: a light one, whose slice is much of
 * its virtual time, does not get rid of it by sleeping a little. */
static void fit(struct run_queue *q, struct sched_vcpu *sv, s64 behind,
                s64 ahead)
{
    ahead = max(ahead, to_virtual(sv, slice_of(sv)));
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
    if (q->curr != q->idle)
        fit(q, q->curr->sched, FIT_LIMIT, FIT_LIMIT);
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

s64 policy_drift_limit(void)
{
    return DRIFT_SLICES * full_slice();
}

/* Their order stays as it is, among themselves and towards the others. */
void policy_catch_up(struct run_queue *q, s64 goal)
{
    struct sched_vcpu *curr = q->curr == q->idle ? NULL : q->curr->sched;
    struct pqueue_node *node;
    s64 last = -STIME_MAX; /* of those below the goal */

    if (curr && curr->vruntime < goal)
        last = curr->vruntime;
    for (node = q->waiting.first; node; node = pqueue_next(node))
        if (node->key < goal)
            last = max(last, node->key);
    if (curr && curr->vruntime < goal)
        curr->vruntime += goal - last;
    for (node = q->waiting.first; node; node = pqueue_next(node))
        if (node->key < goal) {
            node->key += goal - last;
            container_of(node, struct sched_vcpu, node)->vruntime = node->key;
        }
    note_first(q);
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
    const struct sched_domain *sd = domain_of(sv);
    s_time_t slice = slice_of(sv);

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
    const struct sched_vcpu *curr = q->curr->sched;
    s64 lead; /* that curr will have to have over sv, less what it has */

    if (q->curr == q->idle)
        return now;
    lead = sv->vruntime + WAKE_ADVANTAGE - curr->vruntime;
    if (lead > 0)
        now += to_real(curr, lead);
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
