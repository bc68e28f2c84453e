/* SPDX-License-Identifier: MIT */
/*
 * A disk in memory for the block back-end's tests, with a volatile cache: what
 * was written is in `data` at once or when it is done, in `durable` only after
 * a flush. I/O is done in any order.
 */
#ifndef FAKE_DISK_H
#define FAKE_DISK_H

#include "fake_port.h"
#include "pv/blkback.h"

#define FAKE_DISK_SECTORS 8192U

struct fake_disk {
    struct blkback_disk disk; /* must stay first */
    struct blkback *back;     /* that it belongs to; set by the test */
    uint8_t data[FAKE_DISK_SECTORS * 512];
    uint8_t durable[FAKE_DISK_SECTORS * 512];
    uint8_t discarded[FAKE_DISK_SECTORS];
    unsigned int nr_closed;
    unsigned int nr_ios, nr_flushes;
    uint64_t nr_bytes;
    bool at_once; /* I/O is done before submit() returns */
    bool stuck;   /* I/O is never done */
    uint8_t keep[BLKBACK_KEEP_SIZE] __attribute__((aligned(4096)));
};

/** A disk full of zeroes, with a cache. */
void fake_disk_init(struct fake_disk *disk);

/** It has pages of its own for I/O, though not always. */
void fake_disk_use_pages(struct fake_disk *disk);

#endif
