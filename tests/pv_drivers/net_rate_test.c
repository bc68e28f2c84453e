/* SPDX-License-Identifier: MIT */
/* What a guest sends and gets, at the rates that its node allows. */
#include "net_setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#define MS     1000000UL
#define SECOND 1000000000UL

/* ---- Both streams ----------------------------------------------------- */

static size_t size_of(unsigned int number, bool out)
{
    static uint8_t frame[NET_MAX_PACKET];
    struct net_offload offload;

    return net_make_packet(frame, number, out, &offload);
}

static unsigned long bytes_got(const struct stream *s)
{
    unsigned long bytes = 0;

    for (unsigned int i = 0; i < s->nr_sent; i++)
        bytes += s->nr_got[i] * size_of(i, s == &net.out);
    return bytes;
}

/* Within a twentieth, a packet, and what may be saved up at the start. */
static void assert_rate(const struct stream *s, unsigned long rate,
                        uint64_t took_ns)
{
    unsigned long should = rate * (took_ns / MS) / 1000;

    assert_int_equal(s->nr_wrong, 0);
    assert_int_equal(s->nr_late, 0);
    assert_in_range(bytes_got(s), should * 95 / 100 - NET_MAX_PACKET,
                    should * 105 / 100 + NET_MAX_PACKET + rate / 10);
}

/* ---- A network that sends more than the guest may get ----------------- */

static struct os_timer tick;
static unsigned int nr_ticks;
static unsigned int (*choose)(unsigned int i); /* i of a tick; 0: no more */

static void offer(unsigned int number)
{
    static uint8_t frames[16][NET_MAX_PACKET];
    uint8_t *frame = frames[net.nr_fed++ % 16];
    struct net_offload offload;
    size_t size = net_make_packet(frame, number, false, &offload);

    assert_true(number < MAX_NUMBERS);
    net.in.nr_sent = net.in.nr_wanted = number + 1;
    netback_receive(net.back, frame, size, &offload);
}

static void on_tick(void *arg)
{
    unsigned int number;

    (void)arg;
    for (unsigned int i = 0; (number = choose(i)); i++)
        offer(number);
    netback_commit(net.back);
    nr_ticks++;
    os_timer_set(&tick, os_now_ns() + 10 * MS);
}

static void offer_each_tick(unsigned int (*fn)(unsigned int i))
{
    domid_t before = fake_enter(FAKE_BACK);

    choose = fn;
    nr_ticks = 0;
    tick = (struct os_timer){.fn = on_tick};
    os_timer_set(&tick, os_now_ns());
    fake_enter(before);
}

static void end_offer(void)
{
    fake_enter(FAKE_BACK);
    os_timer_cancel(&tick);
    fake_settle();
}

static unsigned int in_order(unsigned int i)
{
    return i < 3 ? net.in.nr_sent + 1 : 0;
}

static bool has_ticked(void *nr)
{
    return nr_ticks >= *(unsigned int *)nr;
}

/* ---- Rates ------------------------------------------------------------ */

static uint64_t start(const char *rate, const char *rate_in)
{
    fake_store_set(BACK_NODE "/rate", rate);
    fake_store_set(BACK_NODE "/rate-in", rate_in);
    net_start();
    return os_now_ns();
}

static void guest_sends_at_its_rate(void **state)
{
    (void)state;
    for (unsigned int queues = 1; queues < 4; queues++) {
        uint64_t begin;

        net_setup(NULL);
        net.plain = queues == 2;
        net.front_options.max_queues = queues;
        begin = start("50000,50000", NULL);
        net_run_load(net.plain ? 3000 : 600, 0);
        assert_rate(&net.out, 1000000, os_now_ns() - begin);
        net_stop();
    }
}

static void guest_receives_at_its_rate(void **state)
{
    unsigned int ticks = 300;

    for (unsigned int plain = 0; plain < 2; plain++) {
        uint64_t begin;

        net_setup(state);
        net.plain = plain;
        begin = start(NULL, plain ? "100000" : "1000000");
        net_load(0, 0);
        offer_each_tick(in_order);
        assert_true(fake_run_until(has_ticked, &ticks));
        assert_rate(&net.in, plain ? 100000 : 1000000, os_now_ns() - begin);
        end_offer();
        net_stop();
    }
}

static void both_at_once(void **state)
{
    unsigned int ticks = 300;
    uint64_t begin;

    (void)state;
    net.front_options.max_queues = 2;
    begin = start("500000", "300000");
    net_load(MAX_NUMBERS, 0);
    offer_each_tick(in_order);
    assert_true(fake_run_until(has_ticked, &ticks));
    assert_rate(&net.out, 500000, os_now_ns() - begin);
    assert_rate(&net.in, 300000, os_now_ns() - begin);
    end_offer();
    net.out.nr_wanted = net.out.nr_sent;
    net_stop();
}

/* What came before is not lost, and then there is no limit. */
static void rate_is_taken_away(void **state)
{
    uint64_t begin;

    (void)state;
    start(NULL, "300000");
    net.plain = true;
    net_load(0, 100);
    fake_settle();
    assert_true(bytes_got(&net.in) < 60000);
    fake_store_set(BACK_NODE "/rate-in", NULL);
    begin = os_now_ns();
    fake_settle();
    assert_int_equal(os_now_ns(), begin);
    for (unsigned int i = 0; i < 100; i++)
        assert_int_equal(net.in.nr_got[i], 1);
    net_stop();
}

/* A process that others keep from running makes up for it. */
static void late_wakes_lose_nothing(void **state)
{
    uint64_t begin;

    (void)state;
    begin = start("1000000", NULL);
    net_load(600, 0);
    for (fake_settle(); net.nr_got < 600; fake_settle()) {
        fake_advance(300 * MS);
        assert_true(fake_step());
    }
    assert_rate(&net.out, 1000000, os_now_ns() - begin);
    net_stop();
}

/* What was not used is not saved up. */
static void idle_guest_saves_little(void **state)
{
    uint64_t begin = start("1000000", NULL);

    (void)state;
    net_run_load(20, 0);
    while (fake_step() && os_now_ns() < begin + SECOND)
        ;
    fake_advance(20 * SECOND);
    begin = os_now_ns();
    net_run_load(300, 0);
    assert_rate(&net.out, 1000000, os_now_ns() - begin);
    net_stop();
}

/* ---- Turns ------------------------------------------------------------ */

/* Three packets of one flow each time, and now and then a small one of another.
 */
static unsigned int one_is_rare(unsigned int i)
{
    unsigned int next = (net.in.nr_sent / 4 + 1) * 4;

    if (i < 3)
        return next;
    if (i > 3 || nr_ticks % 50 != 49)
        return 0;
    for (next++; size_of(next, false) > 256; next += 4)
        ;
    return next;
}

/* Not even for the packet that is on its way, once it was seen to be rare. */
static void a_flow_does_not_wait_for_another(void **state)
{
    uint64_t begin = start(NULL, "300000");

    (void)state;
    net_load(0, 0);
    offer_each_tick(one_is_rare);
    for (unsigned int ticks = 50; ticks <= 500; ticks += 50) {
        unsigned int nr_rare = 0;

        assert_true(fake_run_until(has_ticked, &ticks));
        fake_settle();
        for (unsigned int i = 1; i < net.in.nr_sent; i += 4)
            nr_rare += net.in.nr_got[i];
        assert_in_range(nr_rare, ticks / 50 - (ticks == 50), ticks / 50);
    }
    assert_true(netback_counters(net.back)->rx_dropped);
    assert_rate(&net.in, 300000, os_now_ns() - begin);
    end_offer();
    net_stop();
}

static bool flows_are_even(void *arg)
{
    unsigned int least = MAX_NUMBERS, most = 0;

    for (unsigned int i = 0; i < 4; i++) {
        unsigned int last = net.out.last[i];

        least = last < least ? last : least;
        most = last > most ? last : most;
    }
    if (most - least > *(unsigned int *)arg)
        *(unsigned int *)arg = most - least;
    return net_load_sent(NULL) && net.out.nr_got[net.out.nr_wanted - 1];
}

static void queues_take_turns(void **state)
{
    unsigned int apart = 0;

    (void)state;
    net.plain = true;
    net.front_options.max_queues = 4;
    start("200000", NULL);
    net_load(2000, 0);
    assert_true(fake_run_until(flows_are_even, &apart));
    assert_true(apart < 500);
    net_stop();
}

#define TEST(name) cmocka_unit_test_setup(name, net_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guest_sends_at_its_rate),
        TEST(guest_receives_at_its_rate),
        TEST(both_at_once),
        TEST(rate_is_taken_away),
        TEST(late_wakes_lose_nothing),
        TEST(idle_guest_saves_little),
        TEST(a_flow_does_not_wait_for_another),
        TEST(queues_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
