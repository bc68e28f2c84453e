/* SPDX-License-Identifier: MIT */
/* Sets of CPUs as people write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "toolstack/cpumap.h"

#define NR_CPUS 12

/* CPUs 0 to 5 are on node 0, the others on node 1. */
static struct xen_sysctl_cputopo topology[NR_CPUS];

static void check(const char *text, unsigned int bits)
{
    unsigned char map[2];

    assert_int_equal(cpumap_parse(text, topology, NR_CPUS, map, NULL), 0);
    assert_int_equal(map[0] | map[1] << 8, bits);
}

static void refuse(const char *text, const char *why)
{
    unsigned char map[2];
    struct error *err = NULL;
    char *message;

    assert_int_equal(cpumap_parse(text, topology, NR_CPUS, map, &err), -EINVAL);
    message = error_text(err);
    assert_string_equal(message, why);
    free(message);
    error_free(err);
}

static void lists_and_ranges_are_read(void **state)
{
    (void)state;
    check("0", 1);
    check("all", 0xfff);
    check("0-3,5,^2", 0x2b);
    check("2, 4", 0x14);
    check("all,^0-3", 0xff0);
    check("11-11", 0x800);
    check("node:1", 0xfc0);
    check("nodes:0-1,^node:0", 0xfc0);
    check("nodes:0,^5", 0x1f);
    check("all,node:^0", 0xfc0);
}

static void what_is_no_set_is_refused(void **state)
{
    static const char *const wrong[] = {"",     "x",  "1-",   "-1", "3-1",
                                        "1,,2", "1,", "all1", "^",  "node:"};
    char why[128];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(why, sizeof(why),
                 "'%s' is no set of CPUs; one is `0-3,5,^2`, `all` or `node:0`",
                 wrong[i]);
        refuse(wrong[i], why);
    }
}

static void cpus_that_are_not_there_are_refused(void **state)
{
    (void)state;
    refuse("12", "'12': the host has CPUs 0 to 11 only");
    refuse("3-99999999999999999999999",
           "'3-99999999999999999999999': the host has CPUs 0 to 11 only");
    refuse("1,^1", "'1,^1': no CPU is left");
}

static void sets_are_written_short(void **state)
{
    static const struct {
        unsigned int bits;
        const char *text;
    } rows[] = {
        {0xfff, "all"}, {0, "none"}, {1, "0"}, {0xc2b, "0-1,3,5,10-11"}};
    size_t i, size;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned char map[2] = {(unsigned char)rows[i].bits,
                                (unsigned char)(rows[i].bits >> 8)};
        char *text;
        FILE *out = open_memstream(&text, &size);

        cpumap_print(out, map, NR_CPUS);
        fclose(out);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_and_ranges_are_read),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(cpus_that_are_not_there_are_refused),
        cmocka_unit_test(sets_are_written_short),
    };
    size_t cpu;

    for (cpu = 6; cpu < NR_CPUS; cpu++)
        topology[cpu].node = 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
