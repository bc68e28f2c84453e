/* SPDX-License-Identifier: MIT */
/* Changes of a transaction that are kept, to be sent together. */
#ifndef TOOLSTACK_STORE_BATCH_H
#define TOOLSTACK_STORE_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "xenstore/client/batch.h"

struct store_batch {
    struct xs_batch_item
        *item; /* path and data are copies, in one piece each */
    unsigned int nr, room;
};

/* Keep a request. Returns false where there is no memory. */
bool store_batch_add(struct store_batch *b, uint32_t type, const char *path,
                     const void *data, size_t len);

/**
 * Send all that are kept and forget them.
 *
 * @failed  path of the first that failed, which the caller frees; or NULL
 *
 * Returns 0; the errno of that one. To remove what is not there is no failure.
 */
int store_batch_run(struct store_batch *b, struct xs_handle *xs,
                    xs_transaction_t t, char **failed);

/* Forget them. */
void store_batch_free(struct store_batch *b);

#endif
