/* SPDX-License-Identifier: MIT */
/*
 * Priority queues whose links lie inside the elements: nothing is allocated,
 * adding never fails. Smallest key first; every operation takes O(log n) steps
 * at worst (a leftist heap: no path to the right is longer than log2 n).
 */
#ifndef XEN_PQUEUE_H
#define XEN_PQUEUE_H

#include "xen/types.h"

struct pqueue_node {
    s64 key;
    struct pqueue_node *left, *right, *parent;
    unsigned int rank; /* length of the path to the right, 1..; 0: not queued */
};

struct pqueue {
    struct pqueue_node *first; /* smallest key; NULL: empty */
};

/** Add `node`, which is in no queue, with this key. */
void pqueue_add(struct pqueue *q, struct pqueue_node *node, s64 key);
/** Remove `node`, which is in `q`. */
void pqueue_del(struct pqueue *q, struct pqueue_node *node);
/** The element to visit after `node`, parents first; NULL after the last. */
struct pqueue_node *pqueue_next(struct pqueue_node *node);

static inline bool pqueue_is_queued(const struct pqueue_node *node)
{
    return node->rank != 0;
}

#endif
