/* SPDX-License-Identifier: MIT */
/* The socket of one console, in place of a terminal; see protocol.h. */
#ifndef CONSOLED_CHANNEL_SOCKET_H
#define CONSOLED_CHANNEL_SOCKET_H

#include "consoled/guest.h"

/* Listen for clients of this console. Returns 0; -errno. */
int channel_socket_open(struct guest *g);

/* No more of them. The one that is there has the rest of the output first. */
void channel_socket_close(struct guest *g);

/**
 * Listen at a socket of the daemon's folder, which only root may use.
 *
 * @name  of it; one that is there already is replaced
 *
 * Returns a descriptor; -errno.
 */
int socket_listen(const struct consoled *d, const char *name, int backlog);

#endif
