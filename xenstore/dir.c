/* SPDX-License-Identifier: MIT */
/* Nodes, and their children in copy-on-write B+-trees. No I/O. */
#include "dir.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define DIR_MAX 32

struct entry {
    uint64_t key; /* of the node, or the first one in the block */
    union {
        struct node *node; /* level 0 */
        struct dir *dir;   /* above */
    };
};

struct dir {
    unsigned int refs;
    uint16_t level;
    uint8_t nr;  /* 1 or more */
    uint8_t cap; /* room in entry[] */
    struct entry entry[];
};

struct node *node_new(const char *name, size_t len, const void *value,
                      size_t value_len, struct perms *perms, uint64_t gen)
{
    struct node *n = xmalloc(sizeof(*n) + len + value_len);

    *n = (struct node){
        .refs = 1,
        .name_len = len,
        .value_len = value_len,
        .gen = gen,
        .dir_gen = gen,
        .perms = perms,
    };
    memcpy(n->data, name, len);
    if (value_len)
        memcpy(n->data + len, value, value_len);
    return n;
}

struct node *node_get(struct node *n)
{
    n->refs++;
    return n;
}

static void dir_put(struct dir *dir)
{
    if (!dir || --dir->refs)
        return;
    for (unsigned int i = 0; i < dir->nr; i++)
        if (dir->level)
            dir_put(dir->entry[i].dir);
        else
            node_put(dir->entry[i].node);
    free(dir);
}

void node_put(struct node *n)
{
    if (--n->refs)
        return;
    dir_put(n->dir);
    perms_put(n->perms);
    free(n);
}

struct node *node_own(struct node **slot)
{
    struct node *n = *slot;

    if (n->refs == 1)
        return n;
    *slot = xmemdup(n, sizeof(*n) + n->name_len + n->value_len);
    n->refs--;
    n = *slot;
    n->refs = 1;
    perms_get(n->perms);
    if (n->dir)
        n->dir->refs++;
    return n;
}

static struct dir *dir_alloc(unsigned int level, unsigned int cap)
{
    struct dir *dir = xmalloc(sizeof(*dir) + cap * sizeof(dir->entry[0]));

    *dir = (struct dir){.refs = 1, .level = level, .cap = cap};
    return dir;
}

/* Make the block that slot refers to the slot's own. */
static struct dir *dir_own(struct dir **slot)
{
    struct dir *from = *slot, *to;

    if (from->refs == 1)
        return from;
    to = dir_alloc(from->level, from->cap);
    to->nr = from->nr;
    memcpy(to->entry, from->entry, from->nr * sizeof(from->entry[0]));
    for (unsigned int i = 0; i < to->nr; i++)
        if (to->level)
            to->entry[i].dir->refs++;
        else
            to->entry[i].node->refs++;
    from->refs--;
    *slot = to;
    return to;
}

static uint64_t name_key(const char *name, size_t len)
{
    unsigned char first[8] = {0};
    uint64_t key;

    memcpy(first, name, len < 8 ? len : 8);
    memcpy(&key, first, 8);
    return __builtin_bswap64(key);
}

static const struct node *first_node(const struct dir *dir, unsigned int i)
{
    while (dir->level) {
        dir = dir->entry[i].dir;
        i = 0;
    }
    return dir->entry[i].node;
}

/* Order of a name and that of entry i: below, at or above 0. */
static int compare(uint64_t key, const char *name, size_t len,
                   const struct dir *dir, unsigned int i)
{
    const struct node *n;
    int order;

    if (key != dir->entry[i].key)
        return key < dir->entry[i].key ? -1 : 1;
    n = first_node(dir, i);
    order = memcmp(name, n->data, len < n->name_len ? len : n->name_len);
    return order ? order : (int)len - n->name_len;
}

/* The first entry above the name, in 0..nr; *found: the one before it is it. */
static unsigned int search(const struct dir *dir, uint64_t key,
                           const char *name, size_t len, bool *found)
{
    unsigned int low = 0, high = dir->nr;

    *found = false;
    while (low < high) {
        unsigned int mid = (low + high) / 2;
        int order = compare(key, name, len, dir, mid);

        if (order < 0) {
            high = mid;
        } else {
            low = mid + 1;
            if (order == 0) {
                *found = true;
                break;
            }
        }
    }
    return low;
}

/* The entry of the block above whose part of the names holds this one. */
static unsigned int branch(const struct dir *dir, uint64_t key,
                           const char *name, size_t len)
{
    bool found;
    unsigned int i = search(dir, key, name, len, &found);

    return i ? i - 1 : 0;
}

struct node *dir_find(const struct dir *dir, const char *name, size_t len)
{
    uint64_t key = name_key(name, len);
    unsigned int i;
    bool found;

    if (!dir)
        return NULL;
    while (dir->level)
        dir = dir->entry[branch(dir, key, name, len)].dir;
    i = search(dir, key, name, len, &found);
    return found ? dir->entry[i - 1].node : NULL;
}

struct node **dir_own_slot(struct dir **slot, const char *name, size_t len)
{
    uint64_t key = name_key(name, len);
    struct dir *dir;
    unsigned int i;
    bool found;

    if (!*slot)
        return NULL;
    dir = dir_own(slot);
    while (dir->level)
        dir = dir_own(&dir->entry[branch(dir, key, name, len)].dir);
    i = search(dir, key, name, len, &found);
    return found ? &dir->entry[i - 1].node : NULL;
}

/* Insert at index i; a block that was full keeps one half, and the other one is
 * returned. */
static struct dir *insert_entry(struct dir **slot, unsigned int i,
                                struct entry new)
{
    struct dir *dir = *slot, *right = NULL;

    if (dir->nr == DIR_MAX) {
        /* Names often come in order: then leave the left one nearly full. */
        unsigned int keep = i == DIR_MAX ? DIR_MAX - 2 : DIR_MAX / 2;

        right = dir_alloc(dir->level, DIR_MAX);
        right->nr = DIR_MAX - keep;
        memcpy(right->entry, dir->entry + keep,
               right->nr * sizeof(dir->entry[0]));
        dir->nr = keep;
        if (i > keep) {
            dir = right;
            i -= keep;
        }
    }
    if (dir->nr == dir->cap) {
        unsigned int cap = dir->cap < 4 ? dir->cap + 1 : dir->cap + 4;

        dir = xrealloc(dir, sizeof(*dir) + cap * sizeof(dir->entry[0]));
        dir->cap = cap;
        *slot = dir;
    }
    memmove(dir->entry + i + 1, dir->entry + i,
            (dir->nr - i) * sizeof(dir->entry[0]));
    dir->entry[i] = new;
    dir->nr++;
    return right;
}

static struct dir *insert(struct dir **slot, uint64_t key, struct node *n)
{
    struct dir *dir = dir_own(slot), *right;
    unsigned int i;
    bool found;

    if (!dir->level) {
        i = search(dir, key, n->data, n->name_len, &found);
        return insert_entry(slot, i, (struct entry){.key = key, .node = n});
    }
    i = branch(dir, key, n->data, n->name_len);
    right = insert(&dir->entry[i].dir, key, n);
    dir->entry[i].key = dir->entry[i].dir->entry[0].key;
    if (!right)
        return NULL;
    return insert_entry(
        slot, i + 1, (struct entry){.key = right->entry[0].key, .dir = right});
}

void dir_insert(struct dir **dir, struct node *n)
{
    struct dir *right, *root;

    if (!*dir) {
        *dir = dir_alloc(0, 1);
        (*dir)->entry[0] =
            (struct entry){.key = name_key(n->data, n->name_len), .node = n};
        (*dir)->nr = 1;
        return;
    }
    right = insert(dir, name_key(n->data, n->name_len), n);
    if (!right)
        return;
    root = dir_alloc((*dir)->level + 1, 4);
    root->nr = 2;
    root->entry[0] = (struct entry){.key = (*dir)->entry[0].key, .dir = *dir};
    root->entry[1] = (struct entry){.key = right->entry[0].key, .dir = right};
    *dir = root;
}

/* Take entry i out of the slot's own block; a block without entries goes. */
static void remove_entry(struct dir **slot, unsigned int i)
{
    struct dir *dir = *slot;

    dir->nr--;
    if (!dir->nr) {
        free(dir);
        *slot = NULL;
        return;
    }
    memmove(dir->entry + i, dir->entry + i + 1,
            (dir->nr - i) * sizeof(dir->entry[0]));
    if (dir->cap >= 4 && dir->nr <= dir->cap / 4) {
        dir = xrealloc(dir, sizeof(*dir) + dir->nr * sizeof(dir->entry[0]));
        dir->cap = dir->nr;
        *slot = dir;
    }
}

static void remove_from(struct dir **slot, uint64_t key, const char *name,
                        size_t len)
{
    struct dir *dir = dir_own(slot);
    unsigned int i;
    bool found;

    if (!dir->level) {
        i = search(dir, key, name, len, &found) - 1;
        node_put(dir->entry[i].node);
        remove_entry(slot, i);
        return;
    }
    i = branch(dir, key, name, len);
    remove_from(&dir->entry[i].dir, key, name, len);
    if (dir->entry[i].dir)
        dir->entry[i].key = dir->entry[i].dir->entry[0].key;
    else
        remove_entry(slot, i);
}

void dir_remove(struct dir **slot, const char *name, size_t len)
{
    struct dir *dir;

    remove_from(slot, name_key(name, len), name, len);
    while ((dir = *slot) && dir->level && dir->nr == 1) {
        *slot = dir->entry[0].dir;
        free(dir);
    }
}

void dir_iter_init(struct dir_iter *it, const struct dir *dir)
{
    it->depth = dir ? 0 : -1;
    it->block[0] = dir;
    it->index[0] = 0;
}

struct node *dir_iter_next(struct dir_iter *it)
{
    while (it->depth >= 0) {
        const struct dir *dir = it->block[it->depth];
        unsigned int i = it->index[it->depth]++;

        if (i == dir->nr) {
            it->depth--;
        } else if (dir->level) {
            it->depth++;
            it->block[it->depth] = dir->entry[i].dir;
            it->index[it->depth] = 0;
        } else {
            return dir->entry[i].node;
        }
    }
    return NULL;
}
