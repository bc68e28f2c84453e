/* SPDX-License-Identifier: MIT */
/*
 * What a back-end notes for the one after it.
 *
 * A response lies in the slot of some request that may not be answered yet, so
 * the ring alone does not tell what is left to do. Each request is copied to a
 * slot of the keep before req_cons moves over it. Every step is one store, and
 * a process may end between any two of them:
 *
 *   copied, req_cons not moved      the ring still has it: take it again
 *   BUSY                            begin it again
 *   ANSWERED, not shown in the ring begin it again
 *   ANSWERED, shown in the ring     done
 */
#include "blk_internal.h"

_Static_assert(sizeof(struct keep) <= OS_PAGE_SIZE, "slots come after a page");
_Static_assert(OS_PAGE_SIZE + BLK_MAX_QUEUES / 2 * MAX_RING_SLOTS *
                                  sizeof(struct keep_slot) <=
                   BLKBACK_KEEP_SIZE,
               "all slots of eight queues");

struct keep_slot *keep_slots(struct blkback *b, unsigned int queue)
{
    uint8_t *memory = (uint8_t *)b->keep + OS_PAGE_SIZE;

    return (struct keep_slot *)memory + queue * MAX_RING_SLOTS;
}

void keep_connect(struct blkback *b)
{
    for (unsigned int i = 0; i < b->nr_queues; i++) {
        struct back_queue *q = &b->queues[i];

        q->keep->req_cons = q->ring.cons;
        for (uint32_t s = 0; s < q->ring.nr; s++)
            q->slots[s].state = KEEP_FREE;
    }
    b->keep->ring_order = b->ring_order;
    back_keep_connect(&b->life, b->nr_queues);
}

bool keep_matches(const struct blkback *b, const struct keep_queue queues[])
{
    const struct keep *k = b->keep;

    if (!back_keep_matches(&b->life, b->nr_queues) ||
        k->ring_order != b->ring_order)
        return false;
    for (unsigned int i = 0; i < b->nr_queues; i++)
        if (k->queues[i].port != queues[i].port ||
            memcmp(k->queues[i].refs, queues[i].refs, sizeof(queues[i].refs)) !=
                0)
            return false;
    return true;
}

/* Is this slot's request still to be done? It may be older than the ring is
 * long; only one can be at the edge. */
static bool slot_is_open(const struct back_queue *q,
                         const struct keep_slot *slot)
{
    if (slot->state == KEEP_BUSY)
        return slot->req_index != q->ring.cons;
    return slot->state == KEEP_ANSWERED && slot->rsp_index == q->ring.prod;
}

int keep_recover(struct back_queue *q)
{
    uint32_t open = 0;

    q->ring.cons = q->keep->req_cons;
    q->ring.prod = __atomic_load_n(&q->ring.shared->rsp_prod, __ATOMIC_ACQUIRE);
    q->ring.told = q->ring.prod;
    if (q->ring.cons - q->ring.prod > q->ring.nr)
        return -XEN_EINVAL;
    q->free = NULL;
    for (uint32_t i = q->ring.nr; i--;) {
        struct back_request *r = &q->requests[i];

        r->busy = slot_is_open(q, &q->slots[i]);
        if (r->busy) {
            q->slots[i].state = KEEP_BUSY;
            open++;
            continue;
        }
        q->slots[i].state = KEEP_FREE;
        r->next = q->free;
        q->free = r;
    }
    return open == q->ring.cons - q->ring.prod ? 0 : -XEN_EINVAL;
}

void keep_take(struct back_queue *q, struct keep_slot *slot)
{
    slot->req_index = q->ring.cons;
    __atomic_store_n(&slot->state, KEEP_BUSY, __ATOMIC_RELEASE);
    q->ring.cons++;
    __atomic_store_n(&q->keep->req_cons, q->ring.cons, __ATOMIC_RELEASE);
}

void keep_answer(struct keep_slot *slot, uint32_t rsp_index)
{
    slot->rsp_index = rsp_index;
    __atomic_store_n(&slot->state, KEEP_ANSWERED, __ATOMIC_RELEASE);
}

void keep_free(struct keep_slot *slot)
{
    __atomic_store_n(&slot->state, KEEP_FREE, __ATOMIC_RELEASE);
}
