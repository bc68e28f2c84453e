/* SPDX-License-Identifier: MIT */
/* Requests out of the rings, and responses into them. */
#include "blk_internal.h"

int back_queue_init(struct back_queue *q)
{
    q->requests = os_alloc(q->ring.nr * sizeof(*q->requests));
    if (!q->requests)
        return -XEN_ENOMEM;
    q->free = NULL;
    for (uint32_t i = q->ring.nr; i--;) {
        q->requests[i].queue = q;
        q->requests[i].next = q->free;
        q->free = &q->requests[i];
    }
    return 0;
}

void back_queue_free(struct back_queue *q)
{
    if (!q->requests)
        return;
    for (uint32_t i = 0; i < q->ring.nr; i++)
        os_free(q->requests[i].lists, sizeof(*q->requests[i].lists));
    os_free(q->requests, q->ring.nr * sizeof(*q->requests));
    q->requests = NULL;
}

static struct keep_slot *slot_of(const struct back_request *r)
{
    return &r->queue->slots[r - r->queue->requests];
}

/* ---- Responses -------------------------------------------------------- */

static int16_t status_of(int rc)
{
    if (!rc)
        return BLKIF_RSP_OKAY;
    return rc == -XEN_EOPNOTSUPP ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR;
}

void back_respond(struct back_request *r, int rc)
{
    struct back_queue *q = r->queue;
    struct keep_slot *slot = slot_of(r);
    struct blkif_response *rsp = blk_response(&q->ring, q->ring.prod);

    keep_answer(slot, q->ring.prod);
    rsp->id = slot->request.id;
    rsp->operation = r->operation;
    rsp->status = status_of(rc);
    pv_ring_publish(&q->ring.shared->rsp_prod, ++q->ring.prod);
    keep_free(slot);
    r->busy = false;
    r->next = q->free;
    q->free = r;
    q->back->nr_inflight--;
}

static void send_events(struct blkback *b)
{
    for (unsigned int i = 0; i < b->nr_queues; i++) {
        struct back_queue *q = &b->queues[i];

        if (q->ring.told != q->ring.prod && pv_back_check_event(&q->ring))
            os_event_send(q->port);
    }
}

/* ---- Requests --------------------------------------------------------- */

/* A barrier waits until all before it is done. What the ring says here is only
 * a hint: the copy decides what is done. */
static bool must_wait(const struct back_queue *q)
{
    const volatile struct blkif_request *next =
        blk_request(&q->ring, q->ring.cons);

    return q->back->barrier ||
           (q->back->nr_inflight && next->operation == BLKIF_OP_WRITE_BARRIER);
}

static void take_one(struct back_queue *q)
{
    struct back_request *r = q->free;
    struct keep_slot *slot = slot_of(r);

    q->free = r->next;
    memcpy(&slot->request, blk_request(&q->ring, q->ring.cons),
           sizeof(slot->request));
    keep_take(q, slot);
    r->busy = true;
    q->back->nr_inflight++;
    request_start(r);
}

/* Take what there is, at most a ring's content: others want their turn, too.
 * Returns whether there may be more. */
static bool take_queue(struct back_queue *q)
{
    struct blkback *b = q->back;

    for (uint32_t i = 0; i < q->ring.nr; i++) {
        int nr = pv_back_avail(&q->ring);
        uint64_t until;

        if (nr < 0) {
            back_fail(&b->life, nr, "more requests than the ring has slots");
            return false;
        }
        if (!nr && !pv_back_more(&q->ring))
            return false;
        if (!nr)
            continue;
        until = back_limits_until(b);
        if (until) {
            os_timer_set(&b->timer, until);
            return false;
        }
        if (must_wait(q))
            return false;
        take_one(q);
    }
    return true;
}

void back_take(struct blkback *b)
{
    bool more = false;

    b->taking = true;
    for (unsigned int i = 0; b->life.connected && i < b->nr_queues; i++)
        more |= take_queue(&b->queues[i]);
    b->taking = false;
    if (b->disk->commit)
        b->disk->commit(b->disk);
    send_events(b);
    if (more && b->life.connected)
        os_timer_set(&b->timer, os_now_ns());
    back_idle(&b->life);
}

void back_event(void *queue)
{
    struct back_queue *q = queue;

    back_take(q->back);
}

void back_timer(void *back)
{
    back_take(back);
}

void blkback_go_on(struct blkback *b)
{
    back_take(b);
}
