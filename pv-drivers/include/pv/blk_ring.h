/* SPDX-License-Identifier: MIT */
/* Slots of a block device's ring, with their types; numbers of both halves. */
#ifndef PV_BLK_RING_H
#define PV_BLK_RING_H

#include "public/io/blkif.h"

#include "pv/ring.h"

/* A request or a response. */
#define BLK_RING_ENTRY       sizeof(struct blkif_request)

#define BLK_SECTOR_SIZE      512U
#define BLK_SECTORS_PER_PAGE (OS_PAGE_SIZE / BLK_SECTOR_SIZE)

/* 2^4 pages are the most that Linux's back-end takes. */
#define BLK_MAX_RING_ORDER 4U
#define BLK_MAX_RING_PAGES (1U << BLK_MAX_RING_ORDER)
#define BLK_MAX_QUEUES     16U

/* What one request may carry, and what one indirect page holds. */
#define BLK_MAX_SEGMENTS 256U
#define BLK_SEGMENTS_PER_PAGE                                                  \
    (OS_PAGE_SIZE / sizeof(struct blkif_request_segment))

static inline struct blkif_request *blk_request(const struct pv_ring *ring,
                                                uint32_t index)
{
    return pv_ring_slot(ring, index, BLK_RING_ENTRY);
}

static inline struct blkif_response *blk_response(const struct pv_ring *ring,
                                                  uint32_t index)
{
    return pv_ring_slot(ring, index, BLK_RING_ENTRY);
}

#endif
