/* SPDX-License-Identifier: MIT */
/* When the daemon looks again before it sleeps, on a clock that this test
 * moves. */
#include "setup.h"

#include <time.h>

#include "spin.h"

#define US 1000ull
#define MS 1000000ull

/* What calls take. */
#define CALL_NS  300
#define SLEEP_NS (10 * US)

static uint64_t clock_now;
static uint64_t next_event;
static uint64_t others; /* how long others use the CPU when it is offered */
static int nr_sleeps, nr_offers;

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_sched_yield(void);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);

int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    (void)fd, (void)events, (void)max;
    clock_now += CALL_NS;
    if (clock_now >= next_event)
        return 1;
    if (!timeout)
        return 0;
    nr_sleeps++;
    clock_now = next_event + SLEEP_NS;
    return 1;
}

int __wrap_sched_yield(void)
{
    clock_now += CALL_NS + others;
    nr_offers++;
    return 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    (void)clock;
    t->tv_sec = (time_t)(clock_now / 1000000000);
    t->tv_nsec = (long)(clock_now % 1000000000);
    return 0;
}

/* A request comes after some time, nr times. */
static void requests(int nr, uint64_t after)
{
    struct epoll_event event;

    nr_sleeps = nr_offers = 0;
    for (int i = 0; i < nr; i++) {
        next_event = clock_now + after;
        assert_int_equal(spin_wait(3, &event, 1, -1), 1);
        assert_true(clock_now >= next_event);
    }
}

/* As a daemon that has just met a quick request. */
static int quick_client(void **state)
{
    (void)state;
    others = 0;
    clock_now += 1000 * MS;
    requests(3, 20 * US);
    return nr_sleeps > 1;
}

static void quick_requests_are_met_awake(void **state)
{
    (void)state;
    requests(1000, 20 * US);
    assert_int_equal(nr_sleeps, 0);
}

static void slow_requests_are_met_asleep(void **state)
{
    (void)state;
    requests(1, MS);
    requests(1000, MS);
    assert_int_equal(nr_sleeps, 1000);
    assert_int_equal(nr_offers, 0);
}

static void it_sleeps_soon_after_the_last_request(void **state)
{
    (void)state;
    requests(1, 1000 * MS);
    assert_int_equal(nr_sleeps, 1);
    assert_in_range(nr_offers, 1, 100);
}

static void it_sleeps_when_the_cpu_is_wanted(void **state)
{
    (void)state;
    others = 10 * US;
    requests(20000, 20 * US);
    assert_in_range(nr_offers, 1, 20);
}

/* Each request comes just after the daemon has given up. */
static void looks_in_vain_get_rare(void **state)
{
    (void)state;
    requests(20000, 60 * US);
    assert_int_equal(nr_sleeps, 20000);
    assert_in_range(nr_offers, 1, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(quick_requests_are_met_awake, quick_client),
        cmocka_unit_test_setup(slow_requests_are_met_asleep, quick_client),
        cmocka_unit_test_setup(it_sleeps_soon_after_the_last_request,
                               quick_client),
        cmocka_unit_test_setup(it_sleeps_when_the_cpu_is_wanted, quick_client),
        cmocka_unit_test_setup(looks_in_vain_get_rare, quick_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
