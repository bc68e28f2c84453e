/* SPDX-License-Identifier: MIT */
/*
 * The page that a guest shares with the console daemon, as the daemon's side
 * deals with it. The guest may write any of it at any time: each index of its
 * is read once and checked, and the daemon's own indices are kept apart.
 *
 * Source: public/io/console.h.
 */
#ifndef CONSOLED_RING_H
#define CONSOLED_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "public/io/console.h"

/* The most bytes that wait in a ring. */
#define RING_OUT_SIZE 2048u
#define RING_IN_SIZE  1024u

struct ring {
    struct xencons_interface *page;
    uint32_t out_cons; /* the page's is a copy of this */
    uint32_t in_prod;  /* likewise */
};

/**
 * Take a page over as its indices are.
 *
 * @taken  index up to which a predecessor has taken output; it counts if the
 *         page may be behind it: the predecessor ended before it could say so
 */
void ring_open(struct ring *r, struct xencons_interface *page,
               const uint32_t *taken);

/**
 * Bytes of output that wait.
 *
 * Returns 0..RING_OUT_SIZE; -EBADMSG where the guest's index can't be.
 */
int ring_out_waiting(const struct ring *r);

/* Copy the first len bytes of what waits; they stay. */
void ring_out_copy(const struct ring *r, char *to, uint32_t len);

/* Give the guest the room of len bytes back. */
void ring_out_release(struct ring *r, uint32_t len);

/* Room for input, 0..RING_IN_SIZE; 0 also where the guest's index can't be. */
uint32_t ring_in_room(const struct ring *r);

/* Put input in, not more than there is room. */
void ring_in_put(struct ring *r, const char *from, uint32_t len);

#endif
