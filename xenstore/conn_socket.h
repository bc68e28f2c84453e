/* SPDX-License-Identifier: MIT */
/* Clients in the same domain, by a local socket: all of them are dom0. */
#ifndef XENSTORE_CONN_SOCKET_H
#define XENSTORE_CONN_SOCKET_H

#include "conn.h"

/** A descriptor of the main loop, and what to do when it is ready. */
struct poller {
    void (*ready)(struct poller *p, uint32_t events);
    int fd;
};

/** Supplied by the main loop: poll a descriptor, edge-triggered. */
void poller_add(struct poller *p, uint32_t events);
void poller_change(struct poller *p, uint32_t events);

/**
 * Listen at a path; what is there is replaced.
 *
 * Returns 0 or -errno.
 */
int conn_socket_listen(const char *path);

#endif
