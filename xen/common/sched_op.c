/* SPDX-License-Identifier: MIT */
/* SCHEDOP_*: a vcpu gives its CPU away, or its domain ends. */
#include "sched_policy.h"

#include "public/sched.h"
#include "xen/bug.h"
#include "xen/errno.h"
#include "xen/evtchn.h"
#include "xen/guest_access.h"
#include "xen/heap.h"
#include "xen/hypercall.h"
#include "xen/softirq.h"
#include "xen/subop.h"

#define MAX_POLL_PORTS 128

/* Let the next in this CPU's queue run, if there is one. */
static long yield_current(void)
{
    if (READ_ONCE(this_cpu(run_queue).nr_waiting) != 0) {
        current->yielding = true;
        raise_softirq(SCHEDULE_SOFTIRQ);
    }
    return 0;
}

static long block_current(void)
{
    WRITE_ONCE(current->vcpu_info->evtchn_upcall_mask, 0);
    vcpu_block_current();
    return 0;
}

static long sched_op_shutdown(void *arg)
{
    const struct sched_shutdown *op = arg;

    if (op->reason > SHUTDOWN_MAX)
        return -EINVAL;
    domain_shutdown(current->domain, op->reason);
    return 0;
}

static long sched_op_shutdown_code(void *arg)
{
    const struct sched_shutdown *op = arg;
    struct domain *d = current->domain;

    if (op->reason > SHUTDOWN_MAX)
        return -EINVAL;
    spin_lock(&d->lock);
    if (!d->is_shutting_down)
        d->shutdown_code = op->reason;
    spin_unlock(&d->lock);
    return 0;
}

static long sched_op_remote_shutdown(void *arg)
{
    const struct sched_remote_shutdown *op = arg;
    struct domain *d;

    if (op->reason > SHUTDOWN_MAX)
        return -EINVAL;
    d = domain_get(op->domain_id);
    if (!d)
        return -ESRCH;
    domain_shutdown(d, op->reason);
    domain_put(d);
    return 0;
}

/* Returns 1: one of them is pending; 0: none; -EINVAL. */
static int any_port_pending(struct domain *d, const evtchn_port_t *ports,
                            unsigned int nr)
{
    int rc = 0;

    for (unsigned int i = 0; i < nr && rc == 0; i++)
        rc = evtchn_port_poll(d, ports[i]);
    return rc;
}

void sched_poll_timeout(void *data)
{
    struct vcpu *v = data;

    if (READ_ONCE(v->poll_port) != 0)
        vcpu_unblock(v);
}

static long sched_op_poll(void *arg)
{
    const struct sched_poll *op = arg;
    struct vcpu *v = current;
    evtchn_port_t ports[MAX_POLL_PORTS];
    int rc;

    if (op->nr_ports > MAX_POLL_PORTS)
        return -EINVAL;
    if (copy_from_guest(ports, op->ports, op->nr_ports * sizeof(ports[0])))
        return -EFAULT;

    /* Whoever makes a port pending looks at these two afterwards. */
    vcpu_poll_begin(v, op->nr_ports == 1 ? (int)ports[0] : -1);
    set_bit(VPF_blocked, &v->pause_flags);

    rc = any_port_pending(v->domain, ports, op->nr_ports);
    if (rc == 0 && !vcpu_event_deliverable(v)) {
        if (op->timeout != 0)
            timer_set(&v->poll_timer, min_t(u64, op->timeout, STIME_MAX));
        raise_softirq(SCHEDULE_SOFTIRQ);
        return 0;
    }
    vcpu_poll_end(v);
    clear_bit(VPF_blocked, &v->pause_flags);
    return rc < 0 ? rc : 0;
}

static void watchdog_expired(void *data)
{
    domain_shutdown(data, SHUTDOWN_watchdog);
}

static long watchdog_start(struct sched_domain *sd, s_time_t deadline)
{
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++) {
        if (sd->watchdog_used[i])
            continue;
        sd->watchdog_used[i] = true;
        timer_set(&sd->watchdog[i], deadline);
        return i + 1;
    }
    return -ENOSPC;
}

/* id 1.. of a running one; deadline 0 stops it. */
static long watchdog_change(struct sched_domain *sd, u32 id, s_time_t deadline)
{
    unsigned int i;

    if (id > NR_WATCHDOGS)
        return -EINVAL;
    i = array_index_nospec(id - 1, NR_WATCHDOGS);
    if (!sd->watchdog_used[i])
        return -EINVAL;
    if (deadline == 0) {
        sd->watchdog_used[i] = false;
        timer_stop(&sd->watchdog[i]);
    } else {
        timer_set(&sd->watchdog[i], deadline);
    }
    return 0;
}

static long sched_op_watchdog(void *arg)
{
    const struct sched_watchdog *op = arg;
    struct sched_domain *sd = current->domain->sched;
    s_time_t deadline = op->timeout ? NOW() + SECONDS(op->timeout) : 0;
    long rc;

    if (op->id == 0 && deadline == 0)
        return -EINVAL;
    spin_lock(&sd->lock);
    rc = op->id == 0 ? watchdog_start(sd, deadline)
                     : watchdog_change(sd, op->id, deadline);
    spin_unlock(&sd->lock);
    return rc;
}

static long sched_op_pin_override(void *arg)
{
    const struct sched_pin_override *op = arg;

    return op->pcpu < 0 ? vcpu_unpin_override(current)
                        : vcpu_pin_override(current, op->pcpu);
}

/* clang-format off */
static const struct subop sched_ops[] = {
    SUBOP(SCHEDOP_shutdown, sched_op_shutdown, struct sched_shutdown, COPY_IN, HC_ANY),
    SUBOP(SCHEDOP_poll, sched_op_poll, struct sched_poll, COPY_IN, HC_ANY),
    SUBOP(SCHEDOP_remote_shutdown, sched_op_remote_shutdown, struct sched_remote_shutdown, COPY_IN, HC_CONTROL),
    SUBOP(SCHEDOP_shutdown_code, sched_op_shutdown_code, struct sched_shutdown, COPY_IN, HC_ANY),
    SUBOP(SCHEDOP_watchdog, sched_op_watchdog, struct sched_watchdog, COPY_IN, HC_ANY),
    SUBOP(SCHEDOP_pin_override, sched_op_pin_override, struct sched_pin_override, COPY_IN, HC_HARDWARE),
};
/* clang-format on */

long do_sched_op(unsigned long cmd, unsigned long arg, unsigned long a2,
                 unsigned long a3, unsigned long a4)
{
    (void)a2, (void)a3, (void)a4;
    /* The two that are made all the time, and have no argument. */
    if (cmd == SCHEDOP_yield)
        return yield_current();
    if (cmd == SCHEDOP_block)
        return block_current();
    return subop_call(sched_ops, ARRAY_SIZE(sched_ops), cmd, arg);
}

int sched_domain_create(struct domain *d, unsigned int pool)
{
    struct sched_domain *sd = xzalloc(struct sched_domain);

    if (!sd)
        return -ENOMEM;
    spin_lock_init(&sd->lock, LOCK_SCHED_DOMAIN);
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++)
        timer_init(&sd->watchdog[i], watchdog_expired, d, smp_processor_id());
    policy_domain_init(d, sd);
    d->sched = sd;
    return d == idle_domain ? 0 : cpupool_enter(d, pool);
}

/* What is killed stays so: a parked vcpu sets nothing any more. */
static void kill_timers(struct sched_domain *sd)
{
    timer_kill(&sd->refill_timer);
    for (unsigned int i = 0; i < NR_WATCHDOGS; i++)
        timer_kill(&sd->watchdog[i]);
}

void sched_domain_retire(struct domain *d)
{
    kill_timers(d->sched);
    cpupool_retire(d);
}

void sched_domain_destroy(struct domain *d)
{
    struct sched_domain *sd = d->sched;

    if (!sd)
        return;
    cpupool_leave(d);
    kill_timers(sd);
    d->sched = NULL;
    xfree(sd);
}
