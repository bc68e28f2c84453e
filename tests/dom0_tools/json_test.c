/* SPDX-License-Identifier: MIT */
/*
 * What each command prints with --json, for schemas.py, which holds it against
 * the schemas in dom0-tools/schemas: one file for each run, named
 * NUMBER-COMMAND.json, in the folder that XENIA_JSON_FOLDER names.
 */
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

#include "fake_dom0.h"
#include "kernel_setup.h"
#include "saved_setup.h"
#include "xl/xl.h"
#include "xl_setup.h"

/* In the order in which they can be done: later ones need earlier ones. */
static const char *const lines[] = {
    "list",
    "list web",
    "list -l",
    "list -v -c -n",
    "vm-list",
    "info",
    "info -n",
    "dmesg",
    "vcpu-list",
    "domid web",
    "domname 3",
    "uptime",
    "help",
    "claims",
    "sharing",
    "sched-credit2",
    "sched-credit2 -s",
    "sched-credit2 -d web",
    "cpupool-list",
    "cpupool-create -n name='x' cpus='1'",
    "cpupool-create name='x'",
    "block-list web",
    "network-list web",
    "channel-list web",
    "xenstore-quota-set -g nodes=2000",
    "xenstore-quota-get -g",
    "xenstore-quota-get web",
    "pci-list web",
    "pci-assignable-list",
    "create --plan /tmp/json_test.cfg",
    "create -n /tmp/json_test.cfg",
    "create -p /tmp/json_test.cfg",
    "list -l made",
    "config-update made /tmp/json_test.cfg",
    "block-attach made /tmp/json_test.kernel,raw,xvdb,r",
    "block-detach made xvdb",
    "network-attach made mac=00:16:3e:00:00:02",
    "network-detach made 00:16:3e:00:00:02",
    "unpause made",
    "pause made",
    "rename made other",
    "mem-max other 8",
    "mem-set other 7",
    "vcpu-pin other 0 all",
    "vcpu-set web 1",
    "sched-credit2 -d web -w 300",
    "sched-credit2 -s -r 1000",
    "cpupool-cpu-remove Pool-0 1",
    "cpupool-cpu-add x 1",
    "cpupool-migrate web x",
    "cpupool-migrate web Pool-0",
    "cpupool-rename x y",
    "cpupool-destroy y",
    "cpupool-numa-split",
    "debug-keys h",
    "shutdown web",
    "reboot web",
    "sysrq web s",
    "top -d 1",
    "destroy other",
    /* and errors */
    "list nobody",
    "frobnicate",
    "trigger web power",
    "sched-credit",
    "getenforce",
    "setenforce 1",
    "loadpolicy x",
    "console web",
    "migrate -s false web there",
    "migrate-receive -x",
};

/* The same of a guest that suspends itself. */
static const char *const saved_lines[] = {
    "dump-core vm core", "suspend vm",       "resume vm",
    "save vm saved",     "restore -e saved",
};

static void write_config(void)
{
    const struct kernel_wish wish = {.mod_start_pfn = true};
    FILE *f = fopen("/tmp/json_test.cfg", "w");

    kernel_write("/tmp/json_test.kernel", &wish);
    fputs("name='made'\nkernel='/tmp/json_test.kernel'\nmemory=8\n"
          "disk=['/tmp/"
          "json_test.kernel,raw,xvda,w']\nvif=['mac=00:16:3e:00:00:01']\n",
          f);
    fclose(f);
}

/* Backends that take each device at once, and guests each request. */
static void others(const char *path, const char *value)
{
    const char *name = strrchr(path, '/');

    if (!strncmp(path, "/local/domain/0/backend/v", 25) && name &&
        !strcmp(name, "/state"))
        fake_store_set(path, !strcmp(value, "5") ? "6" : "2");
    if (strstr(path, "/control/shutdown") && *value)
        fake_store_set(path, "");
}

/* The name that schemas.py finds the schema by: of what has nothing to tell,
 * "done". */
static void line_run(const char *line, size_t number)
{
    const char *folder = getenv("XENIA_JSON_FOLDER");
    char words[200], path[300];
    int len = (int)strcspn(line, " ");
    bool good, empty;
    FILE *out;

    snprintf(words, sizeof(words), "%s --json", line);
    good = xl(words) == 0;
    empty = good && !strcmp(xl_out, "{}\n");
    assert_true(good ? *xl_out : *xl_err);
    if (!folder)
        return;
    snprintf(path, sizeof(path), "%s/%02zu-%.*s.json", folder, number,
             empty  ? 4
             : good ? len
                    : 5,
             empty  ? "done"
             : good ? line
                    : "error");
    out = fopen(path, "w");
    assert_non_null(out);
    fputs(good ? xl_out : xl_err, out);
    fclose(out);
}

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static void each_command_writes_json(void **state)
{
    size_t i;

    setenv("XENIA_SAVED_CONFIGS", "/tmp", 0);
    xl_reset(state);
    fake_domain_make(1, "web", 2, 32);
    fake_domain_make(3, "db", 1, 24);
    fake_store_watcher(others);
    write_config();
    for (i = 0; i < NR(lines); i++)
        line_run(lines[i], i);
    unlink("/tmp/json_test.cfg");
    unlink("/tmp/json_test.kernel");
    xl_free(state);
}

static void saved_guests_write_json(void **state)
{
    size_t i;

    saved_folder_make(state);
    saved_host(state);
    for (i = 0; i < NR(saved_lines); i++)
        line_run(saved_lines[i], NR(lines) + i);
    xl_free(state);
    saved_folder_remove(state);
}

static bool has_line(const char *name, const char *const *of, size_t nr)
{
    size_t i, len = strlen(name);

    for (i = 0; i < nr; i++)
        if (!strncmp(of[i], name, len) && (!of[i][len] || of[i][len] == ' '))
            return true;
    return false;
}

static void no_command_is_left_out(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < nr_commands; i++)
        if (!has_line(commands[i].name, lines, NR(lines)) &&
            !has_line(commands[i].name, saved_lines, NR(saved_lines)))
            fail_msg("nothing is said of %s", commands[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_writes_json),
        cmocka_unit_test(saved_guests_write_json),
        cmocka_unit_test(no_command_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
