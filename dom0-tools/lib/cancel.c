/* SPDX-License-Identifier: MIT */
/* Tokens to cancel by; see cancel.h. */
#include "lib/cancel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct cancel {
    int fd; /* of an event, which becomes readable and stays so */
    volatile bool requested;
};

int cancel_new(struct cancel **c_out, struct error **err_out)
{
    struct cancel *c = calloc(1, sizeof(*c));
    int rc;

    if (!c)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->fd < 0) {
        rc = -errno;
        free(c);
        return error_set(err_out, ERROR_INTERNAL, rc, "eventfd: %s",
                         strerror(-rc));
    }
    *c_out = c;
    return 0;
}

void cancel_free(struct cancel *c)
{
    if (c) {
        close(c->fd);
        free(c);
    }
}

void cancel_request(struct cancel *c)
{
    int saved = errno;

    c->requested = true;
    /* The counter is full only after 2^64 requests. */
    if (eventfd_write(c->fd, 1))
        errno = saved;
}

bool cancel_requested(const struct cancel *c)
{
    return c && c->requested;
}

int cancel_check(const struct cancel *c, struct error **err_out)
{
    return cancel_requested(c)
               ? error_set(err_out, ERROR_CANCELLED, -ECANCELED, "cancelled")
               : 0;
}

int cancel_fd(const struct cancel *c)
{
    return c ? c->fd : -1;
}
