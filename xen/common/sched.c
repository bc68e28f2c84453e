/* SPDX-License-Identifier: MIT */
/*
 * Scheduling, the mechanism: vcpus run, wait in a queue, sleep and wake.
 *
 * A vcpu is on its CPU (run_queue.curr), or waits there, or is parked by the
 * policy, or cannot run (vcpu_runnable() is false). schedule() alone takes a
 * vcpu on or off a CPU; everybody else changes why a vcpu may run and then
 * calls vcpu_wake() or vcpu_sleep_nosync(), in this order, so that whoever
 * looks under the queue's lock later sees the change.
 *
 * is_running stays set until the vcpu's state is off the CPU, which is after
 * schedule() has released the lock: until then it is queued only on that CPU
 * and not fetched by another.
 */
#include "sched_policy.h"

#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/heap.h"
#include "xen/softirq.h"
#include "asm/irqflags.h"
#include "asm/processor.h"
#include "asm/smp.h"

DEFINE_PER_CPU(struct run_queue, run_queue);

struct run_queue *vcpu_queue_lock(const struct vcpu *v, unsigned long *flags)
{
    struct run_queue *q;
    unsigned int cpu;

    for (;;) {
        cpu = READ_ONCE(v->processor);
        q = &per_cpu(run_queue, cpu);
        spin_lock_irqsave(&q->lock, *flags);
        if (v->processor == cpu)
            return q;
        queue_unlock(q, *flags);
    }
}

/* Run states. */

static void runstate_set(struct vcpu *v, int state, s_time_t now)
{
    struct vcpu_runstate_info *rs = &v->runstate;
    s64 delta = now - (s64)rs->state_entry_time;

    if (rs->state == state)
        return;
    if (delta > 0)
        rs->time[rs->state] += delta;
    rs->state_entry_time = now;
    rs->state = state;
}

/* The state of a vcpu that is not runnable. */
static int stopped_state(const struct vcpu *v)
{
    bool paused = atomic_read(&v->pause_count) != 0 ||
                  atomic_read(&v->domain->pause_count) != 0;

    return READ_ONCE(v->pause_flags) == BIT_MASK(VPF_blocked) && !paused
               ? RUNSTATE_blocked
               : RUNSTATE_offline;
}

void vcpu_runstate_get(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    unsigned long flags;
    struct run_queue *q = vcpu_queue_lock(v, &flags);
    s64 delta;

    *out = v->runstate;
    delta = NOW() - (s64)out->state_entry_time;
    if (delta > 0)
        out->time[out->state] += delta;
    queue_unlock(q, flags);
}

/* Waking. */

static bool is_placed(const struct run_queue *q, const struct vcpu *v)
{
    return q->curr == v || sched_is_queued(v->sched) || v->sched->parked;
}

/* Have curr looked at when `sv`, just queued, should run. */
static void kick_queue(struct run_queue *q, const struct sched_vcpu *sv,
                       s_time_t now)
{
    s_time_t when = policy_preempt_time(q, sv, now);
    unsigned int cpu = sv->vcpu->processor;

    if (when <= now) {
        if (cpumask_test(cpu, &sched_idle_cpus))
            cpumask_clear(cpu, &sched_idle_cpus);
        cpu_raise_softirq(cpu, SCHEDULE_SOFTIRQ);
    } else if (when < q->slice_end) {
        q->slice_end = when;
        timer_set(&q->slice_timer, when);
    }
}

/* Queue v, of queue q, where it should run; releases q's lock. */
static void place_and_unlock(struct run_queue *q, struct vcpu *v, bool woken,
                             unsigned long flags)
{
    struct sched_vcpu *sv = v->sched;
    unsigned int cpu = v->is_running ? v->processor : balance_choose_cpu(v);
    s_time_t now = NOW();

    runstate_set(v, RUNSTATE_runnable, now);
    if (cpu != v->processor) {
        WRITE_ONCE(v->processor, cpu);
        spin_unlock(&q->lock);
        q = &per_cpu(run_queue, cpu);
        spin_lock(&q->lock);
        /* Somebody else may have dealt with it meanwhile. */
        if (v->processor != cpu || is_placed(q, v) || !vcpu_runnable(v)) {
            queue_unlock(q, flags);
            return;
        }
        policy_arrive(q, sv);
    }

    policy_enqueue(q, sv, woken, now);
    if (!sv->parked)
        kick_queue(q, sv, now);
    queue_unlock(q, flags);
}

void sched_queue_vcpu(struct vcpu *v, bool woken)
{
    unsigned long flags;
    struct run_queue *q = vcpu_queue_lock(v, &flags);

    if (vcpu_runnable(v) && !is_placed(q, v))
        place_and_unlock(q, v, woken, flags);
    else
        queue_unlock(q, flags);
}

void vcpu_wake(struct vcpu *v)
{
    unsigned long flags;
    struct run_queue *q = vcpu_queue_lock(v, &flags);

    if (is_placed(q, v)) {
        queue_unlock(q, flags);
    } else if (vcpu_runnable(v)) {
        place_and_unlock(q, v, true, flags);
    } else {
        runstate_set(v, stopped_state(v), NOW());
        queue_unlock(q, flags);
    }
}

void vcpu_unblock(struct vcpu *v)
{
    if (!test_and_clear_bit(VPF_blocked, &v->pause_flags))
        return;
    vcpu_wake(v);
}

/* Stopping. */

void vcpu_sleep_nosync(struct vcpu *v)
{
    unsigned long flags;
    struct run_queue *q = vcpu_queue_lock(v, &flags);

    if (!vcpu_runnable(v)) {
        if (q->curr == v) {
            cpu_raise_softirq(v->processor, SCHEDULE_SOFTIRQ);
        } else {
            policy_dequeue(q, v->sched);
            runstate_set(v, stopped_state(v), NOW());
        }
    }
    queue_unlock(q, flags);
}

void vcpu_sleep_sync(struct vcpu *v)
{
    ASSERT(v != current);
    vcpu_sleep_nosync(v);
    while (!vcpu_runnable(v) && READ_ONCE(v->is_running))
        cpu_relax();
    smp_mb();
    sync_vcpu_state(v);
}

void vcpu_block_current(void)
{
    struct vcpu *v = current;

    set_bit(VPF_blocked, &v->pause_flags);
    /* The bit is set before events are looked at; who sends one sets it pending
     * before the bit is looked at. */
    if (vcpu_event_deliverable(v))
        clear_bit(VPF_blocked, &v->pause_flags);
    else
        raise_softirq(SCHEDULE_SOFTIRQ);
}

/* Switching. */

/* prev, if it may go on running here. Under lock. */
static struct sched_vcpu *may_go_on(const struct run_queue *q,
                                    struct vcpu *prev)
{
    struct sched_vcpu *sv = prev->sched;

    if (prev == q->idle)
        return NULL;
    sv->parked = false;
    return vcpu_runnable(prev) && sched_may_run_on(prev, prev->processor)
               ? sv
               : NULL;
}

/* Look for somebody at other CPUs who should run here, and queue it. Under
 * lock, which is released meanwhile. */
static void fetch(struct run_queue *q, s64 limit, s_time_t now)
{
    s64 ahead = -STIME_MAX;
    struct vcpu *v;

    spin_unlock(&q->lock);
    v = balance_steal(limit);
    if (!v && limit != STIME_MAX)
        ahead = balance_find_ahead(limit);
    spin_lock(&q->lock);
    if (ahead != -STIME_MAX)
        policy_catch_up(q, ahead - policy_drift_limit() / 2);
    if (!v || &per_cpu(run_queue, v->processor) != q || is_placed(q, v) ||
        !vcpu_runnable(v))
        return;
    policy_arrive(q, v->sched);
    policy_enqueue(q, v->sched, false, now);
}

/* Choose who runs next. Under lock, which may be released meanwhile. */
static struct vcpu *choose_next(struct run_queue *q, struct vcpu *prev,
                                s_time_t now)
{
    struct sched_vcpu *best;
    s64 limit;

    policy_charge(q, now);
    best = policy_pick(q, may_go_on(q, prev), now);
    limit = policy_steal_limit(q, best);
    if (limit > -STIME_MAX && !cpumask_empty(&sched_waiting_cpus)) {
        fetch(q, limit, now);
        best = policy_pick(q, may_go_on(q, prev), now);
    }
    return best ? best->vcpu : q->idle;
}

static void start_slice(struct run_queue *q, s_time_t now)
{
    q->slice_over = false;
    if (q->curr == q->idle)
        return;
    policy_start_slice(q, now);
    /* One that comes too early looks again: see slice_timer_expired(). */
    if (!timer_is_active(&q->slice_timer) ||
        q->slice_timer.deadline > q->slice_end)
        timer_set(&q->slice_timer, q->slice_end);
}

/* prev stays behind, next gets the CPU. Under lock. */
static void exchange(struct run_queue *q, struct vcpu *prev, struct vcpu *next,
                     s_time_t now)
{
    if (next != q->idle) {
        policy_dequeue(q, next->sched);
        runstate_set(next, RUNSTATE_running, now);
        if (cpumask_test(next->processor, &sched_idle_cpus))
            cpumask_clear(next->processor, &sched_idle_cpus);
    }
    if (prev != q->idle) {
        runstate_set(
            prev, vcpu_runnable(prev) ? RUNSTATE_runnable : stopped_state(prev),
            now);
        if (may_go_on(q, prev)) {
            policy_enqueue(q, prev->sched, false, now);
            /* It was woken after next was chosen: who woke it saw it
             * running. */
            if (next == q->idle)
                raise_softirq(SCHEDULE_SOFTIRQ);
        }
    }
    q->curr = next;
    q->run_start = now;
    q->accounted = now;
    next->is_running = true;
    /* Before its events and its tick are looked at; pairs with vcpu_kick() and
     * periodic_expired(). */
    smp_mb();
    if (unlikely(READ_ONCE(next->periodic_period) != 0))
        vcpu_periodic_timer_start(next);
}

void schedule(void)
{
    struct run_queue *q = &this_cpu(run_queue);
    struct vcpu *prev = current, *next;
    s_time_t now;

    local_irq_disable();
    now = NOW();
    spin_lock(&q->lock);
    ASSERT(q->curr == prev);
    next = choose_next(q, prev, now);
    prev->yielding = false;
    vcpu_poll_end(next);
    if (next != prev)
        exchange(q, prev, next, now);
    if (next != prev || q->slice_over)
        start_slice(q, now);
    spin_unlock(&q->lock);

    if (next == prev)
        continue_running(prev);
    context_switch(prev, next);
}

void context_saved(struct vcpu *prev)
{
    smp_wmb(); /* the saved state, before others may load it */
    WRITE_ONCE(prev->is_running, false);
    if (is_idle_vcpu(prev) || !vcpu_runnable(prev))
        return;

    /* Another CPU may run it now, or has to. */
    if (!sched_is_queued(prev->sched))
        sched_queue_vcpu(prev, false);
    else if (unlikely(!sched_may_run_on(prev, prev->processor)))
        sched_leave_forbidden_cpu(prev);
    else
        balance_kick_idle(prev);
}

static void slice_timer_expired(void *data)
{
    struct run_queue *q = data;

    spin_lock_irq(&q->lock);
    if (q->curr != q->idle) {
        if (NOW() >= q->slice_end) {
            q->slice_over = true;
            raise_softirq(SCHEDULE_SOFTIRQ);
        } else {
            timer_set(&q->slice_timer, q->slice_end);
        }
    }
    spin_unlock_irq(&q->lock);
}

void idle_loop(void)
{
    unsigned int cpu = smp_processor_id();

    cpumask_set(cpu, &sched_idle_cpus);
    for (;;) {
        do_softirq();
        local_irq_disable();
        if (softirq_is_pending(cpu))
            local_irq_enable();
        else
            safe_halt();
    }
}

/* Set-up. */

int sched_vcpu_create(struct vcpu *v)
{
    struct sched_vcpu *sv = xzalloc(struct sched_vcpu);

    if (!sv)
        return -ENOMEM;
    sv->vcpu = v;
    cpumask_fill(&sv->hard);
    cpumask_fill(&sv->soft);
    v->sched = sv;
    v->processor = is_idle_vcpu(v) ? v->vcpu_id : smp_processor_id();
    v->runstate.state = is_idle_vcpu(v) ? RUNSTATE_running : RUNSTATE_offline;
    v->runstate.state_entry_time = NOW();
    return 0;
}

void sched_vcpu_destroy(struct vcpu *v)
{
    ASSERT(!v->sched || !sched_is_queued(v->sched));
    xfree(v->sched);
    v->sched = NULL;
}

void sched_cpu_init(unsigned int cpu)
{
    struct run_queue *q = &per_cpu(run_queue, cpu);
    struct vcpu *idle = idle_domain->vcpu[cpu];

    if (!idle)
        idle = vcpu_create(idle_domain, cpu);
    if (!idle)
        panic("No memory to use CPU%u: give the machine more RAM", cpu);

    spin_lock_init(&q->lock, LOCK_SCHED);
    q->first_vruntime = STIME_MAX;
    q->idle = idle;
    q->curr = idle;
    idle->is_running = true;
    timer_init(&q->slice_timer, slice_timer_expired, q, cpu);
    cpupool_cpu_init(cpu);
    if (cpu == 0) {
        softirq_open(SCHEDULE_SOFTIRQ, schedule);
        sched_dump_init();
    }
}
