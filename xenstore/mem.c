/* SPDX-License-Identifier: MIT */
/* Allocation that does not fail, and byte queues. */
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
    if (!p) {
        fputs("xenstored: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *xzalloc(size_t size)
{
    return checked(calloc(1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return checked(realloc(p, size ? size : 1));
}

void *xmemdup(const void *p, size_t size)
{
    void *copy = xmalloc(size);

    if (size)
        memcpy(copy, p, size);
    return copy;
}

char *xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

char *buf_reserve(struct buf *b, size_t size)
{
    size_t cap;

    if (b->start + b->len + size > b->cap && b->start) {
        memmove(b->data, b->data + b->start, b->len);
        b->start = 0;
    }
    if (b->len + size > b->cap) {
        for (cap = b->cap ? b->cap : 128; cap < b->len + size; cap *= 2)
            ;
        b->data = xrealloc(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->start + b->len;
}

void buf_add(struct buf *b, const void *data, size_t size)
{
    if (!size)
        return;
    memcpy(buf_reserve(b, size), data, size);
    b->len += size;
}

/* What an empty queue may keep for the next use. */
#define BUF_KEEP 4096

void buf_take(struct buf *b, size_t size)
{
    b->start += size;
    b->len -= size;
    if (b->len)
        return;
    b->start = 0;
    if (b->cap > BUF_KEEP)
        buf_free(b);
}

void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}
