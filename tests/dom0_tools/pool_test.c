/* SPDX-License-Identifier: MIT */
/* xl cpupool-* and the parameters of schedulers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fake_dom0.h"
#include "lib/error.h"

#include "xl_setup.h"

#define ok(words)          assert_int_equal(xl(words), 0)
#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))
#define prints(text)       assert_string_equal(xl_out, text)
#define complains(text)    assert_string_equal(xl_err, text)

static char path[] = "/tmp/pool_test.XXXXXX";

/* A guest, a free CPU, and a file to describe a pool in. */
static int guests(void **state)
{
    xl_reset(state);
    fake_domain_make(1, "web", 1, 32);
    fake_pool[0].cpus = 1;
    fake_store_set("/local/pool/0/name", "Pool-0");
    return 0;
}

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");

    fputs(text, f);
    fclose(f);
}

static void create(const char *text, int status)
{
    char words[100];

    write_file(text);
    snprintf(words, sizeof(words), "cpupool-create %s", path);
    assert_int_equal(xl(words), status);
}

static void a_pool_comes_of_a_file(void **state)
{
    char expected[200];

    (void)state;
    create("name='fast'\nsched='credit2'\ncpus=['1']\n", 0);
    snprintf(expected, sizeof(expected),
             "Using config file \"%s\"\n"
             "cpupool name:   fast\n"
             "scheduler:      credit2\n"
             "number of cpus: 1\n",
             path);
    prints(expected);
    assert_true(fake_pool[1].exists);
    assert_int_equal(fake_pool[1].cpus, 2);
    assert_string_equal(fake_store_get("/local/pool/1/name"), "fast");
    assert_int_equal(strlen(fake_store_get("/local/pool/1/uuid")), 36);
}

static void a_pool_comes_of_arguments(void **state)
{
    (void)state;
    ok("cpupool-create name='fast' nodes='0' -n");
    assert_non_null(strstr(xl_out, "number of cpus: 2\n"));
    assert_false(fake_pool[1].exists);
    ok("-N cpupool-create name='fast'");
    assert_false(fake_pool[1].exists);
    ok("cpupool-create name='fast'");
    assert_int_equal(fake_pool[1].cpus, 2);
    fails("cpupool-create", ERROR_USAGE);
    ok("--json cpupool-create -n name='next' cpus='0'");
    assert_non_null(strstr(xl_out, "\"cpus\""));
}

static void a_wrong_pool_is_told(void **state)
{
    (void)state;
    create("nmae='x'\n", error_exit_status(ERROR_CONFIG));
    assert_non_null(strstr(xl_err, ":1: nmae: no such key (did you mean "
                                   "`name`?)\n"));
    create("name='x'\nsched='fair'\n", error_exit_status(ERROR_CONFIG));
    assert_non_null(strstr(xl_err, "sched: 'fair' is no scheduler\n"));
    create("name='x'\ncpus='1'\nnodes='0'\n", error_exit_status(ERROR_CONFIG));
    assert_non_null(strstr(xl_err, "give either cpus or nodes\n"));
    create("name='Pool-0'\n", error_exit_status(ERROR_NAME_IN_USE));
    create("name='a/b'\n", error_exit_status(ERROR_USAGE));
    create("name=['x']\n", error_exit_status(ERROR_CONFIG));
    assert_false(fake_pool[1].exists);
}

static void a_pool_may_have_no_cpu_yet(void **state)
{
    (void)state;
    fake_pool[0].cpus = 3;
    ok("cpupool-create name='x'");
    prints("Using config file \"command line\"\n"
           "cpupool name:   x\n"
           "scheduler:      credit2\n"
           "number of cpus: 0\n");
    assert_true(fake_pool[1].exists);
}

/* The first CPU is free, the second is not. */
static void a_create_that_fails_leaves_no_pool(void **state)
{
    (void)state;
    fake_pool[0].cpus = 2;
    fails("cpupool-create name='x' cpus='0-1'", ERROR_HYPERVISOR);
    assert_non_null(strstr(xl_err, "x: CPU 1: "));
    assert_false(fake_pool[1].exists);
    assert_int_equal(fake_pool[0].cpus, 2);
}

static void cpus_come_and_go(void **state)
{
    (void)state;
    ok("cpupool-cpu-add Pool-0 1");
    assert_int_equal(fake_pool[0].cpus, 3);
    ok("cpupool-cpu-remove 0 1");
    assert_int_equal(fake_pool[0].cpus, 1);
    fails("cpupool-cpu-remove Pool-0 0", ERROR_HYPERVISOR);
    fails("cpupool-cpu-add Pool-0 7", ERROR_USAGE);
    fails("cpupool-cpu-add Pool-7 1", ERROR_USAGE);
    complains("xl: cpupool-cpu-add: Pool-7: no such pool (`xl cpupool-list` "
              "shows all of them)\n");
}

static void domains_move(void **state)
{
    (void)state;
    ok("cpupool-create name='fast'");
    ok("cpupool-migrate web fast");
    assert_int_equal(fake_domain[1].info.cpupool, 1);
    fails("cpupool-destroy fast", ERROR_USAGE);
    complains("xl: cpupool-destroy: fast: 1 domain is in it (`xl "
              "cpupool-migrate` moves them)\n");
    ok("cpupool-migrate 1 0");
    ok("cpupool-destroy fast");
    assert_false(fake_pool[1].exists);
    assert_int_equal(fake_store_count("/local/pool/1"), 0);
    fails("cpupool-migrate nobody 0", ERROR_NO_DOMAIN);
}

static void a_pool_that_stays_keeps_its_cpus(void **state)
{
    (void)state;
    fake_pool[0].cpus = 3;
    fails("cpupool-destroy Pool-0", ERROR_USAGE);
    fake_domain[0].info.cpupool = fake_domain[1].info.cpupool = 1;
    fails("cpupool-destroy Pool-0", ERROR_HYPERVISOR);
    assert_int_equal(fake_pool[0].cpus, 3);
}

static void pools_are_renamed(void **state)
{
    (void)state;
    ok("cpupool-rename Pool-0 main");
    assert_string_equal(fake_store_get("/local/pool/0/name"), "main");
    ok("cpupool-create name='fast'");
    fails("cpupool-rename fast main", ERROR_NAME_IN_USE);
}

static void one_node_is_one_pool(void **state)
{
    (void)state;
    ok("cpupool-numa-split");
    assert_string_equal(fake_store_get("/local/pool/0/name"), "Pool-node0");
    ok("cpupool-create name='fast'");
    fails("cpupool-numa-split", ERROR_USAGE);
}

static void parameters_of_the_scheduler_are_set(void **state)
{
    (void)state;
    ok("sched-credit2 -s -r 2000");
    assert_int_equal(fake_ratelimit_us, 2000);
    ok("sched-credit2 -s");
    prints("Cpupool Pool-0: ratelimit=2000us\n");
    fails("sched-credit2 -r 10", ERROR_USAGE);
    fails("sched-credit2 -s -r 500001", ERROR_USAGE);
    fails("sched-credit2 -s -t 1", ERROR_USAGE);
    fails("sched-credit2 -s -r 1 -p nope", ERROR_USAGE);
    assert_int_equal(fake_ratelimit_us, 2000);
}

/* Each call and each request fails once: the command says so, and no pool is
 * there half. */
static void any_failed_call_is_told(void **state)
{
    unsigned int n, calls, requests, before;
    bool store;

    guests(state);
    before = fake_calls();
    ok("cpupool-create name='fast'");
    calls = fake_calls() - before;
    requests = fake_store_requests();
    for (n = 1; n <= calls + requests; n++) {
        guests(state);
        store = n > calls;
        if (store)
            fake_store_request_fail(n - calls, EIO);
        else
            fake_call_fail(n, EIO);
        if (xl("cpupool-create name='fast'") == 0 || fake_pool[1].exists ||
            fake_pool[1].cpus)
            fail_msg("%s %u", store ? "request" : "call", n);
    }
}

#define test(f) cmocka_unit_test_setup_teardown(f, guests, xl_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_pool_comes_of_a_file),
        test(a_pool_comes_of_arguments),
        test(a_wrong_pool_is_told),
        test(a_pool_may_have_no_cpu_yet),
        test(a_create_that_fails_leaves_no_pool),
        test(cpus_come_and_go),
        test(domains_move),
        test(a_pool_that_stays_keeps_its_cpus),
        test(pools_are_renamed),
        test(one_node_is_one_pool),
        test(parameters_of_the_scheduler_are_set),
        test(any_failed_call_is_told),
    };
    int fd = mkstemp(path), rc;

    if (fd < 0)
        return 1;
    close(fd);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return rc;
}
