/* SPDX-License-Identifier: MIT */
/* Waiting for a reply, awake for a while. */
#ifndef XENSTORE_CLIENT_LOOK_H
#define XENSTORE_CLIENT_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct look {
    bool never;         /* there is but one CPU */
    uint64_t resume_at; /* when to look again, in ns */
    uint64_t pause_ns;  /* the last pause; 0: none */
};

/** Set up for a new connection. */
void xs_look_init(struct look *l);

/**
 * Look for a reply on a socket, as long as that has a point.
 *
 * Returns as recv() does; -1 and EAGAIN: sleep.
 */
ssize_t xs_look(struct look *l, int fd, void *buf, size_t size);

#endif
