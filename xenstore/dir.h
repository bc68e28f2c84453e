/* SPDX-License-Identifier: MIT */
/*
 * The children of a node, sorted by name: a B+-tree of blocks that several
 * versions of the store share. A block or node with one reference belongs to
 * one version and may be changed in place; any other is copied first, and the
 * copy takes its place in that version alone. No I/O.
 *
 *   dir ──▶ block, level 1: key │ block, key │ block, ...
 *                                  │
 *                                  ▼
 *           block, level 0: key │ node, key │ node, ...
 *
 * A key is the first 8 bytes of a name, so that most comparisons need not look
 * at the node.
 */
#ifndef XENSTORE_DIR_H
#define XENSTORE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "perms.h"

/** A block; NULL stands for no children. */
struct dir;

/** A node of one or more versions of the store. */
struct node {
    unsigned int refs;
    uint16_t name_len;
    uint16_t value_len;
    uint64_t gen;     /* when value or permissions changed last */
    uint64_t dir_gen; /* when a child was created or removed last */
    struct perms *perms;
    struct dir *dir;
    char data[]; /* name, then value */
};

static inline const char *node_value(const struct node *n)
{
    return n->data + n->name_len;
}

/** Bytes that a node counts with. */
static inline size_t node_size(const struct node *n)
{
    return sizeof(*n) + n->name_len + n->value_len;
}

/** A node with this name and value, without children; takes over perms. */
struct node *node_new(const char *name, size_t len, const void *value,
                      size_t value_len, struct perms *perms, uint64_t gen);

/** One more reference. */
struct node *node_get(struct node *n);

/** Drop a reference; the last one frees node and all that only it refers to. */
void node_put(struct node *n);

/** Make the node that slot refers to the slot's own; returns it. */
struct node *node_own(struct node **slot);

/** Child of that name, or NULL. */
struct node *dir_find(const struct dir *dir, const char *name, size_t len);

/** Where a version refers to its child of that name, or NULL; the blocks on the
 * way become its own. */
struct node **dir_own_slot(struct dir **dir, const char *name, size_t len);

/** Add a node whose name is not there; takes over the reference. */
void dir_insert(struct dir **dir, struct node *n);

/** Remove the child of that name, which exists. */
void dir_remove(struct dir **dir, const char *name, size_t len);

/** A place in a directory that is not changed meanwhile. */
struct dir_iter {
    const struct dir *block[16];
    unsigned int index[16];
    int depth; /* -1: no more */
};

/** Start before the first child. */
void dir_iter_init(struct dir_iter *it, const struct dir *dir);

/** The next child in order of names, or NULL. */
struct node *dir_iter_next(struct dir_iter *it);

#endif
