/* SPDX-License-Identifier: MIT */
/*
 * The store as the toolstack uses it: paths are printf-like, values are texts,
 * errors are struct error.
 */
#ifndef TOOLSTACK_STORE_H
#define TOOLSTACK_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

struct store;

/**
 * Connect to the store daemon.
 *
 * Returns 0; -errno with STORE where it does not answer, PERMISSION where the
 *         caller may not talk to it.
 */
int store_open(struct store **s_out, struct error **err_out);

/* End the connection; NULL is let pass. */
void store_close(struct store *s);

/**
 * Read a node.
 *
 * @value_out  text that the caller frees, NULL where there is no such node
 *
 * Returns 0, also where there is no such node; -errno (STORE).
 */
int store_read(struct store *s, char **value_out, struct error **err_out,
               const char *path, ...) __attribute__((format(printf, 4, 5)));

/*
 * Answers whether what is waited for is there: 1 yes, 0 not yet, or a negative
 * errno with an error stored, which ends the waiting.
 */
typedef int store_done_fn(void *ctx, struct error **err_out);

/**
 * Wait until done() says yes. It is asked at once, and again after each change
 * of the node or below it.
 *
 * @path        a node, or "@releaseDomain"
 * @timeout_ms  -1: for ever
 *
 * Returns 0; -ETIMEDOUT without an error; the error of done(); -errno (STORE).
 */
int store_wait(struct store *s, const char *path, int timeout_ms,
               store_done_fn *done, void *ctx, struct error **err_out);

/* Write a node, and make what is missing above it. Returns 0; -errno. */
int store_write(struct store *s, const char *value, struct error **err_out,
                const char *path, ...) __attribute__((format(printf, 4, 5)));

#endif
