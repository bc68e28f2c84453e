/* SPDX-License-Identifier: MIT */
/*
 * xl as cluster managers read it: what Ganeti's hv_xen.py and Pacemaker's Xen
 * agent take apart, with their own rules, which are stricter than a person's
 * eyes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_dom0.h"
#include "lib/error.h"

#include "xl_setup.h"

#define ok(words) assert_int_equal(xl(words), 0)

/* Running, paused, powered off and kept, crashed, dying. */
static int host(void **state)
{
    struct fake_domain *d;

    xl_reset(state);
    fake_domain_make(1, "runs", 2, 32);
    d = fake_domain_make(2, "a-name-longer-than-the-forty-columns-for-it", 1,
                         8);
    d->paused = 1;
    d = fake_domain_make(3, "off", 1, 8);
    d->info.flags = XEN_DOMINF_shutdown;
    d = fake_domain_make(4, "crashed", 1, 8);
    d->info.flags = XEN_DOMINF_shutdown | 3 << XEN_DOMINF_shutdownshift;
    d = fake_domain_make(5, "dying", 1, 8);
    d->info.flags = XEN_DOMINF_dying;
    return 0;
}

static bool is_int(const char *text)
{
    char *end;

    (void)strtol(text, &end, 10);
    return *text && !*end;
}

static bool is_float(const char *text)
{
    char *end;

    (void)strtod(text, &end);
    return *text && !*end;
}

/* Ganeti: 'p' is taken for '-'; any other state than these is an error. */
static bool ganeti_knows(const char *state)
{
    static const char *const known[] = {
        "r-----", "rb----", "-b----", "------", "r--ss-",
        "rb-ss-", "-b-ss-", "---ss-", "r--sr-", "rb-sr-",
        "-b-sr-", "---sr-", "-----d", "---s--", "---s-d",
    };
    char copy[16];
    size_t i;

    snprintf(copy, sizeof(copy), "%s", state);
    if (strlen(copy) != 6)
        return false;
    if (copy[2] == 'p')
        copy[2] = '-';
    if (strchr(copy, 'c'))
        return true;
    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!strcmp(copy, known[i]))
            return true;
    return false;
}

/* Splits a line on blanks; returns how many fields there are. */
static unsigned int fields(char *line, char *field[8])
{
    unsigned int nr = 0;
    char *at = strtok(line, " \t");

    for (; at && nr < 8; at = strtok(NULL, " \t"))
        field[nr++] = at;
    return nr;
}

static void ganeti_reads_the_list(void **state)
{
    char *rest, *line, *field[8];
    unsigned int nr = 0;

    (void)state;
    ok("list");
    line = strtok_r(xl_out, "\n", &rest);
    while ((line = strtok_r(NULL, "\n", &rest))) {
        assert_int_equal(fields(line, field), 6);
        assert_true(is_int(field[1]) && is_int(field[2]) && is_int(field[3]));
        assert_true(is_float(field[5]));
        if (!ganeti_knows(field[4]))
            fail_msg("%s: %s", field[0], field[4]);
        nr++;
    }
    assert_int_equal(nr, 6);
}

static const char *info_value(const char *key)
{
    static char value[64];
    char start[64];
    const char *at;

    snprintf(start, sizeof(start), "\n%s", key);
    at = strstr(xl_out, start);
    if (!at)
        return "";
    at += strlen(start);
    at += strspn(at, " ");
    if (*at != ':')
        return "";
    at += 1 + strspn(at + 1, " ");
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
    return value;
}

static void ganeti_reads_the_node(void **state)
{
    static const char *const keys[] = {
        "total_memory",     "free_memory",      "nr_cpus",   "nr_nodes",
        "cores_per_socket", "threads_per_core", "xen_major", "xen_minor"};
    size_t i;

    (void)state;
    ok("info");
    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (!is_int(info_value(keys[i])))
            fail_msg("%s: '%s'", keys[i], info_value(keys[i]));
}

/* `xl list NAME | tail -n1 | awk '{print $5}'`, third letter. */
static void ganeti_sees_a_paused_guest(void **state)
{
    char *last, *field[8];

    (void)state;
    ok("list 2");
    last = strchr(xl_out, '\n') + 1;
    last[strcspn(last, "\n")] = 0;
    assert_int_equal(fields(last, field), 6);
    assert_int_equal(field[4][2], 'p');
}

static void ganeti_finds_and_cycles(void **state)
{
    (void)state;
    ok("help");
    assert_null(strstr(xl_err, "toolstack"));
    ok("debug R");
    assert_string_equal(fake_keys, "R");
    ok("rename runs runs--migratedaway");
    ok("list runs--migratedaway");
    ok("mem-set crashed 6");
    assert_string_equal(fake_store_get("/local/domain/4/memory/target"),
                        "6144");
}

/* `xl list NAME | awk 'NR==2 {print $4, $3}'`; `grep ^total_memory`. */
static void pacemaker_reads_a_guest(void **state)
{
    char *second, *field[8];

    (void)state;
    assert_int_not_equal(xl("list nobody"), 0);
    ok("list runs");
    second = strchr(xl_out, '\n') + 1;
    second[strcspn(second, "\n")] = 0;
    assert_int_equal(fields(second, field), 6);
    assert_string_equal(field[3], "2");
    assert_string_equal(field[2], "32");
    ok("info");
    assert_string_equal(info_value("total_memory"), "128");
    assert_int_equal(xl("trigger runs power"),
                     error_exit_status(ERROR_UNSUPPORTED));
}

#define test(f) cmocka_unit_test_setup_teardown(f, host, xl_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(ganeti_reads_the_list),      test(ganeti_reads_the_node),
        test(ganeti_sees_a_paused_guest), test(ganeti_finds_and_cycles),
        test(pacemaker_reads_a_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
