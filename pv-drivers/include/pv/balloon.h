/* SPDX-License-Identifier: MIT */
/*
 * Balloon: the domain's memory follows memory/target, which the toolstack
 * writes. Pages that are given up are the kernel's choice: see
 * os_balloon_give().
 */
#ifndef PV_BALLOON_H
#define PV_BALLOON_H

#include "pv/os.h"

struct balloon {
    uint64_t pages;  /* that the domain has */
    uint64_t target; /* that it should have, within the bounds below */
    uint64_t least, most;
    struct os_watch watch;
    struct os_timer timer;
};

/**
 * Begin to follow the target.
 *
 * @pages  that the domain has now
 * @least  it never goes below
 * @most   it never goes above: for how many there is room
 *
 * Returns 0, or an error of the store.
 */
int balloon_open(struct balloon *balloon, uint64_t pages, uint64_t least,
                 uint64_t most);

/** Follow it no more. */
void balloon_close(struct balloon *balloon);

#endif
