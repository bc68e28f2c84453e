/* SPDX-License-Identifier: MIT */
/*
 * Asking for the end of what waits or takes long.
 *
 * Who starts work makes a token and hands it down; whoever waits looks at it
 * too, and work that goes in steps asks between them. A cancelled piece of work
 * undoes what it has begun, which is not cancelled any more, and fails with
 * CANCELLED. NULL stands for a token that nobody ever uses.
 */
#ifndef LIB_CANCEL_H
#define LIB_CANCEL_H

#include <stdbool.h>

#include "lib/error.h"

struct cancel;

/* Make a token. Returns 0; -errno (INTERNAL, NO_MEMORY). */
int cancel_new(struct cancel **c_out, struct error **err_out);
void cancel_free(struct cancel *c);

/* Ask for the end. A signal handler and another thread may do so. */
void cancel_request(struct cancel *c);

/* It has been asked for. */
bool cancel_requested(const struct cancel *c);

/* Returns 0; -ECANCELED (CANCELLED) if it has been asked for. */
int cancel_check(const struct cancel *c, struct error **err_out);

/* For poll(): readable from then on. -1, which poll() passes over, for NULL. */
int cancel_fd(const struct cancel *c);

#endif
