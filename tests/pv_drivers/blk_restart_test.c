/* SPDX-License-Identifier: MIT */
/*
 * Either end of a block device goes away, in good order or in the middle of
 * what it does, and comes back: nothing that was acknowledged is lost, and all
 * I/O is done in the end.
 */
#include "blk_setup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void finish_load(void)
{
    assert_true(fake_run_until(load_done, NULL));
    assert_int_equal(load_errors(), 0);
    assert_true(load_matches());
}

static bool killed_or_done(void *arg)
{
    return fake_was_killed() || load_done(arg);
}

static bool killed_or_connected(void *arg)
{
    return fake_was_killed() || connected(arg);
}

static void steps(unsigned int nr)
{
    while (nr--)
        fake_step();
}

/* The process is killed at any of its calls, and another goes on with the
 * requests; the front-end notices nothing. */
static void killed_at(unsigned int nr_calls)
{
    fake_begin(nr_calls);
    pair.front_options.max_queues = 1 + nr_calls % 3;
    pair.front_options.ring_order = nr_calls % 2;
    pair.back_options.no_persistent = nr_calls % 4 == 3;
    if (nr_calls % 5 < 2)
        fake_disk_use_pages(&pair.disk);
    start_pair();
    load_start(24, 200);
    fake_kill_after(FAKE_BACK, nr_calls);
    assert_true(fake_run_until(killed_or_done, NULL));
    assert_string_equal(fake_store_get(BACK_NODE "/state"), "4");
    steps(nr_calls % 7);
    if (fake_was_killed())
        start_back();
    fake_kill_after(FAKE_BACK, 0);
    finish_load();
    assert_int_equal(pair.nr_connected, 1);
    assert_int_equal(fake_nr_logs(), 0);
    stop_pair();
}

static void back_end_is_killed_under_load(void **state)
{
    for (unsigned int n = 1; n < 600; n += n < 60 ? 1 : 11) {
        pair_setup(state);
        killed_at(n);
    }
}

static void back_end_is_killed_again_and_again(void **state)
{
    for (unsigned int i = 0; i < 8; i++) {
        pair_setup(state);
        fake_begin(i);
        start_pair();
        load_start(32, 600);
        for (unsigned int n = 0; n < 40; n++) {
            fake_kill_after(FAKE_BACK, 1 + fake_random(150));
            assert_true(fake_run_until(killed_or_done, NULL));
            if (fake_was_killed())
                start_back();
        }
        fake_kill_after(FAKE_BACK, 0);
        finish_load();
        assert_int_equal(pair.nr_connected, 1);
        stop_pair();
    }
}

/* Also while it connects. */
static void back_end_is_killed_while_it_connects(void **state)
{
    for (unsigned int n = 1; n < 120; n++) {
        pair_setup(state);
        fake_begin(n);
        make_nodes();
        start_back();
        start_front();
        fake_kill_after(FAKE_BACK, n);
        assert_true(fake_run_until(killed_or_connected, NULL));
        fake_kill_after(FAKE_BACK, 0);
        if (fake_was_killed())
            start_back();
        load_start(8, 40);
        finish_load();
        stop_pair();
    }
}

/* A barrier is three steps of which each may be the last. */
static void back_end_is_killed_in_a_barrier(void **state)
{
    static uint8_t data[16 * 512];

    memset(data, 3, sizeof(data));
    for (unsigned int n = 1; n < 60; n += 3) {
        pair_setup(state);
        fake_begin(n);
        make_nodes();
        start_back();
        fake_store_set(BACK_NODE "/feature-flush-cache", "0");
        start_front();
        assert_true(fake_run_until(connected, NULL));
        fake_kill_after(FAKE_BACK, n);
        load_start(8, 60);
        assert_true(fake_run_until(killed_or_done, NULL));
        if (fake_was_killed())
            start_back();
        finish_load();
        assert_int_equal(do_io(BLK_WRITE, 8, data, 16, true), 0);
        assert_memory_equal(pair.disk.durable + 8 * 512, data, sizeof(data));
        stop_pair();
    }
}

/* One without notes can't know what was done: it does not guess. */
static void without_notes_the_device_is_closed(void **state)
{
    (void)state;
    start_pair();
    fake_kill(FAKE_BACK);
    memset(pair.disk.keep, 0, sizeof(pair.disk.keep));
    start_back();
    fake_settle();
    assert_string_equal(fake_store_get(FRONT_NODE "/state"), "6");
    assert_non_null(strstr(fake_last_log(), "connecting"));
    fake_store_set(BACK_NODE "/online", "0");
    stop_pair();
}

/* The front-end was started anew while nobody served it. */
static void old_notes_are_not_for_a_new_front_end(void **state)
{
    (void)state;
    start_pair();
    load_start(8, 100);
    steps(200);
    fake_kill(FAKE_BACK);
    fake_kill(FAKE_FRONT);
    pair_setup(state);
    fake_store_set(FRONT_NODE "/state", "1");
    make_nodes();
    start_pair();
    run_load(8, 100);
    stop_pair();
}

/* It goes in good order, and another offers the device again, which the first
 * leaves alone. */
static void back_end_closes_and_comes_back(void **state)
{
    for (unsigned int i = 0; i < 40; i += 4) {
        pair_setup(state);
        fake_begin(i);
        start_pair();
        load_start(16, 300);
        steps(i * 17);
        fake_enter(FAKE_BACK);
        blkback_shutdown(pair.disk.back);
        assert_true(fake_run_until(back_closed, NULL));
        fake_store_set(BACK_NODE "/state", "1");
        fake_enter(FAKE_BACK);
        blkback_destroy(pair.disk.back);
        assert_string_equal(fake_store_get(BACK_NODE "/state"), "1");
        pair.disk.nr_closed = 0;
        start_back();
        finish_load();
        stop_pair();
    }
}

/* The domain was saved and restored: its ports and grants mean nothing to a
 * back-end that is another one. */
static void front_end_resumes(void **state)
{
    for (unsigned int i = 0; i < 40; i += 4) {
        pair_setup(state);
        fake_begin(i);
        start_pair();
        load_start(16, 300);
        steps(i * 17);
        fake_kill(FAKE_BACK);
        memset(pair.disk.keep, 0, sizeof(pair.disk.keep));
        fake_store_set(BACK_NODE, NULL);
        fake_store_set(FRONT_NODE "/state", "1");
        make_nodes();
        fake_enter(FAKE_FRONT);
        blkfront_resume(pair.front);
        start_back();
        finish_load();
        stop_pair();
    }
}

/* A limit holds back requests that are then done, whoever does them. */
static void limit_outlives_the_process(void **state)
{
    (void)state;
    fake_store_set(BACK_NODE "/iops", "50");
    start_pair();
    load_start(8, 60);
    steps(300);
    fake_kill(FAKE_BACK);
    start_back();
    finish_load();
    stop_pair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(back_end_is_killed_under_load, pair_setup),
        cmocka_unit_test_setup(back_end_is_killed_again_and_again, pair_setup),
        cmocka_unit_test_setup(back_end_is_killed_while_it_connects,
                               pair_setup),
        cmocka_unit_test_setup(back_end_is_killed_in_a_barrier, pair_setup),
        cmocka_unit_test_setup(without_notes_the_device_is_closed, pair_setup),
        cmocka_unit_test_setup(old_notes_are_not_for_a_new_front_end,
                               pair_setup),
        cmocka_unit_test_setup(back_end_closes_and_comes_back, pair_setup),
        cmocka_unit_test_setup(front_end_resumes, pair_setup),
        cmocka_unit_test_setup(limit_outlives_the_process, pair_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
