/* SPDX-License-Identifier: MIT */
/* The store through its client library; see store.h. */
#include "toolstack/store.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

#include "toolstack/store_batch.h"

#define MAX_PATH 3072 /* of an absolute path, with its NUL */

struct store {
    struct xs_handle *xs;
    xs_transaction_t transaction; /* that is open, or XBT_NULL */
    struct store_batch batch;     /* its changes that are not sent yet */
    const struct cancel *cancel;  /* of waits, or NULL */
};

int store_open(struct store **s_out, struct error **err_out)
{
    struct store *s = calloc(1, sizeof(*s));
    int rc;

    if (!s)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    s->xs = xs_open(0);
    if (s->xs) {
        *s_out = s;
        return 0;
    }
    rc = errno ? -errno : -EIO;
    free(s);
    if (rc == -EACCES || rc == -EPERM) {
        error_set(err_out, ERROR_PERMISSION, rc, "xenstore: %s", strerror(-rc));
        return error_hint(err_out, "run this as root");
    }
    error_set(err_out, ERROR_STORE, rc, "xenstore: no daemon answers: %s",
              strerror(-rc));
    return error_hint(err_out, "start xenstored");
}

const struct cancel *store_cancel(const struct store *s)
{
    return s->cancel;
}

const struct cancel *store_set_cancel(struct store *s,
                                      const struct cancel *cancel)
{
    const struct cancel *before = s->cancel;

    s->cancel = cancel;
    return before;
}

void store_close(struct store *s)
{
    if (s) {
        xs_close(s->xs);
        free(s);
    }
}

static int store_fail(struct error **err_out, const char *what,
                      const char *path)
{
    int rc = errno ? -errno : -EIO;

    return error_set(err_out, ERROR_STORE, rc, "xenstore: can't %s %s: %s",
                     what, path, strerror(-rc));
}

/* Make a path of a format; false if it is too long. */
static bool path_make(char *path, const char *format, va_list args)
{
    int len = vsnprintf(path, MAX_PATH, format, args);

    return len > 0 && len < MAX_PATH;
}

static int path_fail(struct error **err_out)
{
    return error_set(err_out, ERROR_STORE, -ENAMETOOLONG,
                     "xenstore: path is too long");
}

static int no_memory(struct error **err_out)
{
    return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

/* Send the changes that a transaction has kept so far. */
static int changes_flush(struct store *s, struct error **err_out)
{
    char *failed;
    int error = store_batch_run(&s->batch, s->xs, s->transaction, &failed);
    int rc = 0;

    if (error) {
        errno = error;
        rc = store_fail(err_out, "write", failed ? failed : "the tree");
    }
    free(failed);
    return rc;
}

int store_read(struct store *s, char **value_out, struct error **err_out,
               const char *format, ...)
{
    char path[MAX_PATH];
    va_list args;
    bool fits;

    va_start(args, format);
    fits = path_make(path, format, args);
    va_end(args);
    if (!fits)
        return path_fail(err_out);
    if (s->batch.nr) {
        int rc = changes_flush(s, err_out);

        if (rc)
            return rc;
    }
    *value_out = xs_read(s->xs, s->transaction, path, NULL);
    if (!*value_out && errno != ENOENT)
        return store_fail(err_out, "read", path);
    return 0;
}

int store_read_names(struct store *s, const unsigned int *domids, size_t nr,
                     char **names_out, struct error **err_out)
{
    struct store_batch b = {0};
    int error = 0, rc = 0;
    char path[64];
    size_t i;

    for (i = 0; i < nr && !rc; i++) {
        names_out[i] = NULL;
        snprintf(path, sizeof(path), "/local/domain/%u/name", domids[i]);
        if (!store_batch_add(&b, XS_READ, path, NULL, 0))
            rc = no_memory(err_out);
    }
    if (!rc)
        error = xs_batch(s->xs, s->transaction, b.item, b.nr);
    for (i = 0; i < b.nr && !rc && !error; i++) {
        names_out[i] = b.item[i].reply;
        b.item[i].reply = NULL;
        if (b.item[i].error && b.item[i].error != ENOENT)
            error = b.item[i].error;
    }
    if (error) {
        errno = error;
        rc = store_fail(err_out, "read", "the names of domains");
        for (i = 0; i < nr; i++)
            free(names_out[i]);
    }
    store_batch_free(&b);
    return rc;
}

static int node_write(struct store *s, const char *path, const char *value,
                      struct error **err_out)
{
    size_t len = strlen(value);

    if (s->transaction != XBT_NULL)
        return store_batch_add(&s->batch, XS_WRITE, path, value, len)
                   ? 0
                   : no_memory(err_out);
    return xs_write(s->xs, XBT_NULL, path, value, (unsigned int)len)
               ? 0
               : store_fail(err_out, "write", path);
}

/* A node's rights, as the daemon takes them: texts, each with its NUL. */
static int rights_set(struct store *s, const char *path,
                      const struct store_rights *rights, struct error **err_out)
{
    struct xs_permissions perms[] = {
        {.id = rights->owner, .perms = XS_PERM_NONE},
        {.id = rights->reader, .perms = XS_PERM_READ},
    };
    bool alone = rights->reader == rights->owner;
    char text[40];
    int len;

    if (s->transaction == XBT_NULL)
        return xs_set_permissions(s->xs, XBT_NULL, path, perms, alone ? 1 : 2)
                   ? 0
                   : store_fail(err_out, "set the rights of", path);
    len = snprintf(text, sizeof(text), "n%u", rights->owner) + 1;
    if (!alone)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "r%u",
                        rights->reader) +
               1;
    return store_batch_add(&s->batch, XS_SET_PERMS, path, text, (size_t)len)
               ? 0
               : no_memory(err_out);
}

int store_write(struct store *s, const char *value, struct error **err_out,
                const char *format, ...)
{
    char path[MAX_PATH];
    va_list args;
    bool fits;

    va_start(args, format);
    fits = path_make(path, format, args);
    va_end(args);
    return fits ? node_write(s, path, value, err_out) : path_fail(err_out);
}

int store_write_for(struct store *s, const char *value,
                    struct store_rights rights, struct error **err_out,
                    const char *format, ...)
{
    char path[MAX_PATH];
    va_list args;
    bool fits;
    int rc;

    va_start(args, format);
    fits = path_make(path, format, args);
    va_end(args);
    if (!fits)
        return path_fail(err_out);
    rc = node_write(s, path, value, err_out);
    if (!rc)
        rc = rights_set(s, path, &rights, err_out);
    return rc;
}

int store_remove(struct store *s, struct error **err_out, const char *format,
                 ...)
{
    char path[MAX_PATH];
    va_list args;
    bool fits;

    va_start(args, format);
    fits = path_make(path, format, args);
    va_end(args);
    if (!fits)
        return path_fail(err_out);
    if (s->transaction != XBT_NULL)
        return store_batch_add(&s->batch, XS_RM, path, NULL, 0)
                   ? 0
                   : no_memory(err_out);
    if (!xs_rm(s->xs, XBT_NULL, path) && errno != ENOENT)
        return store_fail(err_out, "remove", path);
    return 0;
}

int store_list(struct store *s, char ***names_out, unsigned int *nr_out,
               struct error **err_out, const char *format, ...)
{
    char path[MAX_PATH];
    va_list args;
    bool fits;

    va_start(args, format);
    fits = path_make(path, format, args);
    va_end(args);
    if (!fits)
        return path_fail(err_out);
    *nr_out = 0;
    *names_out = NULL;
    if (s->batch.nr) {
        int rc = changes_flush(s, err_out);

        if (rc)
            return rc;
    }
    *names_out = xs_directory(s->xs, s->transaction, path, nr_out);
    if (!*names_out && errno != ENOENT)
        return store_fail(err_out, "list", path);
    return 0;
}

/* One try; -EAGAIN where others were in between. */
static int transaction_try(struct store *s, store_change_fn *change, void *ctx,
                           struct error **err_out)
{
    xs_transaction_t t = xs_transaction_start(s->xs);
    int rc;

    if (t == XBT_NULL)
        return store_fail(err_out, "begin", "a transaction");
    s->transaction = t;
    rc = change(s, ctx, err_out);
    if (!rc && s->batch.nr)
        rc = changes_flush(s, err_out);
    store_batch_free(&s->batch);
    s->transaction = XBT_NULL;
    if (rc) {
        xs_transaction_end(s->xs, t, true);
        return rc;
    }
    if (xs_transaction_end(s->xs, t, false))
        return 0;
    return errno == EAGAIN ? -EAGAIN
                           : store_fail(err_out, "end", "a transaction");
}

int store_transaction(struct store *s, store_change_fn *change, void *ctx,
                      struct error **err_out)
{
    int rc;

    do
        rc = transaction_try(s, change, ctx, err_out);
    while (rc == -EAGAIN);
    return rc;
}

int store_introduce(struct store *s, unsigned int domid, uint64_t mfn,
                    unsigned int port, struct error **err_out)
{
    char which[32];

    snprintf(which, sizeof(which), "domain %u", domid);
    return xs_introduce_domain(s->xs, domid, mfn, port)
               ? 0
               : store_fail(err_out, "connect", which);
}

int store_resume(struct store *s, unsigned int domid, struct error **err_out)
{
    char which[32];

    snprintf(which, sizeof(which), "domain %u", domid);
    return xs_resume_domain(s->xs, domid)
               ? 0
               : store_fail(err_out, "resume", which);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Drop the events that are there; an error if the daemon has gone. */
static int events_drain(struct store *s, const char *path,
                        struct error **err_out)
{
    char **event;

    while ((event = xs_check_watch(s->xs)))
        free(event);
    return errno == EAGAIN ? 0 : store_fail(err_out, "watch", path);
}

/* Sleep until something happens, or for `left` ms; -1: for ever. */
static int events_await(struct store *s, int64_t left)
{
    struct pollfd fds[] = {
        {.fd = xs_fileno(s->xs), .events = POLLIN},
        {.fd = cancel_fd(s->cancel), .events = POLLIN},
    };
    int rc = poll(fds, 2, (int)left);

    return rc == 0 && left >= 0 ? -ETIMEDOUT : 0;
}

int store_wait(struct store *s, const char *path, int timeout_ms,
               store_done_fn *done, void *ctx, struct error **err_out)
{
    int64_t deadline = now_ms() + timeout_ms, left = -1;
    int rc;

    if (!xs_watch(s->xs, path, "wait"))
        return store_fail(err_out, "watch", path);
    for (;;) {
        rc = events_drain(s, path, err_out);
        if (!rc)
            rc = done(ctx, err_out);
        if (!rc)
            rc = cancel_check(s->cancel, err_out);
        if (rc)
            break;
        if (timeout_ms >= 0) {
            left = deadline - now_ms();
            left = left > 0 ? left : 0;
        }
        rc = events_await(s, left);
        if (rc)
            break;
    }
    xs_unwatch(s->xs, path, "wait");
    return rc > 0 ? 0 : rc;
}

int store_control(struct store *s, const char *const *words, size_t nr,
                  char **reply_out, struct error **err_out)
{
    char data[256];
    size_t len = 0, i;

    for (i = 1; i < nr; i++) {
        size_t size = strlen(words[i]) + 1;

        if (size > sizeof(data) - len)
            return path_fail(err_out);
        memcpy(data + len, words[i], size);
        len += size;
    }
    *reply_out = xs_control_command(s->xs, words[0], data, (unsigned int)len);
    return *reply_out ? 0 : store_fail(err_out, "do the command", words[0]);
}
