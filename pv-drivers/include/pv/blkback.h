/* SPDX-License-Identifier: MIT */
/*
 * Block back-end: serves a disk to a front-end in another domain.
 *
 * The front-end is not trusted. A request is copied once and checked; whatever
 * it writes to its ring, it can only lose its own device.
 *
 * A back-end may end at any moment and another one go on in its place: what it
 * has taken from the ring and not answered is noted in memory that outlives it
 * (struct blkback_disk.keep), and done again.
 */
#ifndef PV_BLKBACK_H
#define PV_BLKBACK_H

#include "pv/os.h"

/* As struct iovec. */
struct blkback_iov {
    void *base;
    size_t size;
};

enum blkback_op {
    BLKBACK_READ,
    BLKBACK_WRITE,
    BLKBACK_FLUSH, /* all writes that are done survive a power loss after it */
    BLKBACK_DISCARD,
};

/* Something to do with a disk; within its size, in whole sectors of it. */
struct blkback_io {
    enum blkback_op op;
    bool secure;
    uint64_t sector; /* of 512 bytes */
    uint64_t nr_sectors;
    struct blkback_iov *iov;
    unsigned int nr_iov;

    /* The disk's own, until it is done: */
    struct blkback_io *next;
    void *disk;
    size_t done; /* bytes */
};

struct blkback_disk {
    /** Do it and then call blkback_done(), from here or later. */
    void (*submit)(struct blkback_disk *disk, struct blkback_io *io);
    /** No more is coming for now: what was submitted may start. May be NULL. */
    void (*commit)(struct blkback_disk *disk);
    /** Memory in whole pages, side by side, with which it does I/O at less cost
     * than with pages of a front-end: data is copied by way of it. Returns NULL
     * if there is none just now: then it takes any memory. Both may be NULL. */
    void *(*take_pages)(struct blkback_disk *disk, unsigned int nr);
    void (*give_pages)(struct blkback_disk *disk, void *pages, unsigned int nr);
    /** The device was removed and does not use the disk any more. The owner
     * calls blkback_destroy(), not from here. */
    void (*closed)(struct blkback_disk *disk);

    uint64_t sectors; /* of 512 bytes */
    uint32_t sector_size;
    uint32_t physical_size;
    bool readonly;
    bool cdrom;
    bool flush; /* it takes BLKBACK_FLUSH; else every write is durable */
    bool discard;
    uint32_t discard_granularity; /* bytes */
    uint32_t discard_alignment;

    /* BLKBACK_KEEP_SIZE bytes that the next process finds as this one left
     * them, zero at first; NULL: there is no next one. */
    void *keep;
};

#define BLKBACK_KEEP_SIZE (1U << 20)

struct blkback_options {
    unsigned int max_queues; /* 4 */
    bool no_persistent;
};

struct blkback;

/**
 * Serve the device of a node, or go on serving it.
 *
 * @node  "backend/<type>/<domid>/<number>"
 * @disk  until closed() is called
 *
 * Returns 0; -ENOMEM; errors of xenbus_open().
 */
int blkback_create(const char *node, const struct blkback_options *options,
                   struct blkback_disk *disk, struct blkback **back_out);

/** After closed(), or when nothing is in flight: free it. */
void blkback_destroy(struct blkback *back);

/** End the device from this side; closed() follows. */
void blkback_shutdown(struct blkback *back);

/** An I/O is done. rc: 0; -EOPNOTSUPP; any other error. */
void blkback_done(struct blkback_io *io, int rc);

/** After blkback_done() outside of submit(), for one or for many: tell the
 * front-end, and take what has come meanwhile. */
void blkback_go_on(struct blkback *back);

/** disk->sectors has changed: tell the front-end. */
void blkback_resized(struct blkback *back);

#endif
