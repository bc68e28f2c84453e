/* SPDX-License-Identifier: MIT */
/* How much memory a domain has, should have, may have. */
#ifndef TOOLSTACK_MEMORY_TARGET_H
#define TOOLSTACK_MEMORY_TARGET_H

#include <stdint.h>

#include "public/types.h"

#include "lib/privcmd.h"
#include "toolstack/store.h"

/* What a domain may have beyond its target, in KiB: room for its balloon
 * driver to err. */
#define MEMORY_SLACK_KIB 1024

/**
 * Read an amount of memory: a number with a unit b, k, m, g or t, or a bare
 * number of MiB.
 *
 * Returns 0; -EINVAL (USAGE).
 */
int memory_parse(const char *text, uint64_t *kib_out, struct error **err_out);

/**
 * Tell a guest how much memory it should have, and let it have as much.
 *
 * @kib  up to its maximum
 *
 * Returns 0; -EINVAL (USAGE) where it is above the maximum; -errno.
 * Source: xenstore /local/domain/<id>/memory/{target,static-max}.
 */
int memory_set_target(struct privcmd *p, struct store *s, domid_t domid,
                      uint64_t kib, struct error **err_out);

/**
 * Set the most that a guest may be told to have.
 *
 * Returns 0; -EINVAL (USAGE) where it is below the target; -errno.
 */
int memory_set_max(struct privcmd *p, struct store *s, domid_t domid,
                   uint64_t kib, struct error **err_out);

#endif
