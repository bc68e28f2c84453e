/* SPDX-License-Identifier: MIT */
/*
 * Allocation that does not fail: what a guest can make the daemon allocate is
 * limited (quota.h), so running out of memory is the host's trouble. Then the
 * daemon ends; its successor goes on from the state files.
 */
#ifndef XENSTORE_MEM_H
#define XENSTORE_MEM_H

#include <stddef.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xzalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
void *xmemdup(const void *p, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((returns_nonnull));

/** Bytes in a queue: appended at the end, taken from the front. */
struct buf {
    char *data;
    size_t start; /* of the content in data */
    size_t len;   /* of the content */
    size_t cap;   /* of data */
};

/** Append size bytes. */
void buf_add(struct buf *b, const void *data, size_t size);

/** Make room for size bytes behind the content; returns its address. */
char *buf_reserve(struct buf *b, size_t size);

/** Take size bytes, at most the content, from the front. */
void buf_take(struct buf *b, size_t size);

/** Drop content and memory. */
void buf_free(struct buf *b);

static inline char *buf_front(const struct buf *b)
{
    return b->data + b->start;
}

#endif
