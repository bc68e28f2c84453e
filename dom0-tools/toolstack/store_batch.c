/* SPDX-License-Identifier: MIT */
/* Requests that are sent together; see store_batch.h. */
#include "toolstack/store_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool store_batch_add(struct store_batch *b, uint32_t type, const char *path,
                     const void *data, size_t len)
{
    size_t path_size = strlen(path) + 1;
    struct xs_batch_item *longer;
    char *copy;

    if (b->nr == b->room) {
        longer = realloc(b->item, (b->room + 64) * sizeof(*longer));
        if (!longer)
            return false;
        b->item = longer;
        b->room += 64;
    }
    copy = malloc(path_size + len);
    if (!copy)
        return false;
    memcpy(copy, path, path_size);
    if (len)
        memcpy(copy + path_size, data, len);
    b->item[b->nr++] = (struct xs_batch_item){.type = type,
                                              .path = copy,
                                              .data = copy + path_size,
                                              .len = (unsigned int)len};
    return true;
}

static bool has_failed(const struct xs_batch_item *item)
{
    return item->error && !(item->type == XS_RM && item->error == ENOENT);
}

int store_batch_run(struct store_batch *b, struct xs_handle *xs,
                    xs_transaction_t t, char **failed)
{
    int error = xs_batch(xs, t, b->item, b->nr);
    unsigned int i, first = 0;

    *failed = NULL;
    for (i = 0; i < b->nr && !error; i++)
        if (has_failed(&b->item[i])) {
            error = b->item[i].error;
            first = i;
        }
    if (error && b->nr)
        *failed = strdup(b->item[first].path);
    store_batch_free(b);
    return error;
}

void store_batch_free(struct store_batch *b)
{
    unsigned int i;

    for (i = 0; i < b->nr; i++) {
        free(b->item[i].reply);
        free((char *)b->item[i].path);
    }
    free(b->item);
    *b = (struct store_batch){0};
}
