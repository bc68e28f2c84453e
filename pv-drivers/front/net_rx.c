/* SPDX-License-Identifier: MIT */
/*
 * Packets from the back-end. It answers requests in their order; a packet takes
 * one for each part of data, and one for each extra info, whose page is as it
 * was.
 */
#include "net_internal.h"

/* Of one packet: more come from no back-end. */
#define MAX_SLOTS (2 * NET_MAX_SLOTS)

/* ---- Pages ------------------------------------------------------------ */

static void put(struct net_front_queue *q, struct front_page *page)
{
    uint32_t slot = q->rx.prod % NET_RING_SLOTS;

    q->rx_pages[slot] = page;
    *net_rx_request(&q->rx, q->rx.prod++) =
        (struct netif_rx_request){.id = (uint16_t)slot, .gref = page->ref};
}

void net_front_rx_fill(struct net_front_queue *q)
{
    struct netfront *f = q->front;

    while (q->rx.prod - q->rx.cons < f->options.rx_pages) {
        struct front_page *page = front_pages_take(&f->life.pages, 1);

        if (!page)
            break;
        put(q, page);
    }
    if (q->rx.prod != q->rx.told && pv_front_push(&q->rx))
        os_event_send(q->port);
}

/* ---- A packet --------------------------------------------------------- */

/* What was found of a packet so far. */
struct assembly {
    uint32_t nr_slots;
    size_t size;
    bool bad;      /* a part was not delivered: it is lost */
    bool in_extra; /* extra info comes next */
    struct net_offload offload;
    struct net_buffer *parts; /* at most one for each slot */
    unsigned int nr_parts;
};

static bool add_extra(struct net_front_queue *q, struct assembly *a,
                      const struct netif_extra_info *extra)
{
    (void)q;
    a->in_extra = extra->flags & XEN_NETIF_EXTRA_FLAG_MORE;
    if (extra->type != XEN_NETIF_EXTRA_TYPE_GSO)
        return true;
    if (!extra->u.gso.size || !extra->u.gso.type ||
        extra->u.gso.type > XEN_NETIF_GSO_TYPE_TCPV6)
        return false;
    a->offload.gso = extra->u.gso.type;
    a->offload.gso_size = extra->u.gso.size;
    return true;
}

static bool add_part(struct net_front_queue *q, struct assembly *a,
                     const struct netif_rx_response *rsp, uint32_t slot)
{
    const struct front_page *page = q->rx_pages[slot];

    if (rsp->status < 0) {
        a->bad = true;
        return true;
    }
    if (rsp->offset + rsp->status > (int)OS_PAGE_SIZE ||
        a->size + (size_t)rsp->status > q->front->max_packet)
        return false;
    a->parts[a->nr_parts++] = (struct net_buffer){
        (const uint8_t *)page->memory + rsp->offset, (size_t)rsp->status};
    a->size += (size_t)rsp->status;
    return true;
}

/* Returns 1: it ends here; 0: it goes on; -1: it can't be. */
static int add_slot(struct net_front_queue *q, struct assembly *a, bool *more)
{
    uint32_t index = q->rx.cons + a->nr_slots++;
    struct netif_rx_response rsp;
    struct netif_extra_info extra;

    memcpy(&rsp, net_rx_response(&q->rx, index), sizeof(rsp));
    if (a->in_extra) {
        memcpy(&extra, &rsp, sizeof(extra));
        if (!add_extra(q, a, &extra))
            return -1;
        return !*more && !a->in_extra;
    }
    if (rsp.id != index % NET_RING_SLOTS ||
        !add_part(q, a, &rsp, index % NET_RING_SLOTS))
        return -1;
    if (a->nr_slots == 1) {
        a->offload.csum_blank = rsp.flags & NETRXF_csum_blank;
        a->offload.csum_good = rsp.flags & NETRXF_data_validated;
        a->in_extra = rsp.flags & NETRXF_extra_info;
    }
    *more = rsp.flags & NETRXF_more_data;
    return !*more && !a->in_extra;
}

/* The pages of its slots may be filled again. */
static void release(struct net_front_queue *q, const struct assembly *a)
{
    for (uint32_t i = 0; i < a->nr_slots; i++) {
        struct front_page **at = &q->rx_pages[q->rx.cons++ % NET_RING_SLOTS];
        struct front_page *page = *at;

        *at = NULL;
        put(q, page);
    }
}

/* Copied, so that it can't change any more, by them or by us. */
static void hand_on(struct netfront *f, const struct assembly *a)
{
    struct net_reader r = {.buffer = a->parts};

    if (f->ops->received_parts) {
        f->ops->received_parts(f->arg, a->parts, a->size, &a->offload);
        return;
    }
    net_read(&r, f->packet, a->size);
    f->ops->received(f->arg, f->packet, a->size, &a->offload);
}

/* Returns whether there was a whole packet; nr: responses that have come. */
static bool take_packet(struct net_front_queue *q, uint32_t nr)
{
    struct netfront *f = q->front;
    struct net_buffer parts[MAX_SLOTS];
    struct assembly a = {.parts = parts};
    bool more = false;
    int end = 0;

    while (!end && a.nr_slots < nr && a.nr_slots < MAX_SLOTS)
        end = add_slot(q, &a, &more);
    if (end < 0 || (!end && a.nr_slots == MAX_SLOTS)) {
        front_break(&f->life, "a packet that can't be");
        return false;
    }
    if (!end)
        return false;
    release(q, &a);
    if (!a.bad && a.size >= NET_MIN_PACKET)
        hand_on(f, &a);
    return f->life.connected;
}

unsigned int net_front_rx_take(struct net_front_queue *q, unsigned int budget)
{
    struct netfront *f = q->front;
    unsigned int done = 0;

    while (done < budget) {
        int nr = pv_front_avail(&q->rx);

        if (nr < 0) {
            front_break(&f->life, "more packets than pages");
            return done;
        }
        if (nr && take_packet(q, (uint32_t)nr)) {
            done++;
            continue;
        }
        if (!f->life.connected)
            return done;
        net_front_rx_fill(q);
        /* A part of a packet: wait for the rest. */
        if (nr || !pv_front_more(&q->rx))
            return done;
    }
    net_front_rx_fill(q);
    return done;
}
