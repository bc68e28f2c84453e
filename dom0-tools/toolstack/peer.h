/* SPDX-License-Identifier: MIT */
/* A command whose input and output are the way to another host. */
#ifndef TOOLSTACK_PEER_H
#define TOOLSTACK_PEER_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/cancel.h"
#include "lib/error.h"

struct peer {
    int in;  /* what it says */
    int out; /* what it is told */
    pid_t pid;
};

/**
 * Start a command line by sh.
 *
 * Returns 0; -errno (INTERNAL).
 */
int peer_start(struct peer *peer, const char *command, struct error **err_out);

/* Close the connection and wait for the command's end. */
void peer_end(struct peer *peer);

/**
 * Read until there are `size` bytes.
 *
 * @cancel  ends the wait; may be NULL
 *
 * Returns 0; -ECONNRESET (MIGRATION) where the connection ends before;
 *         -ECANCELED (CANCELLED).
 */
int peer_read(int fd, void *data, size_t size, const struct cancel *cancel,
              struct error **err_out);

/* Write all in one go: where this fails, the other end can't have all of it.
 * Returns 0; -errno (MIGRATION). */
int peer_write(int fd, const void *data, size_t size, struct error **err_out);

#endif
