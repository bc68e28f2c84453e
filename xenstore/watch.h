/* SPDX-License-Identifier: MIT */
/*
 * Watches, found by path: the names that watched paths consist of form a tree
 * of their own, so that a change looks at the watches above it, and a removal
 * at those below it too, whatever others there are. No I/O.
 */
#ifndef XENSTORE_WATCH_H
#define XENSTORE_WATCH_H

#include "change.h"
#include "list.h"

struct conn;
struct watch_node;

/* No limit to how far below the watched path a change may be. */
#define WATCH_ANY_DEPTH (~0U)

struct watch {
    struct list link;      /* of its connection's watches */
    struct list node_link; /* of its path's watches */
    struct conn *conn;
    struct watch_node *node;
    unsigned int depth;
    bool relative; /* given as a path relative to the domain's home */
    bool missed;   /* an event was dropped; one is due */
    char token[];
};

/**
 * Add a watch to a connection's list.
 *
 * @path  as wire_path() makes it, or special
 */
struct watch *watch_add(struct conn *conn, struct list *watches,
                        const char *path, const char *token, unsigned int depth,
                        bool relative);

/** Watch with this path and token, or NULL. */
struct watch *watch_find(const struct list *watches, const char *path,
                         const char *token);

/** Remove a watch. */
void watch_del(struct watch *w);

/** Put the watched path to path; returns its length. */
size_t watch_path(const struct watch *w, char path[]);

/** Bytes that a watch counts with. */
size_t watch_size(const struct watch *w);

/** Fire what is due before a change, with the store as it still is. */
void watch_before(const struct change *c, const struct node *root);

/** Fire what is due after a change. */
void watch_after(const struct change *c, const struct node *root);

/**
 * Fire what is due after a commit, for one path.
 *
 * @before  the store before the commit
 * @after   the store after it
 */
void watch_committed(const char *path, bool removed, const struct node *before,
                     const struct node *after);

/**
 * Fire a special event.
 *
 * @name   "@introduceDomain" or "@releaseDomain"
 * @perms  who may see it, besides dom0
 * @domid  the domain that it is about
 */
void watch_special(const char *name, const struct perms *perms, domid_t domid);

/** Supplied by the connections: on whose behalf a watch is. */
struct subject watch_subject(const struct watch *w);

/** Supplied by the connections: queue an event. */
void watch_event(struct watch *w, const char *path);

#endif
