/* SPDX-License-Identifier: MIT */
/* Packets to the back-end; it may answer in any order. */
#include "net_internal.h"

void net_front_tx_init(struct net_front_queue *q)
{
    q->nr_free_ids = q->front->options.tx_pages;
    for (unsigned int i = 0; i < q->nr_free_ids; i++)
        q->free_ids[i] = (uint16_t)i;
}

/* ---- Answers ---------------------------------------------------------- */

static bool take_answer(struct net_front_queue *q)
{
    struct netif_tx_response rsp;

    memcpy(&rsp, net_tx_response(&q->tx, q->tx.cons++), sizeof(rsp));
    if (rsp.status == NETIF_RSP_NULL)
        return true;
    if (rsp.id >= NET_RING_SLOTS || !q->tx_pages[rsp.id]) {
        front_break(&q->front->life, "an answer to what was not sent");
        return false;
    }
    front_pages_give(&q->front->life.pages, q->tx_pages[rsp.id]);
    q->tx_pages[rsp.id] = NULL;
    q->free_ids[q->nr_free_ids++] = rsp.id;
    return true;
}

static void tell_groups(struct netfront *f);

static void use_room(struct netfront *f)
{
    if (f->groups_late)
        tell_groups(f);
    if (!f->blocked)
        return;
    f->blocked = false;
    if (f->ops->writable)
        f->ops->writable(f->arg);
}

/* Those that have come; false: the back-end is broken. */
static bool take_answers(struct net_front_queue *q)
{
    int nr = pv_front_avail(&q->tx);

    if (nr < 0) {
        front_break(&q->front->life, "more answers than packets");
        return false;
    }
    while (nr--)
        if (!take_answer(q))
            return false;
    return true;
}

/* An answer only says that there is room: while there is, not each is worth an
 * event. */
static bool are_more(struct net_front_queue *q)
{
    const struct netfront *f = q->front;

    return pv_front_more_by(&q->tx,
                            f->blocked || f->groups_late ? 1 : q->tx.nr / 2);
}

bool net_front_tx_done(struct net_front_queue *q)
{
    do {
        if (!take_answers(q))
            return false;
    } while (are_more(q));
    use_room(q->front);
    return q->front->life.connected;
}

/* ---- Packets ---------------------------------------------------------- */

static size_t size_of(const struct net_buffer buffers[], unsigned int nr)
{
    size_t size = 0;

    for (unsigned int i = 0; i < nr; i++)
        size += buffers[i].size;
    return size;
}

static int check(const struct netfront *f, size_t size,
                 const struct net_offload *offload)
{
    if (offload->gso > XEN_NETIF_GSO_TYPE_TCPV6 ||
        (offload->gso && !offload->gso_size) ||
        (offload->gso == XEN_NETIF_GSO_TYPE_TCPV4 && !f->info.gso_tcpv4) ||
        (offload->gso == XEN_NETIF_GSO_TYPE_TCPV6 && !f->info.gso_tcpv6))
        return -XEN_EINVAL;
    if (size < NET_MIN_PACKET || size > NET_MAX_PACKET ||
        (size > OS_PAGE_SIZE && !f->info.sg))
        return -XEN_EMSGSIZE;
    return 0;
}

static void put_extra(struct net_front_queue *q,
                      const struct netif_extra_info *extra)
{
    memcpy(net_tx_request(&q->tx, q->tx.prod++), extra, sizeof(*extra));
}

static void put_gso(struct net_front_queue *q,
                    const struct net_offload *offload)
{
    struct netif_extra_info extra = {.type = XEN_NETIF_EXTRA_TYPE_GSO};

    extra.u.gso.size = offload->gso_size;
    extra.u.gso.type = offload->gso;
    put_extra(q, &extra);
}

static uint16_t flags_of(const struct net_offload *offload)
{
    unsigned int flags = 0;

    if (offload->csum_blank)
        flags |= NETTXF_csum_blank | NETTXF_data_validated;
    if (offload->csum_good)
        flags |= NETTXF_data_validated;
    if (offload->gso)
        flags |= NETTXF_extra_info;
    return (uint16_t)flags;
}

/* A page of the packet; the first request tells the size of all. */
static void put_part(struct net_front_queue *q, struct front_page *page,
                     size_t size, size_t told, uint16_t flags)
{
    uint16_t id = q->free_ids[--q->nr_free_ids];

    q->tx_pages[id] = page;
    *net_tx_request(&q->tx, q->tx.prod++) = (struct netif_tx_request){
        .gref = page->ref,
        .flags = flags,
        .id = id,
        .size = (uint16_t)(told ? told : size),
    };
}

static void put_packet(struct net_front_queue *q, struct front_page *pages,
                       struct net_reader r, size_t size,
                       const struct net_offload *offload)
{
    uint16_t flags = flags_of(offload);
    size_t told = size;

    while (size) {
        size_t some = size < OS_PAGE_SIZE ? size : OS_PAGE_SIZE;
        struct front_page *page = pages;

        pages = page->next;
        page->next = NULL;
        net_read(&r, page->memory, some);
        size -= some;
        put_part(q, page, some, told,
                 (uint16_t)(flags | (size ? NETTXF_more_data : 0U)));
        if (told && offload->gso)
            put_gso(q, offload);
        told = 0;
        flags = 0;
    }
}

static void push(struct net_front_queue *q)
{
    if (pv_front_push(&q->tx))
        os_event_send(q->port);
}

/* All packets of a flow go by the same queue, so that they stay in order. */
static struct net_front_queue *queue_for(const struct netfront *f,
                                         const struct net_buffer *first)
{
    return &f->queues[f->nr_queues > 1
                          ? net_flow(first->base, first->size) % f->nr_queues
                          : 0];
}

/* If there is none, an event tells when there may be. */
static bool has_room(struct net_front_queue *q, unsigned int nr_pages,
                     unsigned int nr_slots)
{
    while (q->nr_free_ids < nr_pages || pv_front_room(&q->tx) < nr_slots)
        if (!pv_front_more(&q->tx) || !take_answers(q))
            return false;
    return true;
}

int netfront_send(struct netfront *f, const struct net_buffer buffers[],
                  unsigned int nr_buffers, const struct net_offload *offload)
{
    size_t size = size_of(buffers, nr_buffers);
    unsigned int nr = (unsigned int)((size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE);
    struct net_front_queue *q;
    struct front_page *pages = NULL;
    int rc;

    if (!f->life.connected)
        return -XEN_ENOTCONN;
    rc = check(f, size, offload);
    if (rc)
        return rc;
    q = queue_for(f, buffers);
    if (has_room(q, nr, nr + !!offload->gso))
        pages = front_pages_take(&f->life.pages, nr);
    if (!pages) {
        f->blocked = true;
        return -XEN_EAGAIN;
    }
    put_packet(q, pages, (struct net_reader){buffers, 0}, size, offload);
    push(q);
    return 0;
}

/* ---- Groups ----------------------------------------------------------- */

/* False: there is no room. */
static bool tell(struct netfront *f, const struct net_front_group *group)
{
    struct netif_extra_info extra = {
        .type = group->wanted ? XEN_NETIF_EXTRA_TYPE_MCAST_ADD
                              : XEN_NETIF_EXTRA_TYPE_MCAST_DEL};
    struct net_front_queue *q = f->queues;
    struct front_page *page;

    if (!has_room(q, 1, 2))
        return false;
    page = front_pages_take(&f->life.pages, 1);
    if (!page)
        return false;
    memcpy(extra.u.mcast.addr, group->mac, NET_MAC_SIZE);
    put_part(q, page, 0, 0, NETTXF_extra_info);
    put_extra(q, &extra);
    push(q);
    return true;
}

/* Forget those that nobody needs. */
static void drop_groups(struct netfront *f)
{
    unsigned int nr = 0;

    for (unsigned int i = 0; i < f->nr_groups; i++)
        if (f->groups[i].wanted || f->groups[i].known)
            f->groups[nr++] = f->groups[i];
    f->nr_groups = nr;
}

static void tell_groups(struct netfront *f)
{
    f->groups_late = false;
    for (unsigned int i = 0; f->life.connected && f->info.multicast &&
                             i < f->nr_groups && !f->groups_late;
         i++) {
        struct net_front_group *group = &f->groups[i];

        if (group->wanted == group->known)
            continue;
        f->groups_late = !tell(f, group);
        if (!f->groups_late)
            group->known = group->wanted;
    }
    drop_groups(f);
}

void net_front_groups_new(struct netfront *f)
{
    for (unsigned int i = 0; i < f->nr_groups; i++)
        f->groups[i].known = false;
    tell_groups(f);
}

int netfront_multicast(struct netfront *f, const uint8_t mac[NET_MAC_SIZE],
                       bool wanted)
{
    unsigned int i = 0;

    while (i < f->nr_groups && !net_mac_is_equal(f->groups[i].mac, mac))
        i++;
    if (i == f->nr_groups) {
        if (!wanted)
            return 0;
        if (i == NET_MAX_MULTICAST)
            return -XEN_ENOSPC;
        f->groups[f->nr_groups++] = (struct net_front_group){0};
        memcpy(f->groups[i].mac, mac, NET_MAC_SIZE);
    }
    f->groups[i].wanted = wanted;
    tell_groups(f);
    return 0;
}
