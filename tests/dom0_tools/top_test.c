/* SPDX-License-Identifier: MIT */
/* xl top and xl console: what they print, and what they refuse; counters of
 * back-ends, rates, the table. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "fake_dom0.h"
#include "lib/backend_stats.h"
#include "toolstack/usage.h"
#include "xl/top.h"
#include "xl_setup.h"

#define ok(words)          assert_int_equal(xl(words), 0)
#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))
#define complains(text)    assert_string_equal(xl_err, text)

static int guests(void **state)
{
    struct fake_domain *d;

    xl_reset(state);
    fake_domain[0].info.cpu_time = 12345678901;
    d = fake_domain_make(1, "a-guest-with-a-long-name", 2, 32);
    d->paused = 1;
    d->info.cpu_time = 2600000000;
    d = fake_domain_make(3, "db", 1, 24);
    d->info.flags = XEN_DOMINF_shutdown | 3 << XEN_DOMINF_shutdownshift;
    return 0;
}

/* Counters. */

static char folder[] = "/tmp/top_test.XXXXXX";

static void file_write(const char *device, const char *name, const char *text)
{
    char path[256], *slash;
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s/%s", folder, device, name);
    for (slash = path + strlen(folder); (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void counters_are_read_from_sysfs(void **state)
{
    struct backend_stats *list;
    char command[64];
    size_t nr;

    (void)state;
    assert_non_null(mkdtemp(folder));
    file_write("vif-2-0", "net/renamed/statistics/rx_bytes", "1000\n");
    file_write("vif-2-0", "net/renamed/statistics/tx_bytes", "2000\n");
    file_write("vbd-2-51712", "statistics/rd_sect", "77\n");
    file_write("vbd-2-51712", "statistics/wr_req", "9\n");
    file_write("vbd-10-51712", "mode", "w\n");
    file_write("console-2-0", "state", "1\n");
    file_write("vbd-x-1", "mode", "w\n");
    assert_int_equal(backend_stats_read(folder, &list, &nr), 0);
    assert_int_equal(nr, 3);
    assert_int_equal(list[0].kind, BACKEND_DISK);
    assert_int_equal(list[0].device, 51712);
    assert_int_equal(list[0].value[DISK_RD_SECT], 77);
    assert_int_equal(list[0].value[DISK_WR], 9);
    assert_int_equal(list[0].value[DISK_RD], 0);
    assert_int_equal(list[1].kind, BACKEND_NET);
    assert_int_equal(list[1].value[NET_RX_BYTES], 1000);
    assert_int_equal(list[1].value[NET_TX_BYTES], 2000);
    assert_int_equal(list[2].domid, 10);
    free(list);
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(backend_stats_read(folder, &list, &nr), 0);
    assert_int_equal(nr, 0);
}

/* Rates. */

static void rates_are_per_second(void **state)
{
    struct backend_stats disks[2] = {
        {.domid = 5, .value[DISK_RD_SECT] = 100},
        {.domid = 5, .value[DISK_RD_SECT] = 300},
    };
    struct backend_stats later[2] = {
        {.domid = 5, .value[DISK_RD_SECT] = 500},
        {.domid = 5, .value[DISK_RD_SECT] = 100, .value[DISK_WR_SECT] = 4},
    };
    struct domain_entry was = {.info = {.domain = 5, .cpu_time = 1000}};
    struct domain_entry is = {.info = {.domain = 5, .cpu_time = 1500001000}};
    struct usage before = {.at_ns = 1000000000,
                           .domains = {1, &was},
                           .device = disks,
                           .nr_devices = 2};
    struct usage now = {.at_ns = 3000000000,
                        .domains = {1, &is},
                        .device = later,
                        .nr_devices = 2};
    struct usage_rates r = usage_rates(&before, &now, 5);

    (void)state;
    assert_true(r.cpu_percent > 74.9 && r.cpu_percent < 75.1);
    assert_true(r.disk_read > 51199 && r.disk_read < 51201);
    assert_true(r.disk_written > 1023 && r.disk_written < 1025);
    assert_true(usage_rates(NULL, &now, 5).cpu_percent == 0);
    assert_true(usage_rates(&before, &now, 6).cpu_percent == 0);
    /* Another guest has the id now. */
    is.info.handle[3] = 1;
    assert_true(usage_rates(&before, &now, 5).cpu_percent == 0);
}

static void bytes_have_units(void **state)
{
    static const struct {
        double bytes;
        const char *text;
    } cases[] = {{0, "0"},       {999, "999"},     {1000, "1.0K"},
                 {1536, "1.5K"}, {20480, "20K"},   {1048576, "1.0M"},
                 {1e12, "931G"}, {1e18, "909495T"}};
    char text[16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        top_bytes_print(cases[i].bytes, text, sizeof(text));
        assert_string_equal(text, cases[i].text);
    }
}

static void the_table_sorts_by_columns(void **state)
{
    struct top_row rows[3] = {
        {.name = "b", .domid = 1, .rates.cpu_percent = 10},
        {.name = "c", .domid = 2, .rates.cpu_percent = 90},
        {.name = "a", .domid = 3, .rates.cpu_percent = 10},
    };
    struct top_table t = {.nr = 3, .row = rows};
    size_t i;

    (void)state;
    top_table_sort(&t, 3, false);
    assert_string_equal(rows[0].name, "c");
    assert_string_equal(rows[1].name, "a");
    top_table_sort(&t, 0, true);
    assert_string_equal(rows[0].name, "c");
    assert_string_equal(rows[2].name, "a");
    top_table_sort(&t, 1, false);
    assert_int_equal(rows[0].domid, 1);
    for (i = 0; i < nr_top_columns; i++) {
        char text[64];

        top_columns[i].print(&t, &rows[0], text, sizeof(text));
        top_table_sort(&t, i, false);
    }
}

static void histories_follow_their_domain(void **state)
{
    struct domain_entry entries[2] = {
        {.info = {.domain = 1, .cpu_time = 0}, .name = (char[]){"x"}},
        {.info = {.domain = 2, .cpu_time = 0}, .name = (char[]){"y"}},
    };
    struct domain_entry later[1] = {
        {.info = {.domain = 2, .cpu_time = 1000000000}, .name = (char[]){"y"}}};
    struct usage before = {.at_ns = 0, .domains = {2, entries}};
    struct usage now = {.at_ns = 1000000000, .domains = {1, later}};
    struct top_table t = {0};

    (void)state;
    before.host.nr_cpus = now.host.nr_cpus = 2;
    assert_int_equal(top_table_make(&t, NULL, &before, NULL), 0);
    assert_int_equal(top_table_make(&t, &before, &now, NULL), 0);
    assert_int_equal(t.nr, 1);
    assert_int_equal(t.row[0].cpu_history[TOP_HISTORY - 1], 50);
    now.at_ns += 1000000000;
    assert_int_equal(top_table_make(&t, &now, &now, NULL), 0);
    assert_int_equal(t.row[0].cpu_history[TOP_HISTORY - 2], 50);
    assert_int_equal(t.row[0].cpu_history[TOP_HISTORY - 1], 0);
    top_table_free(&t);
}

/* Commands. */

static void top_batch_has_the_stock_form(void **state)
{
    (void)state;
    ok("top -b -i 1");
    assert_non_null(strstr(
        xl_out, "      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  "
                "MAXMEM(k) MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   "
                "VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID\n"));
    assert_non_null(strstr(xl_out, "  Domain-0 -----r         12    0.0      "
                                   "65536"));
    assert_non_null(strstr(xl_out, "\na-guest-wi ----p-          2    0.0"));
    assert_non_null(strstr(xl_out, "\n        db -s-c--"));
    ok("top -b -i 1 -f -v -r");
    assert_non_null(strstr(xl_out, "\na-guest-with-a-long-name ----p-"));
    assert_non_null(strstr(xl_out, "VCPUs(sec):   0:         12s\n      NAME"));
}

static void top_repeats(void **state)
{
    const char *at;
    int headers = 0;

    (void)state;
    ok("top -b -i 3 -d 0.1");
    for (at = xl_out; (at = strstr(at, "NAME")); at++)
        headers++;
    assert_int_equal(headers, 3);
}

static void top_json_has_all_domains(void **state)
{
    static const char *path[] = {"domains", NULL};
    yajl_val tree, domains;

    (void)state;
    ok("--json top -d 0.1");
    tree = yajl_tree_parse(xl_out, NULL, 0);
    domains = yajl_tree_get(tree, path, yajl_t_array);
    assert_non_null(domains);
    assert_int_equal(YAJL_GET_ARRAY(domains)->len, 3);
    yajl_tree_free(tree);
    assert_non_null(strstr(xl_out, "\"cpu_percent\": 0.0"));
}

static void top_refuses_nonsense(void **state)
{
    (void)state;
    fails("top -d never", ERROR_USAGE);
    complains("xl: top: -d: 'never' is no number of seconds from 0.1 to "
              "86400\n");
    fails("top -b -i 0", ERROR_USAGE);
    fails("top web", ERROR_USAGE);
}

static void top_tells_what_fails(void **state)
{
    unsigned int i;

    (void)state;
    for (i = 1; i <= 6; i++) {
        guests(NULL);
        fake_call_fail(i, EPERM);
        xl("top -b -i 2 -d 0.1");
        guests(NULL);
        fake_store_request_fail(i, EIO);
        xl("top -b -i 2 -d 0.1");
    }
    guests(NULL);
    fake_privcmd_fail(ENOENT);
    fails("top -b", ERROR_NO_HYPERVISOR);
}

static void console_says_what_is_wrong(void **state)
{
    (void)state;
    fails("console nobody", ERROR_NO_DOMAIN);
    fails("console 0", ERROR_USAGE);
    fails("console -t serial db", ERROR_USAGE);
    complains("xl: console: a PV guest has no emulated serial port (leave out "
              "-t serial)\n");
    fails("console -t vnc db", ERROR_USAGE);
    fails("console -n x db", ERROR_USAGE);
    fails("console -n 3 db", ERROR_USAGE);
    complains("xl: console: db: the guest has no console 3\n");
    fails("console -e long db", ERROR_USAGE);
    fails("--json console db", ERROR_USAGE);
    fails("console --history a-name-that-nobody-has", ERROR_NO_DOMAIN);
}

#define test(name) cmocka_unit_test_setup_teardown(name, guests, xl_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(counters_are_read_from_sysfs),
        test(rates_are_per_second),
        test(bytes_have_units),
        test(the_table_sorts_by_columns),
        test(histories_follow_their_domain),
        test(top_batch_has_the_stock_form),
        test(top_repeats),
        test(top_json_has_all_domains),
        test(top_refuses_nonsense),
        test(top_tells_what_fails),
        test(console_says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
