/* SPDX-License-Identifier: MIT */
/* Leftist heaps: in each node the path to the right is the shorter one. */
#include "xen/pqueue.h"

#include "xen/bug.h"

static unsigned int rank_of(const struct pqueue_node *node)
{
    return node ? node->rank : 0;
}

static void swap_children(struct pqueue_node *node)
{
    struct pqueue_node *left = node->left;

    node->left = node->right;
    node->right = left;
}

/* Restore order and rank of a node whose child has changed. Returns whether
 * the rank has. */
static bool balance(struct pqueue_node *node)
{
    unsigned int before = node->rank;

    if (rank_of(node->left) < rank_of(node->right))
        swap_children(node);
    node->rank = rank_of(node->right) + 1;
    return node->rank != before;
}

/*
 * Merge two heaps, either may be NULL, and return the top; its parent is left
 * as it was. Down the paths to the right, then up again for the ranks.
 */
static struct pqueue_node *merge(struct pqueue_node *a, struct pqueue_node *b)
{
    struct pqueue_node *top = NULL, *last = NULL, *smaller;

    while (a && b) {
        smaller = b->key < a->key ? b : a;
        if (smaller == a)
            a = a->right;
        else
            b = b->right;
        if (last)
            last->right = smaller;
        else
            top = smaller;
        smaller->parent = last;
        last = smaller;
    }

    a = a ? a : b;
    if (!last)
        return a;
    last->right = a;
    if (a)
        a->parent = last;
    for (; last; last = last->parent)
        (void)balance(last);
    return top;
}

void pqueue_add(struct pqueue *q, struct pqueue_node *node, s64 key)
{
    ASSERT(!pqueue_is_queued(node));
    *node = (struct pqueue_node){.key = key, .rank = 1};
    q->first = merge(q->first, node);
    q->first->parent = NULL;
}

void pqueue_del(struct pqueue *q, struct pqueue_node *node)
{
    struct pqueue_node *parent = node->parent;
    struct pqueue_node *rest = merge(node->left, node->right);

    ASSERT(pqueue_is_queued(node));
    if (rest)
        rest->parent = parent;
    if (!parent)
        q->first = rest;
    else if (parent->left == node)
        parent->left = rest;
    else
        parent->right = rest;
    while (parent && balance(parent))
        parent = parent->parent;
    node->rank = 0;
}

struct pqueue_node *pqueue_next(struct pqueue_node *node)
{
    if (node->left)
        return node->left;
    if (node->right)
        return node->right;

    for (; node->parent; node = node->parent)
        if (node == node->parent->left && node->parent->right)
            return node->parent->right;
    return NULL;
}
