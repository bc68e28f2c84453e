/* SPDX-License-Identifier: MIT */
/*
 * Shared rings: requests go one way, responses come back in the same slots.
 *
 *   page 0                                  further pages
 *   | req_prod req_event rsp_prod rsp_event | 48 bytes | slot 0 | slot 1 | ...
 *
 * Indexes run freely; slot = index mod number of slots, a power of two. Who
 * produces stores slots, then the index, and tells the other side only if that
 * has asked for it: by its event index. Who consumes asks before it stops.
 *
 * The shared page and the private indexes are separate: what the other side can
 * write is read once, checked against the private ones and then used. What lies
 * in a slot must be copied out before it is looked at.
 *
 * `entry` is the size of a slot, a constant at each call: the wrappers of a
 * device class (pv/blk_ring.h) give slots their type.
 */
#ifndef PV_RING_H
#define PV_RING_H

#include "pv/os.h"

struct pv_sring {
    uint32_t req_prod;
    uint32_t req_event;
    uint32_t rsp_prod;
    uint32_t rsp_event;
    uint8_t pad[48];
};

/* One side's view. Front-end: prod of requests, cons of responses; back-end:
 * prod of responses, cons of requests. */
struct pv_ring {
    struct pv_sring *shared;
    uint32_t nr; /* slots */
    uint32_t prod;
    uint32_t cons;
    uint32_t told; /* prod as it was at the last check for an event */
};

/** Slots that a ring of so many bytes has. */
static inline uint32_t pv_ring_slots(size_t bytes, size_t entry)
{
    uint32_t nr = 1;

    while (nr * 2 * entry <= bytes - sizeof(struct pv_sring))
        nr *= 2;
    return nr;
}

/** Where an index lies. */
static inline void *pv_ring_slot(const struct pv_ring *ring, uint32_t index,
                                 size_t entry)
{
    return (uint8_t *)(ring->shared + 1) + (index & (ring->nr - 1)) * entry;
}

/** A front-end's ring in pages that it has made; all zero before. */
static inline void pv_ring_init(struct pv_ring *ring, void *pages, size_t bytes,
                                size_t entry)
{
    *ring = (struct pv_ring){
        .shared = pages,
        .nr = pv_ring_slots(bytes, entry),
    };
    ring->shared->req_event = 1;
    ring->shared->rsp_event = 1;
}

/** A back-end's view of pages that it has mapped: as new, or where responses
 * stand. */
static inline void pv_ring_attach(struct pv_ring *ring, void *pages,
                                  size_t bytes, size_t entry, uint32_t cons,
                                  uint32_t prod)
{
    *ring = (struct pv_ring){
        .shared = pages,
        .nr = pv_ring_slots(bytes, entry),
        .prod = prod,
        .cons = cons,
        .told = prod,
    };
}

/** Make what was stored in slots below prod visible; no event yet. */
static inline void pv_ring_publish(uint32_t *shared_prod, uint32_t prod)
{
    __atomic_store_n(shared_prod, prod, __ATOMIC_RELEASE);
}

/** Has the other side asked for an event of what is published since `told`? */
static inline bool pv_ring_wants_event(const uint32_t *shared_event,
                                       uint32_t told, uint32_t prod)
{
    /* Pairs with pv_ring_more(): index first, then the look at event. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return prod - __atomic_load_n(shared_event, __ATOMIC_RELAXED) < prod - told;
}

/** Publish all requests; true if the back-end wants an event. */
static inline bool pv_front_push(struct pv_ring *ring)
{
    uint32_t told = ring->told;

    pv_ring_publish(&ring->shared->req_prod, ring->prod);
    ring->told = ring->prod;
    return pv_ring_wants_event(&ring->shared->req_event, told, ring->prod);
}

/** Slots that have no request. */
static inline uint32_t pv_front_room(const struct pv_ring *ring)
{
    return ring->nr - (ring->prod - ring->cons);
}

/**
 * Responses to take; their slots may be read up to this number.
 *
 * Returns a number; -EILSEQ if the back-end claims to have
 *         answered what it was not asked.
 */
static inline int pv_front_avail(const struct pv_ring *ring)
{
    uint32_t nr =
        __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_ACQUIRE) - ring->cons;

    return nr <= ring->prod - ring->cons ? (int)nr : -XEN_EILSEQ;
}

/** All seen are taken: ask for an event once there are so many more; true if
 * they are there by now. */
static inline bool pv_front_more_by(struct pv_ring *ring, uint32_t nr)
{
    __atomic_store_n(&ring->shared->rsp_event, ring->cons + nr,
                     __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_RELAXED) -
               ring->cons >=
           nr;
}

/** The same for the next one. */
static inline bool pv_front_more(struct pv_ring *ring)
{
    return pv_front_more_by(ring, 1);
}

/**
 * Requests to take; their slots may be read up to this number.
 *
 * Returns a number; -EILSEQ if the front-end has made more than fit.
 */
static inline int pv_back_avail(const struct pv_ring *ring)
{
    uint32_t req_prod =
        __atomic_load_n(&ring->shared->req_prod, __ATOMIC_ACQUIRE);

    if (req_prod - ring->prod > ring->nr ||
        req_prod - ring->prod < ring->cons - ring->prod)
        return -XEN_EILSEQ;
    return (int)(req_prod - ring->cons);
}

/** All seen are taken: ask for an event; true if there are more by now. */
static inline bool pv_back_more(struct pv_ring *ring)
{
    __atomic_store_n(&ring->shared->req_event, ring->cons + 1,
                     __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&ring->shared->req_prod, __ATOMIC_RELAXED) !=
           ring->cons;
}

/** True if the front-end wants an event of the responses published so far. */
static inline bool pv_back_check_event(struct pv_ring *ring)
{
    uint32_t told = ring->told;

    ring->told = ring->prod;
    return pv_ring_wants_event(&ring->shared->rsp_event, told, ring->prod);
}

#endif
