/* SPDX-License-Identifier: MIT */
/*
 * Who may read and write a node. A list's first entry names the owner, who may
 * do everything, and what all domains not listed may do; each further one says
 * what one domain may do. Equal lists are one object, however many nodes have
 * it. No I/O.
 */
#ifndef XENSTORE_PERMS_H
#define XENSTORE_PERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "public/types.h"

#define PERM_NONE  0
#define PERM_READ  1
#define PERM_WRITE 2

/* No domain: nobody's target. */
#define DOMID_NONE 0x7ff4

struct perm {
    domid_t domid;
    uint8_t access; /* PERM_* */
    uint8_t dead;   /* the domain is gone, or was not there: says nothing */
};

struct perms {
    unsigned int refs;
    uint32_t hash;
    struct perms *next; /* with the same hash bucket */
    unsigned int nr;    /* 1 or more */
    struct perm perm[];
};

/** Who asks: a domain, and the one it was made to act for (or DOMID_NONE). */
struct subject {
    domid_t domid;
    domid_t target;
};

/** The one list with these nr entries, 1 or more; the caller owns a reference.
 */
struct perms *perms_intern(const struct perm *perm, unsigned int nr);

/** One more reference. */
struct perms *perms_get(struct perms *p);

/** Drop a reference. */
void perms_put(struct perms *p);

/**
 * Make what lists say of a domain that is gone void, in all versions of the
 * store: the next domain with its number has no right there. Owners stay.
 */
void perms_revoke(domid_t domid);

/** The list that a node has below one with this list, if domid creates it. */
struct perms *perms_inherit(struct perms *parent, domid_t domid);

static inline domid_t perms_owner(const struct perms *p)
{
    return p->perm[0].domid;
}

/** PERM_* that s has; all of them for dom0, the owner and who acts for it. */
unsigned int perms_of(const struct perms *p, struct subject s);

/** Does s own what has the list, or may it act as the owner? */
bool perms_is_owner(const struct perms *p, struct subject s);

/**
 * Entry from its text: one of "nrwb" and a domain id.
 *
 * Returns 0, or -EINVAL.
 * Source: xenstore.txt, SET_PERMS.
 */
int perm_parse(const char *text, struct perm *out);

/** Bytes that perm_format() writes at most, with the NUL. */
#define PERM_TEXT_MAX 8

/** Text of an entry; returns its length without the NUL. */
unsigned int perm_format(struct perm perm, char text[PERM_TEXT_MAX]);

#endif
