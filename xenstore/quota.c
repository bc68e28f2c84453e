/* SPDX-License-Identifier: MIT */
/* Limits and gauges of domains. No I/O. */
#include "quota.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

struct quota_info quota_info[QUOTA_NR] = {
    [QUOTA_NODES] = {"nodes", "Nodes per domain", 1000},
    [QUOTA_MEMORY] = {"memory", "Bytes per domain", 2560 * 1024},
    [QUOTA_WATCHES] = {"watches", "Watches per domain", 128},
    [QUOTA_TRANSACTIONS] = {"transactions", "Transactions per domain", 10},
    [QUOTA_OUTSTANDING] = {"outstanding", "Replies waiting per domain", 20},
    [QUOTA_TRANSACTION_NODES] = {"transaction-nodes", "Nodes per transaction",
                                 1024},
    [QUOTA_NODE_SIZE] = {"node-size", "Bytes per node", 2048},
    [QUOTA_PERMISSIONS] = {"permissions", "Permissions per node", 5},
    [QUOTA_PATH] = {"path-max", "Bytes per path", 2048},
    [QUOTA_DEPTH] = {"depth", "Names per path", 64},
    [QUOTA_TRANSACTION_AGE] = {"transaction-age", "Seconds per transaction",
                               60},
};

void (*quota_report)(domid_t domid, enum quota q, unsigned long used,
                     bool refused);
unsigned long quota_clock;

/* Seconds between two reports on the same matter. */
#define REPORT_INTERVAL 60

struct usage {
    unsigned long used[QUOTA_NR];
    unsigned long next_report[QUOTA_NR][2]; /* near, refused */
    unsigned long refusals;
};

static struct usage *usage[1 << 16];

static struct usage *usage_of(domid_t domid)
{
    if (!usage[domid])
        usage[domid] = xzalloc(sizeof(*usage[domid]));
    return usage[domid];
}

static void report(domid_t domid, enum quota q, unsigned long n, bool refused)
{
    unsigned long *next = &usage_of(domid)->next_report[q][refused];

    if (!quota_report || quota_clock < *next)
        return;
    *next = quota_clock + REPORT_INTERVAL;
    quota_report(domid, q, n, refused);
}

/* Report that n of q is much. */
static void report_near(domid_t domid, enum quota q, unsigned long n)
{
    unsigned long limit = quota_info[q].limit;

    if (domid && limit && n * 5 >= limit * 4)
        report(domid, q, n, false);
}

void quota_add(domid_t domid, enum quota q, long n)
{
    struct usage *u = usage_of(domid);

    u->used[q] += n;
    if (n > 0)
        report_near(domid, q, u->used[q]);
}

static bool within(domid_t domid, enum quota q, unsigned long n)
{
    unsigned long limit = quota_info[q].limit;

    if (!domid || !limit || n <= limit)
        return true;
    usage_of(domid)->refusals++;
    report(domid, q, n, true);
    return false;
}

bool quota_fits(domid_t domid, enum quota q, unsigned long n)
{
    return within(domid, q, usage_of(domid)->used[q] + n);
}

bool quota_item(domid_t domid, enum quota q, unsigned long size)
{
    struct usage *u = usage_of(domid);

    if (!within(domid, q, size))
        return false;
    if (size > u->used[q]) {
        u->used[q] = size;
        report_near(domid, q, size);
    }
    return true;
}

unsigned long quota_used(domid_t domid, enum quota q)
{
    return usage[domid] ? usage[domid]->used[q] : 0;
}

unsigned long quota_refusals(domid_t domid)
{
    return usage[domid] ? usage[domid]->refusals : 0;
}

int quota_set(const char *name, unsigned int limit)
{
    for (int q = 0; q < QUOTA_NR; q++)
        if (!strcmp(name, quota_info[q].name)) {
            quota_info[q].limit = limit;
            return 0;
        }
    return -ENOENT;
}

void quota_forget(domid_t domid)
{
    struct usage *u = usage[domid];

    if (!u)
        return;
    if (u->used[QUOTA_NODES]) {
        for (int q = 0; q < QUOTA_NR; q++)
            if (q != QUOTA_NODES && q != QUOTA_MEMORY)
                u->used[q] = 0;
        return;
    }
    free(u);
    usage[domid] = NULL;
}

void tally_add(void *arg, domid_t domid, int nodes, long bytes)
{
    struct tally *tally = arg;
    unsigned int i = 0;

    while (i < tally->nr && tally->entry[i].domid != domid)
        i++;
    if (i == tally->nr) {
        if (!(tally->nr & (tally->nr - 1)))
            tally->entry =
                xrealloc(tally->entry, (tally->nr ? 2 * tally->nr : 1) *
                                           sizeof(*tally->entry));
        tally->entry[tally->nr++] = (struct tally_entry){.domid = domid};
    }
    tally->entry[i].nodes += nodes;
    tally->entry[i].bytes += bytes;
}

struct tally_entry tally_get(const struct tally *tally, domid_t domid)
{
    for (unsigned int i = 0; i < tally->nr; i++)
        if (tally->entry[i].domid == domid)
            return tally->entry[i];
    return (struct tally_entry){.domid = domid};
}

void tally_apply(const struct tally *tally)
{
    for (unsigned int i = 0; i < tally->nr; i++) {
        struct tally_entry *e = &tally->entry[i];

        quota_add(e->domid, QUOTA_NODES, e->nodes);
        quota_add(e->domid, QUOTA_MEMORY, e->bytes);
    }
}

bool tally_fits(const struct tally *tally, domid_t domid)
{
    struct tally_entry e = tally_get(tally, domid);

    return (e.nodes <= 0 || quota_fits(domid, QUOTA_NODES, e.nodes)) &&
           (e.bytes <= 0 || quota_fits(domid, QUOTA_MEMORY, e.bytes));
}

void tally_free(struct tally *tally)
{
    free(tally->entry);
    *tally = (struct tally){0};
}
