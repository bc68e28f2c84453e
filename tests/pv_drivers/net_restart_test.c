/* SPDX-License-Identifier: MIT */
/* Either end of a network device is killed, closed or started again. */
#include "net_setup.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

/* What came is right; so much may be missing, and some come twice. */
static void assert_right(const struct stream *s, unsigned int may_miss,
                         bool twice)
{
    unsigned int missing = 0;

    assert_int_equal(s->nr_wrong, 0);
    for (unsigned int i = 0; i < s->nr_wanted; i++) {
        missing += !s->nr_got[i];
        if (!twice)
            assert_true(s->nr_got[i] <= 1);
    }
    assert_true(missing <= may_miss);
}

static bool back_is_dead(void *arg)
{
    (void)arg;
    return fake_was_killed() || net_load_sent(NULL);
}

static void wait_a_second(void)
{
    uint64_t end = os_now_ns() + 2000000000;

    while (os_now_ns() < end)
        if (!fake_step())
            return;
}

/* At any of its calls, many times; nothing of what the guest sends is lost, and
 * of what it gets only what the one that was killed had in its hands. */
static void back_end_is_killed(void **state)
{
    unsigned int nr_kills = 0;

    (void)state;
    for (uint32_t seed = 1; seed < 40; seed++) {
        unsigned int here = 0;

        net_setup(NULL);
        fake_begin(seed);
        net.front_options.max_queues = 1 + seed % 3;
        net_start();
        net_load(300, 300);
        while (!net_load_sent(NULL)) {
            fake_kill_after(FAKE_BACK, 1 + fake_random(120));
            assert_true(fake_run_until(back_is_dead, NULL));
            if (!fake_was_killed())
                break;
            here++;
            net_start_back();
        }
        fake_kill_after(FAKE_BACK, 0);
        wait_a_second();
        assert_true(net.link);
        assert_int_equal(net.nr_links, 1);
        assert_right(&net.out, 0, true);
        assert_right(&net.in, 80 * (here + 1), false);
        nr_kills += here;
        net_run_load(50, 50);
        net_stop();
    }
    assert_true(nr_kills > 100);
}

/* One that knows nothing of the last one closes; the front-end begins anew. */
static void back_end_forgets(void **state)
{
    (void)state;
    net_start();
    net_run_load(100, 100);
    fake_kill(FAKE_BACK);
    memset(net.keep, 0, sizeof(net.keep));
    net_start_back();
    fake_settle();
    assert_false(net.link);
    fake_store_set(BACK_NODE "/state", "6");
    fake_settle();
    fake_kill(FAKE_BACK);
    fake_store_set(BACK_NODE "/state", "1");
    net_start_back();
    assert_true(fake_run_until(net_linked, NULL));
    net_run_load(100, 100);
    net_stop();
}

static void front_end_is_killed(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed < 20; seed++) {
        net_setup(NULL);
        fake_begin(seed);
        net_start();
        net_load(300, 300);
        for (unsigned int i = 0; i < 100 + seed * 30; i++)
            fake_step();
        /* A kernel that starts in its place, without a word to anyone. */
        fake_kill(FAKE_FRONT);
        net.out.nr_wanted = net.out.nr_sent;
        net.in.nr_wanted = net.in.nr_sent;
        fake_settle();
        net.link = false;
        fake_store_set(FRONT_NODE "/state", "1");
        net_start_front();
        assert_true(fake_run_until(net_linked, NULL));
        net_run_load(100, 100);
        net_stop();
    }
}

static void restored(void **state)
{
    (void)state;
    net_start();
    net_run_load(100, 100);
    fake_enter(FAKE_FRONT);
    netfront_resume(net.front);
    assert_false(net.link);
    assert_true(fake_run_until(net_linked, NULL));
    net_run_load(100, 100);
    net_stop();
}

static void toolstack_removes_it(void **state)
{
    (void)state;
    net_start();
    net_load(200, 200);
    fake_store_set(BACK_NODE "/online", "0");
    fake_store_set(BACK_NODE "/state", "5");
    for (unsigned int i = 0; i < 5000 && !net.nr_closed; i++)
        fake_step();
    assert_int_equal(net.nr_closed, 1);
    assert_false(net.link);
    assert_string_equal(fake_store_get(BACK_NODE "/state"), "6");
    net_stop();
}

static void domain_is_destroyed(void **state)
{
    (void)state;
    net_start();
    net_load(200, 200);
    for (unsigned int i = 0; i < 50; i++)
        fake_step();
    fake_kill(FAKE_FRONT);
    net.out.nr_wanted = net.out.nr_sent;
    net.in.nr_wanted = net.in.nr_sent;
    net_stop_back();
    assert_int_equal(fake_nr_grants(FAKE_FRONT), 0);
    assert_true(fake_end());
}

static void store_interferes(void **state)
{
    (void)state;
    net_make_nodes();
    fake_store_interfere(3);
    net_start_back();
    fake_store_interfere(3);
    net_start_front();
    fake_store_interfere(2);
    assert_true(fake_run_until(net_linked, NULL));
    net_run_load(50, 50);
    net_stop();
}

#define TEST(name) cmocka_unit_test_setup(name, net_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(back_end_is_killed),   TEST(back_end_forgets),
        TEST(front_end_is_killed),  TEST(restored),
        TEST(toolstack_removes_it), TEST(domain_is_destroyed),
        TEST(store_interferes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
