/* SPDX-License-Identifier: MIT */
/* The end of a domain. */
#ifndef TOOLSTACK_DESTROY_H
#define TOOLSTACK_DESTROY_H

#include "public/types.h"

#include "lib/privcmd.h"
#include "toolstack/store.h"

/**
 * Destroy a domain and remove its part of the store. Goes on after a failure,
 * so that as little as possible is left.
 *
 * Returns 0; -ESRCH (NO_DOMAIN); or the first error.
 */
int destroy_run(struct privcmd *p, struct store *s, domid_t domid,
                struct error **err_out);

#endif
