/* SPDX-License-Identifier: MIT */
/* The scheduler's mechanism: blocking, polling, pausing, and their races. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "public/sched.h"
#include "xen/errno.h"
#include "xen/hypercall.h"
#include "xen/softirq.h"
#include "asm/smp.h"
#include "sched_sim.h"

#define FOREVER STIME_MAX

static struct domain *d;
static struct vcpu *v;

static int group_setup(void **state)
{
    (void)state;
    sim_init();
    return 0;
}

/* One domain with four vcpus, the first of which runs, on two CPUs. */
static int setup(void **state)
{
    (void)state;
    sim_start(2);
    d = sim_domain(4, 256, 0);
    v = d->vcpu[0];
    sim_run(v, FOREVER, 0);
    sim_enter(v);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_while_saving = NULL;
    sim_end();
    return 0;
}

static long sched_op(unsigned int cmd, const void *arg)
{
    return do_sched_op(cmd, (unsigned long)arg, 0, 0, 0);
}

static bool runs(const struct vcpu *which)
{
    return sim_current(which->processor) == which;
}

static int run_state(const struct vcpu *which)
{
    struct vcpu_runstate_info rs;

    vcpu_runstate_get(which, &rs);
    return rs.state;
}

static void block_waits_for_an_event(void **state)
{
    (void)state;
    assert_int_equal(sched_op(SCHEDOP_block, NULL), 0);
    sim_settle();
    assert_false(runs(v));
    assert_int_equal(run_state(v), RUNSTATE_blocked);
    vcpu_unblock(v);
    sim_settle();
    assert_true(runs(v));
    assert_int_equal(run_state(v), RUNSTATE_running);
}

static void block_unmasks_events(void **state)
{
    (void)state;
    v->vcpu_info->evtchn_upcall_mask = 1;
    sched_op(SCHEDOP_block, NULL);
    assert_int_equal(v->vcpu_info->evtchn_upcall_mask, 0);
}

static void block_with_an_event_pending_returns(void **state)
{
    (void)state;
    v->vcpu_info->evtchn_upcall_pending = 1;
    v->vcpu_info->evtchn_upcall_mask = 1;
    sched_op(SCHEDOP_block, NULL);
    assert_false(softirq_is_pending(smp_processor_id()));
    assert_true(vcpu_runnable(v));
}

static void event_before_the_switch_is_not_lost(void **state)
{
    (void)state;
    sched_op(SCHEDOP_block, NULL);
    vcpu_unblock(v);
    sim_settle();
    assert_true(runs(v));
}

static void unblock_victim(struct vcpu *prev)
{
    if (prev == v) {
        sim_while_saving = NULL;
        vcpu_unblock(v);
        /* The other CPU has nothing to do, and must not take it yet. */
        cpumask_fill(&fake_event_checks);
        cpumask_clear(smp_processor_id(), &fake_event_checks);
        assert_true(v->is_running);
    }
}

static void event_while_the_state_is_saved_is_not_lost(void **state)
{
    (void)state;
    sched_op(SCHEDOP_block, NULL);
    sim_while_saving = unblock_victim;
    sim_settle();
    assert_true(runs(v));
    assert_int_equal(run_state(v), RUNSTATE_running);
}

static void move_victim(struct vcpu *prev)
{
    struct cpumask mask;

    if (prev == v) {
        sim_while_saving = NULL;
        vcpu_unblock(v);
        cpumask_of(&mask, !v->processor);
        assert_int_equal(vcpu_set_hard_affinity(v, &mask), 0);
    }
}

static void affinity_set_while_the_state_is_saved_is_kept(void **state)
{
    unsigned int before = v->processor;

    (void)state;
    sched_op(SCHEDOP_block, NULL);
    sim_while_saving = move_victim;
    sim_settle();
    assert_true(runs(v));
    assert_int_not_equal(v->processor, before);
}

static void yield_alone_costs_nothing(void **state)
{
    unsigned long before = sim_switches;

    (void)state;
    assert_int_equal(sched_op(SCHEDOP_yield, NULL), 0);
    assert_false(softirq_is_pending(smp_processor_id()));
    assert_int_equal(sim_switches, before);
}

static void yield_lets_the_next_run(void **state)
{
    struct cpumask mask;

    (void)state;
    cpumask_of(&mask, v->processor);
    for (unsigned int i = 0; i < 2; i++)
        assert_int_equal(vcpu_set_hard_affinity(d->vcpu[i], &mask), 0);
    sim_run(d->vcpu[1], FOREVER, 0);
    for (unsigned int i = 0; i < 10; i++) {
        struct vcpu *before = sim_current(v->processor);

        sim_enter(before);
        assert_int_equal(sched_op(SCHEDOP_yield, NULL), 0);
        sim_settle();
        assert_ptr_not_equal(sim_current(v->processor), before);
        sim_pass(MICROSECS(20));
    }
}

static void set_poll(struct sched_poll *op, evtchn_port_t *ports,
                     unsigned int nr, s_time_t timeout)
{
    *op = (struct sched_poll){(unsigned long)ports, nr, timeout};
}

static void poll_waits_for_its_port(void **state)
{
    struct sched_poll *op = fake_guest_alloc(sizeof(*op));
    evtchn_port_t *ports = fake_guest_alloc(sizeof(*ports));

    (void)state;
    ports[0] = 7;
    set_poll(op, ports, 1, 0);
    assert_int_equal(sched_op(SCHEDOP_poll, op), 0);
    sim_settle();
    assert_false(runs(v));
    assert_int_equal(v->poll_port, 7);
    vcpu_unblock(v);
    sim_settle();
    assert_true(runs(v));
    assert_int_equal(v->poll_port, 0);
}

/* Who wakes it may be slow: by then it may wait again, and must stay found. */
static void who_wakes_leaves_the_poll_alone(void **state)
{
    struct sched_poll *op = fake_guest_alloc(sizeof(*op));
    evtchn_port_t *ports = fake_guest_alloc(sizeof(*ports));

    (void)state;
    ports[0] = 7;
    set_poll(op, ports, 1, fake_now + SECONDS(1));
    assert_int_equal(sched_op(SCHEDOP_poll, op), 0);
    vcpu_unblock(v);
    assert_int_equal(v->poll_port, 7);
    assert_int_equal(atomic_read(&v->domain->nr_polling), 1);
    assert_true(timer_is_active(&v->poll_timer));
    sim_settle();
    assert_true(runs(v));
    assert_int_equal(v->poll_port, 0);
    assert_int_equal(atomic_read(&v->domain->nr_polling), 0);
    assert_false(timer_is_active(&v->poll_timer));
}

static void poll_of_a_pending_port_returns(void **state)
{
    struct sched_poll *op = fake_guest_alloc(sizeof(*op));
    evtchn_port_t *ports = fake_guest_alloc(3 * sizeof(*ports));

    (void)state;
    memcpy(ports, (evtchn_port_t[]){1, 2, 3}, 3 * sizeof(*ports));
    set_poll(op, ports, 3, 0);
    sim_pending_ports = 1 << 3;
    assert_int_equal(sched_op(SCHEDOP_poll, op), 0);
    assert_true(vcpu_runnable(v));
    assert_int_equal(v->poll_port, 0);
}

static void poll_ends_at_its_timeout(void **state)
{
    struct sched_poll *op = fake_guest_alloc(sizeof(*op));
    evtchn_port_t *ports = fake_guest_alloc(2 * sizeof(*ports));

    (void)state;
    ports[0] = 1;
    ports[1] = 2;
    set_poll(op, ports, 2, fake_now + MILLISECS(3));
    assert_int_equal(sched_op(SCHEDOP_poll, op), 0);
    sim_settle();
    assert_int_equal(v->poll_port, -1);
    sim_pass(MICROSECS(2990));
    assert_false(runs(v));
    sim_pass(MICROSECS(20));
    assert_true(runs(v));
}

static void poll_of_a_bad_port_is_einval(void **state)
{
    struct sched_poll *op = fake_guest_alloc(sizeof(*op));
    evtchn_port_t *ports = fake_guest_alloc(sizeof(*ports));

    (void)state;
    ports[0] = 1000;
    set_poll(op, ports, 1, 0);
    assert_int_equal(sched_op(SCHEDOP_poll, op), -EINVAL);
    assert_true(vcpu_runnable(v));
}

static void poll_of_too_many_ports_is_einval(void **state)
{
    struct sched_poll *op = fake_guest_alloc(sizeof(*op));
    evtchn_port_t *ports = fake_guest_alloc(129 * sizeof(*ports));

    (void)state;
    set_poll(op, ports, 129, 0);
    assert_int_equal(sched_op(SCHEDOP_poll, op), -EINVAL);
}

static void poll_of_bad_memory_is_efault(void **state)
{
    struct sched_poll *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    assert_int_equal(sched_op(SCHEDOP_poll, (void *)16), -EFAULT);
    set_poll(op, (evtchn_port_t *)16, 1, 0);
    assert_int_equal(sched_op(SCHEDOP_poll, op), -EFAULT);
    assert_true(vcpu_runnable(v));
}

static void shutdown_tells_the_reason(void **state)
{
    struct sched_shutdown *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    op->reason = SHUTDOWN_MAX + 1;
    assert_int_equal(sched_op(SCHEDOP_shutdown, op), -EINVAL);
    assert_int_equal(sim_shutdown_reason, -1);
    op->reason = SHUTDOWN_reboot;
    assert_int_equal(sched_op(SCHEDOP_shutdown, op), 0);
    assert_int_equal(sim_shutdown_reason, SHUTDOWN_reboot);
}

static void shutdown_code_is_noted_only(void **state)
{
    struct sched_shutdown *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    op->reason = SHUTDOWN_suspend;
    assert_int_equal(sched_op(SCHEDOP_shutdown_code, op), 0);
    assert_int_equal(d->shutdown_code, SHUTDOWN_suspend);
    assert_int_equal(sim_shutdown_reason, -1);
}

static void remote_shutdown_is_for_control_domains(void **state)
{
    struct sched_remote_shutdown *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    op->domain_id = 1000;
    assert_int_equal(sched_op(SCHEDOP_remote_shutdown, op), -EPERM);
    d->is_control = true;
    assert_int_equal(sched_op(SCHEDOP_remote_shutdown, op), -ESRCH);
    op->domain_id = d->domain_id;
    op->reason = SHUTDOWN_poweroff;
    assert_int_equal(sched_op(SCHEDOP_remote_shutdown, op), 0);
    assert_int_equal(sim_shutdown_reason, SHUTDOWN_poweroff);
}

static void watchdog_bites_unless_it_is_fed(void **state)
{
    struct sched_watchdog *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    op->timeout = 2;
    op->id = sched_op(SCHEDOP_watchdog, op);
    assert_int_equal(op->id, 1);
    for (unsigned int i = 0; i < 5; i++) {
        sim_pass(SECONDS(1));
        sim_enter(v);
        assert_int_equal(sched_op(SCHEDOP_watchdog, op), 0);
    }
    assert_int_equal(sim_shutdown_reason, -1);
    sim_pass(SECONDS(3));
    assert_int_equal(sim_shutdown_reason, SHUTDOWN_watchdog);
}

static void watchdogs_are_limited(void **state)
{
    struct sched_watchdog *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    assert_int_equal(sched_op(SCHEDOP_watchdog, op), -EINVAL);
    op->id = ~0u;
    assert_int_equal(sched_op(SCHEDOP_watchdog, op), -EINVAL);
    op->id = 2;
    op->timeout = 10;
    assert_int_equal(sched_op(SCHEDOP_watchdog, op), -EINVAL);
    op->id = 0;
    assert_int_equal(sched_op(SCHEDOP_watchdog, op), 1);
    assert_int_equal(sched_op(SCHEDOP_watchdog, op), 2);
    assert_int_equal(sched_op(SCHEDOP_watchdog, op), -ENOSPC);
    op->id = 1;
    op->timeout = 0;
    assert_int_equal(sched_op(SCHEDOP_watchdog, op), 0);
    op->id = 0;
    op->timeout = 10;
    assert_int_equal(sched_op(SCHEDOP_watchdog, op), 1);
}

static void pin_override_pins_and_gives_back(void **state)
{
    struct cpumask hard, soft;
    unsigned int other = !v->processor;

    (void)state;
    assert_int_equal(vcpu_unpin_override(v), -EINVAL);
    assert_int_equal(vcpu_pin_override(v, 5), -EINVAL);
    assert_int_equal(vcpu_pin_override(v, other), 0);
    sim_settle();
    assert_int_equal(v->processor, other);
    assert_true(runs(v));
    assert_int_equal(vcpu_pin_override(v, other), -EBUSY);
    vcpu_get_affinity(v, &hard, &soft);
    assert_int_equal(cpumask_weight(&hard), 1);
    cpumask_fill(&hard);
    assert_int_equal(vcpu_set_hard_affinity(v, &hard), -EBUSY);
    assert_int_equal(vcpu_set_soft_affinity(v, &hard), -EBUSY);
    assert_int_equal(vcpu_unpin_override(v), 0);
    assert_int_equal(vcpu_unpin_override(v), -EINVAL);
    vcpu_get_affinity(v, &hard, &soft);
    assert_true(cpumask_equal(&hard, &cpu_online_map));
}

static void pin_override_is_for_the_hardware_domain(void **state)
{
    struct sched_pin_override *op = fake_guest_alloc(sizeof(*op));

    (void)state;
    assert_int_equal(sched_op(SCHEDOP_pin_override, op), -EPERM);
}

static void unknown_operation_is_enosys(void **state)
{
    (void)state;
    assert_int_equal(sched_op(8, NULL), -ENOSYS);
    assert_int_equal(sched_op(~0u, NULL), -ENOSYS);
}

static void paused_vcpu_does_not_run(void **state)
{
    (void)state;
    vcpu_pause_nosync(v);
    vcpu_pause_nosync(v);
    sim_settle();
    assert_false(runs(v));
    assert_int_equal(run_state(v), RUNSTATE_offline);
    vcpu_unpause(v);
    sim_settle();
    assert_false(runs(v));
    vcpu_unpause(v);
    sim_settle();
    assert_true(runs(v));
}

static void blocked_vcpu_that_is_paused_stays_off(void **state)
{
    (void)state;
    sched_op(SCHEDOP_block, NULL);
    sim_settle();
    vcpu_pause_nosync(v);
    assert_int_equal(run_state(v), RUNSTATE_offline);
    vcpu_unblock(v);
    sim_settle();
    assert_false(runs(v));
    vcpu_unpause(v);
    sim_settle();
    assert_true(runs(v));
}

static void paused_domain_does_not_run(void **state)
{
    (void)state;
    sim_run(d->vcpu[1], FOREVER, 0);
    sim_run(d->vcpu[2], FOREVER, 0);
    atomic_inc(&d->pause_count);
    for (unsigned int i = 0; i < 3; i++)
        vcpu_sleep_nosync(d->vcpu[i]);
    sim_settle();
    assert_true(sim_idle(0) && sim_idle(1));
    domain_unpause(d);
    sim_settle();
    assert_false(sim_idle(0) || sim_idle(1));
}

static void run_states_add_up(void **state)
{
    struct vcpu_runstate_info before, after;
    u64 sum = 0;

    (void)state;
    sim_run(d->vcpu[1], MILLISECS(3), MILLISECS(4));
    sim_run(d->vcpu[2], FOREVER, 0);
    sim_run(d->vcpu[3], FOREVER, 0);
    vcpu_runstate_get(d->vcpu[1], &before);
    sim_pass(SECONDS(2));
    vcpu_runstate_get(d->vcpu[1], &after);
    for (unsigned int i = 0; i < 4; i++)
        sum += after.time[i] - before.time[i];
    assert_int_equal(sum, SECONDS(2));
    assert_true(after.time[RUNSTATE_blocked] > before.time[RUNSTATE_blocked]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(block_waits_for_an_event),
        TEST(block_unmasks_events),
        TEST(block_with_an_event_pending_returns),
        TEST(event_before_the_switch_is_not_lost),
        TEST(event_while_the_state_is_saved_is_not_lost),
        TEST(affinity_set_while_the_state_is_saved_is_kept),
        TEST(yield_alone_costs_nothing),
        TEST(yield_lets_the_next_run),
        TEST(poll_waits_for_its_port),
        TEST(who_wakes_leaves_the_poll_alone),
        TEST(poll_of_a_pending_port_returns),
        TEST(poll_ends_at_its_timeout),
        TEST(poll_of_a_bad_port_is_einval),
        TEST(poll_of_too_many_ports_is_einval),
        TEST(poll_of_bad_memory_is_efault),
        TEST(shutdown_tells_the_reason),
        TEST(shutdown_code_is_noted_only),
        TEST(remote_shutdown_is_for_control_domains),
        TEST(watchdog_bites_unless_it_is_fed),
        TEST(watchdogs_are_limited),
        TEST(pin_override_pins_and_gives_back),
        TEST(pin_override_is_for_the_hardware_domain),
        TEST(unknown_operation_is_enosys),
        TEST(paused_vcpu_does_not_run),
        TEST(blocked_vcpu_that_is_paused_stays_off),
        TEST(paused_domain_does_not_run),
        TEST(run_states_add_up),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
