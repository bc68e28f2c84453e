/* SPDX-License-Identifier: MIT */
/* Versions of the tree of nodes. No I/O. */
#include "store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"
#include "wire.h"

struct node *store_new(void)
{
    struct perm perm = {.domid = 0, .access = PERM_NONE};

    return node_new("", 0, NULL, 0, perms_intern(&perm, 1), store_next_gen());
}

uint64_t store_next_gen(void)
{
    static uint64_t gen;

    /* A successor starts above all that its predecessor gave out: no daemon
     * makes a change each nanosecond. */
    if (!gen) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        gen = now.tv_sec * 1000000000ULL + now.tv_nsec;
    }
    return ++gen;
}

/* The name that starts at *path, which moves on to the next one; false at the
 * end. */
static bool next_name(const char **path, const char *end, const char **name,
                      size_t *len)
{
    const char *p = *path;

    if (p == end)
        return false;
    *name = ++p;
    while (p < end && *p != '/')
        p++;
    *len = p - *name;
    *path = p;
    return *len > 0;
}

struct node *store_find_len(const struct node *root, const char *path,
                            size_t path_len)
{
    const char *name, *end = path + path_len;
    const struct node *n = root;
    size_t len;

    while (n && next_name(&path, end, &name, &len))
        n = dir_find(n->dir, name, len);
    return (struct node *)n;
}

struct node *store_find(const struct node *root, const char *path)
{
    return store_find_len(root, path, strlen(path));
}

struct node *store_nearest(const struct node *root, const char *path,
                           size_t *len_out)
{
    const char *name, *at = path, *end = path + strlen(path);
    const struct node *n = root, *child;
    size_t len;

    *len_out = 1;
    while (next_name(&at, end, &name, &len)) {
        child = dir_find(n->dir, name, len);
        if (!child)
            break;
        n = child;
        *len_out = at - path;
    }
    return (struct node *)n;
}

/*
 * Where a version refers to the last node on the way to the first path_len
 * bytes of a path that exists; that node and all above it belong to the version
 * alone. *rest becomes what is missing of the path, or "" or "/".
 */
static struct node **own_nearest(struct node **root, const char *path,
                                 size_t path_len, const char **rest)
{
    const char *name, *at = path, *end = path + path_len;
    struct node **slot = root, **child;
    size_t len;

    node_own(slot);
    *rest = path;
    while (next_name(&at, end, &name, &len)) {
        child = dir_own_slot(&(*slot)->dir, name, len);
        if (!child)
            break;
        node_own(child);
        slot = child;
        *rest = at;
    }
    return slot;
}

/* The same for a path that exists. */
static struct node **own_slot(struct node **root, const char *path,
                              size_t path_len)
{
    const char *rest;

    return own_nearest(root, path, path_len, &rest);
}

static void charge_node(const struct charge *charge, const struct node *n,
                        int sign)
{
    charge->fn(charge->arg, perms_owner(n->perms), sign,
               sign * (long)node_size(n));
}

static void set_value(struct node **slot, const void *value, size_t len,
                      const struct charge *charge)
{
    struct node *n = *slot;

    charge_node(charge, n, -1);
    if (len != n->value_len)
        n = *slot = xrealloc(n, sizeof(*n) + n->name_len + len);
    if (len)
        memcpy(n->data + n->name_len, value, len);
    n->value_len = len;
    n->gen = store_next_gen();
    charge_node(charge, n, 1);
}

/* Create the missing rest of a path below a node; the last one has the value.
 */
static void create(struct node *parent, const char *rest, domid_t domid,
                   const void *value, size_t value_len,
                   const struct charge *charge)
{
    const char *name, *end = rest + strlen(rest);
    struct node *n;
    size_t len;

    for (; next_name(&rest, end, &name, &len); parent = n) {
        n = node_new(name, len, value, rest == end ? value_len : 0,
                     perms_inherit(parent->perms, domid), store_next_gen());
        dir_insert(&parent->dir, n);
        parent->dir_gen = n->gen;
        charge_node(charge, n, 1);
    }
}

void store_write(struct node **root, const char *path, domid_t domid,
                 const void *value, size_t len, const struct charge *charge)
{
    const char *rest;
    struct node **slot = own_nearest(root, path, strlen(path), &rest);

    if (rest[0] && rest[1])
        create(*slot, rest, domid, value, len, charge);
    else
        set_value(slot, value, len, charge);
}

void store_set_perms(struct node **root, const char *path, struct perms *perms,
                     const struct charge *charge)
{
    struct node *n = *own_slot(root, path, strlen(path));

    charge_node(charge, n, -1);
    perms_put(n->perms);
    n->perms = perms;
    n->gen = store_next_gen();
    charge_node(charge, n, 1);
}

void store_create(struct node **root, const char *path, domid_t domid,
                  const struct charge *charge)
{
    const char *rest;
    struct node **slot = own_nearest(root, path, strlen(path), &rest);

    create(*slot, rest, domid, NULL, 0, charge);
}

static void charge_removed(const struct charge *charge, const struct node *n)
{
    struct dir_iter it;
    const struct node *child;

    charge_node(charge, n, -1);
    dir_iter_init(&it, n->dir);
    while ((child = dir_iter_next(&it)))
        charge_removed(charge, child);
}

void store_remove(struct node **root, const char *path,
                  const struct charge *charge)
{
    size_t len = strlen(path), parent_len = wire_parent_len(path, len);
    struct node *parent;
    const char *name;

    charge_removed(charge, store_find(*root, path));
    parent = *own_slot(root, path, parent_len);
    name = path + parent_len + (parent_len > 1);
    dir_remove(&parent->dir, name, len - (name - path));
    parent->dir_gen = store_next_gen();
}
