/* SPDX-License-Identifier: MIT */
/* Many requests at once; see batch.h. */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handle.h"

/* Requests that are under way at a time: neither side's buffers fill up. */
#define WINDOW     32
#define WINDOW_LEN (WINDOW * 512)

/* What is under way. */
struct window {
    struct waiter waiter[WINDOW];
    unsigned int nr;
    size_t len;
    char *buf; /* WINDOW_LEN, and room for the longest message */
};

/* Take one more; false if it is too long. */
static bool window_add(struct xs_handle *h, struct window *w,
                       xs_transaction_t t, const struct xs_batch_item *item)
{
    const struct xsd_sockmsg head = {.type = item->type, .tx_id = t};
    const struct iovec iov[] = {
        {(void *)item->path, strlen(item->path) + 1},
        {(void *)item->data, item->data ? item->len : 0},
    };
    struct waiter *waiter = &w->waiter[w->nr];
    size_t len = xs_build(w->buf + w->len, &head, iov, 2);

    if (!len)
        return false;
    *waiter =
        (struct waiter){.cond = PTHREAD_COND_INITIALIZER, .type = item->type};
    if (xs_add_waiter(h, waiter))
        xs_set_req_id(w->buf + w->len, waiter->req_id);
    w->len += len;
    w->nr++;
    return true;
}

/* Send what was taken and wait for the replies. */
static void window_run(struct xs_handle *h, struct window *w,
                       struct xs_batch_item *items)
{
    unsigned int i;

    xs_send(h, w->buf, w->len);
    for (i = 0; i < w->nr; i++) {
        if (!w->waiter[i].error)
            xs_wait_for_reply(h, &w->waiter[i]);
        pthread_cond_destroy(&w->waiter[i].cond);
        items[i].error = w->waiter[i].error;
        items[i].reply = w->waiter[i].reply;
    }
    w->nr = 0;
    w->len = 0;
}

static int windows_run(struct xs_handle *h, struct window *w,
                       xs_transaction_t t, struct xs_batch_item *items,
                       unsigned int nr)
{
    unsigned int first = 0, i;

    for (i = 0; i < nr; i++) {
        if (!window_add(h, w, t, &items[i]))
            break;
        /* Linux's device takes one message by a write. */
        if (!h->is_socket || w->nr == WINDOW || w->len >= WINDOW_LEN) {
            window_run(h, w, items + first);
            first = i + 1;
        }
    }
    if (w->nr)
        window_run(h, w, items + first);
    return i < nr ? E2BIG : 0;
}

int xs_batch(struct xs_handle *h, xs_transaction_t t,
             struct xs_batch_item *items, unsigned int nr)
{
    struct window w = {
        .buf = malloc(WINDOW_LEN + sizeof(struct xsd_sockmsg) +
                      XENSTORE_PAYLOAD_MAX),
    };
    unsigned int i;
    int error, state;

    for (i = 0; i < nr; i++)
        items[i].reply = NULL;
    if (!w.buf)
        return ENOMEM;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    error = windows_run(h, &w, t, items, nr);
    pthread_setcancelstate(state, NULL);
    free(w.buf);
    for (i = 0; error && i < nr; i++) {
        free(items[i].reply);
        items[i].reply = NULL;
    }
    return error;
}
