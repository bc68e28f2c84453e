/* SPDX-License-Identifier: MIT */
/*
 * A process of its own for work on much of another domain's memory. When it
 * ends, the kernel takes down its address space as a whole, which is far
 * cheaper than to end each foreign mapping by itself; and what goes wrong with
 * hostile input in there leaves the program that waits to tidy up.
 */
#ifndef LIB_WORKER_H
#define LIB_WORKER_H

#include <stddef.h>

#include "lib/cancel.h"
#include "lib/error.h"

/**
 * Run a function in a process of its own and wait for its end. What it changes
 * in memory stays there, but for memory of worker_shared().
 *
 * @cancel  ends the worker; may be NULL
 *
 * Returns what it returns, with its error flattened to one link; -ECANCELED
 *         (CANCELLED); -EIO (INTERNAL) where it has died; -errno (INTERNAL).
 */
int worker_run(int (*run)(void *ctx, struct error **err_out), void *ctx,
               const struct cancel *cancel, struct error **err_out);

/**
 * Zeroed memory that a worker and its caller share; only what is touched costs
 * anything.
 *
 * Returns NULL where there is none.
 */
void *worker_shared(size_t size);
void worker_shared_free(void *memory, size_t size);

#endif
