/* SPDX-License-Identifier: MIT */
/*
 * What a domain may use of the daemon, and what it does use. dom0 is counted
 * but not limited. No I/O: reports go to quota_report.
 */
#ifndef XENSTORE_QUOTA_H
#define XENSTORE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

#include "public/types.h"

enum quota {
    /* Counted for a domain: */
    QUOTA_NODES,
    QUOTA_MEMORY, /* bytes of nodes, watches, transactions, messages */
    QUOTA_WATCHES,
    QUOTA_TRANSACTIONS,
    QUOTA_OUTSTANDING, /* replies that it has not taken */
    /* Looked at one by one; the gauge shows the largest so far: */
    QUOTA_TRANSACTION_NODES, /* nodes that one transaction has to do with */
    QUOTA_NODE_SIZE,         /* bytes of value and permissions */
    QUOTA_PERMISSIONS,       /* entries of one node */
    QUOTA_PATH,              /* bytes of a path */
    QUOTA_DEPTH,             /* names in a path */
    QUOTA_TRANSACTION_AGE,   /* seconds before it is sure to fail */
    QUOTA_NR
};

struct quota_info {
    const char *name;
    const char *help;
    unsigned int limit; /* 0: none */
};

/** Names and limits, by enum quota. */
extern struct quota_info quota_info[QUOTA_NR];

/**
 * Called when a domain comes to 80 % of a limit, or is refused for it: at most
 * once a minute for each domain and limit.
 */
extern void (*quota_report)(domid_t domid, enum quota q, unsigned long used,
                            bool refused);

/** Seconds since some point; the main loop sets it. */
extern unsigned long quota_clock;

/** Count more or less, whatever the limit. */
void quota_add(domid_t domid, enum quota q, long n);

/** May the domain use n more? A refusal is reported. */
bool quota_fits(domid_t domid, enum quota q, unsigned long n);

/** May the domain have one thing of this size? A refusal is reported. */
bool quota_item(domid_t domid, enum quota q, unsigned long size);

/** The gauge. */
unsigned long quota_used(domid_t domid, enum quota q);

/** How often the domain was refused something. */
unsigned long quota_refusals(domid_t domid);

/**
 * Set a limit by name.
 *
 * Returns 0, or -ENOENT if there is none of that name.
 */
int quota_set(const char *name, unsigned int limit);

/** Drop what was counted for a domain that is gone, but for its nodes. */
void quota_forget(domid_t domid);

/** Differences in nodes and their bytes that wait for a commit, by owner. */
struct tally {
    struct tally_entry {
        domid_t domid;
        int nodes;
        long bytes;
    } * entry;
    unsigned int nr;
};

/** Add to a tally; a store_charge_fn. */
void tally_add(void *tally, domid_t domid, int nodes, long bytes);

/** A domain's entry; all 0 if it has none. */
struct tally_entry tally_get(const struct tally *tally, domid_t domid);

/** Count what the tally says. */
void tally_apply(const struct tally *tally);

/** Does what a tally adds to a domain's nodes fit? A refusal is reported. */
bool tally_fits(const struct tally *tally, domid_t domid);

void tally_free(struct tally *tally);

#endif
