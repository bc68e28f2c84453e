/* SPDX-License-Identifier: MIT */
/* One function per request; watches have a file of their own. */
#include "handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Digits of a 64-bit number, its sign and NUL. */
#define NUMBER_SIZE 24

/* A string with its NUL. */
static struct iovec text(const char *s)
{
    return (struct iovec){(void *)s, strlen(s) + 1};
}

/* ---- requests that are answered by "OK" ---- */

static bool done(char *reply)
{
    free(reply);
    return reply != NULL;
}

static bool ask_ok(struct xs_handle *h, uint32_t type, xs_transaction_t t,
                   const char *arg)
{
    struct iovec iov = text(arg);

    return done(xs_exchange(h, type, t, &iov, 1, NULL));
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
              const void *data, unsigned int len)
{
    const struct iovec iov[] = {text(path), {(void *)data, len}};

    return done(xs_exchange(h, XS_WRITE, t, iov, 2, NULL));
}

/* A daemon may say EEXIST for a node that is there. */
bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return ask_ok(h, XS_MKDIR, t, path) || errno == EEXIST;
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
    return ask_ok(h, XS_RM, t, path);
}

bool xs_restrict(struct xs_handle *h, unsigned int domid)
{
    (void)h, (void)domid;
    errno = EOPNOTSUPP;
    return false;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
    return ask_ok(h, XS_TRANSACTION_END, t, abort ? "F" : "T");
}

/* ---- reading ---- */

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
              unsigned int *len)
{
    struct iovec iov = text(path);

    return xs_exchange(h, XS_READ, t, &iov, 1, len);
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
    struct iovec iov = text("");
    char *reply = xs_exchange(h, XS_TRANSACTION_START, XBT_NULL, &iov, 1, NULL);
    xs_transaction_t t = XBT_NULL;

    if (reply)
        t = (xs_transaction_t)strtoul(reply, NULL, 10);
    free(reply);
    return t;
}

/* What is gathered of a list of names. */
struct names {
    char *text; /* len bytes, names with their NULs */
    size_t len;
};

static bool append(struct names *names, const char *part, size_t len)
{
    char *text = realloc(names->text, names->len + len + 1);

    if (!text)
        return false;
    memcpy(text + names->len, part, len);
    names->text = text;
    names->len += len;
    return true;
}

/*
 * One part of a list: the node's generation, then names; an empty one is behind
 * the last. Returns 1 if more parts follow, 0 if not, -1 on an error, EAGAIN if
 * the node's generation is none of its old ones.
 */
static int get_part(struct xs_handle *h, xs_transaction_t t, const char *path,
                    struct names *names, char generation[NUMBER_SIZE])
{
    char offset[NUMBER_SIZE];
    struct iovec iov[2];
    unsigned int len;
    char *reply;
    size_t gen_size, rest;
    int rc = -1;

    snprintf(offset, sizeof(offset), "%zu", names->len);
    iov[0] = text(path);
    iov[1] = text(offset);
    reply = xs_exchange(h, XS_DIRECTORY_PART, t, iov, 2, &len);
    if (!reply)
        return -1;
    gen_size = strlen(reply) + 1;
    if (gen_size > len || gen_size > NUMBER_SIZE) {
        errno = EIO;
        goto out;
    }
    if (names->len && strcmp(generation, reply) != 0) {
        errno = EAGAIN;
        goto out;
    }
    memcpy(generation, reply, gen_size);
    rest = len - gen_size;
    rc = 1;
    /* Two NULs, or one alone: the empty name. */
    if (rest && !reply[len - 1] && (rest == 1 || !reply[len - 2])) {
        rest--;
        rc = 0;
    }
    if (rc && !rest) {
        errno = EIO; /* would go on for ever */
        rc = -1;
    } else if (!append(names, reply + gen_size, rest)) {
        rc = -1;
    }
out:
    free(reply);
    return rc;
}

static bool get_parts(struct xs_handle *h, xs_transaction_t t, const char *path,
                      struct names *names)
{
    char generation[NUMBER_SIZE] = "";
    int rc;

    do {
        rc = get_part(h, t, path, names, generation);
        if (rc < 0 && errno == EAGAIN) {
            names->len = 0;
            rc = 1;
        }
    } while (rc > 0);
    return rc == 0;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
                    unsigned int *num)
{
    struct names names = {NULL, 0};
    struct iovec iov = text(path);
    char **list = NULL;
    unsigned int len;

    names.text = xs_exchange(h, XS_DIRECTORY, t, &iov, 1, &len);
    if (names.text) {
        names.len = len;
    } else if (errno != E2BIG || iov.iov_len > XENSTORE_PAYLOAD_MAX ||
               !get_parts(h, t, path, &names)) {
        free(names.text);
        return NULL;
    }
    list = xs_split(names.text, names.len, num);
    free(names.text);
    return list;
}

/* ---- permissions ---- */

struct xs_permissions *xs_get_permissions(struct xs_handle *h,
                                          xs_transaction_t t, const char *path,
                                          unsigned int *num)
{
    struct iovec iov = text(path);
    struct xs_permissions *perms = NULL;
    unsigned int len, nr = 0;
    char *reply = xs_exchange(h, XS_GET_PERMS, t, &iov, 1, &len);

    if (!reply)
        return NULL;
    for (unsigned int i = 0; i < len; i++)
        nr += !reply[i];
    perms = calloc(nr ? nr : 1, sizeof(*perms));
    if (perms && !xs_strings_to_perms(perms, nr, reply)) {
        free(perms);
        perms = NULL;
        errno = EIO;
    }
    free(reply);
    if (perms)
        *num = nr;
    return perms;
}

/* Returns the length without the NUL, or 0 for what has no letter. */
static size_t perm_to_text(const struct xs_permissions *perm,
                           char buf[NUMBER_SIZE])
{
    static const char letters[] = "nrwb"; /* by XS_PERM_READ | _WRITE */

    if (perm->perms & ~(unsigned int)(XS_PERM_READ | XS_PERM_WRITE))
        return 0;
    return (size_t)snprintf(buf, NUMBER_SIZE, "%c%u", letters[perm->perms],
                            perm->id);
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t,
                        const char *path, struct xs_permissions *perms,
                        unsigned int num_perms)
{
    char buf[XENSTORE_PAYLOAD_MAX + NUMBER_SIZE];
    struct iovec iov[2];
    size_t len = 0, n;

    for (unsigned int i = 0; i < num_perms; i++) {
        if (perms[i].perms & XS_PERM_IGNORE)
            continue;
        n = perm_to_text(&perms[i], buf + len);
        if (!n || len + n + 1 > XENSTORE_PAYLOAD_MAX) {
            errno = n ? E2BIG : EINVAL;
            return false;
        }
        len += n + 1;
    }
    iov[0] = text(path);
    iov[1] = (struct iovec){buf, len};
    return done(xs_exchange(h, XS_SET_PERMS, t, iov, 2, NULL));
}

/* ---- domains ---- */

static char *ask_domain(struct xs_handle *h, uint32_t type, unsigned int domid)
{
    char buf[NUMBER_SIZE];
    struct iovec iov;

    snprintf(buf, sizeof(buf), "%u", domid);
    iov = text(buf);
    return xs_exchange(h, type, XBT_NULL, &iov, 1, NULL);
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid,
                         unsigned long mfn, unsigned int eventchn)
{
    char buf[3][NUMBER_SIZE];
    struct iovec iov[3];

    snprintf(buf[0], NUMBER_SIZE, "%u", domid);
    snprintf(buf[1], NUMBER_SIZE, "%lu", mfn);
    snprintf(buf[2], NUMBER_SIZE, "%u", eventchn);
    for (int i = 0; i < 3; i++)
        iov[i] = text(buf[i]);
    return done(xs_exchange(h, XS_INTRODUCE, XBT_NULL, iov, 3, NULL));
}

bool xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target)
{
    char buf[2][NUMBER_SIZE];
    struct iovec iov[2];

    snprintf(buf[0], NUMBER_SIZE, "%u", domid);
    snprintf(buf[1], NUMBER_SIZE, "%u", target);
    for (int i = 0; i < 2; i++)
        iov[i] = text(buf[i]);
    return done(xs_exchange(h, XS_SET_TARGET, XBT_NULL, iov, 2, NULL));
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
    return done(ask_domain(h, XS_RESUME, domid));
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
    return done(ask_domain(h, XS_RELEASE, domid));
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
    return ask_domain(h, XS_GET_DOMAIN_PATH, domid);
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
    char *reply = ask_domain(h, XS_IS_DOMAIN_INTRODUCED, domid);
    bool introduced = reply && strcmp(reply, "T") == 0;

    free(reply);
    return introduced;
}

/* ---- the daemon itself ---- */

char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
                         unsigned int len)
{
    const struct iovec iov[] = {text(cmd), {data, len}};

    return xs_exchange(h, XS_CONTROL, XBT_NULL, iov, 2, NULL);
}

char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
                       unsigned int len)
{
    return xs_control_command(h, cmd, data, len);
}

int xs_suspend_evtchn_port(int domid)
{
    char path[64];
    struct xs_handle *h = xs_open(0);
    char *text = NULL;
    int port = -1, error;

    snprintf(path, sizeof(path),
             "/local/domain/%d/device/suspend/event-channel", domid);
    if (h)
        text = xs_read(h, XBT_NULL, path, NULL);
    error = errno;
    if (text)
        port = (int)strtol(text, NULL, 10);
    free(text);
    xs_close(h);
    errno = error;
    return port;
}
