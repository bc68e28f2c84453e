/* SPDX-License-Identifier: MIT */
/* Pools of CPUs: their names, which only the store has. */
#ifndef TOOLSTACK_POOL_H
#define TOOLSTACK_POOL_H

#include "toolstack/store.h"

/**
 * Name of a pool, or "Pool-<id>" where the store has none.
 *
 * @name_out  text that the caller frees
 *
 * Returns 0, or -errno.
 * Source: xenstore /local/pool/<id>/name.
 */
int pool_name(struct store *s, unsigned int id, char **name_out,
              struct error **err_out);

#endif
