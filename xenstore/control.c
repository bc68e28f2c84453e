/* SPDX-License-Identifier: MIT */
/* Control commands: one row each. */
#include "control.h"

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "domain.h"
#include "journal.h"
#include "log.h"
#include "ops.h"
#include "quota.h"

#define MAX_ARGS 5

/* Text that is collected for the reply. */
struct text {
    char data[XENSTORE_PAYLOAD_MAX];
    size_t len;
};

static void __attribute__((format(printf, 2, 3)))
add(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(t->data + t->len, sizeof(t->data) - t->len, format, args);
    va_end(args);
    if (t->len + n < sizeof(t->data))
        t->len += n;
    else
        t->len = sizeof(t->data) - 1;
}

static int show_limits(struct text *t)
{
    add(t, "Quota settings:\n");
    for (int q = 0; q < QUOTA_NR; q++)
        add(t, "%-17s: %8u %s\n", quota_info[q].name, quota_info[q].limit,
            quota_info[q].help);
    return 0;
}

static int show_domain(struct text *t, domid_t domid)
{
    add(t, "Domain %u:\n", domid);
    for (int q = 0; q < QUOTA_NR; q++)
        add(t, "%-17s: %8lu of %u\n", quota_info[q].name, quota_used(domid, q),
            quota_info[q].limit);
    add(t, "%-17s: %8lu\n", "refusals", quota_refusals(domid));
    return 0;
}

static int control_quota(const char *const arg[], int nr, struct text *t)
{
    uint64_t n;

    if (nr == 0)
        return show_limits(t);
    if (nr == 1 && !wire_number(arg[0], UINT16_MAX, &n))
        return show_domain(t, n);
    if (nr != 3 || strcmp(arg[0], "set") ||
        wire_number(arg[2], INT32_MAX, &n) || quota_set(arg[1], n))
        return -EINVAL;
    journal_quota(arg[1], n);
    return 0;
}

/* The warning comes at 80 % of each limit; nothing else is to be set. */
static int control_quota_soft(const char *const arg[], int nr, struct text *t)
{
    (void)arg;
    if (nr)
        return -EINVAL;
    add(t, "Warnings at:\n");
    for (int q = 0; q < QUOTA_NR; q++)
        add(t, "%-17s: %8u %s\n", quota_info[q].name,
            quota_info[q].limit / 5 * 4, quota_info[q].help);
    return 0;
}

static int control_domains(const char *const arg[], int nr, struct text *t)
{
    struct domain *d;

    (void)arg;
    if (nr)
        return -EINVAL;
    list_for_each_entry(d, &domain_all, struct domain, link)
        add(t, "%5u %s nodes %lu memory %lu refusals %lu\n", d->domid,
            d->conn ? "connected" : "no ring  ",
            quota_used(d->domid, QUOTA_NODES),
            quota_used(d->domid, QUOTA_MEMORY), quota_refusals(d->domid));
    return 0;
}

static int control_check(const char *const arg[], int nr, struct text *t)
{
    int wrong = ops_check();

    (void)arg;
    if (nr)
        return -EINVAL;
    if (wrong >= 0)
        add(t, "the nodes of domain %d are not as many as counted\n", wrong);
    return 0;
}

/*
 * This daemon may start no program (sandbox.c): who asks for an update does
 * that itself, as our xenstore-control does, which knows the successor by its
 * process id. Others show their user this text.
 */
static int control_live_update(const char *const arg[], int nr, struct text *t)
{
    (void)arg, (void)nr;
    add(t, "process %d starts no programs: start the new one, it takes over",
        getpid());
    return 0;
}

static int control_memreport(const char *const arg[], int nr, struct text *t)
{
    static const enum quota shown[] = {QUOTA_NODES, QUOTA_WATCHES,
                                       QUOTA_TRANSACTIONS, QUOTA_MEMORY};
    struct mallinfo2 heap = mallinfo2();
    struct domain *d;

    (void)arg;
    if (nr)
        return -EINVAL;
    add(t, "%-17s: %8zu bytes in use, %zu free\n", "heap",
        heap.uordblks + heap.hblkhd, heap.fordblks);
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        unsigned long dom0 = quota_used(0, shown[i]), others = 0;

        list_for_each_entry(d, &domain_all, struct domain, link)
            if (d->domid)
                others += quota_used(d->domid, shown[i]);
        add(t, "%-17s: %8lu of domain 0, %lu of others\n",
            quota_info[shown[i]].name, dom0, others);
    }
    return 0;
}

static int control_print(const char *const arg[], int nr, struct text *t)
{
    (void)t;
    if (nr != 1)
        return -EINVAL;
    log_line(LOG_LEVEL_INFO, "control: %s", arg[0]);
    return 0;
}

static int control_help(const char *const arg[], int nr, struct text *t);

static const struct command {
    const char *name;
    int (*run)(const char *const arg[], int nr, struct text *t);
    const char *help;
} commands[] = {
    /* clang-format off */
    {"check",       control_check,       ""},
    {"domains",     control_domains,     ""},
    {"help",        control_help,        ""},
    {"live-update", control_live_update, "[-c <cmdline>] [-t <timeout>] <file>"},
    {"memreport",   control_memreport,   ""},
    {"print",       control_print,       "<string>"},
    {"quota",       control_quota,       "[set <name> <val>|<domid>]"},
    {"quota-soft",  control_quota_soft,  ""},
    /* clang-format on */
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int control_help(const char *const arg[], int nr, struct text *t)
{
    (void)arg;
    if (nr)
        return -EINVAL;
    for (size_t i = 0; i < NR_COMMANDS; i++)
        add(t, "%s\t%s\n", commands[i].name, commands[i].help);
    return 0;
}

int control_op(struct request *r)
{
    const char *field[MAX_ARGS + 1];
    int nr = wire_fields(r->data, r->len, field, MAX_ARGS + 1), rc;
    struct text t = {.len = 0};

    if (nr < 1 || nr > MAX_ARGS + 1)
        return -EINVAL;
    for (size_t i = 0; i < NR_COMMANDS; i++) {
        if (strcmp(field[0], commands[i].name))
            continue;
        rc = commands[i].run(field + 1, nr - 1, &t);
        if (rc)
            return rc;
        if (t.len)
            conn_reply(r, t.data, t.len + 1);
        else
            conn_reply_ok(r);
        return 0;
    }
    return -EINVAL;
}
