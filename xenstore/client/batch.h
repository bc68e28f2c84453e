/* SPDX-License-Identifier: MIT */
/*
 * Many requests at once: they are sent together, and only then are their
 * replies waited for. It takes two turns of the daemon's where one by one it
 * takes two for each request. This is for who links the library statically; the
 * shared one exports what the stock one does, and no more.
 */
#ifndef XENSTORE_CLIENT_BATCH_H
#define XENSTORE_CLIENT_BATCH_H

#include <stdint.h>

#include <xenstore.h>

struct xs_batch_item {
    uint32_t type; /* XS_READ, XS_WRITE, XS_RM, XS_SET_PERMS: any with a path */
    const char *path;
    const void *data; /* behind the path's NUL; NULL: nothing */
    unsigned int len;
    /* Set by xs_batch(): */
    int error;   /* errno, or 0 */
    char *reply; /* without an error: its payload and a NUL, for free() */
};

/**
 * Do all of them, in this order, whether or not some fail.
 *
 * Returns 0; an errno, and then none of them has a reply: the connection is
 *         gone, or an item is too long.
 */
int xs_batch(struct xs_handle *h, xs_transaction_t t,
             struct xs_batch_item *items, unsigned int nr);

#endif
