/* SPDX-License-Identifier: MIT */
/* Bytes of a stream: a file, a pipe or a socket. */
#ifndef STREAM_IO_H
#define STREAM_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lib/cancel.h"
#include "lib/error.h"
#include "lib/progress.h"

struct stream {
    int fd;
    const char *name; /* for errors */
    bool sparse;      /* a file of its own, in which pages may be holes */
    struct progress progress;
    const struct cancel *cancel; /* or NULL */
};

/**
 * Write all of the pieces, which become used up.
 *
 * Returns 0; -errno (STREAM).
 */
int stream_writev(struct stream *s, struct iovec *piece, size_t nr,
                  struct error **err_out);
int stream_write(struct stream *s, const void *data, size_t size,
                 struct error **err_out);

/* Leave a hole: zeros, which cost nothing. */
int stream_hole(struct stream *s, size_t size, struct error **err_out);

/* Make a file as long as what was written, whose end may be a hole. */
int stream_finish(struct stream *s, struct error **err_out);

/* A record's header and body of up to two pieces, padded. */
int stream_record(struct stream *s, uint32_t type, const void *head,
                  size_t head_size, const void *body, size_t body_size,
                  struct error **err_out);

/**
 * Read all of `size` bytes.
 *
 * Returns 0; -ENODATA (STREAM) where the stream ends before; -errno (STREAM).
 */
int stream_read(struct stream *s, void *data, size_t size,
                struct error **err_out);

/**
 * The same, into memory that is likely to be zero: where a file has a hole,
 * only what is not zero is written.
 */
int stream_read_sparse(struct stream *s, void *data, size_t size,
                       struct error **err_out);

/* Read and forget. */
int stream_skip(struct stream *s, size_t size, struct error **err_out);

/* The error for a stream whose contents are wrong. Returns -EINVAL. */
int stream_bad(struct error **err_out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
