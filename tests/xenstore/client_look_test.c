/* SPDX-License-Identifier: MIT */
/* How long a client looks for its reply before it sleeps, on a clock that this
 * test moves. */
#include "look.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <time.h>

#include <cmocka.h>

#define US 1000ull
#define MS 1000000ull

/* What a recv() takes, and a request and its reply where the client sleeps. */
#define CALL_NS  300
#define SLEEP_NS (20 * US)

static uint64_t clock_now = 1000 * MS;
static uint64_t reply_at;
static int nr_cpus;
static int nr_calls;
static int error; /* of recv(), in place of a reply */

ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags);
int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
int __wrap_get_nprocs(void);

ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags)
{
    (void)fd, (void)buf;
    assert_int_equal(flags, MSG_DONTWAIT);
    clock_now += CALL_NS;
    nr_calls++;
    errno = EAGAIN;
    if (clock_now < reply_at)
        return -1;
    if (!error)
        return (ssize_t)size;
    errno = error;
    return -1;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    (void)clock;
    t->tv_sec = (time_t)(clock_now / 1000000000);
    t->tv_nsec = (long)(clock_now % 1000000000);
    return 0;
}

int __wrap_get_nprocs(void)
{
    return nr_cpus;
}

static struct look look;

static int connect_look(void **state)
{
    (void)state;
    nr_cpus = 2;
    error = nr_calls = 0;
    xs_look_init(&look);
    return 0;
}

/* So many requests, each answered after some time. Returns how many of them the
 * client slept for. */
static int requests(int nr, uint64_t after)
{
    int slept = 0;
    char buf[16];

    nr_calls = 0;
    for (int i = 0; i < nr; i++) {
        reply_at = clock_now + after;
        if (xs_look(&look, 3, buf, sizeof(buf)) == sizeof(buf))
            continue;
        assert_int_equal(errno, EAGAIN);
        slept++;
        clock_now = (clock_now > reply_at ? clock_now : reply_at) + SLEEP_NS;
    }
    return slept;
}

static void quick_replies_are_met_awake(void **state)
{
    (void)state;
    assert_int_equal(requests(1000, 5 * US), 0);
}

static void look_ends(void **state)
{
    uint64_t before = clock_now;
    char buf[16];

    (void)state;
    reply_at = UINT64_MAX;
    assert_int_equal(xs_look(&look, 3, buf, sizeof(buf)), -1);
    assert_int_equal(errno, EAGAIN);
    assert_in_range(clock_now - before, 10 * US, 60 * US);
    assert_in_range(nr_calls, 1, 200);
}

/* A look in vain takes as long as some hundred calls. */
static void looks_in_vain_get_rare(void **state)
{
    (void)state;
    assert_int_equal(requests(20000, 60 * US), 20000);
    assert_in_range(nr_calls, 1, 6000);
}

static void looks_that_seldom_help_get_rare(void **state)
{
    int nr_looks = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        requests(1, i % 2 ? 5 * US : 60 * US);
        nr_looks += nr_calls > 100;
    }
    assert_in_range(nr_looks, 1, 500);
}

static void it_looks_again_once_that_helps(void **state)
{
    (void)state;
    requests(20000, 60 * US);
    requests(20000, 5 * US);
    assert_int_equal(requests(1000, 5 * US), 0);
}

static void one_cpu_is_not_looked_on(void **state)
{
    (void)state;
    nr_cpus = 1;
    xs_look_init(&look);
    assert_int_equal(requests(1000, 5 * US), 1000);
    assert_int_equal(nr_calls, 0);
}

static void errors_are_passed_on(void **state)
{
    char buf[16];

    (void)state;
    error = ECONNRESET;
    reply_at = clock_now;
    assert_int_equal(xs_look(&look, 3, buf, sizeof(buf)), -1);
    assert_int_equal(errno, ECONNRESET);
    reply_at = clock_now + 5 * US;
    assert_int_equal(xs_look(&look, 3, buf, sizeof(buf)), -1);
    assert_int_equal(errno, ECONNRESET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(quick_replies_are_met_awake, connect_look),
        cmocka_unit_test_setup(look_ends, connect_look),
        cmocka_unit_test_setup(looks_in_vain_get_rare, connect_look),
        cmocka_unit_test_setup(looks_that_seldom_help_get_rare, connect_look),
        cmocka_unit_test_setup(it_looks_again_once_that_helps, connect_look),
        cmocka_unit_test_setup(one_cpu_is_not_looked_on, connect_look),
        cmocka_unit_test_setup(errors_are_passed_on, connect_look),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
