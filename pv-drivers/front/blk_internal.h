/* SPDX-License-Identifier: MIT */
/* What the files of the block front-end share. */
#ifndef FRONT_BLK_INTERNAL_H
#define FRONT_BLK_INTERNAL_H

#include "pv/blk_ring.h"
#include "pv/blkfront.h"

#include "life.h"

#define MAX_INDIRECT BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST

/* A request that the back-end has; its id is its place in the queue's array. */
struct front_part {
    struct blk_io *io; /* NULL: free */
    uint64_t offset;   /* sectors, within the I/O */
    uint32_t nr_sectors;
    uint8_t operation;
    unsigned int nr_segments;
    struct front_page *data;     /* in order */
    struct front_page *indirect; /* in order */
    struct front_part *next;     /* among the free ones */
};

struct front_queue {
    struct blkfront *front;
    struct pv_ring ring;
    struct front_ring *memory;
    evtchn_port_t port; /* 0: none */
    struct front_part *parts;
    struct front_part *free;
};

struct blkfront {
    struct front_life life; /* connected: and sizes are known */
    struct blkfront_options options;
    const struct blkfront_ops *ops;
    void *arg;
    struct blkfront_info info;

    /* What the back-end takes, and we use. */
    unsigned int nr_queues;
    unsigned int ring_order;
    unsigned int max_segments;
    struct front_queue queues[BLK_MAX_QUEUES];
    unsigned int next_queue;

    /* All I/O that is not done, oldest first; the first that is not handed to
     * the back-end as a whole. */
    struct blk_io *first, *last, *waiting;
    bool pumping;
};

/* ---- blk_pages.c ------------------------------------------------------ */

/** Copy between an I/O's buffers, from a sector on, and a list of pages. */
void front_pages_copy(const struct blk_io *io, uint64_t sector,
                      struct front_page *list, uint32_t nr_sectors,
                      bool to_pages);

/* ---- blk_io.c --------------------------------------------------------- */

/** Hand waiting I/O to the back-end, as much as it takes. */
void front_pump(struct blkfront *f);

/** Take responses; an event's function. */
void front_queue_event(void *queue);

/** Make a queue's array of requests. */
int front_queue_init(struct front_queue *q);

/** All requests of the queue are void; what they hold is given back. */
void front_queue_reset(struct front_queue *q);

/** Nothing was handed in so far: begin again with the oldest. */
void front_io_restart(struct blkfront *f);

/** The end of all I/O. */
void front_io_fail(struct blkfront *f, int rc);

/** Look whether there is something that no event has told of. */
void front_io_look(void *front);

#endif
