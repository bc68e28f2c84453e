/* SPDX-License-Identifier: MIT */
/* The one loop: who wants to know of a descriptor, and is called then. */
#ifndef CONSOLED_POLLER_H
#define CONSOLED_POLLER_H

#include <stdint.h>

struct poller {
    int fd;
    /* EPOLLIN and the like; it may remove and free itself and others. */
    void (*ready)(struct poller *p, uint32_t events);
};

/* Begin. Returns 0; -errno. */
int poller_init(void);

/* Look at a descriptor from now on. Returns 0; -errno. */
int poller_add(struct poller *p, uint32_t events);
/* Look for other events. */
void poller_change(struct poller *p, uint32_t events);
/* No longer; also what this round has found is forgotten. */
void poller_remove(struct poller *p);

/**
 * One round: wait for events, call for each.
 *
 * @timeout_ms  -1: wait for ever
 */
void poller_round(int timeout_ms);

#endif
