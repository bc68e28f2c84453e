/* SPDX-License-Identifier: MIT */
/* The store through libxenstore. A store that goes away ends the process. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

static struct xs_handle *xs;
static struct port_poller poller = {.fd = -1};

/* Those that are set, by the number that is their token. */
static struct os_watch **watches;
static unsigned int nr_watches;

static int fail(void)
{
    if (errno == EBADF || errno == EIO) {
        os_log("xenstore: the connection is lost");
        exit(1);
    }
    return -errno;
}

static void deliver(char **event)
{
    unsigned long token = strtoul(event[XS_WATCH_TOKEN], NULL, 10);
    struct os_watch *watch = token < nr_watches ? watches[token] : NULL;

    if (watch)
        watch->fn(watch->arg, event[XS_WATCH_PATH]);
}

static void ready(void *arg)
{
    char **event;

    (void)arg;
    while ((event = xs_check_watch(xs))) {
        deliver(event);
        free(event);
    }
    if (errno != EAGAIN)
        fail();
}

int port_store_open(void)
{
    xs = xs_open(0);
    if (!xs)
        return -errno;
    poller = (struct port_poller){.fd = xs_fileno(xs), .ready = ready};
    return port_poll(&poller);
}

int os_store_read(uint32_t transaction, const char *path, char *value,
                  size_t size)
{
    unsigned int length;
    char *text = xs_read(xs, transaction, path, &length);
    int rc = 0;

    if (!text)
        return fail();
    if (strlen(text) < size)
        memcpy(value, text, strlen(text) + 1);
    else
        rc = -E2BIG;
    free(text);
    return rc;
}

int os_store_write(uint32_t transaction, const char *path, const char *value)
{
    return xs_write(xs, transaction, path, value, (unsigned int)strlen(value))
               ? 0
               : fail();
}

int os_store_remove(uint32_t transaction, const char *path)
{
    return xs_rm(xs, transaction, path) ? 0 : fail();
}

int os_store_list(const char *path, char *names, size_t size)
{
    unsigned int nr;
    char **list = xs_directory(xs, XBT_NULL, path, &nr), *at = names;
    int rc = (int)nr;

    if (!list)
        return fail();
    for (unsigned int i = 0; i < nr && rc >= 0; i++) {
        size_t length = strlen(list[i]) + 1;

        if (length > size - (size_t)(at - names)) {
            rc = -E2BIG;
            break;
        }
        memcpy(at, list[i], length);
        at += length;
    }
    free(list);
    return rc;
}

int os_store_begin(uint32_t *transaction_out)
{
    xs_transaction_t t = xs_transaction_start(xs);

    if (t == XBT_NULL)
        return fail();
    *transaction_out = t;
    return 0;
}

int os_store_end(uint32_t transaction, bool abort)
{
    return xs_transaction_end(xs, transaction, abort) ? 0 : fail();
}

static int find_place(unsigned int *place_out)
{
    struct os_watch **more;
    unsigned int place = 0;

    while (place < nr_watches && watches[place])
        place++;
    if (place == nr_watches) {
        more = realloc(watches, (nr_watches + 64) * sizeof(*watches));
        if (!more)
            return -ENOMEM;
        memset(more + nr_watches, 0, 64 * sizeof(*watches));
        watches = more;
        nr_watches += 64;
    }
    *place_out = place;
    return 0;
}

int os_store_watch(struct os_watch *watch)
{
    char token[16];
    unsigned int place;
    int rc = find_place(&place);

    if (rc)
        return rc;
    snprintf(token, sizeof(token), "%u", place);
    watches[place] = watch;
    if (xs_watch(xs, watch->path, token))
        return 0;
    watches[place] = NULL;
    return fail();
}

/* An event of it that is still on its way is nobody's, unless the number is
 * used again: then that watch looks once more. */
void os_store_unwatch(struct os_watch *watch)
{
    char token[16];

    for (unsigned int i = 0; i < nr_watches; i++) {
        if (watches[i] != watch)
            continue;
        snprintf(token, sizeof(token), "%u", i);
        watches[i] = NULL;
        if (!xs_unwatch(xs, watch->path, token))
            fail();
    }
}
