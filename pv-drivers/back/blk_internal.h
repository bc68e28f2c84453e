/* SPDX-License-Identifier: MIT */
/* What the files of the block back-end share. */
#ifndef BACK_BLK_INTERNAL_H
#define BACK_BLK_INTERNAL_H

#include "pv/blk_ring.h"
#include "pv/blkback.h"

#include "life.h"
#include "limit.h"

#define MAX_INDIRECT    BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST
#define MAX_RING_SLOTS  512U
#define DIRECT_SEGMENTS BLKIF_MAX_SEGMENTS_PER_REQUEST

/* ---- What outlives the process (blk_keep.c) --------------------------- */

enum keep_state {
    KEEP_FREE,
    KEEP_BUSY,     /* taken from the ring as number req_index */
    KEEP_ANSWERED, /* done if the ring shows response number rsp_index */
};

struct keep_slot {
    uint32_t state; /* enum keep_state */
    uint32_t req_index;
    uint32_t rsp_index;
    uint32_t pad;
    struct blkif_request request; /* as it was copied */
};

struct keep_queue {
    uint32_t req_cons; /* requests below it are in slots, or answered */
    uint32_t port;     /* of the front-end */
    uint32_t refs[BLK_MAX_RING_PAGES];
};

struct keep {
    struct back_keep head;
    uint32_t ring_order;
    struct keep_queue queues[BLK_MAX_QUEUES];
};

/* ---- In this process -------------------------------------------------- */

/* The steps of a barrier; all other requests have one. */
enum back_step {
    STEP_ONLY,
    STEP_FLUSH_BEFORE,
    STEP_WRITE,
    STEP_FLUSH_AFTER,
};

/* A request that was taken from the ring; keep_slot of the same number has the
 * copy. */
struct back_request {
    struct blkback_io io; /* must stay first: blkback_done() */
    struct back_queue *queue;
    struct back_request *next; /* among the free ones */
    bool busy;
    uint8_t operation; /* what is asked for, also if indirect */
    enum back_step step;
    bool mapped; /* the front-end's pages are: they are copied, or used */
    unsigned int nr_segments;
    struct blkif_request_segment *segments; /* direct_segments, or allocated */
    struct blkback_iov *iov;
    uint8_t *buffer;      /* a page for each segment; NULL: there is none */
    bool buffer_is_disks; /* by take_pages() */
    struct blkif_request_segment direct_segments[DIRECT_SEGMENTS];
    struct blkback_iov direct_iov[DIRECT_SEGMENTS];
    struct back_lists *lists; /* once more than DIRECT_SEGMENTS were needed */
};

struct back_lists {
    struct blkif_request_segment segments[BLK_MAX_SEGMENTS];
    struct blkback_iov iov[BLK_MAX_SEGMENTS];
};

struct back_queue {
    struct blkback *back;
    struct pv_ring ring;
    void *pages;
    unsigned int nr_pages;
    evtchn_port_t port;
    struct back_request *requests; /* ring.nr */
    struct back_request *free;
    struct keep_queue *keep;
    struct keep_slot *slots; /* ring.nr */
};

/* A page that stays mapped. */
struct back_grant {
    grant_ref_t ref;
    void *page; /* NULL: this place in the table is free */
};

/* Pages that were mapped together. */
struct back_chunk {
    struct back_chunk *next;
    void *pages;
    unsigned int nr;
};

#define GRANT_TABLE_SIZE 8192U /* a power of two */
#define MAX_GRANTS       (GRANT_TABLE_SIZE / 2)

struct blkback {
    struct back_life life;
    struct blkback_options options;
    struct blkback_disk *disk;
    bool persistent;

    unsigned int nr_queues;
    unsigned int ring_order;
    struct back_queue queues[BLK_MAX_QUEUES];
    unsigned int nr_inflight;
    struct back_request *barrier; /* nothing else is begun meanwhile */
    bool taking;

    struct back_grant *grants; /* GRANT_TABLE_SIZE */
    unsigned int nr_grants;
    struct back_chunk *chunks;

    struct limit iops, bps;
    struct os_timer timer; /* go on taking requests */

    struct keep *keep; /* life.keep */
};

/* ---- blk_keep.c ------------------------------------------------------- */

/** A queue's slots. */
struct keep_slot *keep_slots(struct blkback *b, unsigned int queue);

/** Note a connection whose queues' refs and ports are in place. */
void keep_connect(struct blkback *b);

/** Was it noted by an earlier process, for these queues? */
bool keep_matches(const struct blkback *b, const struct keep_queue queues[]);

/**
 * Find what was taken and not answered: marks the queue's requests busy, and
 * sets the ring's indexes.
 *
 * Returns 0; -EINVAL if ring and notes don't fit together.
 */
int keep_recover(struct back_queue *q);

/** Note that a request was taken; its slot has the copy. */
void keep_take(struct back_queue *q, struct keep_slot *slot);

/** Note before, and after, that the ring shows its response. */
void keep_answer(struct keep_slot *slot, uint32_t rsp_index);
void keep_free(struct keep_slot *slot);

/* ---- blk_grants.c ----------------------------------------------------- */

/**
 * The pages of persistent grants, mapped if they were not.
 *
 * Returns false if one can't be mapped, or there are too many.
 */
bool grants_find(struct blkback *b, const grant_ref_t refs[], unsigned int nr,
                 void *pages_out[]);

/** Unmap all. */
void grants_drop(struct blkback *b);

/* ---- blk_data.c ------------------------------------------------------- */

/** Read the segments of an indirect request; its pages are copied once. */
int data_read_segments(struct back_request *r,
                       const struct blkif_request_indirect *req);

/** Give the request memory for its data; what is to be written is there. */
int data_begin(struct back_request *r);

/** Bring what was read to the front-end, if all went well. */
int data_end(struct back_request *r, int rc);

/* ---- blk_request.c ---------------------------------------------------- */

/** Look at the copy of a request, and begin it or answer it. */
void request_start(struct back_request *r);

/* ---- blk_queue.c ------------------------------------------------------ */

/** Take requests of all queues, as many as may be begun now. */
void back_take(struct blkback *b);

/** An event of a queue; the timer's function. */
void back_event(void *queue);
void back_timer(void *back);

/** Answer a request; it is free then. */
void back_respond(struct back_request *r, int rc);

/** A queue's requests. */
int back_queue_init(struct back_queue *q);
void back_queue_free(struct back_queue *q);

/* ---- blk_limit.c ------------------------------------------------------ */

/** Read iops and bps of the device's node. */
void back_limits_read(struct blkback *b);

/** 0: go on; or the time when that is allowed. */
uint64_t back_limits_until(const struct blkback *b);

/** Account a request. */
void back_limits_charge(struct blkback *b, uint64_t bytes);

#endif
