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

/** Supplied by the main loop: poll a descriptor for EPOLL*. */
void poller_add(struct poller *p, uint32_t events);
void poller_change(struct poller *p, uint32_t events);

/**
 * Open a socket that listens at a path, for this user only; what is there is
 * replaced.
 *
 * Returns the descriptor, or -errno.
 */
int conn_socket_bind(const char *path);

/** Take clients from a listening socket. */
void conn_socket_serve(int listen_fd);

/** The listening socket. */
int conn_socket_listener(void);

/** Serve a client that is connected already. */
struct conn *conn_socket_new(int fd);

/** A client's descriptor; -1 if it comes another way. */
int conn_socket_fd(const struct conn *c);

#endif
