/* SPDX-License-Identifier: MIT */
/*
 * Fairness: over ten seconds each vcpu has what weights, caps and affinity give
 * it, within 5 %, whatever the others do.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "public/sched.h"
#include "xen/cpupool.h"
#include "xen/hypercall.h"
#include "sched_sim.h"

#define FOREVER STIME_MAX
#define SPAN    SECONDS(10)
#define ERROR   5.0 /* per cent of what is expected */

static int group_setup(void **state)
{
    (void)state;
    sim_init();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sim_end();
    return 0;
}

static void assert_near(const char *what, double percent, double expected)
{
    if (percent < expected * (1 - ERROR / 100) ||
        percent > expected * (1 + ERROR / 100))
        fail_msg("%s had %.2f %%, expected %.2f %%", what, percent, expected);
}

static double percent(s_time_t time)
{
    return 100.0 * time / SPAN;
}

/* Each vcpu of d has had so much of one CPU in SPAN. */
static void assert_each(const struct domain *d, double expected)
{
    char name[16];
    struct vcpu *v;

    for_each_vcpu(d, v) {
        snprintf(name, sizeof(name), "d%dv%u", d->domain_id, v->vcpu_id);
        assert_near(name, percent(sim_ran(v)), expected);
    }
}

static s_time_t ran_in_all(const struct domain *d)
{
    s_time_t sum = 0;
    struct vcpu *v;

    for_each_vcpu(d, v)
        sum += sim_ran(v);
    return sum;
}

/* A domain whose vcpus all do the same, where `cpus` allows it (0: all). */
static struct domain *run(unsigned int nr, u16 weight, u16 cap, u64 cpus,
                          s_time_t burst, s_time_t pause)
{
    struct domain *d = sim_domain(nr, weight, cap);
    struct cpumask mask;
    struct vcpu *v;

    for_each_vcpu(d, v) {
        cpumask_zero(&mask);
        mask.bits[0] = cpus;
        if (cpus != 0 && vcpu_set_hard_affinity(v, &mask))
            abort();
        sim_run(v, burst, pause);
    }
    return d;
}

static struct domain *hogs(unsigned int nr, u16 weight)
{
    return run(nr, weight, 0, 0, FOREVER, 0);
}

/* ---- Weights ------------------------------------------------------------ */

static void weights_hold_over_two_cpus(void **state)
{
    struct domain *one, *two;

    (void)state;
    sim_start(2);
    one = hogs(2, 256);
    two = hogs(2, 512);
    sim_pass(SPAN);
    assert_each(one, 100 / 3.0);
    assert_each(two, 200 / 3.0);
}

static void weights_are_those_of_each_vcpu(void **state)
{
    struct domain *one, *four;

    (void)state;
    sim_start(2);
    one = hogs(1, 512);
    four = hogs(4, 256);
    sim_pass(SPAN);
    assert_each(one, 200 / 3.0);
    assert_each(four, 100 / 3.0);
}

static void weight_worth_more_than_a_cpu_leaves_the_rest(void **state)
{
    struct domain *one, *four;

    (void)state;
    sim_start(2);
    one = hogs(1, 4096);
    four = hogs(4, 256);
    sim_pass(SPAN);
    assert_each(one, 100);
    assert_each(four, 25);
}

static void weights_hold_among_pinned_vcpus(void **state)
{
    struct domain *one, *two, *free;

    (void)state;
    sim_start(2);
    one = run(1, 256, 0, 1, FOREVER, 0);
    two = run(1, 512, 0, 1, FOREVER, 0);
    free = hogs(2, 256);
    sim_pass(SPAN);
    assert_each(one, 100 / 3.0);
    assert_each(two, 200 / 3.0);
    assert_each(free, 50);
}

static void changed_weights_hold_from_then_on(void **state)
{
    struct domain *a, *b;
    s_time_t before;

    (void)state;
    sim_start(1);
    a = hogs(1, 256);
    b = hogs(1, 256);
    sim_pass(SECONDS(5));
    before = ran_in_all(a);
    assert_int_equal(sched_params_set(b, &(struct sched_params){768, 0}), 0);
    sim_pass(SPAN);
    assert_near("a", percent(ran_in_all(a) - before), 25);
}

static void pin_all(const struct domain *d, u64 cpus)
{
    struct cpumask mask;
    struct vcpu *v;

    for_each_vcpu(d, v) {
        cpumask_zero(&mask);
        mask.bits[0] = cpus;
        assert_int_equal(vcpu_set_hard_affinity(v, &mask), 0);
    }
}

/* Twenty vcpus shared two CPUs while one had the third, and then, for a moment,
 * the other way round: what the CPUs' virtual times tell of each other is
 * wrong. */
static void weights_hold_after_affinity_is_gone(void **state)
{
    struct domain *crowd, *one;
    s_time_t before[2];

    (void)state;
    for (unsigned int swap = 0; swap < 2; swap++) {
        sim_start(3);
        crowd = run(20, 256, 0, 3, FOREVER, 0);
        one = run(1, 256, 0, 4, FOREVER, 0);
        sim_pass(SECONDS(100));
        if (swap) {
            pin_all(crowd, 4);
            pin_all(one, 1);
            sim_pass(MILLISECS(100));
        }
        pin_all(crowd, 7);
        pin_all(one, 7);
        sim_pass(SECONDS(1));
        before[0] = ran_in_all(crowd);
        before[1] = ran_in_all(one);
        sim_pass(SPAN);
        assert_near("crowd", percent(ran_in_all(crowd) - before[0]),
                    6000 / 21.0);
        assert_near("one", percent(ran_in_all(one) - before[1]), 300 / 21.0);
        sim_end();
    }
    sim_start(3);
}

/* Those that may not leave two CPUs are far behind those that come to the third
 * one, which may run anywhere. */
static void newcomers_share_with_pinned_vcpus(void **state)
{
    struct domain *pinned, *lone, *free;
    s_time_t before[2];

    (void)state;
    sim_start(3);
    pinned = run(4, 256, 0, 3, FOREVER, 0);
    lone = run(1, 256, 0, 4, SECONDS(100), FOREVER);
    sim_pass(SECONDS(100));
    assert_near("lone", percent(ran_in_all(lone)), 1000);
    free = hogs(5, 256);
    sim_pass(SECONDS(1));
    before[0] = ran_in_all(pinned);
    before[1] = ran_in_all(free);
    sim_pass(SPAN);
    assert_near("pinned", percent(ran_in_all(pinned) - before[0]), 400 / 3.0);
    assert_near("free", percent(ran_in_all(free) - before[1]), 500 / 3.0);
}

/* ...and who is alone on a CPU does not disturb the others. */
static void shares_hold_beside_a_lone_vcpu(void **state)
{
    (void)state;
    for (unsigned int weight = 1; weight <= 4096; weight *= 16) {
        struct domain *pinned, *lone;

        sim_start(3);
        pinned = run(7, 256, 0, 3, FOREVER, 0);
        lone = run(1, weight, 0, 4, FOREVER, 0);
        sim_pass(SPAN);
        assert_each(pinned, 200 / 7.0);
        assert_each(lone, 100);
        sim_end();
    }
    sim_start(3);
}

/* ---- Sleepers ----------------------------------------------------------- */

/* Who always wants to run, but sleeps a moment now and then, neither gains nor
 * loses by that. */
static void naps_change_nothing(void **state)
{
    static const s_time_t burst[] = {MICROSECS(300), MICROSECS(1200),
                                     MICROSECS(2700), MICROSECS(9000)};

    (void)state;
    for (u16 weight = 1; weight <= 256; weight *= 4)
        for (unsigned int i = 0; i < ARRAY_SIZE(burst); i++) {
            struct domain *napper, *hog;
            double share = 100.0 * weight / (weight + 256);

            sim_start(1);
            hog = hogs(1, 256);
            napper = run(1, weight, 0, 0, burst[i], MICROSECS(1));
            sim_pass(SPAN);
            assert_each(napper, share);
            assert_each(hog, 100 - share);
            sim_end();
        }
    sim_start(1);
}

static void naps_change_nothing_on_four_cpus(void **state)
{
    (void)state;
    for (u16 weight = 1; weight <= 256; weight *= 2) {
        struct domain *nappers, *busy;
        double all = 4 * weight + 8 * 256;

        sim_start(4);
        busy = hogs(8, 256);
        nappers = run(4, weight, 0, 0, MICROSECS(1000), MICROSECS(100));
        sim_pass(SPAN);
        assert_each(nappers, 400 * weight / all);
        assert_each(busy, 400 * 256 / all);
        sim_end();
    }
    sim_start(4);
}

/* Wakes up all the time, and has what it wants as long as that is little. */
static void wakeups_take_no_more_than_a_share(void **state)
{
    static const s_time_t time[] = {MICROSECS(10), MICROSECS(100),
                                    MICROSECS(1000), MICROSECS(10000)};

    (void)state;
    for (unsigned int b = 0; b < ARRAY_SIZE(time); b++)
        for (unsigned int p = 0; p < ARRAY_SIZE(time); p++) {
            struct domain *waker, *hog;

            sim_start(1);
            hog = hogs(1, 256);
            waker = run(1, 256, 0, 0, time[b], time[p]);
            sim_pass(SPAN);
            assert_true(percent(ran_in_all(waker)) < 50 + ERROR / 2);
            assert_true(percent(ran_in_all(hog)) > 50 - ERROR / 2);
            sim_end();
        }
    sim_start(1);
}

static void waking_domain_shares_with_a_busy_one(void **state)
{
    (void)state;
    for (s_time_t burst = MICROSECS(100); burst <= MILLISECS(10); burst *= 10) {
        struct domain *wakers, *busy;

        sim_start(2);
        wakers = run(4, 256, 0, 0, burst, burst / 20);
        busy = hogs(4, 256);
        sim_pass(SPAN);
        assert_each(wakers, 25);
        assert_each(busy, 25);
        sim_end();
    }
    sim_start(2);
}

static void idlers_cost_nearly_nothing(void **state)
{
    struct domain *idlers, *busy;

    (void)state;
    sim_start(2);
    busy = hogs(2, 256);
    idlers = sim_domain(200, 256, 0);
    for (unsigned int i = 0; i < 200; i++)
        sim_run(idlers->vcpu[i], MICROSECS(20), MILLISECS(900 + i));
    sim_pass(SPAN);
    assert_true(percent(ran_in_all(busy)) > 199);
    for (unsigned int i = 0; i < 200; i++)
        assert_true(sim_latency(idlers->vcpu[i]) < MILLISECS(5));
}

/* Gives its CPU away again and again. */
static void yielding_gains_nothing(void **state)
{
    struct domain *yielder, *hog;
    s_time_t end;

    (void)state;
    sim_start(1);
    yielder = hogs(1, 256);
    hog = hogs(1, 256);
    for (end = fake_now + SPAN; fake_now < end;) {
        if (sim_current(0) == yielder->vcpu[0]) {
            sim_enter(yielder->vcpu[0]);
            (void)do_sched_op(SCHEDOP_yield, 0, 0, 0, 0);
        }
        sim_pass(MICROSECS(200));
    }
    assert_true(percent(ran_in_all(hog)) > 50 - ERROR / 2);
}

/* ---- Caps --------------------------------------------------------------- */

static void caps_hold_beside_busy_vcpus(void **state)
{
    (void)state;
    for (u16 cap = 1; cap < 200; cap = 2 * cap + 1) {
        struct domain *capped, *busy;

        sim_start(4);
        capped = run(4, 256, cap, 0, FOREVER, 0);
        busy = hogs(4, 256);
        sim_pass(SPAN);
        assert_near("capped", percent(ran_in_all(capped)), cap);
        assert_near("busy", percent(ran_in_all(busy)), 400 - cap);
        sim_end();
    }
    sim_start(4);
}

static void caps_hold_for_sleepers(void **state)
{
    (void)state;
    for (u16 cap = 5; cap <= 80; cap *= 2) {
        struct domain *capped;

        sim_start(1);
        capped = sim_domain(2, 256, cap);
        sim_run(capped->vcpu[0], MICROSECS(300), MICROSECS(100));
        sim_run(capped->vcpu[1], MICROSECS(30), MICROSECS(10));
        sim_pass(SPAN);
        assert_near("capped", percent(ran_in_all(capped)), cap);
        sim_end();
    }
    sim_start(1);
}

static void weights_hold_beside_a_capped_domain(void **state)
{
    struct domain *capped, *one, *two;

    (void)state;
    sim_start(2);
    capped = run(2, 4096, 50, 0, FOREVER, 0);
    one = hogs(2, 256);
    two = hogs(2, 512);
    sim_pass(SPAN);
    assert_near("capped", percent(ran_in_all(capped)), 50);
    assert_each(one, 25);
    assert_each(two, 50);
}

/* ---- Pools -------------------------------------------------------------- */

/* Pool 1 with one CPU, for d. */
static void split(struct domain *d)
{
    unsigned int id;

    if (cpupool_create(1, &id) || cpupool_remove_cpu(0, CPUPOOL_ANY) ||
        cpupool_add_cpu(1, CPUPOOL_ANY) || cpupool_move_domain(d, 1))
        abort();
    sim_settle();
}

static void pools_do_not_share(void **state)
{
    struct domain *in, *out;

    (void)state;
    sim_start(2);
    in = sim_domain(3, 256, 0);
    split(in);
    for (unsigned int i = 0; i < 3; i++)
        sim_run(in->vcpu[i], FOREVER, 0);
    out = hogs(1, 1);
    sim_pass(SPAN);
    assert_each(in, 100 / 3.0);
    assert_each(out, 100);
}

/* The virtual times of the pools have drifted far apart by then. */
static void shares_hold_after_cpu_and_domain_have_moved(void **state)
{
    struct domain *crowd, *lone, *late;
    s_time_t before[2];

    (void)state;
    sim_start(3);
    lone = sim_domain(1, 256, 0);
    split(lone);
    sim_run(lone->vcpu[0], FOREVER, 0);
    crowd = hogs(20, 256);
    sim_pass(SECONDS(30));
    assert_int_equal(cpupool_move_domain(lone, 0), 0);
    assert_int_equal(cpupool_remove_cpu(1, CPUPOOL_ANY), 0);
    assert_int_equal(cpupool_add_cpu(0, CPUPOOL_ANY), 0);
    late = hogs(1, 256);
    sim_pass(SECONDS(1));
    before[0] = ran_in_all(crowd);
    before[1] = ran_in_all(lone);
    sim_pass(SPAN);
    assert_near("crowd", percent(ran_in_all(crowd) - before[0]),
                20 * 300 / 22.0);
    assert_near("lone", percent(ran_in_all(lone) - before[1]), 300 / 22.0);
    assert_true(percent(ran_in_all(late)) > 300 / 22.0);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(weights_hold_over_two_cpus),
        TEST(weights_are_those_of_each_vcpu),
        TEST(weight_worth_more_than_a_cpu_leaves_the_rest),
        TEST(weights_hold_among_pinned_vcpus),
        TEST(changed_weights_hold_from_then_on),
        TEST(weights_hold_after_affinity_is_gone),
        TEST(newcomers_share_with_pinned_vcpus),
        TEST(shares_hold_beside_a_lone_vcpu),
        TEST(naps_change_nothing),
        TEST(naps_change_nothing_on_four_cpus),
        TEST(wakeups_take_no_more_than_a_share),
        TEST(waking_domain_shares_with_a_busy_one),
        TEST(idlers_cost_nearly_nothing),
        TEST(yielding_gains_nothing),
        TEST(caps_hold_beside_busy_vcpus),
        TEST(caps_hold_for_sleepers),
        TEST(weights_hold_beside_a_capped_domain),
        TEST(pools_do_not_share),
        TEST(shares_hold_after_cpu_and_domain_have_moved),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
