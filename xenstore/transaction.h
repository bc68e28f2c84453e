/* SPDX-License-Identifier: MIT */
/*
 * Transactions. Each works on its own version of the store, which starts as a
 * snapshot. It remembers which nodes it has to do with; at the commit each of
 * them must be in the store as it was in the snapshot, else the client has to
 * try again. Nodes that others changed meanwhile do not matter. No I/O.
 */
#ifndef XENSTORE_TRANSACTION_H
#define XENSTORE_TRANSACTION_H

#include "change.h"
#include "list.h"
#include "quota.h"

/* What a transaction relies on, at one path. */
#define ACCESS_NODE     1 /* value, permissions, and that it exists or not */
#define ACCESS_CHILDREN 2 /* their names */
#define ACCESS_TREE     4 /* all at and below the path */

struct transaction {
    struct list link; /* of its connection's transactions */
    uint32_t id;
    domid_t domid;
    unsigned long started; /* quota_clock */
    /* It cannot be committed: it spans a restart, or has lasted too long. Then
     * base and root are NULL, reads see the store and writes go nowhere. */
    bool doomed;
    bool sets_perms;
    struct node *base;    /* the snapshot */
    struct node *root;    /* the version that it works on */
    struct buf changes;   /* see change.h */
    struct tally tally;   /* nodes that it creates and removes */
    struct access **slot; /* hash table of what it relies on */
    unsigned int nr_slots;
    unsigned int nr_accesses;
};

/** Start one on a snapshot of this version; or a doomed one if that is NULL. */
struct transaction *transaction_new(uint32_t id, domid_t domid,
                                    struct node *root);

/** End it without a trace. */
void transaction_free(struct transaction *t);

/** Drop what it holds of the store; its commit will be refused. */
void transaction_doom(struct transaction *t);

/**
 * Note that it relies on a path.
 *
 * Returns 0, or -ENOSPC if it has to do with too many nodes or bytes.
 */
int transaction_access(struct transaction *t, const char *path,
                       unsigned int what);

/** Make an allowed change in its version. */
void transaction_change(struct transaction *t, const struct change *c);

/** Does the store still have all that it relies on? */
bool transaction_valid(const struct transaction *t, const struct node *root);

/**
 * Make its changes in the store; it is valid and fits.
 *
 * @seen  called for each change, in order
 */
void transaction_commit(struct transaction *t, struct node **root,
                        const struct charge *charge,
                        void (*seen)(const struct change *c));

/**
 * Tell what a commit did: once for each path that was changed, and once for
 * each that was removed. Node and permissions before are in the snapshot.
 *
 * @root  the store after the commit
 */
void transaction_events(const struct transaction *t, const struct node *root,
                        void (*fire)(const char *path, bool removed,
                                     const struct node *before,
                                     const struct node *after));

#endif
