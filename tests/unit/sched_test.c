/* SPDX-License-Identifier: MIT */
/* The scheduler's policy: shares, caps, affinity, latency, balance. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "xen/errno.h"
#include "sched_sim.h"

#define FOREVER STIME_MAX

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

/* v has had `percent` of one CPU for `ns`, give or take `error` percent of
 * that. */
static void assert_share(const struct vcpu *v, s_time_t ns, double percent,
                         double error)
{
    double had = 100.0 * sim_ran(v) / ns;

    if (had < percent * (1 - error / 100) || had > percent * (1 + error / 100))
        fail_msg("d%dv%u had %.2f %%, expected %.2f %%", v->domain->domain_id,
                 v->vcpu_id, had, percent);
}

static void lone_vcpu_has_a_whole_cpu(void **state)
{
    struct domain *d;

    (void)state;
    sim_start(1);
    d = sim_domain(1, 256, 0);
    sim_run(d->vcpu[0], FOREVER, 0);
    sim_pass(SECONDS(10));
    assert_share(d->vcpu[0], SECONDS(10), 100, 0.01);
}

static void equal_weights_share_one_cpu_equally(void **state)
{
    struct domain *d;

    (void)state;
    sim_start(1);
    d = sim_domain(5, 256, 0);
    for (unsigned int i = 0; i < 5; i++)
        sim_run(d->vcpu[i], FOREVER, 0);
    sim_pass(SECONDS(10));
    for (unsigned int i = 0; i < 5; i++)
        assert_share(d->vcpu[i], SECONDS(10), 20, 1);
}

static void weights_divide_one_cpu(void **state)
{
    static const u16 weight[] = {64, 128, 256, 512};
    struct domain *d[4];

    (void)state;
    sim_start(1);
    for (unsigned int i = 0; i < 4; i++) {
        d[i] = sim_domain(1, weight[i], 0);
        sim_run(d[i]->vcpu[0], FOREVER, 0);
    }
    sim_pass(SECONDS(20));
    for (unsigned int i = 0; i < 4; i++)
        assert_share(d[i]->vcpu[0], SECONDS(20), weight[i] / 9.6, 1);
}

static void extreme_weights_hold(void **state)
{
    struct domain *light, *heavy;

    (void)state;
    sim_start(1);
    light = sim_domain(1, 1, 0);
    heavy = sim_domain(1, 65535, 0);
    sim_run(light->vcpu[0], FOREVER, 0);
    sim_run(heavy->vcpu[0], FOREVER, 0);
    sim_pass(SECONDS(100));
    assert_true(sim_ran(light->vcpu[0]) > 0);
    assert_share(heavy->vcpu[0], SECONDS(100), 99.99, 0.1);
}

static void three_vcpus_share_two_cpus(void **state)
{
    struct domain *d;

    (void)state;
    sim_start(2);
    d = sim_domain(3, 256, 0);
    for (unsigned int i = 0; i < 3; i++)
        sim_run(d->vcpu[i], FOREVER, 0);
    sim_pass(SECONDS(20));
    for (unsigned int i = 0; i < 3; i++)
        assert_share(d->vcpu[i], SECONDS(20), 66.67, 2);
}

static void weights_hold_over_all_cpus(void **state)
{
    static const u16 weight[] = {128, 256, 384, 512};
    struct domain *d[4];

    (void)state;
    sim_start(4);
    for (unsigned int i = 0; i < 4; i++) {
        d[i] = sim_domain(4, weight[i], 0);
        for (unsigned int n = 0; n < 4; n++)
            sim_run(d[i]->vcpu[n], FOREVER, 0);
    }
    sim_pass(SECONDS(20));
    for (unsigned int i = 0; i < 4; i++)
        for (unsigned int n = 0; n < 4; n++)
            assert_share(d[i]->vcpu[n], SECONDS(20), weight[i] * 100.0 / 1280,
                         2);
}

static void many_vcpus_all_get_their_share(void **state)
{
    struct domain *d;

    (void)state;
    sim_start(3);
    d = sim_domain(50, 256, 0);
    for (unsigned int i = 0; i < 50; i++)
        sim_run(d->vcpu[i], FOREVER, 0);
    sim_pass(SECONDS(60));
    for (unsigned int i = 0; i < 50; i++)
        assert_share(d->vcpu[i], SECONDS(60), 6, 2);
}

static void lead_from_quiet_times_is_forgotten(void **state)
{
    struct domain *d;
    s_time_t before;

    (void)state;
    sim_start(1);
    d = sim_domain(2, 256, 0);
    sim_run(d->vcpu[0], FOREVER, 0);
    sim_pass(SECONDS(30));
    before = sim_ran(d->vcpu[0]);
    sim_run(d->vcpu[1], FOREVER, 0);
    sim_pass(SECONDS(10));
    assert_in_range(sim_ran(d->vcpu[0]) - before, MILLISECS(4900),
                    MILLISECS(5100));
}

static void lead_of_a_lone_cpu_is_forgotten_too(void **state)
{
    struct domain *d;
    s_time_t before[2];

    (void)state;
    sim_start(2);
    d = sim_domain(3, 256, 0);
    sim_run(d->vcpu[0], FOREVER, 0);
    sim_pass(SECONDS(30));
    sim_run(d->vcpu[1], FOREVER, 0);
    sim_pass(SECONDS(1));
    before[0] = sim_ran(d->vcpu[0]);
    before[1] = sim_ran(d->vcpu[1]);
    sim_run(d->vcpu[2], FOREVER, 0);
    sim_pass(SECONDS(10));
    assert_in_range(sim_ran(d->vcpu[0]) - before[0], MILLISECS(6450),
                    MILLISECS(6900));
    assert_in_range(sim_ran(d->vcpu[1]) - before[1], MILLISECS(6450),
                    MILLISECS(6900));
    assert_in_range(sim_ran(d->vcpu[2]), MILLISECS(6450), MILLISECS(6900));
}

static void no_cpu_idles_while_a_vcpu_waits(void **state)
{
    struct domain *d;
    s_time_t sum = 0;

    (void)state;
    sim_start(4);
    d = sim_domain(8, 256, 0);
    for (unsigned int i = 0; i < 8; i++)
        sim_run(d->vcpu[i], FOREVER, 0);
    sim_pass(SECONDS(5));
    for (unsigned int i = 0; i < 8; i++)
        sum += sim_ran(d->vcpu[i]);
    assert_in_range(sum, SECONDS(5) * 4 - MILLISECS(1), SECONDS(5) * 4);
}

static void cap_limits_a_domain_on_an_idle_machine(void **state)
{
    struct domain *d;

    (void)state;
    sim_start(2);
    d = sim_domain(1, 256, 25);
    sim_run(d->vcpu[0], FOREVER, 0);
    sim_pass(SECONDS(20));
    assert_share(d->vcpu[0], SECONDS(20), 25, 2);
}

static void cap_is_for_all_vcpus_of_a_domain(void **state)
{
    struct domain *d;
    s_time_t sum = 0;

    (void)state;
    sim_start(4);
    d = sim_domain(4, 256, 150);
    for (unsigned int i = 0; i < 4; i++)
        sim_run(d->vcpu[i], FOREVER, 0);
    sim_pass(SECONDS(20));
    for (unsigned int i = 0; i < 4; i++)
        sum += sim_ran(d->vcpu[i]);
    assert_in_range(sum, SECONDS(30) * 98 / 100, SECONDS(30) * 102 / 100);
}

static void capped_domain_leaves_the_rest_to_others(void **state)
{
    struct domain *capped, *other;

    (void)state;
    sim_start(1);
    capped = sim_domain(1, 256, 10);
    other = sim_domain(1, 256, 0);
    sim_run(capped->vcpu[0], FOREVER, 0);
    sim_run(other->vcpu[0], FOREVER, 0);
    sim_pass(SECONDS(20));
    assert_share(capped->vcpu[0], SECONDS(20), 10, 3);
    assert_share(other->vcpu[0], SECONDS(20), 90, 1);
}

static void removed_cap_lets_parked_vcpus_run(void **state)
{
    struct domain *d;
    s_time_t before;

    (void)state;
    sim_start(1);
    d = sim_domain(1, 256, 1);
    sim_run(d->vcpu[0], FOREVER, 0);
    sim_pass(SECONDS(1));
    assert_int_equal(sched_params_set(d, &(struct sched_params){.weight = 256}),
                     0);
    before = sim_ran(d->vcpu[0]);
    sim_pass(SECONDS(1));
    assert_in_range(sim_ran(d->vcpu[0]) - before, MILLISECS(999), SECONDS(1));
}

static void weight_zero_is_einval(void **state)
{
    struct sched_params params;
    struct domain *d;

    (void)state;
    sim_start(1);
    d = sim_domain(1, 77, 0);
    assert_int_equal(sched_params_set(d, &(struct sched_params){0}), -EINVAL);
    sched_params_get(d, &params);
    assert_int_equal(params.weight, 77);
}

static void hard_affinity_is_kept(void **state)
{
    struct cpumask mask;
    struct domain *d;

    (void)state;
    sim_start(4);
    d = sim_domain(6, 256, 0);
    cpumask_of(&mask, 2);
    for (unsigned int i = 0; i < 4; i++)
        assert_int_equal(vcpu_set_hard_affinity(d->vcpu[i], &mask), 0);
    for (unsigned int i = 0; i < 6; i++)
        sim_run(d->vcpu[i], FOREVER, 0);
    for (unsigned int n = 0; n < 1000; n++) {
        sim_pass(MILLISECS(10));
        for (unsigned int i = 0; i < 4; i++)
            assert_int_equal(d->vcpu[i]->processor, 2);
    }
    for (unsigned int i = 0; i < 4; i++)
        assert_share(d->vcpu[i], SECONDS(10), 25, 3);
    assert_share(d->vcpu[4], SECONDS(10), 100, 3);
    assert_share(d->vcpu[5], SECONDS(10), 100, 3);
}

static void running_vcpu_leaves_a_forbidden_cpu(void **state)
{
    struct cpumask mask;
    struct domain *d;

    (void)state;
    sim_start(2);
    d = sim_domain(1, 256, 0);
    sim_run(d->vcpu[0], FOREVER, 0);
    sim_pass(MILLISECS(25));
    cpumask_of(&mask, !d->vcpu[0]->processor);
    assert_int_equal(vcpu_set_hard_affinity(d->vcpu[0], &mask), 0);
    sim_settle();
    assert_true(cpumask_test(d->vcpu[0]->processor, &mask));
    assert_ptr_equal(sim_current(d->vcpu[0]->processor), d->vcpu[0]);
    sim_pass(MILLISECS(975));
    assert_share(d->vcpu[0], SECONDS(1), 100, 0.1);
}

static void affinity_without_an_online_cpu_is_einval(void **state)
{
    struct cpumask mask;
    struct domain *d;

    (void)state;
    sim_start(2);
    d = sim_domain(1, 256, 0);
    cpumask_of(&mask, 5);
    assert_int_equal(vcpu_set_hard_affinity(d->vcpu[0], &mask), -EINVAL);
    assert_int_equal(vcpu_set_soft_affinity(d->vcpu[0], &mask), 0);
    assert_true(cpumask_empty(&mask));
}

static void soft_affinity_is_preferred_but_no_prison(void **state)
{
    struct cpumask mask;
    struct domain *d;

    (void)state;
    sim_start(4);
    d = sim_domain(2, 256, 0);
    cpumask_of(&mask, 3);
    for (unsigned int i = 0; i < 2; i++)
        assert_int_equal(vcpu_set_soft_affinity(d->vcpu[i], &mask), 0);
    sim_run(d->vcpu[0], FOREVER, 0);
    assert_int_equal(d->vcpu[0]->processor, 3);
    sim_run(d->vcpu[1], FOREVER, 0);
    sim_pass(SECONDS(1));
    assert_share(d->vcpu[0], SECONDS(1), 100, 2);
    assert_share(d->vcpu[1], SECONDS(1), 100, 2);
}

static void vcpu_that_slept_runs_at_once(void **state)
{
    struct domain *busy, *d;

    (void)state;
    sim_start(2);
    busy = sim_domain(6, 256, 0);
    d = sim_domain(1, 256, 0);
    for (unsigned int i = 0; i < 6; i++)
        sim_run(busy->vcpu[i], FOREVER, 0);
    sim_pass(SECONDS(1));
    sim_run(d->vcpu[0], MICROSECS(300), MILLISECS(7));
    sim_pass(SECONDS(10));
    assert_in_range(sim_latency(d->vcpu[0]), 0, MICROSECS(250));
    assert_share(d->vcpu[0], SECONDS(10), 4.1, 5);
}

static void sleepers_do_not_take_more_than_their_share(void **state)
{
    struct domain *hog, *sleeper;

    (void)state;
    sim_start(1);
    hog = sim_domain(1, 256, 0);
    sleeper = sim_domain(1, 256, 0);
    sim_run(hog->vcpu[0], FOREVER, 0);
    /* Would like 90 %. */
    sim_run(sleeper->vcpu[0], MILLISECS(9), MILLISECS(1));
    sim_pass(SECONDS(20));
    assert_in_range(sim_ran(sleeper->vcpu[0]), SECONDS(8), MILLISECS(11000));
    assert_in_range(sim_ran(hog->vcpu[0]), SECONDS(9), SECONDS(12));
}

static void wake_up_prefers_an_idle_cpu(void **state)
{
    struct domain *d;

    (void)state;
    sim_start(4);
    d = sim_domain(4, 256, 0);
    for (unsigned int i = 0; i < 4; i++) {
        sim_run(d->vcpu[i], FOREVER, 0);
        assert_ptr_equal(sim_current(d->vcpu[i]->processor), d->vcpu[i]);
    }
    for (unsigned int cpu = 0; cpu < 4; cpu++)
        assert_false(sim_idle(cpu));
}

/* Of each second it runs 50 ms: a tick at once and one each 10 ms after it, not
 * a hundred. */
static void tick_is_for_a_vcpu_that_runs(void **state)
{
    struct domain *d;

    (void)state;
    sim_start(1);
    d = sim_domain(1, 256, 0);
    d->vcpu[0]->periodic_period = MILLISECS(10);
    fake_nr_sent = 0;
    sim_run(d->vcpu[0], MILLISECS(50), MILLISECS(950));
    sim_pass(SECONDS(10));
    assert_in_range(fake_nr_sent, 50, 60);
}

static void sleeping_machine_does_nothing(void **state)
{
    struct domain *d;
    unsigned long before;

    (void)state;
    sim_start(4);
    d = sim_domain(100, 256, 0);
    for (unsigned int i = 0; i < 100; i++)
        sim_run(d->vcpu[i], MICROSECS(100), FOREVER);
    sim_pass(SECONDS(1));
    before = sim_switches;
    for (unsigned int cpu = 0; cpu < 4; cpu++) {
        assert_true(sim_idle(cpu));
        fake_programmed[cpu] = 0;
    }
    sim_pass(SECONDS(1));
    assert_int_equal(sim_switches, before);
    for (unsigned int cpu = 0; cpu < 4; cpu++)
        assert_int_equal(fake_programmed[cpu], 0);
}

static void random_sleepers_and_hogs_lose_no_time(void **state)
{
    struct domain *d;
    s_time_t sum = 0;

    (void)state;
    srand(1);
    sim_start(3);
    d = sim_domain(24, 256, 0);
    for (unsigned int i = 0; i < 20; i++)
        sim_run(d->vcpu[i], MICROSECS(50 + rand() % 3000),
                MICROSECS(100 + rand() % 20000));
    for (unsigned int i = 20; i < 24; i++)
        sim_run(d->vcpu[i], FOREVER, 0);
    sim_pass(SECONDS(10));
    for (unsigned int i = 0; i < 24; i++)
        sum += sim_ran(d->vcpu[i]);
    assert_in_range(sum, SECONDS(30) - MILLISECS(1), SECONDS(30));
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lone_vcpu_has_a_whole_cpu),
        TEST(equal_weights_share_one_cpu_equally),
        TEST(weights_divide_one_cpu),
        TEST(extreme_weights_hold),
        TEST(three_vcpus_share_two_cpus),
        TEST(weights_hold_over_all_cpus),
        TEST(many_vcpus_all_get_their_share),
        TEST(lead_from_quiet_times_is_forgotten),
        TEST(lead_of_a_lone_cpu_is_forgotten_too),
        TEST(no_cpu_idles_while_a_vcpu_waits),
        TEST(cap_limits_a_domain_on_an_idle_machine),
        TEST(cap_is_for_all_vcpus_of_a_domain),
        TEST(capped_domain_leaves_the_rest_to_others),
        TEST(removed_cap_lets_parked_vcpus_run),
        TEST(weight_zero_is_einval),
        TEST(hard_affinity_is_kept),
        TEST(running_vcpu_leaves_a_forbidden_cpu),
        TEST(affinity_without_an_online_cpu_is_einval),
        TEST(soft_affinity_is_preferred_but_no_prison),
        TEST(vcpu_that_slept_runs_at_once),
        TEST(sleepers_do_not_take_more_than_their_share),
        TEST(wake_up_prefers_an_idle_cpu),
        TEST(tick_is_for_a_vcpu_that_runs),
        TEST(sleeping_machine_does_nothing),
        TEST(random_sleepers_and_hogs_lose_no_time),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
