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
    "pci-list web",
    "pci-assignable-list",
    "create --plan /tmp/json_test.cfg",
    "create -n /tmp/json_test.cfg",
    "create -p /tmp/json_test.cfg",
    "list -l made",
    /* and errors */
    "list nobody",
    "frobnicate",
    "trigger web power",
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

/* Backends that take each device at once. */
static void backends(const char *path, const char *value)
{
    const char *name = strrchr(path, '/');

    if (!strncmp(path, "/local/domain/0/backend/v", 25) && name &&
        !strcmp(name, "/state") && !strcmp(value, "1"))
        fake_store_set(path, "2");
}

static void each_command_writes_json(void **state)
{
    const char *folder = getenv("XENIA_JSON_FOLDER");
    char words[200], path[300];
    size_t i;

    setenv("XENIA_SAVED_CONFIGS", "/tmp", 0);
    xl_reset(state);
    fake_domain_make(1, "web", 2, 32);
    fake_domain_make(3, "db", 1, 24);
    fake_store_watcher(backends);
    write_config();
    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        bool good;
        FILE *out;

        snprintf(words, sizeof(words), "%s --json", lines[i]);
        good = xl(words) == 0;
        if (!folder)
            continue;
        snprintf(path, sizeof(path), "%s/%02zu-%.*s.json", folder, i,
                 good ? (int)strcspn(lines[i], " ") : 5,
                 good ? lines[i] : "error");
        out = fopen(path, "w");
        assert_non_null(out);
        fputs(good ? xl_out : xl_err, out);
        fclose(out);
    }
    xl("destroy made");
    unlink("/tmp/json_test.cfg");
    unlink("/tmp/json_test.kernel");
    xl_free(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_writes_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
