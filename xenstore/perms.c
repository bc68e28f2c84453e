/* SPDX-License-Identifier: MIT */
/* Permission lists: one object for all nodes that have the same. No I/O. */
#include "perms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "wire.h"

static struct perms **buckets;
static size_t nr_buckets; /* a power of two, or 0 */
static size_t nr_lists;

static uint32_t perms_hash(const struct perm *perm, unsigned int nr)
{
    uint32_t h = 2166136261U;

    for (unsigned int i = 0; i < nr; i++) {
        h = (h ^ perm[i].domid) * 16777619U;
        h = (h ^ perm[i].access ^ (perm[i].dead << 2)) * 16777619U;
    }
    return h ^ h >> 15;
}

static bool perms_same(const struct perms *p, const struct perm *perm,
                       unsigned int nr)
{
    if (p->nr != nr)
        return false;
    for (unsigned int i = 0; i < nr; i++)
        if (p->perm[i].domid != perm[i].domid ||
            p->perm[i].access != perm[i].access ||
            p->perm[i].dead != perm[i].dead)
            return false;
    return true;
}

static void grow(void)
{
    size_t n = nr_buckets ? 2 * nr_buckets : 64;
    struct perms **to = xzalloc(n * sizeof(*to));

    for (size_t i = 0; i < nr_buckets; i++)
        for (struct perms *p = buckets[i], *next; p; p = next) {
            next = p->next;
            p->next = to[p->hash & (n - 1)];
            to[p->hash & (n - 1)] = p;
        }
    free(buckets);
    buckets = to;
    nr_buckets = n;
}

struct perms *perms_intern(const struct perm *perm, unsigned int nr)
{
    uint32_t hash = perms_hash(perm, nr);
    struct perms *p;

    if (nr_lists >= nr_buckets)
        grow();
    for (p = buckets[hash & (nr_buckets - 1)]; p; p = p->next)
        if (p->hash == hash && perms_same(p, perm, nr))
            return perms_get(p);

    p = xmalloc(sizeof(*p) + nr * sizeof(*perm));
    p->refs = 1;
    p->hash = hash;
    p->nr = nr;
    memcpy(p->perm, perm, nr * sizeof(*perm));
    p->next = buckets[hash & (nr_buckets - 1)];
    buckets[hash & (nr_buckets - 1)] = p;
    nr_lists++;
    return p;
}

struct perms *perms_get(struct perms *p)
{
    p->refs++;
    return p;
}

void perms_put(struct perms *p)
{
    struct perms **link;

    if (--p->refs)
        return;
    for (link = &buckets[p->hash & (nr_buckets - 1)]; *link != p;)
        link = &(*link)->next;
    *link = p->next;
    free(p);
    if (--nr_lists == 0) {
        free(buckets);
        buckets = NULL;
        nr_buckets = 0;
    }
}

static bool names_guest(const struct perms *p, domid_t domid)
{
    for (unsigned int i = 1; i < p->nr; i++)
        if (p->perm[i].domid == domid && !p->perm[i].dead)
            return true;
    return false;
}

void perms_revoke(domid_t domid)
{
    struct perms *found = NULL, *p, **link;

    for (size_t i = 0; i < nr_buckets; i++)
        for (link = &buckets[i]; (p = *link);) {
            if (!names_guest(p, domid)) {
                link = &p->next;
                continue;
            }
            *link = p->next;
            p->next = found;
            found = p;
        }
    while ((p = found)) {
        found = p->next;
        for (unsigned int i = 1; i < p->nr; i++)
            p->perm[i].dead |= p->perm[i].domid == domid;
        p->hash = perms_hash(p->perm, p->nr);
        p->next = buckets[p->hash & (nr_buckets - 1)];
        buckets[p->hash & (nr_buckets - 1)] = p;
    }
}

struct perms *perms_inherit(struct perms *parent, domid_t domid)
{
    struct perm *perm;
    struct perms *p;

    if (domid == 0 || perms_owner(parent) == domid)
        return perms_get(parent);
    perm = xmemdup(parent->perm, parent->nr * sizeof(*perm));
    perm[0].domid = domid;
    p = perms_intern(perm, parent->nr);
    free(perm);
    return p;
}

bool perms_is_owner(const struct perms *p, struct subject s)
{
    domid_t owner = perms_owner(p);

    return s.domid == 0 || owner == s.domid || owner == s.target;
}

unsigned int perms_of(const struct perms *p, struct subject s)
{
    if (perms_is_owner(p, s))
        return PERM_READ | PERM_WRITE;
    for (unsigned int i = 1; i < p->nr; i++)
        if (!p->perm[i].dead &&
            (p->perm[i].domid == s.domid || p->perm[i].domid == s.target))
            return p->perm[i].access;
    return p->perm[0].access;
}

static const char letters[] = {
    [PERM_NONE] = 'n',
    [PERM_READ] = 'r',
    [PERM_WRITE] = 'w',
    [PERM_READ | PERM_WRITE] = 'b',
};

int perm_parse(const char *text, struct perm *out)
{
    const char *letter = memchr(letters, text[0], sizeof(letters));
    uint64_t domid;

    if (!letter || wire_number(text + 1, UINT16_MAX, &domid))
        return -EINVAL;
    *out = (struct perm){.domid = domid, .access = letter - letters};
    return 0;
}

unsigned int perm_format(struct perm perm, char text[PERM_TEXT_MAX])
{
    return snprintf(text, PERM_TEXT_MAX, "%c%hu", letters[perm.access & 3],
                    perm.domid);
}
