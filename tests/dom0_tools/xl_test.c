/* SPDX-License-Identifier: MIT */
/*
 * xl's commands: the forms that scripts parse, byte for byte, exit statuses,
 * and what a person reads when something is wrong.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "fake_dom0.h"
#include "lib/error.h"

#include "xl_setup.h"

#define ok(words)          assert_int_equal(xl(words), 0)
#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))
#define prints(text)       assert_string_equal(xl_out, text)
#define complains(text)    assert_string_equal(xl_err, text)

/* Domain-0 and two guests, one of which is shut down. */
static int guests(void **state)
{
    struct fake_domain *d;

    xl_reset(state);
    fake_domain[0].info.cpu_time = 12345678901;
    d = fake_domain_make(1, "web", 2, 32);
    d->paused = 1;
    d->info.cpu_time = 260000000;
    memset(d->info.handle, 0xab, sizeof(d->info.handle));
    fake_store_set("/local/domain/1/vm",
                   "/vm/abababab-abab-abab-abab-abababababab");
    d = fake_domain_make(3, "db", 1, 24);
    d->info.flags = XEN_DOMINF_shutdown | 3 << XEN_DOMINF_shutdownshift;
    d->vcpu[0].hard = 2;
    return 0;
}

/* list */

static void list_shows_all_domains(void **state)
{
    (void)state;
    ok("list");
    prints("Name                                        ID   Mem "
           "VCPUs\tState\tTime(s)\n"
           "Domain-0                                     0    64     1     "
           "r-----      12.3\n"
           "web                                          1    32     2     "
           "--p---       0.3\n"
           "db                                           3    24     1     "
           "---sc-       0.0\n");
}

static void list_takes_names_and_ids(void **state)
{
    (void)state;
    ok("list db 1");
    prints("Name                                        ID   Mem "
           "VCPUs\tState\tTime(s)\n"
           "db                                           3    24     1     "
           "---sc-       0.0\n"
           "web                                          1    32     2     "
           "--p---       0.3\n");
}

static void list_adds_columns(void **state)
{
    (void)state;
    ok("list -v -c -n web");
    prints("Name                                        ID   Mem "
           "VCPUs\tState\tTime(s)   UUID                            "
           "Reason-Code\tSecurity Label         Cpupool NODE Affinity\n"
           "web                                          1    32     2     "
           "--p---       0.3 abababab-abab-abab-abab-abababababab        -     "
           "           -          Pool-0 all\n");
    ok("list -v db");
    assert_non_null(strstr(xl_out, "00000000-0000-0000-0000-000000000000"
                                   "        3                -\n"));
    ok("list --context web");
    assert_non_null(strstr(xl_out, "       0.3                -\n"));
}

static void a_domain_without_a_name_is_listed(void **state)
{
    (void)state;
    fake_domain_make(5, "x", 1, 1);
    fake_store_set(NULL, NULL);
    ok("list 5");
    assert_non_null(strstr(xl_out, "(null)     "));
}

static void list_of_nobody_names_it(void **state)
{
    (void)state;
    fails("list nobody", ERROR_NO_DOMAIN);
    prints("");
    complains("xl: list: nobody: no such domain\n");
    fails("list 7", ERROR_NO_DOMAIN);
    fails("list 99999999999999999999", ERROR_NO_DOMAIN);
}

static void vm_list_shows_uuids(void **state)
{
    (void)state;
    ok("vm-list");
    assert_non_null(
        strstr(xl_out, "UUID                                  ID    name\n"));
    assert_non_null(strstr(xl_out, "\nabababab-abab-abab-abab-abababababab  1"
                                   "    web                           \n"));
}

static void claims_and_sharing_have_their_columns(void **state)
{
    (void)state;
    fake_domain[1].claimed = 512;
    ok("claims");
    assert_non_null(strstr(xl_out, "State\tTime(s)  Claimed\n"));
    assert_non_null(strstr(xl_out, "34     2     --p---       0.3     2\n"));
    ok("sharing web");
    assert_non_null(strstr(xl_out, "Mem Shared\nweb     "));
    assert_non_null(strstr(xl_out, "    1    34      0\n"));
}

/* info, dmesg, debug-keys */

static void info_has_its_lines(void **state)
{
    (void)state;
    ok("info");
    assert_non_null(strstr(xl_out, "\nnr_cpus                : 2\n"));
    assert_non_null(strstr(xl_out, "\ncpu_mhz                : 2596.005\n"));
    assert_non_null(
        strstr(xl_out, "\nvirt_caps              : pv gnttab-v1 gnttab-v2\n"));
    assert_non_null(strstr(xl_out, "\ntotal_memory           : 128\n"));
    assert_non_null(strstr(xl_out, "\nxen_version            : 4.17.9\n"));
    assert_non_null(strstr(xl_out, "\nxen_scheduler          : credit2\n"));
    assert_non_null(strstr(xl_out, "\nbuild_id               : abcd\n"));
    assert_null(strstr(xl_out, "numa_info"));
    ok("info -n");
    assert_non_null(strstr(xl_out, "\n  1:       1        0        0\n"));
    assert_non_null(strstr(xl_out, "\n   0:       128        127      10\n"));
}

static void info_shows_one_field(void **state)
{
    (void)state;
    ok("info xen_minor");
    prints("17\n");
    fails("info xen_mino", ERROR_USAGE);
    complains("xl: info: xen_mino: no such field (`xl info` shows all of "
              "them)\n");
}

static void dmesg_shows_and_clears_the_log(void **state)
{
    (void)state;
    strcpy(fake_console, "(XEN) hello\n");
    ok("dmesg");
    prints("(XEN) hello\n");
    ok("dmesg -c");
    prints("(XEN) hello\n");
    ok("dmesg");
    prints("");
}

static void debug_keys_are_pressed(void **state)
{
    (void)state;
    ok("debug R");
    assert_string_equal(fake_keys, "R");
}

/* vcpus */

static void vcpu_list_shows_places(void **state)
{
    (void)state;
    fake_domain[1].vcpu[1].online = false;
    ok("vcpu-list");
    prints("Name                                ID  VCPU   CPU State   Time(s) "
           "Affinity (Hard / Soft)\n"
           "Domain-0                             0     0    0   r--      12.3  "
           "all / all\n"
           "web                                  1     0    0   -b-       0.3  "
           "all / all\n"
           "web                                  1     1    -   --p       0.3  "
           "all / all\n"
           "db                                   3     0    0   -b-       0.0  "
           "1 / all\n");
}

static void vcpu_pin_sets_maps(void **state)
{
    (void)state;
    ok("vcpu-pin web all 0 1");
    assert_int_equal(fake_domain[1].vcpu[0].hard, 1);
    assert_int_equal(fake_domain[1].vcpu[1].soft, 2);
    ok("vcpu-pin web 1 - 0");
    assert_int_equal(fake_domain[1].vcpu[1].hard, 1);
    assert_int_equal(fake_domain[1].vcpu[1].soft, 1);
    fails("vcpu-pin web 0 7", ERROR_USAGE);
    complains("xl: vcpu-pin: '7': the host has CPUs 0 to 1 only\n");
    fails("vcpu-pin web 2 0", ERROR_USAGE);
    complains("xl: vcpu-pin: vcpu: '2' is no number from 0 to 1\n");
    fails("vcpu-pin web 0 - -", ERROR_USAGE);
}

static void vcpu_set_writes_availability(void **state)
{
    (void)state;
    ok("vcpu-set web 1");
    assert_string_equal(fake_store_get("/local/domain/1/cpu/0/availability"),
                        "online");
    assert_string_equal(fake_store_get("/local/domain/1/cpu/1/availability"),
                        "offline");
    fails("vcpu-set web 3", ERROR_USAGE);
}

/* names */

static void names_and_ids_are_translated(void **state)
{
    (void)state;
    ok("domid db");
    prints("3\n");
    ok("domname 3");
    prints("db\n");
    fails("domid 3", ERROR_NO_DOMAIN);
    fails("domname 2", ERROR_NO_DOMAIN);
    fails("domname x", ERROR_USAGE);
}

static void rename_changes_both_nodes(void **state)
{
    (void)state;
    ok("rename web www--migratedaway");
    assert_string_equal(fake_store_get("/local/domain/1/name"),
                        "www--migratedaway");
    assert_string_equal(
        fake_store_get("/vm/abababab-abab-abab-abab-abababababab/name"),
        "www--migratedaway");
    ok("rename 1 www--migratedaway");
}

static void rename_refuses_a_name_in_use(void **state)
{
    (void)state;
    fails("rename web db", ERROR_NAME_IN_USE);
    complains("xl: rename: db: domain 3 has this name\n");
    fails("rename web 12", ERROR_USAGE);
    fails("rename web a/b", ERROR_USAGE);
}

/* life */

static void pause_nests(void **state)
{
    (void)state;
    ok("pause db");
    assert_int_equal(fake_domain[3].paused, 1);
    ok("pause 3");
    ok("unpause db");
    assert_int_equal(fake_domain[3].paused, 1);
    ok("unp db");
    assert_int_equal(fake_domain[3].paused, 0);
}

/* A guest that takes its requests, and ends. */
static void obedient(const char *path, const char *value)
{
    if (!strcmp(path, "/local/domain/1/control/shutdown") && *value) {
        fake_store_set(path, "");
        fake_domain[1].info.flags |= XEN_DOMINF_shutdown;
    }
}

static void shutdown_asks_and_waits(void **state)
{
    (void)state;
    fake_store_watcher(obedient);
    ok("shutdown -w web");
    complains("Shutting down domain 1\n");
    ok("reboot web");
    complains("Rebooting domain 1\n");
}

static void shutdown_wants_a_domain_or_all(void **state)
{
    (void)state;
    fails("shutdown", ERROR_USAGE);
    fails("shutdown -a web", ERROR_USAGE);
}

static void sysrq_writes_its_key(void **state)
{
    (void)state;
    ok("sysrq web s");
    assert_string_equal(fake_store_get("/local/domain/1/control/sysrq"), "s");
    fails("sysrq web sync", ERROR_USAGE);
}

/* memory */

static void mem_set_takes_mib_and_units(void **state)
{
    (void)state;
    fake_store_set("/local/domain/1/memory/static-max", "32768");
    ok("mem-set web 20");
    assert_string_equal(fake_store_get("/local/domain/1/memory/target"),
                        "20480");
    assert_string_equal(
        fake_store_get("/vm/abababab-abab-abab-abab-abababababab/memory"),
        "20");
    assert_int_equal(fake_domain[1].info.max_pages, 21 * 256);
    ok("mem-set web 16384k");
    assert_string_equal(fake_store_get("/local/domain/1/memory/target"),
                        "16384");
    fails("mem-set web 1g", ERROR_USAGE);
    complains("xl: mem-set: web: 1048576 KiB are more than its maximum of "
              "32768 KiB (`xl mem-max` raises it)\n");
    fails("mem-set web 12x", ERROR_USAGE);
    fails("mem-set web -1", ERROR_USAGE);
    fails("mem-set web 99999999999t", ERROR_USAGE);
}

static void mem_max_sets_the_limit(void **state)
{
    (void)state;
    fake_store_set("/local/domain/1/memory/target", "20480");
    ok("mem-max web 28m");
    assert_string_equal(fake_store_get("/local/domain/1/memory/static-max"),
                        "28672");
    assert_int_equal(fake_domain[1].info.max_pages, 29 * 256);
    fails("mem-max web 10", ERROR_USAGE);
}

/* schedulers, pools, uptime */

static void sched_credit2_shows_and_sets(void **state)
{
    (void)state;
    ok("sched-credit2");
    prints("Cpupool Pool-0: ratelimit=1000us\n"
           "Name                                ID Weight  Cap\n"
           "Domain-0                             0    256    0\n"
           "web                                  1    256    0\n"
           "db                                   3    256    0\n");
    ok("sched-credit2 -d web -w 512 -c50");
    ok("sched-credit2 --domain=web");
    prints("Name                                ID Weight  Cap\n"
           "web                                  1    512   50\n");
    ok("sched-credit2 -s");
    prints("Cpupool Pool-0: ratelimit=1000us\n");
    fails("sched-credit2 -w 7", ERROR_USAGE);
    fails("sched-credit2 -d web -w 0", ERROR_USAGE);
    ok("sched-credit");
    prints("");
}

static void cpupool_list_has_two_forms(void **state)
{
    (void)state;
    ok("cpupool-list");
    prints("Name               CPUs   Sched     Active   Domain count\n"
           "Pool-0               2   credit2       y          3\n");
    ok("cpupool-list -c Pool-0");
    prints("Name               CPU list\n"
           "Pool-0             0,1\n");
    fails("cpupool-list Pool-9", ERROR_USAGE);
}

static void uptime_counts_from_the_start(void **state)
{
    char start[32];

    (void)state;
    snprintf(start, sizeof(start), "%ld.50", (long)time(NULL) - 2 * 86400 - 60);
    fake_store_set("/vm/abababab-abab-abab-abab-abababababab/start_time",
                   start);
    ok("uptime web");
    assert_memory_equal(
        xl_out,
        "Name                                ID Uptime\n"
        "web                                  1 2 days,  0:01:0",
        strlen("Name                                ID Uptime\n"
               "web                                  1 2 days,  0:01:0"));
    ok("uptime -s web");
    assert_non_null(strstr(xl_out, " up 2 days,  0:01, web (1)\n"));
}

static void quotas_are_shown_and_set(void **state)
{
    (void)state;
    ok("xenstore-quota-set -g nodes=2000 watches=64");
    prints("");
    ok("xenstore-quota-get -g");
    prints("Quota settings:\n"
           "nodes            :     2000 nodes of the tree\n"
           "watches          :       64 watches\n");
    ok("xenstore-quota-get web");
    prints("Domain 1:\n"
           "nodes            :       13 of 2000\n"
           "refusals         :        0\n");
    fails("xenstore-quota-set -g nodse=1", ERROR_USAGE);
    assert_non_null(strstr(xl_err, "did you mean `nodes`?"));
    fails("xenstore-quota-set -g nodes=-1", ERROR_USAGE);
    fails("xenstore-quota-set -g nodes", ERROR_USAGE);
    fails("xenstore-quota-set web nodes=1", ERROR_UNSUPPORTED);
    fails("xenstore-quota-get", ERROR_USAGE);
    fails("xenstore-quota-get -g web", ERROR_USAGE);
    fails("xenstore-quota-get nobody", ERROR_NO_DOMAIN);
}

/* The command line. */

static void a_command_may_be_shortened(void **state)
{
    (void)state;
    ok("domi web");
    fails("dom web", ERROR_USAGE);
    complains("xl: 'dom' may be `domid` or `domname`\n");
}

static void a_misspelt_command_is_suggested(void **state)
{
    (void)state;
    fails("lsit", ERROR_USAGE);
    complains("xl: no such command: 'lsit' (did you mean `list`?)\n");
    fails("frobnicate", ERROR_USAGE);
    complains("xl: no such command: 'frobnicate' (`xl help` shows all of "
              "them)\n");
}

static void a_refused_command_says_why(void **state)
{
    (void)state;
    fails("trigger web power", ERROR_UNSUPPORTED);
    complains("xl: trigger: only HVM guests have it (`xl shutdown` or `xl "
              "sysrq` asks a PV guest)\n");
    fails("psr-cat-sh web", ERROR_UNSUPPORTED);
    complains("xl: psr-cat-show: it needs hardware that this hypervisor does "
              "not drive\n");
    fails("psr-c", ERROR_USAGE);
    fails("help remus", ERROR_UNSUPPORTED);
}

static void letters_before_the_command_are_taken(void **state)
{
    (void)state;
    ok("-vvv -t list");
    ok("-vT list");
    assert_non_null(strstr(xl_err, " ms  in all\n"));
    fails("-N list", ERROR_USAGE);
    complains("xl: list: it can't be tried out, as -N wants\n");
    fails("-x list", ERROR_USAGE);
    fails("- list", ERROR_USAGE);
}

static void wrong_arguments_point_to_help(void **state)
{
    (void)state;
    fails("list -x", ERROR_USAGE);
    complains("xl: list: no such option: '-x' (see `xl help list`)\n");
    fails("list --nonsense", ERROR_USAGE);
    fails("list --numa=1", ERROR_USAGE);
    fails("sched-credit2 -d", ERROR_USAGE);
    complains("xl: sched-credit2: no value for option '-d' (see `xl help "
              "sched-credit2`)\n");
    fails("rename a", ERROR_USAGE);
    complains("xl: rename: wants at least 2 arguments: <Domain> "
              "<NewDomainName> (see `xl help rename`)\n");
    fails("domid a b", ERROR_USAGE);
    fails("vm-list a", ERROR_USAGE);
    fails("-q list", ERROR_USAGE);
    fails("", ERROR_USAGE);
}

static void options_may_stand_behind_arguments(void **state)
{
    (void)state;
    ok("list web -Z");
    assert_non_null(strstr(xl_out, "Security Label"));
    fails("domid -- -x", ERROR_NO_DOMAIN);
    complains("xl: domid: -x: no such domain\n");
}

static void help_comes_from_the_table(void **state)
{
    (void)state;
    ok("help list");
    assert_non_null(strstr(xl_out, "Usage: xl list [options] [<Domain>...]\n"));
    assert_non_null(strstr(xl_out, "\n-n, --numa  "));
    ok("list -h");
    assert_non_null(strstr(xl_out, "Usage: xl list "));
    ok("--help");
    assert_non_null(strstr(xl_out, "\n vcpu-list  "));
}

/* JSON */

static void json_output_is_valid(void **state)
{
    static const char *const lines[] = {
        "list --json",          "--json info -n",
        "dmesg --json",         "vcpu-list --json",
        "--json sched-credit2", "cpupool-list --json",
        "uptime --json",        "domid --json web",
        "vm-list --json",       "domname --json 3",
        "help --json",          "claims --json",
        "sharing --json",       "sched-credit2 -d web --json",
    };
    char why[256];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        yajl_val tree;

        ok(lines[i]);
        tree = yajl_tree_parse(xl_out, why, sizeof(why));
        if (!tree)
            fail_msg("%s: %s", lines[i], why);
        yajl_tree_free(tree);
    }
}

static void json_has_the_numbers(void **state)
{
    static const char *const paths[] = {"memory_kib", NULL};
    char why[256];
    yajl_val tree, kib;

    (void)state;
    ok("list --json web");
    tree = yajl_tree_parse(xl_out, why, sizeof(why));
    assert_true(YAJL_IS_ARRAY(tree) && tree->u.array.len == 1);
    kib = yajl_tree_get(tree->u.array.values[0], (const char **)paths,
                        yajl_t_number);
    assert_int_equal(YAJL_GET_INTEGER(kib), 32 * 1024);
    yajl_tree_free(tree);
}

static void json_errors_have_a_code(void **state)
{
    static const char *const path[] = {"error", "code", NULL};
    char why[256];
    yajl_val tree;

    (void)state;
    fails("--json list nobody", ERROR_NO_DOMAIN);
    tree = yajl_tree_parse(xl_err, why, sizeof(why));
    assert_non_null(tree);
    assert_string_equal(YAJL_GET_STRING(yajl_tree_get(tree, (const char **)path,
                                                      yajl_t_string)),
                        "NO_DOMAIN");
    yajl_tree_free(tree);
}

/* What is missing. */

static void without_a_hypervisor_it_says_so(void **state)
{
    (void)state;
    fake_privcmd_fail(ENOENT);
    fails("list", ERROR_NO_HYPERVISOR);
    fake_privcmd_fail(EACCES);
    fails("list", ERROR_PERMISSION);
}

static void without_a_store_it_says_so(void **state)
{
    (void)state;
    fake_store_fail(ECONNREFUSED);
    fails("list", ERROR_STORE);
    complains("xl: list: xenstore: no daemon answers: Connection refused "
              "(start xenstored)\n");
    ok("info");
    fake_store_fail(EACCES);
    fails("list", ERROR_PERMISSION);
}

static void a_refused_call_is_named(void **state)
{
    (void)state;
    fake_call_fail(1, EPERM);
    fails("pause 1", ERROR_PERMISSION);
    complains("xl: pause: domctl getdomaininfo: the hypervisor refuses it to "
              "this domain (run this in the control domain)\n");
    fake_call_fail(1, EACCES);
    fails("list", ERROR_HYPERVISOR);
    fake_call_fail(1, ENOSYS);
    fails("debug-keys h", ERROR_HYPERVISOR);
    complains("xl: debug-keys: sysctl debug_keys: the hypervisor does not have "
              "this call\n");
}

/* Each call of each command fails once: no crash, no leak, no success. */
static void any_failed_call_fails_the_command(void **state)
{
    static const char *const lines[] = {
        "list -v -c -n",
        "list --json",
        "info -n",
        "vcpu-list",
        "vcpu-pin web all 0 1",
        "uptime",
        "cpupool-list",
        "sched-credit2",
        "sched-credit2 -d web -w 9",
        "rename web other",
        "mem-set web 8",
        "mem-max web 40",
        "xenstore-quota-get web",
        "xenstore-quota-set -g nodes=5",
        "vcpu-set web 2",
        "dmesg -c",
        "sharing",
    };
    unsigned int before, n, calls, requests;
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        guests(state);
        before = fake_calls();
        ok(lines[i]);
        calls = fake_calls() - before;
        requests = fake_store_requests();
        for (n = 1; n <= calls; n++) {
            guests(state);
            fake_call_fail(n, EIO);
            /* Sharing and the build id may be missing. */
            if (xl(lines[i]) == 0 && strncmp(lines[i], "info", 4))
                fail_msg("%s: call %u", lines[i], n);
        }
        for (n = 1; n <= requests; n++) {
            guests(state);
            fake_store_request_fail(n, EIO);
            if (xl(lines[i]) == 0)
                fail_msg("%s: request %u", lines[i], n);
        }
    }
}

#define test(f) cmocka_unit_test_setup_teardown(f, guests, xl_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(list_shows_all_domains),
        test(list_takes_names_and_ids),
        test(list_adds_columns),
        test(a_domain_without_a_name_is_listed),
        test(list_of_nobody_names_it),
        test(vm_list_shows_uuids),
        test(claims_and_sharing_have_their_columns),
        test(info_has_its_lines),
        test(info_shows_one_field),
        test(dmesg_shows_and_clears_the_log),
        test(debug_keys_are_pressed),
        test(vcpu_list_shows_places),
        test(vcpu_pin_sets_maps),
        test(vcpu_set_writes_availability),
        test(names_and_ids_are_translated),
        test(rename_changes_both_nodes),
        test(rename_refuses_a_name_in_use),
        test(pause_nests),
        test(shutdown_asks_and_waits),
        test(shutdown_wants_a_domain_or_all),
        test(sysrq_writes_its_key),
        test(mem_set_takes_mib_and_units),
        test(mem_max_sets_the_limit),
        test(sched_credit2_shows_and_sets),
        test(cpupool_list_has_two_forms),
        test(uptime_counts_from_the_start),
        test(quotas_are_shown_and_set),
        test(a_command_may_be_shortened),
        test(a_misspelt_command_is_suggested),
        test(a_refused_command_says_why),
        test(letters_before_the_command_are_taken),
        test(wrong_arguments_point_to_help),
        test(options_may_stand_behind_arguments),
        test(help_comes_from_the_table),
        test(json_output_is_valid),
        test(json_has_the_numbers),
        test(json_errors_have_a_code),
        test(without_a_hypervisor_it_says_so),
        test(without_a_store_it_says_so),
        test(a_refused_call_is_named),
        test(any_failed_call_fails_the_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
