/* SPDX-License-Identifier: MIT */
/*
 * Block front-end: a disk that a back-end in another domain serves.
 *
 * The kernel hands in struct blk_io and gets each back by its done() exactly
 * once. What the back-end has not answered when it goes away is sent again when
 * it comes back, also what it had begun: the kernel sees a pause.
 *
 * Data goes through pages of the driver's own, which stay granted where the
 * back-end can keep them mapped: a back-end never sees other memory.
 */
#ifndef PV_BLKFRONT_H
#define PV_BLKFRONT_H

#include "pv/os.h"

enum blk_op {
    BLK_READ,
    BLK_WRITE,
    BLK_FLUSH,   /* what was written and is done survives a power loss */
    BLK_DISCARD, /* the content of these sectors is of no more use */
};

/* A part of memory, in whole sectors of 512 bytes, anywhere. */
struct blk_buffer {
    void *base;
    size_t size;
};

struct blk_io {
    /* Set by the caller, unchanged until done(): */
    enum blk_op op;
    bool fua;            /* a write that is durable when it is done */
    bool secure;         /* a discard after which the content is nowhere */
    uint64_t sector;     /* of 512 bytes */
    uint64_t nr_sectors; /* also the sum of the buffers, if it has any */
    const struct blk_buffer *buffers;
    unsigned int nr_buffers;

    /**
     * Done: rc is 0; -EIO; -EOPNOTSUPP: this back-end can't; -ENXIO: the
     * device has gone. May submit again, also this one.
     */
    void (*done)(struct blk_io *io, int rc);
    void *arg;

    /* The driver's: */
    struct blk_io *next, *prev;
    uint64_t issued;      /* sectors handed to the back-end */
    unsigned int pending; /* requests that it has not answered */
    int rc;
    bool flushing; /* a write with fua: written, flush follows */
    bool complete; /* all of it was handed to the back-end */
};

/* What the back-end says of the disk. */
struct blkfront_info {
    uint64_t sectors;     /* of 512 bytes, whatever sector_size is */
    uint32_t sector_size; /* I/O is in whole ones of these */
    uint32_t physical_size;
    uint32_t flags; /* VDISK_* */
    bool flush;     /* it has a volatile cache */
    bool barrier;
    bool discard;
    bool secure_discard;
    uint32_t discard_granularity; /* bytes */
    uint32_t discard_alignment;
};

struct blkfront_ops {
    /** Connected, for the first time or again. */
    void (*connected)(void *arg, const struct blkfront_info *info);
    /** The number of sectors has changed. May be NULL. */
    void (*resized)(void *arg, const struct blkfront_info *info);
    /** The device was removed, or shut down: all I/O is done, and the back-end
     * has nothing of us. blkfront_destroy() may follow, not from here. May be
     * NULL. */
    void (*removed)(void *arg);
};

/* Upper bounds; the back-end's own may be lower. 0: the default. */
struct blkfront_options {
    unsigned int max_queues;   /* 1 */
    unsigned int ring_order;   /* 0: a ring of 1 page, ... 4: of 16 */
    unsigned int max_segments; /* 32: pages of one request, at most 256 */
    unsigned int max_pages;    /* 512: for data, all queues together */
    bool no_persistent;        /* take grants back after each request */
};

struct blkfront;

/**
 * Begin to serve a device.
 *
 * @node  "device/vbd/<number>"
 *
 * Returns 0; -ENOMEM; errors of xenbus_open().
 */
int blkfront_create(const char *node, const struct blkfront_options *options,
                    const struct blkfront_ops *ops, void *arg,
                    struct blkfront **front_out);

/** End it from this side, with -ENXIO for all I/O that is not done; removed()
 * follows. */
void blkfront_shutdown(struct blkfront *front);

/** After removed(): free it. Before, what the back-end has is lost. */
void blkfront_destroy(struct blkfront *front);

/** Hand in I/O, also before the device is connected: it waits. */
void blkfront_submit(struct blkfront *front, struct blk_io *io);

/** The domain was restored or has moved: all connections are gone. */
void blkfront_resume(struct blkfront *front);

#endif
