/* SPDX-License-Identifier: MIT */
/*
 * Packets of the guest: out of the rings, to the network.
 *
 * A packet's slots: the first request, whose size is that of all; extra info,
 * if that says so; a request for each further part. What a request has that
 * can't be right ends the device; what can't be done with a packet loses it.
 */
#include "net_internal.h"

#define ALIGN 64U

/* Smaller segments are of no use, but to make others work: Linux's own bound.
 */
#define MIN_SEGMENT 48U

static const struct netif_tx_request *request_at(const struct net_back_queue *q,
                                                 uint32_t index)
{
    return &q->keep->tx[index % NET_RING_SLOTS];
}

/* ---- Extra info ------------------------------------------------------- */

static int take_gso(struct net_batch_packet *p,
                    const struct netif_extra_info *extra)
{
    if (!extra->u.gso.size || (extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 &&
                               extra->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6))
        return -XEN_EINVAL;
    p->offload.gso = extra->u.gso.type;
    p->offload.gso_size = extra->u.gso.size;
    return 0;
}

static int take_extra(struct netback *b, struct net_batch_packet *p,
                      const struct netif_extra_info *extra)
{
    switch (extra->type) {
    case XEN_NETIF_EXTRA_TYPE_GSO:
        return take_gso(p, extra);
    case XEN_NETIF_EXTRA_TYPE_MCAST_ADD:
    case XEN_NETIF_EXTRA_TYPE_MCAST_DEL:
        p->control = true;
        if (!net_filter_multicast(b, extra->u.mcast.addr,
                                  extra->type ==
                                      XEN_NETIF_EXTRA_TYPE_MCAST_ADD))
            p->status = NETIF_RSP_ERROR;
        return 0;
    case XEN_NETIF_EXTRA_TYPE_HASH:
        return 0;
    default:
        return -XEN_EINVAL;
    }
}

/* Returns how many slots it was; 0: they are not all there yet; -EINVAL. */
static int take_extras(struct net_back_queue *q, struct net_batch_packet *p,
                       uint32_t index, uint32_t avail)
{
    struct netif_extra_info extra;
    uint32_t nr = 0;

    do {
        int rc;

        if (nr == avail)
            return 0;
        if (nr == XEN_NETIF_EXTRA_TYPE_MAX)
            return -XEN_EINVAL;
        memcpy(&extra, request_at(q, index + nr++), sizeof(extra));
        rc = take_extra(q->back, p, &extra);
        if (rc)
            return rc;
    } while (extra.flags & XEN_NETIF_EXTRA_FLAG_MORE);
    return (int)nr;
}

/* ---- A packet --------------------------------------------------------- */

/* The slots of one packet. */
struct chain {
    uint32_t nr_extras;
    uint32_t nr_slots; /* extra info included */
    uint32_t rest;     /* bytes in all but the first */
};

static bool in_page(const struct netif_tx_request *r, uint32_t size)
{
    return r->offset + size <= OS_PAGE_SIZE;
}

/* Count the slots behind the first and the extra info. As take_extras(). */
static int take_parts(const struct net_back_queue *q, uint32_t at,
                      struct chain *c, uint32_t avail)
{
    const struct netif_tx_request *r = request_at(q, at);

    while (r->flags & NETTXF_more_data) {
        if (c->nr_slots == avail)
            return 0;
        if (c->nr_slots - c->nr_extras == XEN_NETIF_NR_SLOTS_MIN)
            return -XEN_EINVAL;
        r = request_at(q, at + c->nr_slots++);
        if (!r->size || !in_page(r, r->size) || (r->flags & NETTXF_extra_info))
            return -XEN_EINVAL;
        c->rest += r->size;
    }
    return 1;
}

/* What comes before the first whole page, which a part is. */
static uint32_t before_page(const struct net_back_queue *q, uint32_t at,
                            const struct chain *c, uint32_t first_size)
{
    uint32_t size = first_size, before = 0;

    for (uint32_t i = c->nr_extras + 1; i <= c->nr_slots; i++) {
        if (size == OS_PAGE_SIZE)
            return before;
        before += size;
        if (i < c->nr_slots)
            size = request_at(q, at + i)->size;
    }
    return 0;
}

/* Room for a packet in the pool; NULL: there is not so much. Whole pages begin
 * where pages do: each is one copy then, and not two. */
static uint8_t *place(const struct netback *b, size_t *used, uint32_t size,
                      uint32_t before)
{
    size_t align = size < OS_PAGE_SIZE ? ALIGN : OS_PAGE_SIZE;
    size_t at =
        (*used + NETBACK_HEADROOM + before + align - 1) / align * align -
        before;

    if (at + size > NETBACK_POOL_PAGES * OS_PAGE_SIZE)
        return NULL;
    *used = at + size;
    return b->pool + at;
}

/* Copies of all parts. Returns false if there is no room for more copies. */
static bool copy_parts(struct net_back_queue *q, struct net_batch_packet *p,
                       uint32_t at, const struct chain *c)
{
    struct net_copies *copies = q->back->copies;
    const struct netif_tx_request *r = request_at(q, at);
    uint32_t size = p->size - c->rest;
    uint8_t *to = p->data;

    p->first_copy = copies->nr;
    for (uint32_t i = c->nr_extras;; size = r->size) {
        if (!net_copies_add(copies, r->gref, r->offset, to, size, false)) {
            copies->nr = p->first_copy;
            return false;
        }
        to += size;
        if (++i == c->nr_slots)
            break;
        r = request_at(q, at + i);
    }
    p->nr_copies = copies->nr - p->first_copy;
    return true;
}

/*
 * Look at the packet that begins at a request.
 *
 * Returns 1; 0 if its slots are not all there, or it does not fit into this
 *         batch; -EINVAL: it can't be.
 */
static int take_packet(struct net_back_queue *q, struct net_batch_packet *p,
                       uint32_t at, uint32_t avail, size_t *used)
{
    const struct netif_tx_request *first = request_at(q, at);
    struct chain c = {.nr_slots = 1};
    int rc = 1;

    *p = (struct net_batch_packet){.status = NETIF_RSP_OKAY,
                                   .size = first->size};
    p->offload.csum_blank = first->flags & NETTXF_csum_blank;
    p->offload.csum_good = first->flags & NETTXF_data_validated;
    if (first->flags & NETTXF_extra_info) {
        rc = take_extras(q, p, at + 1, avail - 1);
        if (rc <= 0)
            return rc;
        c.nr_extras = (uint32_t)rc;
        c.nr_slots += c.nr_extras;
    }
    if (!p->control)
        rc = take_parts(q, at, &c, avail);
    if (rc <= 0)
        return rc;
    p->nr_slots = c.nr_slots;
    if (p->control)
        return 1;
    if (first->size <= c.rest || first->size < NET_MIN_PACKET ||
        !in_page(first, first->size - c.rest))
        return -XEN_EINVAL;
    p->data = place(q->back, used, p->size,
                    before_page(q, at, &c, first->size - c.rest));
    return p->data && copy_parts(q, p, at, &c);
}

/* ---- A batch ---------------------------------------------------------- */

/* It takes what the headers say to make whole what a packet lacks. */
static bool fits_headers(const struct net_batch_packet *p,
                         struct net_headers *headers)
{
    bool found = net_headers_find(p->data, p->size, headers);

    if (!found)
        *headers = (struct net_headers){0};
    if (!p->offload.gso)
        return found || !p->offload.csum_blank;
    return found && headers->protocol == 6 &&
           p->offload.gso_size >= MIN_SEGMENT &&
           headers->is_v6 == (p->offload.gso == XEN_NETIF_GSO_TYPE_TCPV6);
}

static void send_packet(struct netback *b, struct net_batch_packet *p)
{
    struct net_headers headers;

    if (p->control)
        return;
    if (p->status == NETIF_RSP_OKAY &&
        (!fits_headers(p, &headers) || !net_filter_sender(b, p->data, p->size)))
        p->status = NETIF_RSP_DROPPED;
    if (p->status != NETIF_RSP_OKAY) {
        b->counters.tx_dropped++;
        return;
    }
    /* A segmented packet can't do without. */
    p->offload.csum_blank |= p->offload.gso != 0;
    b->counters.tx_packets++;
    b->counters.tx_bytes += p->size;
    b->nic->transmit(b->nic, p->data, p->size, &p->offload, &headers);
}

/* The answer to each slot is in its place, so they are told all at once. */
static void answer(struct net_back_queue *q, const struct net_batch_packet *p)
{
    const struct netif_tx_request *first = request_at(q, q->tx.prod);
    bool extra = first->flags & NETTXF_extra_info;

    for (uint32_t i = 0; i < p->nr_slots; i++, q->tx.prod++) {
        struct netif_tx_response *rsp = net_tx_response(&q->tx, q->tx.prod);
        struct netif_extra_info info;

        if (i && extra) {
            memcpy(&info, request_at(q, q->tx.prod), sizeof(info));
            extra = info.flags & XEN_NETIF_EXTRA_FLAG_MORE;
            rsp->status = NETIF_RSP_NULL;
            continue;
        }
        rsp->id = request_at(q, q->tx.prod)->id;
        rsp->status = p->status;
    }
}

static void finish_batch(struct net_back_queue *q, unsigned int nr)
{
    struct netback *b = q->back;

    net_copies_make(b, b->copies, b->sent, nr);
    for (unsigned int i = 0; i < nr; i++)
        send_packet(b, &b->sent[i]);
    for (unsigned int i = 0; i < nr; i++)
        answer(q, &b->sent[i]);
    pv_ring_publish(&q->tx.shared->rsp_prod, q->tx.prod);
    if (pv_back_check_event(&q->tx))
        os_event_send(q->tx_port);
}

/* Returns how many packets it was; negative: the device has ended. */
static int take_batch(struct net_back_queue *q)
{
    struct netback *b = q->back;
    int known = net_keep_take_tx(q), rc = known < 0 ? known : 1;
    uint32_t left = known < 0 ? 0 : (uint32_t)known, at = q->tx.prod;
    uint64_t now = os_now_ns();
    unsigned int nr = 0;
    size_t used = 0;

    b->copies->nr = 0;
    while (left && nr < BATCH_PACKETS && !limit_until(&b->rate, now)) {
        rc = take_packet(q, &b->sent[nr], at, left, &used);
        if (rc <= 0)
            break;
        limit_charge(&b->rate, now, b->sent[nr].size);
        q->credit -= (int32_t)b->sent[nr].size;
        at += b->sent[nr].nr_slots;
        left -= b->sent[nr++].nr_slots;
    }
    if (nr)
        finish_batch(q, nr);
    if (rc < 0)
        back_fail(&b->life, rc, "a packet that can't be");
    return rc < 0 ? rc : (int)nr;
}

/* ---- Turns ------------------------------------------------------------ */

#define TURN_BYTES (1 << 16)
#define TURNS      16U

/* What a queue has sent beyond its turn it lacks in the next. */
static void end_turn(struct netback *b)
{
    struct net_back_queue *q;

    b->turn = (b->turn + 1) % b->nr_queues;
    q = &b->queues[b->turn];
    q->credit += TURN_BYTES;
    if (q->credit > TURN_BYTES)
        q->credit = TURN_BYTES;
}

/* Returns whether there is more. */
static bool take_turn(struct netback *b)
{
    struct net_back_queue *q = &b->queues[b->turn];
    bool more = true;

    if (q->credit > 0)
        more = take_batch(q) > 0 || (b->life.connected && pv_back_more(&q->tx));
    if (b->life.connected && (!more || q->credit <= 0))
        end_turn(b);
    return more;
}

/*
 * Queues take turns by bytes, also while the rate allows some bytes at a time
 * only: a queue that is never empty does not hold up the others, which may have
 * the acknowledgements that another sender waits for.
 */
void net_back_take(struct netback *b)
{
    unsigned int nr_idle = 0;

    /* At most some rings' content: others want their turn, too. */
    for (unsigned int i = 0; b->life.connected && i < TURNS * b->nr_queues;
         i++) {
        uint64_t until = limit_until(&b->rate, os_now_ns());

        if (until) {
            os_timer_set(&b->tx_timer, until);
            return;
        }
        nr_idle = take_turn(b) ? 0 : nr_idle + 1;
        if (nr_idle == b->nr_queues)
            return;
    }
    if (b->life.connected)
        os_timer_set(&b->tx_timer, os_now_ns());
}

void net_back_take_late(struct netback *b)
{
    for (unsigned int i = 0; i < b->nr_queues; i++) {
        const struct net_back_queue *q = &b->queues[i];

        if (q->tx.cons != q->tx.prod || pv_back_avail(&q->tx) > 0)
            limit_wait(&b->rate);
    }
    net_back_take(b);
}
