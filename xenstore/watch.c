/* SPDX-License-Identifier: MIT */
/* Watches: register and fire. No I/O. */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

/* A name in a watched path; of the whole path if there are watches. */
struct watch_node {
    struct watch_node *parent;    /* NULL for the two roots */
    struct watch_node *hash_next; /* in the hash slot */
    struct list children;
    struct list sibling;
    struct list watches;
    uint32_t hash;
    uint16_t name_len;
    char name[];
};

/* Paths start below one root, special names below the other. */
static struct watch_node *roots[2];

/* All other nodes, by parent and name. */
static struct watch_node **table;
static size_t nr_slots;
static size_t nr_nodes;

static uint32_t hash_of(const struct watch_node *parent, const char *name,
                        size_t len)
{
    uint32_t h = 2166136261U ^ (uint32_t)((uintptr_t)parent >> 4);

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)name[i]) * 16777619U;
    return h ^ h >> 15;
}

static struct watch_node *node_find(const struct watch_node *parent,
                                    const char *name, size_t len)
{
    uint32_t hash = hash_of(parent, name, len);

    if (!nr_slots)
        return NULL;
    for (struct watch_node *n = table[hash & (nr_slots - 1)]; n;
         n = n->hash_next)
        if (n->hash == hash && n->parent == parent && n->name_len == len &&
            !memcmp(n->name, name, len))
            return n;
    return NULL;
}

static void grow(void)
{
    size_t n = nr_slots ? 2 * nr_slots : 64;
    struct watch_node **to = xzalloc(n * sizeof(*to)), *next;

    for (size_t i = 0; i < nr_slots; i++)
        for (struct watch_node *w = table[i]; w; w = next) {
            next = w->hash_next;
            w->hash_next = to[w->hash & (n - 1)];
            to[w->hash & (n - 1)] = w;
        }
    free(table);
    table = to;
    nr_slots = n;
}

static struct watch_node *node_create(struct watch_node *parent,
                                      const char *name, size_t len)
{
    struct watch_node *n = xzalloc(sizeof(*n) + len);

    list_init(&n->children);
    list_init(&n->sibling);
    list_init(&n->watches);
    n->parent = parent;
    n->name_len = len;
    memcpy(n->name, name, len);
    if (!parent)
        return n;
    if (nr_nodes >= nr_slots)
        grow();
    n->hash = hash_of(parent, name, len);
    n->hash_next = table[n->hash & (nr_slots - 1)];
    table[n->hash & (nr_slots - 1)] = n;
    list_add_tail(&parent->children, &n->sibling);
    nr_nodes++;
    return n;
}

/* Free a node, and those above it, that nothing needs any more. */
static void node_release(struct watch_node *n)
{
    struct watch_node *parent, **link;

    for (; (parent = n->parent) && list_empty(&n->watches) &&
           list_empty(&n->children);
         n = parent) {
        for (link = &table[n->hash & (nr_slots - 1)]; *link != n;)
            link = &(*link)->hash_next;
        *link = n->hash_next;
        list_del(&n->sibling);
        nr_nodes--;
        free(n);
    }
}

/* The root for a path, which moves on to its first name. */
static struct watch_node *root_of(const char **path)
{
    bool special = (*path)[0] == '@';

    if (!roots[special])
        roots[special] = node_create(NULL, "", 0);
    if (!special)
        ++*path;
    return roots[special];
}

/* The name that starts at *path, which moves on; 0 at the end. */
static size_t next_name(const char **path, const char **name)
{
    size_t len = strcspn(*path, "/");

    *name = *path;
    *path += len;
    if (**path)
        ++*path;
    return len;
}

struct watch *watch_add(struct conn *conn, struct list *watches,
                        const char *path, const char *token, unsigned int depth,
                        bool relative)
{
    struct watch *w = xmalloc(sizeof(*w) + strlen(token) + 1);
    struct watch_node *n = root_of(&path), *child;
    const char *name;
    size_t len;

    while ((len = next_name(&path, &name))) {
        child = node_find(n, name, len);
        n = child ? child : node_create(n, name, len);
    }
    *w = (struct watch){
        .conn = conn,
        .node = n,
        .depth = depth,
        .relative = relative,
    };
    strcpy(w->token, token);
    list_add_tail(watches, &w->link);
    list_add_tail(&n->watches, &w->node_link);
    return w;
}

struct watch *watch_find(const struct list *watches, const char *path,
                         const char *token)
{
    struct watch_node *n = root_of(&path);
    struct watch *w;
    const char *name;
    size_t len;

    while (n && (len = next_name(&path, &name)))
        n = node_find(n, name, len);
    if (!n || list_empty(watches))
        return NULL;
    /* Whose list: all of one list have the same connection. */
    struct conn *conn = list_entry(watches->next, struct watch, link)->conn;
    list_for_each_entry(w, &n->watches, struct watch, node_link)
        if (w->conn == conn && !strcmp(w->token, token))
            return w;
    return NULL;
}

void watch_del(struct watch *w)
{
    list_del(&w->link);
    list_del(&w->node_link);
    node_release(w->node);
    free(w);
}

static size_t node_path(const struct watch_node *n, char path[])
{
    size_t len = 0;

    if (n->parent) {
        len = node_path(n->parent, path);
        if (n->parent->parent || n->parent == roots[0])
            path[len++] = '/';
        memcpy(path + len, n->name, n->name_len);
        len += n->name_len;
    }
    path[len] = '\0';
    return len;
}

size_t watch_path(const struct watch *w, char path[])
{
    size_t len = node_path(w->node, path);

    if (!len) {
        strcpy(path, "/");
        len = 1;
    }
    return len;
}

size_t watch_size(const struct watch *w)
{
    char path[PATH_ROOM];

    return sizeof(*w) + strlen(w->token) + watch_path(w, path);
}

/* A change as the watches see it. */
struct event {
    const char *path;
    const struct node *root;   /* perms are not known: where to find them */
    const struct perms *perms; /* of the node, if there is one */
    const struct node *before; /* also is not known: where to find it */
    const struct perms *also;  /* another list that lets the event be seen */
};

static const struct perms *perms_at(const struct node *root, const char *path)
{
    const struct node *node = store_find(root, path);

    return node ? node->perms : NULL;
}

static bool may_see(const struct watch *w, struct event *e)
{
    struct subject s = watch_subject(w);

    /* Most watches are dom0's: for those the node need not be found. */
    if (s.domid == 0)
        return true;
    if (e->root)
        e->perms = perms_at(e->root, e->path);
    if (e->before)
        e->also = perms_at(e->before, e->path);
    e->root = e->before = NULL;
    return (e->perms && (perms_of(e->perms, s) & PERM_READ)) ||
           (e->also && (perms_of(e->also, s) & PERM_READ));
}

static unsigned int count_names(const char *path)
{
    return *path ? 1 + wire_depth(path) : 0;
}

/* Fire the watches of a node; rest is the way from there to the change. */
static void fire_node(const struct watch_node *n, struct event *e,
                      const char *rest)
{
    unsigned int below;
    struct watch *w;

    if (list_empty(&n->watches))
        return;
    below = count_names(rest);
    list_for_each_entry(w, &n->watches, struct watch, node_link)
        if (below <= w->depth && may_see(w, e))
            watch_event(w, e->path);
}

/* Fire the watches below a node that is removed, where they lost theirs. */
static void fire_below(const struct watch_node *n, const struct node *node,
                       char path[], size_t len)
{
    struct watch_node *child;
    struct node *lost;
    struct event e = {.path = path};
    size_t child_len;

    list_for_each_entry(child, &n->children, struct watch_node, sibling) {
        lost = dir_find(node->dir, child->name, child->name_len);
        if (!lost)
            continue;
        path[len] = '/';
        memcpy(path + len + 1, child->name, child->name_len);
        child_len = len + 1 + child->name_len;
        path[child_len] = '\0';
        e.perms = lost->perms;
        fire_node(child, &e, "");
        fire_below(child, lost, path, child_len);
    }
}

static void fire(struct event e, bool removed)
{
    const char *path = e.path;
    const struct node *root = e.root;
    const struct node *node;
    const struct watch_node *n;
    char buf[PATH_ROOM];
    const char *name, *at = path;
    size_t len;

    for (n = root_of(&at); n; n = node_find(n, name, len)) {
        fire_node(n, &e, at);
        len = next_name(&at, &name);
        if (!len)
            break;
    }
    if (!n || !removed)
        return;
    node = store_find(root, path);
    if (node) {
        strcpy(buf, path);
        fire_below(n, node, buf, strlen(buf));
    }
}

void watch_before(const struct change *c, const struct node *root)
{
    struct perms *also;
    struct perm *perm;

    if (c->type == CHANGE_RM) {
        fire((struct event){.path = c->path, .root = root}, true);
    } else if (c->type == CHANGE_PERMS) {
        perm = xmemdup(c->data, c->len);
        also = perms_intern(perm, c->len / sizeof(*perm));
        fire((struct event){.path = c->path, .root = root, .also = also},
             false);
        perms_put(also);
        free(perm);
    }
}

void watch_after(const struct change *c, const struct node *root)
{
    if (c->type == CHANGE_WRITE || c->type == CHANGE_MKDIR)
        fire((struct event){.path = c->path, .root = root}, false);
}

void watch_committed(const char *path, bool removed, const struct node *before,
                     const struct node *after)
{
    if (!removed)
        fire((struct event){.path = path, .root = after, .before = before},
             false);
    else if (store_find(before, path))
        fire((struct event){.path = path, .root = before}, true);
}

void watch_special(const char *name, const struct perms *perms, domid_t domid)
{
    struct event e = {.perms = perms};
    const struct watch_node *n, *sub;
    char with_domid[64], digits[8];
    struct watch *w;

    snprintf(digits, sizeof(digits), "%u", domid);
    snprintf(with_domid, sizeof(with_domid), "%s/%s", name, digits);
    if (!roots[1] || !(n = node_find(roots[1], name, strlen(name))))
        return;
    list_for_each_entry(w, &n->watches, struct watch, node_link)
        if (may_see(w, &e))
            watch_event(w, w->depth == 1 ? with_domid : name);
    sub = node_find(n, digits, strlen(digits));
    e.path = with_domid;
    if (sub)
        fire_node(sub, &e, "");
}
