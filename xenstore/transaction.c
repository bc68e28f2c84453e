/* SPDX-License-Identifier: MIT */
/* Transactions: snapshot, conflicts, commit. No I/O. */
#include "transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A path that a transaction relies on. */
struct access {
    struct access *next; /* in the hash slot */
    uint32_t hash;
    uint16_t len;
    uint8_t what; /* ACCESS_* */
    char path[];
};

/* Bytes that a transaction counts with, and more for each path: a share of what
 * the copies of shared nodes take. */
#define TRANSACTION_COST 256
#define ACCESS_COST      512

struct transaction *transaction_new(uint32_t id, domid_t domid,
                                    struct node *root)
{
    struct transaction *t = xzalloc(sizeof(*t));

    list_init(&t->link);
    t->id = id;
    t->domid = domid;
    t->started = quota_clock;
    t->doomed = !root;
    if (root) {
        t->base = node_get(root);
        t->root = node_get(root);
    }
    quota_add(domid, QUOTA_TRANSACTIONS, 1);
    quota_add(domid, QUOTA_MEMORY, TRANSACTION_COST);
    return t;
}

/* Bytes that t counts with at present. */
static long memory(const struct transaction *t)
{
    return t->nr_accesses * ACCESS_COST + t->changes.len;
}

void transaction_doom(struct transaction *t)
{
    struct access *next;

    quota_add(t->domid, QUOTA_MEMORY, -memory(t));
    for (unsigned int i = 0; i < t->nr_slots; i++)
        for (struct access *a = t->slot[i]; a; a = next) {
            next = a->next;
            free(a);
        }
    free(t->slot);
    t->slot = NULL;
    t->nr_slots = t->nr_accesses = 0;
    buf_free(&t->changes);
    tally_free(&t->tally);
    if (t->root) {
        node_put(t->base);
        node_put(t->root);
        t->base = t->root = NULL;
    }
    t->doomed = true;
}

void transaction_free(struct transaction *t)
{
    transaction_doom(t);
    quota_add(t->domid, QUOTA_TRANSACTIONS, -1);
    quota_add(t->domid, QUOTA_MEMORY, -TRANSACTION_COST);
    list_del(&t->link);
    free(t);
}

static void grow(struct transaction *t)
{
    unsigned int n = t->nr_slots ? 2 * t->nr_slots : 8;
    struct access **slot = xzalloc(n * sizeof(*slot)), *next;

    for (unsigned int i = 0; i < t->nr_slots; i++)
        for (struct access *a = t->slot[i]; a; a = next) {
            next = a->next;
            a->next = slot[a->hash & (n - 1)];
            slot[a->hash & (n - 1)] = a;
        }
    free(t->slot);
    t->slot = slot;
    t->nr_slots = n;
}

static uint32_t path_hash(const char *path, size_t len)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)path[i]) * 16777619U;
    return hash ^ hash >> 15;
}

static struct access *find_access(const struct transaction *t, const char *path,
                                  size_t len, uint32_t hash)
{
    struct access *a;

    if (!t->nr_slots)
        return NULL;
    for (a = t->slot[hash & (t->nr_slots - 1)]; a; a = a->next)
        if (a->hash == hash && a->len == len && !memcmp(a->path, path, len))
            break;
    return a;
}

int transaction_access(struct transaction *t, const char *path,
                       unsigned int what)
{
    size_t len = strlen(path);
    uint32_t hash = path_hash(path, len);
    struct access *a;

    if (t->doomed)
        return 0;
    a = find_access(t, path, len, hash);
    if (a) {
        a->what |= what;
        return 0;
    }
    if (!quota_item(t->domid, QUOTA_TRANSACTION_NODES, t->nr_accesses + 1) ||
        !quota_fits(t->domid, QUOTA_MEMORY, ACCESS_COST))
        return -ENOSPC;
    if (t->nr_accesses >= t->nr_slots)
        grow(t);
    a = xmalloc(sizeof(*a) + len + 1);
    *a = (struct access){
        .next = t->slot[hash & (t->nr_slots - 1)],
        .hash = hash,
        .len = len,
        .what = what,
    };
    memcpy(a->path, path, len + 1);
    t->slot[hash & (t->nr_slots - 1)] = a;
    t->nr_accesses++;
    quota_add(t->domid, QUOTA_MEMORY, ACCESS_COST);
    return 0;
}

void transaction_change(struct transaction *t, const struct change *c)
{
    struct charge charge = {.fn = tally_add, .arg = &t->tally};
    size_t len = t->changes.len;

    if (t->doomed)
        return;
    t->sets_perms |= c->type == CHANGE_PERMS;
    change_apply(&t->root, c, &charge);
    change_add(&t->changes, c);
    quota_add(t->domid, QUOTA_MEMORY, t->changes.len - len);
}

static bool access_valid(const struct transaction *t, const struct access *a,
                         const struct node *root)
{
    const struct node *old = store_find_len(t->base, a->path, a->len);
    const struct node *now = store_find_len(root, a->path, a->len);

    /* What both versions share has not been changed. */
    if (old == now)
        return true;
    if (!old || !now || (a->what & ACCESS_TREE))
        return false;
    return (!(a->what & ACCESS_NODE) || old->gen == now->gen) &&
           (!(a->what & ACCESS_CHILDREN) || old->dir_gen == now->dir_gen);
}

bool transaction_valid(const struct transaction *t, const struct node *root)
{
    if (t->doomed)
        return false;
    if (t->base == root)
        return true;
    for (unsigned int i = 0; i < t->nr_slots; i++)
        for (const struct access *a = t->slot[i]; a; a = a->next)
            if (!access_valid(t, a, root))
                return false;
    return true;
}

void transaction_commit(struct transaction *t, struct node **root,
                        const struct charge *charge,
                        void (*seen)(const struct change *c))
{
    bool alone = t->base == *root;
    size_t size, pos;
    struct change c;

    for (pos = 0; pos < t->changes.len; pos += size) {
        size =
            change_read(buf_front(&t->changes) + pos, t->changes.len - pos, &c);
        seen(&c);
        if (!alone)
            change_apply(root, &c, charge);
    }
    if (alone) {
        /* Nothing has happened besides: its version is the next one. */
        tally_apply(&t->tally);
        node_put(*root);
        *root = t->root;
        t->root = node_get(t->base);
    }
}

/* In access.what: an event was fired. */
#define FIRED_REMOVED 64
#define FIRED_CHANGED 128

void transaction_events(const struct transaction *t, const struct node *root,
                        void (*fire)(const char *path, bool removed,
                                     const struct node *before,
                                     const struct node *after))
{
    struct access *a;
    struct change c;
    size_t size, pos, len;

    for (pos = 0; pos < t->changes.len; pos += size) {
        bool removed;

        size =
            change_read(buf_front(&t->changes) + pos, t->changes.len - pos, &c);
        removed = c.type == CHANGE_RM;
        len = strlen(c.path);
        a = find_access(t, c.path, len, path_hash(c.path, len));
        if (a->what & (removed ? FIRED_REMOVED : FIRED_CHANGED))
            continue;
        a->what |= removed ? FIRED_REMOVED : FIRED_CHANGED;
        fire(c.path, removed, t->base, root);
    }
}
