/* SPDX-License-Identifier: MIT */
/*
 * Pages that a front-end lends to its back-end.
 *
 * There are at most max of them, made when first needed. Where grants are kept,
 * a page has its reference from use to use. A page whose right can't be taken
 * back, since the other domain still uses it, lies in limbo: it is not used for
 * anything until it can. So does a ring of a connection that has ended.
 */
#ifndef FRONT_PAGES_H
#define FRONT_PAGES_H

#include "pv/os.h"

#define FRONT_MAX_RING_PAGES 16U

/* A page that is lent to the back-end. */
struct front_page {
    struct front_page *next;
    void *memory;
    grant_ref_t ref;
    bool granted;
};

/* The pages of a ring, with the grants of the first nr_refs. */
struct front_ring {
    struct front_ring *next;
    void *pages;
    unsigned int nr_pages;
    unsigned int nr_refs;
    grant_ref_t refs[FRONT_MAX_RING_PAGES];
};

struct front_pages {
    /* Set by the driver: */
    domid_t to;
    bool keep; /* grants of pages that are given back */
    unsigned int max;

    unsigned int nr;          /* that exist */
    struct front_page *free;  /* that nobody uses */
    struct front_page *limbo; /* that an old back-end still has mapped */
    struct front_ring *limbo_rings;
};

/** Take nr pages that the back-end may use; NULL if there are not so many. */
struct front_page *front_pages_take(struct front_pages *p, unsigned int nr);

/** Give back a list. */
void front_pages_give(struct front_pages *p, struct front_page *list);

/** Nobody will answer: take all rights back. */
void front_pages_revoke(struct front_pages *p);

/** Take back those of former connections whose users are gone by now. */
void front_pages_sweep(struct front_pages *p);

/** Is something still with a former back-end? */
static inline bool front_pages_in_limbo(const struct front_pages *p)
{
    return p->limbo || p->limbo_rings;
}

/** Make a ring's pages and let the back-end have them; NULL: not possible. */
struct front_ring *front_ring_new(struct front_pages *p, unsigned int nr_pages);

/** Take the right back and free them, now or in a sweep. */
void front_ring_end(struct front_pages *p, struct front_ring *ring);

/** Free all but those in limbo. */
void front_pages_free(struct front_pages *p);

#endif
