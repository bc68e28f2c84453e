/* SPDX-License-Identifier: MIT */
/* Buffers of two sizes; see pool.h. They are for all disks together. */
#include "blkd/pool.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096UL

struct size {
    unsigned int nr_pages; /* of each */
    unsigned int nr;
    struct buffer *free;
};

/* In a buffer that is free. */
struct buffer {
    struct buffer *next;
};

/* 4 MiB of each. The small ones stand first. */
static struct size sizes[] = {{4, 256, NULL}, {64, 16, NULL}};

#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static uint8_t *memory;
static size_t memory_size;

static size_t bytes_of(const struct size *s)
{
    return s->nr_pages * s->nr * PAGE;
}

static void put(struct size *s, void *pages)
{
    struct buffer *b = pages;

    b->next = s->free;
    s->free = b;
}

void pool_open(struct io_uring *ring)
{
    struct iovec all = {0};
    uint8_t *at;

    for (size_t i = 0; i < NR_SIZES; i++)
        all.iov_len += bytes_of(&sizes[i]);
    at = mmap(NULL, all.iov_len, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return;
    all.iov_base = at;
    if (io_uring_register_buffers(ring, &all, 1)) {
        munmap(at, all.iov_len);
        return;
    }
    memory = at;
    memory_size = all.iov_len;
    for (size_t i = 0; i < NR_SIZES; i++)
        for (unsigned int n = 0; n < sizes[i].nr; n++) {
            put(&sizes[i], at);
            at += sizes[i].nr_pages * PAGE;
        }
}

void *pool_take(unsigned int nr_pages)
{
    struct size *s = sizes;
    struct buffer *b;

    while (s < sizes + NR_SIZES && s->nr_pages < nr_pages)
        s++;
    if (s == sizes + NR_SIZES || !s->free)
        return NULL;
    b = s->free;
    s->free = b->next;
    return b;
}

void pool_give(void *pages)
{
    size_t offset = (size_t)((uint8_t *)pages - memory);
    struct size *s = sizes;

    while (offset >= bytes_of(s)) {
        offset -= bytes_of(s);
        s++;
    }
    put(s, pages);
}

bool pool_has(const void *pages)
{
    return memory && (size_t)((const uint8_t *)pages - memory) < memory_size;
}
