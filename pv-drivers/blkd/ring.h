/* SPDX-License-Identifier: MIT */
/* The io_uring that serves all raw disks, and in which the daemon sleeps. */
#ifndef BLKD_RING_H
#define BLKD_RING_H

#include <liburing.h>

#include "pv/blkback.h"

struct ring_user {
    /** An I/O is done: what the kernel says of it. */
    void (*done)(struct blkback_io *io, int res);
    /** All that was done lately was told. */
    void (*all_told)(void);
    /** Begin what waits for a place. */
    void (*start)(void);
};

/** Make it, and the loop wait by it. Returns 0; -errno. */
int ring_open(const struct ring_user *user);

/** A place for an I/O, whose data is to be the I/O; NULL: there is none now. */
struct io_uring_sqe *ring_place(void);

#endif
