/* SPDX-License-Identifier: MIT */
/* Rules for guests; see firewall.h. A bridge has a table of its name. */
#include "lib/firewall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/process.h"

#define PROGRAM "nft"
#define MAX_MS  30000

/* A table is made, if need be, so that it can be ended. */
#define NO_TABLE                                                               \
    "table inet %1$s {}\n"                                                     \
    "delete table inet %1$s\n"

static const char no_table[] = NO_TABLE;

/* 1: the bridge, 2: its network. */
static const char table[] =
    NO_TABLE "table inet %1$s {\n"
             "  chain postrouting {\n"
             "    type nat hook postrouting priority srcnat;\n"
             "    ip saddr %2$s oifname != \"%1$s\" masquerade\n"
             "  }\n"
             "  chain forward {\n"
             "    type filter hook forward priority filter;\n"
             "    oifname != \"%1$s\" accept\n"
             "    iifname \"%1$s\" accept\n"
             "    ct state established,related accept\n"
             "    drop\n"
             "  }\n"
             "  chain input {\n"
             "    type filter hook input priority filter;\n"
             "    iifname != \"%1$s\" accept\n"
             "    ct state established,related accept\n"
             "    udp dport { 53, 67 } accept\n"
             "    tcp dport 53 accept\n"
             "    icmp type echo-request accept\n"
             "    drop\n"
             "  }\n"
             "}\n";

int firewall_check(struct error **err_out)
{
    if (process_find(PROGRAM))
        return 0;
    error_set(err_out, ERROR_DEVICE, -ENOENT, "there is no program %s",
              PROGRAM);
    return error_hint(err_out, "install nftables");
}

static int rules_run(const char *rules, struct error **err_out)
{
    const char *argv[] = {PROGRAM, "-f", "-", NULL};
    const struct process process = {
        .argv = argv, .input = rules, .timeout_ms = MAX_MS};

    return process_run(&process, err_out);
}

int firewall_set(const char *bridge, const char *network,
                 struct error **err_out)
{
    char *rules;
    int rc;

    if (asprintf(&rules, table, bridge, network) < 0)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = rules_run(rules, err_out);
    free(rules);
    return rc;
}

void firewall_clear(const char *bridge)
{
    char rules[sizeof(no_table) + 64];

    snprintf(rules, sizeof(rules), no_table, bridge);
    rules_run(rules, NULL);
}
