/* SPDX-License-Identifier: MIT */
/* Reading and writing streams; see io.h. */
#include "stream/io.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/zeros.h"
#include "stream/format.h"

#define MAX_PIECES 1024 /* of one system call: IOV_MAX */

static int io_fail(const struct stream *s, const char *what, int rc,
                   struct error **err_out)
{
    error_set(err_out, ERROR_STREAM, rc, "can't %s %s: %s", what, s->name,
              strerror(-rc));
    return rc == -ENOSPC ? error_hint(err_out, "free some space, or name a "
                                               "file on another disk")
                         : rc;
}

/* Take away what was written. */
static void pieces_advance(struct iovec **piece, size_t *nr, size_t done)
{
    while (*nr && done >= (*piece)->iov_len) {
        done -= (*piece)->iov_len;
        (*piece)++;
        (*nr)--;
    }
    if (*nr) {
        (*piece)->iov_base = (char *)(*piece)->iov_base + done;
        (*piece)->iov_len -= done;
    }
}

int stream_writev(struct stream *s, struct iovec *piece, size_t nr,
                  struct error **err_out)
{
    pieces_advance(&piece, &nr, 0);
    while (nr) {
        ssize_t put =
            writev(s->fd, piece, (int)(nr < MAX_PIECES ? nr : MAX_PIECES));

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return io_fail(s, "write", -errno, err_out);
        pieces_advance(&piece, &nr, (size_t)put);
    }
    return 0;
}

int stream_write(struct stream *s, const void *data, size_t size,
                 struct error **err_out)
{
    struct iovec piece = {.iov_base = (void *)data, .iov_len = size};

    return stream_writev(s, &piece, 1, err_out);
}

int stream_hole(struct stream *s, size_t size, struct error **err_out)
{
    return lseek(s->fd, (off_t)size, SEEK_CUR) < 0
               ? io_fail(s, "write", -errno, err_out)
               : 0;
}

int stream_finish(struct stream *s, struct error **err_out)
{
    off_t end;

    if (!s->sparse)
        return 0;
    end = lseek(s->fd, 0, SEEK_CUR);
    return end < 0 || ftruncate(s->fd, end)
               ? io_fail(s, "write", -errno, err_out)
               : 0;
}

int stream_record(struct stream *s, uint32_t type, const void *head,
                  size_t head_size, const void *body, size_t body_size,
                  struct error **err_out)
{
    static const char zeros[8];
    struct record_header header = {type, (uint32_t)(head_size + body_size)};
    struct iovec piece[] = {
        {&header, sizeof(header)},
        {(void *)head, head_size},
        {(void *)body, body_size},
        {(void *)zeros, record_padding(head_size + body_size)},
    };

    return stream_writev(s, piece, 4, err_out);
}

int stream_read(struct stream *s, void *data, size_t size,
                struct error **err_out)
{
    char *to = data;

    while (size) {
        ssize_t got = read(s->fd, to, size);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io_fail(s, "read", -errno, err_out);
        if (got == 0)
            return error_set(err_out, ERROR_STREAM, -ENODATA,
                             "%s ends too early", s->name);
        to += got;
        size -= (size_t)got;
    }
    return 0;
}

/*
 * From the place `at` of a file: bytes of a hole, over which the file's offset
 * moves, then bytes of data; of both together up to `size`. False if it can't
 * be known.
 */
static bool extent_find(int fd, off_t at, size_t size, size_t *hole_out,
                        size_t *data_out)
{
    off_t end = at + (off_t)size, data = lseek(fd, at, SEEK_DATA), hole;

    if (data < 0)
        return false;
    if (data > end)
        data = end;
    hole = data < end ? lseek(fd, data, SEEK_HOLE) : end;
    if (hole > end)
        hole = end;
    if (hole <= at || lseek(fd, data, SEEK_SET) < 0) {
        lseek(fd, at, SEEK_SET);
        return false;
    }
    *hole_out = (size_t)(data - at);
    *data_out = (size_t)(hole - data);
    return true;
}

int stream_read_sparse(struct stream *s, void *data, size_t size,
                       struct error **err_out)
{
    off_t at = lseek(s->fd, 0, SEEK_CUR);
    size_t hole, part;
    char *to = data;
    int rc = 0;

    while (size && !rc && at >= 0 &&
           extent_find(s->fd, at, size, &hole, &part)) {
        memory_make_zero(to, hole);
        rc = stream_read(s, to + hole, part, err_out);
        at += (off_t)(hole + part);
        to += hole + part;
        size -= hole + part;
    }
    return rc ? rc : stream_read(s, to, size, err_out);
}

int stream_skip(struct stream *s, size_t size, struct error **err_out)
{
    char part[4096];
    int rc = 0;

    while (size && !rc) {
        size_t now = size < sizeof(part) ? size : sizeof(part);

        rc = stream_read(s, part, now, err_out);
        size -= now;
    }
    return rc;
}

int stream_bad(struct error **err_out, const char *format, ...)
{
    va_list args;
    char *text;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    error_set(err_out, ERROR_STREAM, -EINVAL, "%s",
              len < 0 ? "out of memory" : text);
    if (len >= 0)
        free(text);
    return -EINVAL;
}
