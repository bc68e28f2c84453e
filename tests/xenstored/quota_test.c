/* SPDX-License-Identifier: MIT */
/* Limits, gauges, reports. */
#include "setup.h"

#include <errno.h>

#include "quota.h"

static unsigned int nr_near, nr_refused;

static void count_report(domid_t domid, enum quota q, unsigned long used,
                         bool refused)
{
    (void)domid, (void)q, (void)used;
    if (refused)
        nr_refused++;
    else
        nr_near++;
}

static int reset(void **state)
{
    (void)state;
    for (domid_t domid = 0; domid < 4; domid++) {
        for (int q = 0; q < QUOTA_NR; q++)
            quota_add(domid, q, -(long)quota_used(domid, q));
        quota_forget(domid);
    }
    nr_near = nr_refused = 0;
    quota_report = count_report;
    quota_clock += 1000;
    return quota_set("watches", 10);
}

static void what_is_over_the_limit_does_not_fit(void **state)
{
    (void)state;
    assert_true(quota_fits(1, QUOTA_WATCHES, 10));
    quota_add(1, QUOTA_WATCHES, 7);
    assert_true(quota_fits(1, QUOTA_WATCHES, 3));
    assert_false(quota_fits(1, QUOTA_WATCHES, 4));
    assert_int_equal(quota_refusals(1), 1);
    assert_int_equal(quota_used(1, QUOTA_WATCHES), 7);
    assert_true(quota_fits(2, QUOTA_WATCHES, 10));
}

static void dom0_and_a_limit_of_0_are_not_limited(void **state)
{
    (void)state;
    assert_true(quota_fits(0, QUOTA_WATCHES, 1000));
    assert_int_equal(quota_set("watches", 0), 0);
    assert_true(quota_fits(1, QUOTA_WATCHES, 1000));
    assert_int_equal(quota_set("no-such", 0), -ENOENT);
}

static void eighty_percent_is_reported_once_a_minute(void **state)
{
    (void)state;
    quota_add(1, QUOTA_WATCHES, 7);
    assert_int_equal(nr_near, 0);
    quota_add(1, QUOTA_WATCHES, 1);
    quota_add(1, QUOTA_WATCHES, 1);
    assert_int_equal(nr_near, 1);
    quota_clock += 60;
    quota_add(1, QUOTA_WATCHES, -1);
    assert_int_equal(nr_near, 1);
    quota_add(1, QUOTA_WATCHES, 1);
    assert_int_equal(nr_near, 2);
}

static void refusals_are_reported_once_a_minute(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_false(quota_fits(1, QUOTA_WATCHES, 11));
    assert_int_equal(nr_refused, 1);
    assert_false(quota_fits(2, QUOTA_WATCHES, 11));
    assert_int_equal(nr_refused, 2);
    quota_clock += 60;
    assert_false(quota_fits(1, QUOTA_WATCHES, 11));
    assert_int_equal(nr_refused, 3);
}

static void gauge_of_single_things_is_their_largest(void **state)
{
    (void)state;
    assert_true(quota_item(1, QUOTA_DEPTH, 5));
    assert_true(quota_item(1, QUOTA_DEPTH, 3));
    assert_int_equal(quota_used(1, QUOTA_DEPTH), 5);
    assert_false(
        quota_item(1, QUOTA_DEPTH, quota_info[QUOTA_DEPTH].limit + 1UL));
    assert_int_equal(quota_used(1, QUOTA_DEPTH), 5);
}

static void tally_waits_until_it_is_applied(void **state)
{
    struct tally tally = {0};

    (void)state;
    for (domid_t domid = 1; domid < 4; domid++)
        tally_add(&tally, domid, domid, 100);
    tally_add(&tally, 2, -3, -50);
    assert_int_equal(tally_get(&tally, 2).nodes, -1);
    assert_int_equal(tally_get(&tally, 9).nodes, 0);
    assert_int_equal(quota_used(3, QUOTA_NODES), 0);
    assert_true(tally_fits(&tally, 3));
    assert_int_equal(quota_set("nodes", 2), 0);
    assert_false(tally_fits(&tally, 3));
    quota_add(2, QUOTA_NODES, 1);
    tally_apply(&tally);
    assert_int_equal(quota_used(3, QUOTA_NODES), 3);
    assert_int_equal(quota_used(3, QUOTA_MEMORY), 100);
    assert_int_equal(quota_used(2, QUOTA_NODES), 0);
    tally_free(&tally);
}

static void nodes_stay_counted_after_the_domain(void **state)
{
    (void)state;
    quota_add(1, QUOTA_NODES, 2);
    quota_add(1, QUOTA_WATCHES, 2);
    quota_forget(1);
    assert_int_equal(quota_used(1, QUOTA_NODES), 2);
    assert_int_equal(quota_used(1, QUOTA_WATCHES), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_over_the_limit_does_not_fit, reset),
        cmocka_unit_test_setup(dom0_and_a_limit_of_0_are_not_limited, reset),
        cmocka_unit_test_setup(eighty_percent_is_reported_once_a_minute, reset),
        cmocka_unit_test_setup(refusals_are_reported_once_a_minute, reset),
        cmocka_unit_test_setup(gauge_of_single_things_is_their_largest, reset),
        cmocka_unit_test_setup(tally_waits_until_it_is_applied, reset),
        cmocka_unit_test_setup(nodes_stay_counted_after_the_domain, reset),
    };

    return cmocka_run_group_tests(tests, NULL, reset);
}
