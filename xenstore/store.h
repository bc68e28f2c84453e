/* SPDX-License-Identifier: MIT */
/*
 * Versions of the tree of nodes. A version is its root node; taking a reference
 * to it is a snapshot, and then what changes is copied on the way from the root
 * to the node, and nothing else. Paths are as wire_path() makes them. No I/O.
 */
#ifndef XENSTORE_STORE_H
#define XENSTORE_STORE_H

#include "dir.h"

/** An empty root that dom0 owns and nobody else sees. */
struct node *store_new(void);

/** The number of a change: rises from change to change, over restarts too. */
uint64_t store_next_gen(void);

/** Node at a path, or NULL. */
struct node *store_find(const struct node *root, const char *path);

/** Node at the first len bytes of a path, or NULL. */
struct node *store_find_len(const struct node *root, const char *path,
                            size_t len);

/**
 * The last node on the way to a path that exists.
 *
 * @len_out  length of its path, 1 or more
 */
struct node *store_nearest(const struct node *root, const char *path,
                           size_t *len_out);

/** What a version is charged for each node, by its owner. */
typedef void store_charge_fn(void *arg, domid_t owner, int nodes, long bytes);

struct charge {
    store_charge_fn *fn;
    void *arg;
};

/**
 * Set the value of a node; create it first, and those above it that are
 * missing.
 *
 * @domid  who creates them: each inherits its parent's permissions, and a
 *         domain other than dom0 owns what it creates
 */
void store_write(struct node **root, const char *path, domid_t domid,
                 const void *value, size_t len, const struct charge *charge);

/** The same without values; a node that exists stays as it is. */
void store_create(struct node **root, const char *path, domid_t domid,
                  const struct charge *charge);

/** Set the permissions of a node that exists; takes over perms. */
void store_set_perms(struct node **root, const char *path, struct perms *perms,
                     const struct charge *charge);

/** Remove a node that exists and is not the root, with all below it. */
void store_remove(struct node **root, const char *path,
                  const struct charge *charge);

#endif
