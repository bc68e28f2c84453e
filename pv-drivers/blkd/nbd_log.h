/* SPDX-License-Identifier: MIT */
/*
 * What an NBD server has answered and not yet flushed: what it loses when it
 * dies. Whoever comes in its place is told again, in the same order.
 *
 * There is a place for each request before it is sent, so that what is answered
 * can always be kept: who finds none waits for a flush.
 */
#ifndef BLKD_NBD_LOG_H
#define BLKD_NBD_LOG_H

#include "pv/blkback.h"

#define NBD_LOG_SIZE    (16U << 20)
#define NBD_LOG_ENTRIES 2048U

struct nbd_log_entry {
    bool is_discard;
    uint64_t offset; /* of the disk */
    uint32_t length;
    uint64_t start; /* of a write's data, as `added` was */
};

struct nbd_log {
    struct nbd_log_entry entries[NBD_LOG_ENTRIES];
    uint64_t first, next;          /* entries ever dropped, and noted */
    uint64_t dropped, added;       /* bytes ever */
    uint32_t wanted, wanted_bytes; /* by requests on their way */
    uint8_t data[NBD_LOG_SIZE];
};

/** A place for a request that writes or discards; false: not now. */
bool nbd_log_reserve(struct nbd_log *log, const struct blkback_io *io);

/** The request has failed: its place is free. */
void nbd_log_release(struct nbd_log *log, const struct blkback_io *io);

/**
 * The request is answered.
 *
 * @offset, @length  of the disk: all of a write, or what of a discard was sent
 */
void nbd_log_add(struct nbd_log *log, const struct blkback_io *io,
                 uint64_t offset, uint32_t length);

/** Entries before this one, of those ever noted, are flushed. */
void nbd_log_drop(struct nbd_log *log, uint64_t end);

/** Is it time for a flush? */
bool nbd_log_is_long(const struct nbd_log *log);

/**
 * Make an entry a request again.
 *
 * @iov  room for two
 */
void nbd_log_read(struct nbd_log *log, uint64_t entry, struct blkback_io *io,
                  struct blkback_iov iov[2]);

#endif
