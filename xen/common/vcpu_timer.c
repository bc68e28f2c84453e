/* SPDX-License-Identifier: MIT */
/* Timers of vcpus, which raise VIRQ_TIMER. */
#include "xen/vcpu.h"

#include "xen/evtchn.h"
#include "xen/hypercall.h"
#include "xen/sched.h"

#define DEFAULT_PERIOD MILLISECS(10)

static void singleshot_expired(void *data)
{
    send_guest_vcpu_virq(data, VIRQ_TIMER);
}

/* A tick is for a vcpu that runs; for one that does not this stops until
 * schedule() starts it again, so that who sleeps takes nobody's time. */
static void periodic_expired(void *data)
{
    struct vcpu *v = data;
    s_time_t period = READ_ONCE(v->periodic_period), missed;

    smp_mb(); /* the timer is inactive by now; pairs with schedule() */
    if (period == 0 || !READ_ONCE(v->is_running))
        return;
    missed = (NOW() - v->periodic_last) / period;
    v->periodic_last += max(missed, (s_time_t)1) * period;
    timer_set(&v->periodic_timer, v->periodic_last + period);
    send_guest_vcpu_virq(v, VIRQ_TIMER);
}

void vcpu_periodic_timer_start(struct vcpu *v)
{
    s_time_t period = READ_ONCE(v->periodic_period);

    if (period != 0 && !timer_is_active(&v->periodic_timer) &&
        READ_ONCE(v->is_running))
        timer_set(&v->periodic_timer, v->periodic_last + period);
}

void vcpu_periodic_timer_set(struct vcpu *v, s_time_t period)
{
    timer_stop(&v->periodic_timer);
    v->periodic_last = NOW();
    WRITE_ONCE(v->periodic_period, period);
    smp_mb(); /* pairs with schedule() */
    vcpu_periodic_timer_start(v);
}

void vcpu_timers_init(struct vcpu *v)
{
    unsigned int cpu = v->processor;

    timer_init(&v->singleshot_timer, singleshot_expired, v, cpu);
    timer_init(&v->periodic_timer, periodic_expired, v, cpu);
    timer_init(&v->poll_timer, sched_poll_timeout, v, cpu);
    v->periodic_period = is_idle_vcpu(v) ? 0 : DEFAULT_PERIOD;
    v->periodic_last = NOW();
}

void vcpu_timers_kill(struct vcpu *v)
{
    timer_kill(&v->singleshot_timer);
    timer_kill(&v->periodic_timer);
    timer_kill(&v->poll_timer);
}

void vcpu_singleshot_set(struct vcpu *v, u64 deadline)
{
    if (v->singleshot_timer.cpu != smp_processor_id())
        timer_migrate(&v->singleshot_timer, smp_processor_id());
    timer_set(&v->singleshot_timer, min_t(u64, deadline, STIME_MAX));
}

/* The old way: an absolute time, 0 stops. */
long do_set_timer_op(unsigned long deadline, unsigned long a1, unsigned long a2,
                     unsigned long a3, unsigned long a4)
{
    (void)a1, (void)a2, (void)a3, (void)a4;
    if (deadline == 0)
        timer_stop(&current->singleshot_timer);
    else
        vcpu_singleshot_set(current, deadline);
    return 0;
}
