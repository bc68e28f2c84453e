/* SPDX-License-Identifier: MIT */
/*
 * Packets for the guest: into pages that it has asked to have filled.
 *
 * Each request is answered in its turn. A packet takes one for each page of
 * data, and one more, of which the page stays as it is, for extra info.
 */
#include "net_internal.h"

static const struct netif_rx_request *request_at(const struct net_back_queue *q,
                                                 uint32_t index)
{
    return &q->keep->rx[index % NET_RING_SLOTS];
}

static uint32_t nr_free(const struct net_back_queue *q)
{
    return q->rx.cons - q->rx.prod - q->nr_slots;
}

/* Slots that the largest packet of this guest takes. */
static uint32_t most_slots(const struct netback *b)
{
    bool gso = b->offloads.gso_tcpv4 || b->offloads.gso_tcpv6;

    if (!b->sg)
        return 1;
    return gso ? NET_MAX_SLOTS : 4;
}

/* ---- Room ------------------------------------------------------------- */

/* Is there room for any packet? If not, have an event when there is more. */
static bool queue_has_room(struct net_back_queue *q)
{
    uint32_t wanted = most_slots(q->back);

    do {
        int rc;

        if (nr_free(q) >= wanted)
            return true;
        rc = net_keep_take_rx(q);
        if (rc < 0) {
            back_fail(&q->back->life, rc,
                      "more requests than the ring has slots");
            return false;
        }
    } while (nr_free(q) >= wanted || pv_back_more(&q->rx));
    return false;
}

static bool has_room(struct netback *b)
{
    for (unsigned int i = 0; b->life.connected && i < b->nr_queues; i++)
        if (!queue_has_room(&b->queues[i]))
            return false;
    return b->life.connected;
}

static void tell(struct netback *b, bool ready)
{
    if (b->ready == ready)
        return;
    b->ready = ready;
    b->nic->ready(b->nic, ready);
}

/* ---- A packet --------------------------------------------------------- */

static bool is_taken(const struct netback *b, size_t size,
                     const struct net_offload *offload)
{
    const struct netback_offloads *o = &b->offloads;

    if (size < NET_MIN_PACKET || size > NET_MAX_PACKET ||
        (size > OS_PAGE_SIZE && !b->sg))
        return false;
    if (offload->gso == XEN_NETIF_GSO_TYPE_TCPV4)
        return o->gso_tcpv4;
    if (offload->gso == XEN_NETIF_GSO_TYPE_TCPV6)
        return o->gso_tcpv6;
    return !offload->csum_blank || o->csum_v4;
}

/* Copies of all parts, into the pages of requests. */
static bool add_copies(struct net_back_queue *q, struct net_batch_packet *p)
{
    uint32_t at = q->rx.prod + q->nr_slots, slot = 0;

    p->first_copy = q->copies.nr;
    for (uint32_t done = 0; done < p->size; done += OS_PAGE_SIZE) {
        uint32_t size = p->size - done;

        if (slot == 1 && p->offload.gso)
            slot++;
        if (size > OS_PAGE_SIZE)
            size = OS_PAGE_SIZE;
        if (!net_copies_add(&q->copies, request_at(q, at + slot)->gref, 0,
                            p->data + done, size, true)) {
            q->copies.nr = p->first_copy;
            return false;
        }
        slot++;
    }
    p->nr_copies = q->copies.nr - p->first_copy;
    return true;
}

static bool add_packet(struct net_back_queue *q, struct net_batch_packet *p)
{
    if (nr_free(q) < p->nr_slots || q->nr_received == BATCH_PACKETS ||
        !add_copies(q, p))
        return false;
    q->nr_slots += p->nr_slots;
    q->received[q->nr_received++] = *p;
    return true;
}

static bool commit_queue(struct net_back_queue *q);

static void give(struct netback *b, const uint8_t *frame, size_t size,
                 const struct net_offload *offload)
{
    struct net_batch_packet p = {
        .size = (uint32_t)size, .data = (uint8_t *)frame, .offload = *offload};
    struct net_back_queue *q;

    p.nr_slots = (p.size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE + !!offload->gso;
    q = &b->queues[b->nr_queues > 1 ? net_flow(frame, size) % b->nr_queues : 0];
    if (!add_packet(q, &p) && !(commit_queue(q) && add_packet(q, &p))) {
        b->counters.rx_dropped++;
        return;
    }
    b->counters.rx_packets++;
    b->counters.rx_bytes += size;
    if (!queue_has_room(q))
        tell(b, false);
}

/* ---- Answers ---------------------------------------------------------- */

static void answer_extra(struct net_back_queue *q,
                         const struct net_batch_packet *p)
{
    struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO};

    extra.u.gso.size = p->offload.gso_size;
    extra.u.gso.type = p->offload.gso;
    memcpy(net_rx_response(&q->rx, q->rx.prod++), &extra, sizeof(extra));
}

static uint16_t flags_of(const struct net_batch_packet *p, bool first,
                         bool last)
{
    unsigned int flags = last ? 0 : NETRXF_more_data;

    if (first && p->offload.csum_blank)
        flags |= NETRXF_csum_blank | NETRXF_data_validated;
    if (first && p->offload.csum_good)
        flags |= NETRXF_data_validated;
    if (first && p->offload.gso)
        flags |= NETRXF_extra_info;
    return (uint16_t)flags;
}

static void answer(struct net_back_queue *q, const struct net_batch_packet *p)
{
    for (uint32_t done = 0; done < p->size; done += OS_PAGE_SIZE) {
        uint32_t left = p->size - done;
        bool last = left <= OS_PAGE_SIZE;
        struct netif_rx_response rsp = {
            .id = request_at(q, q->rx.prod)->id,
            .flags = flags_of(p, !done, last),
            .status = (int16_t)(last ? left : OS_PAGE_SIZE),
        };

        if (p->status != NETIF_RSP_OKAY)
            rsp.status = p->status;
        memcpy(net_rx_response(&q->rx, q->rx.prod++), &rsp, sizeof(rsp));
        if (!done && p->offload.gso)
            answer_extra(q, p);
    }
}

/* Returns whether there was something. */
static bool commit_queue(struct net_back_queue *q)
{
    if (!q->nr_received)
        return false;
    net_copies_make(q->back, &q->copies, q->received, q->nr_received);
    for (unsigned int i = 0; i < q->nr_received; i++)
        answer(q, &q->received[i]);
    q->nr_received = 0;
    q->nr_slots = 0;
    q->copies.nr = 0;
    pv_ring_publish(&q->rx.shared->rsp_prod, q->rx.prod);
    if (pv_back_check_event(&q->rx))
        os_event_send(q->rx_port ? q->rx_port : q->tx_port);
    return true;
}

static void commit(struct netback *b)
{
    for (unsigned int i = 0; b->life.connected && i < b->nr_queues; i++)
        commit_queue(&b->queues[i]);
    while (b->leaving) {
        struct net_waiting *p = b->leaving;

        b->leaving = p->next;
        net_waiting_free(p);
    }
}

/* ---- At a rate -------------------------------------------------------- */

/* Some of the largest packets, and what passes in a twentieth of a second. A
 * sender learns of its rate by what is lost beyond that. */
#define WAIT_LEAST (1U << 18)
#define WAIT_MOST  (1U << 22)

static size_t most_waiting(const struct netback *b)
{
    uint64_t most = WAIT_LEAST + b->rate_in.per_second / 20;

    return most > WAIT_MOST ? WAIT_MOST : most;
}

static void give_waiting(struct netback *b)
{
    while (b->ready && b->waiting.size) {
        uint64_t now = os_now_ns(), until = limit_until(&b->rate_in, now);
        struct net_waiting *p;

        if (until) {
            limit_wait(&b->rate_in);
            os_timer_set(&b->rx_timer, until);
            return;
        }
        p = net_wait_take(&b->waiting);
        limit_charge(&b->rate_in, now, p->size);
        give(b, p->data, p->size, &p->offload);
        p->next = b->leaving;
        b->leaving = p;
    }
}

void net_back_look_for_room(struct netback *b)
{
    tell(b, has_room(b));
    netback_commit(b);
}

void net_back_forget_received(struct netback *b)
{
    struct net_waiting *p;

    commit(b);
    while ((p = net_wait_take(&b->waiting)))
        net_waiting_free(p);
}

/* What is small is paid for afterwards, to some bound. */
#define DEBT_NS 300000000UL

static void receive_at_rate(struct netback *b, const uint8_t *frame,
                            size_t size, const struct net_offload *offload)
{
    uint64_t now = os_now_ns(), until = limit_until(&b->rate_in, now);

    if ((!until || until - now < DEBT_NS) &&
        net_wait_may_pass(&b->waiting, frame, size)) {
        limit_charge(&b->rate_in, now, size);
        give(b, frame, size, offload);
        return;
    }
    b->counters.rx_dropped +=
        net_wait_add(&b->waiting, frame, size, offload, most_waiting(b));
}

bool netback_receive(struct netback *b, const uint8_t *frame, size_t size,
                     const struct net_offload *offload)
{
    if (!b->ready)
        return false;
    if (!is_taken(b, size, offload) || !net_filter_receiver(b, frame))
        b->counters.rx_dropped++;
    else if (b->rate_in.per_second || b->waiting.size)
        receive_at_rate(b, frame, size, offload);
    else
        give(b, frame, size, offload);
    return b->ready;
}

void netback_commit(struct netback *b)
{
    give_waiting(b);
    commit(b);
}
