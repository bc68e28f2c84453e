/* SPDX-License-Identifier: MIT */
/* Both halves of the block driver against each other. */
#include "blk_setup.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static void reads_what_was_written(void **state)
{
    static uint8_t out[64 * 512], in[64 * 512];

    (void)state;
    memset(out, 0x5a, sizeof(out));
    start_pair();
    assert_int_equal(pair.info.sectors, FAKE_DISK_SECTORS);
    assert_int_equal(pair.info.sector_size, 512);
    assert_int_equal(pair.info.physical_size, 4096);
    assert_int_equal(do_io(BLK_WRITE, 100, out, 64, false), 0);
    assert_memory_equal(pair.disk.data + 100 * 512, out, sizeof(out));
    assert_int_equal(do_io(BLK_READ, 100, in, 64, false), 0);
    assert_memory_equal(in, out, sizeof(out));
    stop_pair();
}

/* Each way of talking that is negotiated. */
static void load_in_every_mode(void **state)
{
    static const unsigned int segments[] = {11, 32, 256};

    for (unsigned int i = 0; i < 5 * 2 * 3 * 4 * 2; i++) {
        pair_setup(state);
        fake_begin(i);
        if (i / 120)
            fake_disk_use_pages(&pair.disk);
        pair.front_options.ring_order = i % 5;
        pair.front_options.max_queues = i / 5 % 2 ? 3 : 1;
        pair.front_options.max_segments = segments[i / 10 % 3];
        pair.front_options.no_persistent = i / 30 & 1;
        pair.back_options.no_persistent = i / 30 & 2;
        start_pair();
        run_load(16, 80);
        stop_pair();
    }
}

/* Whatever happens to events, all I/O is done. */
static void events_come_late_twice_or_never(void **state)
{
    for (unsigned int i = 0; i < 15; i++) {
        pair_setup(state);
        fake_begin(i);
        pair.front_options.max_queues = 2;
        start_pair();
        fake_set_chances(
            (struct fake_chances){.lost = i % 3 * 60, .doubled = i % 5 * 50});
        run_load(32, 300);
        fake_set_chances((struct fake_chances){0});
        stop_pair();
    }
}

/* The bound on pages is below what one I/O needs. */
static void load_with_few_pages(void **state)
{
    for (unsigned int pages = 2; pages < 40; pages += 9) {
        pair_setup(state);
        pair.front_options.max_pages = pages;
        pair.front_options.max_segments = 256;
        start_pair();
        run_load(16, 100);
        assert_true(fake_nr_grants(FAKE_FRONT) <= pages + 1);
        stop_pair();
    }
}

static void persistent_grants_are_reused(void **state)
{
    unsigned int before;

    (void)state;
    start_pair();
    run_load(4, 200);
    before = fake_nr_grants(FAKE_FRONT);
    run_load(4, 200);
    assert_true(fake_nr_grants(FAKE_FRONT) <= before + 4 * 33);
    assert_true(fake_nr_grants(FAKE_FRONT) > 1);
    stop_pair();
}

static void other_grants_are_taken_back(void **state)
{
    (void)state;
    pair.front_options.no_persistent = true;
    start_pair();
    run_load(4, 200);
    assert_int_equal(fake_nr_grants(FAKE_FRONT), 1);
    stop_pair();
}

static void flush_makes_durable(void **state)
{
    uint8_t data[512] = {1, 2, 3};

    (void)state;
    start_pair();
    assert_true(pair.info.flush);
    assert_int_equal(do_io(BLK_WRITE, 7, data, 1, false), 0);
    assert_memory_not_equal(pair.disk.durable + 7 * 512, data, 512);
    assert_int_equal(do_io(BLK_FLUSH, 0, NULL, 0, false), 0);
    assert_memory_equal(pair.disk.durable + 7 * 512, data, 512);
    stop_pair();
}

static void fua_write_is_durable(void **state)
{
    uint8_t data[512] = {1, 2, 3};

    (void)state;
    start_pair();
    assert_int_equal(do_io(BLK_WRITE, 7, data, 1, true), 0);
    assert_memory_equal(pair.disk.durable + 7 * 512, data, 512);
    stop_pair();
}

/* A back-end of old: barriers, and no other flush. */
static void fua_write_by_barrier_is_durable(void **state)
{
    static uint8_t data[40 * 512];

    (void)state;
    make_nodes();
    start_back();
    fake_store_set(BACK_NODE "/feature-flush-cache", "0");
    start_front();
    assert_true(fake_run_until(connected, NULL));
    assert_false(pair.info.flush);
    assert_true(pair.info.barrier);
    run_load(16, 300);
    memset(data, 7, sizeof(data));
    assert_int_equal(do_io(BLK_WRITE, 7, data, 40, true), 0);
    assert_memory_equal(pair.disk.durable + 7 * 512, data, 40 * 512);
    stop_pair();
}

static void without_a_cache_flush_is_nothing(void **state)
{
    uint8_t data[512] = {1, 2, 3};

    (void)state;
    pair.disk.disk.flush = false;
    start_pair();
    assert_false(pair.info.flush);
    assert_int_equal(do_io(BLK_WRITE, 7, data, 1, true), 0);
    assert_int_equal(do_io(BLK_FLUSH, 0, NULL, 0, false), 0);
    assert_int_equal(pair.disk.nr_flushes, 0);
    stop_pair();
}

static void discard_arrives(void **state)
{
    (void)state;
    start_pair();
    assert_true(pair.info.discard);
    assert_int_equal(pair.info.discard_granularity, 4096);
    assert_int_equal(do_io(BLK_DISCARD, 16, NULL, 4000, false), 0);
    assert_int_equal(pair.disk.discarded[15], 0);
    assert_int_equal(pair.disk.discarded[16], 1);
    assert_int_equal(pair.disk.discarded[4015], 1);
    assert_int_equal(pair.disk.discarded[4016], 0);
    stop_pair();
}

static void discard_that_is_not_offered_is_refused(void **state)
{
    (void)state;
    pair.disk.disk.discard = false;
    start_pair();
    assert_false(pair.info.discard);
    assert_int_equal(do_io(BLK_DISCARD, 16, NULL, 8, false), -XEN_EOPNOTSUPP);
    stop_pair();
}

static void read_only_disk_is_not_written(void **state)
{
    uint8_t data[512] = {1};

    (void)state;
    pair.disk.disk.readonly = true;
    start_pair();
    assert_int_equal(do_io(BLK_WRITE, 0, data, 1, false), -XEN_EIO);
    assert_int_equal(do_io(BLK_READ, 0, data, 1, false), 0);
    assert_int_equal(data[0], 0);
    stop_pair();
}

static void io_beyond_the_end_is_an_error(void **state)
{
    uint8_t data[1024];

    (void)state;
    start_pair();
    assert_int_equal(do_io(BLK_READ, FAKE_DISK_SECTORS - 1, data, 2, false),
                     -XEN_EIO);
    assert_int_equal(do_io(BLK_READ, UINT64_MAX, data, 2, false), -XEN_EIO);
    assert_int_equal(do_io(BLK_READ, FAKE_DISK_SECTORS - 2, data, 2, false), 0);
    stop_pair();
}

static bool resized(void *arg)
{
    (void)arg;
    return pair.nr_resized;
}

static void new_size_is_seen(void **state)
{
    uint8_t data[512];

    (void)state;
    pair.disk.disk.sectors = 1000;
    start_pair();
    assert_int_equal(do_io(BLK_READ, 1000, data, 1, false), -XEN_EIO);
    fake_enter(FAKE_BACK);
    pair.disk.disk.sectors = 2000;
    blkback_resized(pair.disk.back);
    assert_true(fake_run_until(resized, NULL));
    assert_int_equal(pair.info.sectors, 2000);
    assert_int_equal(do_io(BLK_READ, 1000, data, 1, false), 0);
    stop_pair();
}

static void interfered_transaction_is_tried_again(void **state)
{
    (void)state;
    fake_store_interfere(5);
    start_pair();
    run_load(4, 20);
    stop_pair();
}

/* ---- Limits ----------------------------------------------------------- */

static void expect_rate(const char *name, uint64_t limit, bool bytes)
{
    uint64_t start, amount, ns;

    fake_store_set_number(name, limit);
    start_pair();
    start = os_now_ns();
    run_load(16, 400);
    ns = os_now_ns() - start;
    amount = bytes ? pair.disk.nr_bytes : pair.disk.nr_ios;
    amount = amount * 1000000000 / ns;
    assert_in_range(amount, limit * 9 / 10, limit * 11 / 10);
    stop_pair();
}

static void requests_per_second_are_limited(void **state)
{
    (void)state;
    expect_rate(BACK_NODE "/iops", 100, false);
}

static void bytes_per_second_are_limited(void **state)
{
    (void)state;
    expect_rate(BACK_NODE "/bps", 1000000, true);
}

static void limit_may_change(void **state)
{
    uint64_t start;

    (void)state;
    fake_store_set(BACK_NODE "/iops", "1");
    start_pair();
    load_start(8, 200);
    start = os_now_ns();
    for (unsigned int i = 0; i < 50; i++)
        fake_step();
    fake_store_set(BACK_NODE "/iops", "1000000");
    assert_true(fake_run_until(load_done, NULL));
    assert_true(os_now_ns() - start < 20000000000);
    stop_pair();
}

/* ---- Ends ------------------------------------------------------------- */

static void removal_fails_what_is_left(void **state)
{
    uint8_t data[512];

    (void)state;
    start_pair();
    fake_store_set(BACK_NODE "/online", "0");
    fake_store_set(BACK_NODE "/state", "5");
    assert_true(fake_run_until(back_closed, NULL));
    assert_int_equal(pair.disk.nr_closed, 1);
    assert_string_equal(fake_store_get(FRONT_NODE "/state"), "6");
    assert_string_equal(fake_store_get(BACK_NODE "/state"), "6");
    fake_store_set(BACK_NODE, NULL);
    fake_settle();
    assert_int_equal(pair.nr_removed, 1);
    assert_int_equal(do_io(BLK_READ, 0, data, 1, false), -XEN_ENXIO);
    stop_pair();
}

/* With I/O in flight, pages stay mapped until it is done. */
static void front_end_may_go_under_load(void **state)
{
    for (unsigned int i = 0; i < 40; i++) {
        pair_setup(state);
        fake_begin(i);
        start_pair();
        load_start(16, 400);
        for (unsigned int s = 0; s < i * 10; s++)
            fake_step();
        fake_kill(FAKE_FRONT);
        fake_store_set(FRONT_NODE, NULL);
        assert_true(fake_run_until(back_closed, NULL));
        fake_enter(FAKE_BACK);
        blkback_destroy(pair.disk.back);
        fake_end(); /* the front-end's things died with it */
    }
}

/* Each allocation, grant and watch fails once: an error, or it works; and
 * nothing is left. */
static void survives_failures(void **state)
{
    for (unsigned int n = 1; n < 300; n += n < 40 ? 1 : 7) {
        pair_setup(state);
        make_nodes();
        start_back();
        start_front();
        fake_fail_after(n);
        for (unsigned int i = 0; i < 200; i++)
            fake_step();
        if (pair.nr_connected) {
            load_start(8, 100);
            assert_true(fake_run_until(load_done, NULL));
        }
        fake_fail_after(0);
        stop_pair();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_what_was_written, pair_setup),
        cmocka_unit_test_setup(load_in_every_mode, pair_setup),
        cmocka_unit_test_setup(events_come_late_twice_or_never, pair_setup),
        cmocka_unit_test_setup(load_with_few_pages, pair_setup),
        cmocka_unit_test_setup(persistent_grants_are_reused, pair_setup),
        cmocka_unit_test_setup(other_grants_are_taken_back, pair_setup),
        cmocka_unit_test_setup(flush_makes_durable, pair_setup),
        cmocka_unit_test_setup(fua_write_is_durable, pair_setup),
        cmocka_unit_test_setup(fua_write_by_barrier_is_durable, pair_setup),
        cmocka_unit_test_setup(without_a_cache_flush_is_nothing, pair_setup),
        cmocka_unit_test_setup(discard_arrives, pair_setup),
        cmocka_unit_test_setup(discard_that_is_not_offered_is_refused,
                               pair_setup),
        cmocka_unit_test_setup(read_only_disk_is_not_written, pair_setup),
        cmocka_unit_test_setup(io_beyond_the_end_is_an_error, pair_setup),
        cmocka_unit_test_setup(new_size_is_seen, pair_setup),
        cmocka_unit_test_setup(interfered_transaction_is_tried_again,
                               pair_setup),
        cmocka_unit_test_setup(requests_per_second_are_limited, pair_setup),
        cmocka_unit_test_setup(bytes_per_second_are_limited, pair_setup),
        cmocka_unit_test_setup(limit_may_change, pair_setup),
        cmocka_unit_test_setup(removal_fails_what_is_left, pair_setup),
        cmocka_unit_test_setup(front_end_may_go_under_load, pair_setup),
        cmocka_unit_test_setup(survives_failures, pair_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
