/* SPDX-License-Identifier: MIT */
/*
 * Buffers that the kernel knows: it has looked up their pages once, where it
 * looks up those of any other memory for each I/O that goes past the page
 * cache. That costs more than to copy the data, above all where they belong to
 * another domain.
 */
#ifndef BLKD_POOL_H
#define BLKD_POOL_H

#include <liburing.h>
#include <stdbool.h>

/** Make them, and register them as the ring's buffer 0. If that is refused,
 * there are none. */
void pool_open(struct io_uring *ring);

/** Pages side by side; NULL: there are none so large, or none left. */
void *pool_take(unsigned int nr_pages);
void pool_give(void *pages);

/** Is this one of them? */
bool pool_has(const void *pages);

#endif
