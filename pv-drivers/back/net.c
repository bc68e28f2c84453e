/* SPDX-License-Identifier: MIT */
/*
 * The network back-end's life: what it offers, connection, its end.
 *
 * Source: public/io/netif.h; the nodes are those that Linux's front-end reads.
 */
#include "net_internal.h"

/* Whether packets to groups come only by the list that the front-end sends. */
#define MULTICAST_NODE "request-multicast-control"

/* ---- Copies ----------------------------------------------------------- */

bool net_copies_add(struct net_copies *c, grant_ref_t ref, uint16_t offset,
                    uint8_t *local, uint32_t size, bool to_grant)
{
    while (size) {
        uint32_t some = OS_PAGE_SIZE - (uintptr_t)local % OS_PAGE_SIZE;

        if (some > size)
            some = size;
        if (c->nr == BATCH_COPIES)
            return false;
        c->list[c->nr++] = (struct os_copy){.ref = ref,
                                            .offset = offset,
                                            .size = (uint16_t)some,
                                            .to_grant = to_grant,
                                            .local = local};
        offset = (uint16_t)(offset + some);
        local += some;
        size -= some;
    }
    return true;
}

void net_copies_make(struct netback *b, struct net_copies *c,
                     struct net_batch_packet packets[], unsigned int nr)
{
    if (!c->nr || !os_grants_copy(b->bus.other_id, c->list, c->nr))
        return;
    for (unsigned int i = 0; i < nr; i++) {
        struct net_batch_packet *p = &packets[i];

        if (p->nr_copies &&
            os_grants_copy(b->bus.other_id, c->list + p->first_copy,
                           p->nr_copies))
            p->status = NETIF_RSP_ERROR;
    }
}

/* ---- The end of a connection ------------------------------------------ */

static void queue_close(struct net_back_queue *q)
{
    if (q->tx_port)
        os_event_close(q->tx_port);
    if (q->rx_port)
        os_event_close(q->rx_port);
    if (q->tx_page)
        os_grants_unmap(q->tx_page, 1);
    if (q->rx_page)
        os_grants_unmap(q->rx_page, 1);
}

/* The list of groups is in use, or not any more. */
static void multicast_changed(void *back, const char *path)
{
    struct netback *b = back;

    (void)path;
    b->multicast_control = store_read_or(b->bus.other, MULTICAST_NODE, 0) == 1;
}

static int watch_multicast(struct netback *b)
{
    int rc;

    if (!text_format(b->multicast_node, sizeof(b->multicast_node), "%s/%s",
                     b->bus.other, MULTICAST_NODE))
        return -XEN_ENAMETOOLONG;
    b->multicast_watch = (struct os_watch){
        .path = b->multicast_node, .fn = multicast_changed, .arg = b};
    rc = os_store_watch(&b->multicast_watch);
    if (rc)
        b->multicast_watch.path = NULL;
    return rc;
}

static void disconnect(struct netback *b)
{
    if (b->multicast_watch.path)
        os_store_unwatch(&b->multicast_watch);
    b->multicast_watch.path = NULL;
    b->connected = false;
    net_keep_disconnect(b);
    os_timer_cancel(&b->tx_timer);
    os_timer_cancel(&b->rx_timer);
    net_back_forget_received(b);
    for (unsigned int i = 0; i < b->nr_queues; i++)
        queue_close(&b->queues[i]);
    b->nr_queues = b->turn = 0;
    if (b->ready)
        b->nic->ready(b->nic, false);
    b->ready = false;
}

void net_back_fail(struct netback *b, int rc, const char *what)
{
    xenbus_fail(&b->bus, rc, what);
    disconnect(b);
}

/* ---- What we offer ---------------------------------------------------- */

static int write_offer(void *back, uint32_t transaction)
{
    static const char *const features[] = {
        "feature-sg",
        "feature-gso-tcpv4",
        "feature-gso-tcpv6",
        "feature-ipv6-csum-offload",
        "feature-rx-copy",
        "feature-multicast-control",
        "feature-dynamic-multicast-control",
        "feature-split-event-channels",
    };
    struct netback *b = back;
    int rc = xenbus_write_state(&b->bus, transaction, XenbusStateInitWait);

    for (size_t i = 0; !rc && i < OS_ARRAY_SIZE(features); i++)
        rc = store_write_u64(transaction, b->bus.node, features[i], 1);
    if (!rc)
        rc = store_write_u64(transaction, b->bus.node, "feature-rx-flip", 0);
    if (!rc)
        rc = store_write_u64(transaction, b->bus.node, "multi-queue-max-queues",
                             b->options.max_queues);
    return rc;
}

static void offer(struct netback *b)
{
    int rc = store_transact(write_offer, b);

    if (rc)
        xenbus_fail(&b->bus, rc, "writing what the network offers");
}

/* ---- What the front-end has ------------------------------------------- */

static int read_u32(const char *path, const char *name, uint32_t *out)
{
    uint64_t value;
    int rc = store_read_u64(path, name, &value);

    if (!rc && value > UINT32_MAX)
        rc = -XEN_ERANGE;
    if (!rc)
        *out = (uint32_t)value;
    return rc;
}

static int read_queue(const char *path, struct net_keep_queue *out)
{
    int rc = read_u32(path, "tx-ring-ref", &out->tx_ref);

    if (!rc)
        rc = read_u32(path, "rx-ring-ref", &out->rx_ref);
    if (rc)
        return rc;
    if (!read_u32(path, "event-channel-tx", &out->tx_port))
        return read_u32(path, "event-channel-rx", &out->rx_port);
    rc = read_u32(path, "event-channel", &out->tx_port);
    out->rx_port = out->tx_port;
    return rc;
}

/* Returns how many queues there are, or an error. */
static int read_queues(const struct netback *b, struct net_keep_queue queues[])
{
    const char *node = b->bus.other;
    uint64_t nr = store_read_or(node, "multi-queue-num-queues", 1);
    char path[PV_PATH_MAX];
    int rc = 0;

    if (!nr || nr > b->options.max_queues)
        return -XEN_EINVAL;
    for (unsigned int i = 0; !rc && i < nr; i++) {
        if (nr == 1)
            return read_queue(node, &queues[0]) ? -XEN_EINVAL : 1;
        if (!text_format(path, sizeof(path), "%s/queue-%u", node, i))
            return -XEN_ENAMETOOLONG;
        rc = read_queue(path, &queues[i]);
    }
    return rc ? rc : (int)nr;
}

static bool has(const struct netback *b, const char *feature)
{
    return store_read_or(b->bus.other, feature, 0) == 1;
}

static int read_features(struct netback *b)
{
    if (!has(b, "request-rx-copy"))
        return -XEN_EOPNOTSUPP;
    b->sg = has(b, "feature-sg");
    multicast_changed(b, NULL);
    b->offloads = (struct netback_offloads){
        .csum_v4 = !has(b, "feature-no-csum-offload"),
        .csum_v6 = has(b, "feature-ipv6-csum-offload"),
        .gso_tcpv4 = b->sg && has(b, "feature-gso-tcpv4"),
        .gso_tcpv6 = b->sg && has(b, "feature-gso-tcpv6"),
    };
    return 0;
}

/* "BYTES,MICROSECONDS": so many in each such time. Ours may also be one number,
 * bytes per second. */
static uint64_t read_rate(const struct netback *b, const char *name)
{
    char text[64], *comma;
    uint64_t bytes, us = 1000000;

    if (store_read(b->bus.node, name, text, sizeof(text)))
        return 0;
    for (comma = text; *comma && *comma != ','; comma++)
        ;
    if (*comma) {
        *comma = '\0';
        if (text_to_u64(comma + 1, &us) || !us)
            return 0;
    }
    if (text_to_u64(text, &bytes) || bytes > UINT64_MAX / 1000000)
        return 0;
    return bytes * 1000000 / us;
}

static void read_rates(struct netback *b)
{
    limit_set(&b->rate, read_rate(b, "rate"));
    limit_set(&b->rate_in, read_rate(b, "rate-in"));
}

/* ---- Connection ------------------------------------------------------- */

static void tx_event(void *queue)
{
    struct net_back_queue *q = queue;

    net_back_take(q->back);
}

static void rx_event(void *queue)
{
    struct net_back_queue *q = queue;

    net_back_look_for_room(q->back);
}

static void both_events(void *queue)
{
    tx_event(queue);
    rx_event(queue);
}

static void tx_timer(void *back)
{
    net_back_take_late(back);
}

static void rx_timer(void *back)
{
    net_back_look_for_room(back);
}

/* As new, or as another back-end has left it. */
static int ring_open(struct netback *b, grant_ref_t ref, size_t entry,
                     struct pv_ring *ring, void **page)
{
    int rc = os_grants_map(b->bus.other_id, &ref, 1, false, page);
    uint32_t prod;

    if (rc)
        return rc;
    pv_ring_attach(ring, *page, OS_PAGE_SIZE, entry, 0, 0);
    prod = __atomic_load_n(&ring->shared->rsp_prod, __ATOMIC_RELAXED);
    ring->cons = ring->prod = ring->told = prod;
    return 0;
}

static int bind_ports(struct net_back_queue *q,
                      const struct net_keep_queue *from)
{
    domid_t of = q->back->bus.other_id;
    int rc;

    if (from->rx_port == from->tx_port)
        return os_event_bind(of, from->tx_port, both_events, q, &q->tx_port);
    rc = os_event_bind(of, from->tx_port, tx_event, q, &q->tx_port);
    return rc ? rc : os_event_bind(of, from->rx_port, rx_event, q, &q->rx_port);
}

static int queue_open(struct netback *b, unsigned int index,
                      const struct net_keep_queue *from)
{
    struct net_back_queue *q = &b->queues[index];
    int rc;

    memset(q, 0, sizeof(*q));
    q->back = b;
    q->keep = &b->keep->queues[index];
    rc = ring_open(b, from->tx_ref, sizeof(struct netif_tx_request), &q->tx,
                   &q->tx_page);
    if (!rc)
        rc = ring_open(b, from->rx_ref, sizeof(struct netif_rx_response),
                       &q->rx, &q->rx_page);
    if (!rc && b->recovering)
        rc = net_keep_recover(q);
    return rc ? rc : bind_ports(q, from);
}

static void note_queues(struct netback *b, const struct net_keep_queue queues[])
{
    for (unsigned int i = 0; i < b->nr_queues; i++) {
        struct net_keep_queue *k = &b->keep->queues[i];

        k->tx_ref = queues[i].tx_ref;
        k->rx_ref = queues[i].rx_ref;
        k->tx_port = queues[i].tx_port;
        k->rx_port = queues[i].rx_port;
    }
    net_keep_connect(b);
}

static int open_queues(struct netback *b, struct net_keep_queue queues[])
{
    int nr = read_queues(b, queues), rc = 0;

    if (nr < 0)
        return nr;
    if (b->recovering && !net_keep_matches(b, (unsigned int)nr, queues))
        return -XEN_ENODATA;
    while (!rc && b->nr_queues < (unsigned int)nr) {
        unsigned int i = b->nr_queues++;

        rc = queue_open(b, i, &queues[i]);
    }
    if (!rc && !b->recovering)
        note_queues(b, queues);
    return rc;
}

/* Large: what was read of the store, until it is compared or noted. */
static int with_queues(struct netback *b,
                       int (*fn)(struct netback *b, struct net_keep_queue *q))
{
    size_t size = NET_MAX_QUEUES * sizeof(struct net_keep_queue);
    struct net_keep_queue *queues = os_alloc(size);
    int rc = queues ? fn(b, queues) : -XEN_ENOMEM;

    os_free(queues, size);
    return rc;
}

static void connect(struct netback *b)
{
    int rc = read_features(b);

    if (!rc)
        rc = watch_multicast(b);
    if (!rc)
        rc = with_queues(b, open_queues);
    if (!rc && !b->recovering)
        rc = xenbus_set_state(&b->bus, XenbusStateConnected);
    if (rc) {
        b->recovering = false;
        net_back_fail(b, rc, "connecting to the front-end");
        return;
    }
    read_rates(b);
    b->connected = true;
    b->nic->offloads(b->nic, &b->offloads);
    net_back_take(b);
    net_back_look_for_room(b);
    /* The last process may have ended before it told the front-end. */
    for (unsigned int i = 0; b->recovering && i < b->nr_queues; i++) {
        os_event_send(b->queues[i].tx_port);
        if (b->queues[i].rx_port)
            os_event_send(b->queues[i].rx_port);
    }
    b->recovering = false;
}

/* ---- States ----------------------------------------------------------- */

static bool is_online(const struct netback *b)
{
    return store_read_or(b->bus.node, "online", 0) == 1;
}

static void tell_closed(struct netback *b)
{
    if (b->closed_told)
        return;
    b->closed_told = true;
    b->nic->closed(b->nic);
}

static void remove_device(struct netback *b)
{
    if (b->removed)
        return;
    b->removed = true;
    disconnect(b);
    xenbus_set_state(&b->bus, XenbusStateClosed);
    tell_closed(b);
}

/* The front-end has started, perhaps again and without a word. */
static void on_initialising(void *back)
{
    struct netback *b = back;

    if (b->removed || b->bus.state == XenbusStateInitWait)
        return;
    b->recovering = false;
    disconnect(b);
    offer(b);
}

static int has_same_rings(struct netback *b, struct net_keep_queue queues[])
{
    int nr = read_queues(b, queues);

    return nr >= 0 && net_keep_matches(b, (unsigned int)nr, queues);
}

static void on_connected(void *back)
{
    struct netback *b = back;

    if (b->removed)
        return;
    /* One that saw our offer late has left the rings that we use. */
    if (b->connected && !with_queues(b, has_same_rings))
        disconnect(b);
    else if (b->connected)
        return;
    else if (b->bus.state != XenbusStateInitWait && !b->recovering)
        return;
    connect(b);
}

static void on_closing(void *back)
{
    struct netback *b = back;

    if (b->bus.state == XenbusStateClosing || b->bus.state == XenbusStateClosed)
        return;
    xenbus_set_state(&b->bus, XenbusStateClosing);
}

static void on_closed(void *back)
{
    struct netback *b = back;

    /* One that closed before we offered the device sees the offer. */
    if (b->removed || b->bus.state == XenbusStateClosed ||
        (b->bus.state == XenbusStateInitWait && is_online(b)))
        return;
    disconnect(b);
    xenbus_set_state(&b->bus, XenbusStateClosed);
}

/* Its node has gone: so has the domain. */
static void on_unknown(void *back)
{
    remove_device(back);
}

/* The toolstack writes our nodes, too: to remove the device, or its rates. */
static void own_changed(void *back, const char *name)
{
    struct netback *b = back;

    if (!strcmp(name, "/rate") || !strcmp(name, "/rate-in")) {
        read_rates(b);
        net_back_take(b);
        net_back_look_for_room(b);
    } else if (!strcmp(name, "/state")) {
        unsigned int state = xenbus_stored_state(&b->bus);

        if (state == XenbusStateClosing)
            b->bus.state = XenbusStateClosing;
        else if (state == XenbusStateUnknown)
            remove_device(b);
    } else if (!*name && xenbus_stored_state(&b->bus) == XenbusStateUnknown) {
        remove_device(b);
    }
    if (b->bus.state == XenbusStateClosed && !is_online(b))
        remove_device(b);
}

static const struct xenbus_driver netback_driver = {
    .other = "frontend",
    .other_id = "frontend-id",
    .on = {[XenbusStateUnknown] = on_unknown,
           [XenbusStateInitialising] = on_initialising,
           [XenbusStateInitialised] = on_connected,
           [XenbusStateConnected] = on_connected,
           [XenbusStateClosing] = on_closing,
           [XenbusStateClosed] = on_closed},
    .own_changed = own_changed,
};

/* Where the device stands: new, or left by an earlier process. */
static void find_place(struct netback *b)
{
    b->bus.state = xenbus_stored_state(&b->bus);
    if (b->bus.state == XenbusStateConnected) {
        b->recovering = true;
        b->bus.other_was_there = true;
    } else if (b->bus.state == XenbusStateUnknown ||
               b->bus.state == XenbusStateInitialising ||
               b->bus.state == XenbusStateInitWait) {
        offer(b);
    }
}

/* ---- Memory ----------------------------------------------------------- */

static void back_free(struct netback *b)
{
    if (b->own_keep)
        os_free(b->keep, NETBACK_KEEP_SIZE);
    os_free(b->queues, b->options.max_queues * sizeof(*b->queues));
    os_free(b->sent, BATCH_PACKETS * sizeof(*b->sent));
    os_free(b->copies, sizeof(*b->copies));
    os_pages_free(b->pool, NET_POOL_PAGES);
    os_free(b, sizeof(*b));
}

static int back_init(struct netback *b)
{
    b->queues = os_alloc(b->options.max_queues * sizeof(*b->queues));
    b->sent = os_alloc(BATCH_PACKETS * sizeof(*b->sent));
    b->copies = os_alloc(sizeof(*b->copies));
    b->pool = os_pages_alloc(NET_POOL_PAGES);
    if (!b->queues || !b->sent || !b->copies || !b->pool)
        return -XEN_ENOMEM;
    return net_keep_open(b);
}

int netback_create(const char *node, const struct netback_options *options,
                   struct netback_nic *nic, struct netback **back_out)
{
    struct netback *b = os_alloc(sizeof(*b));
    int rc;

    if (!b)
        return -XEN_ENOMEM;
    if (options)
        b->options = *options;
    if (!b->options.max_queues)
        b->options.max_queues = 4;
    if (b->options.max_queues > NET_MAX_QUEUES)
        b->options.max_queues = NET_MAX_QUEUES;
    b->nic = nic;
    b->tx_timer = (struct os_timer){.fn = tx_timer, .arg = b};
    b->rx_timer = (struct os_timer){.fn = rx_timer, .arg = b};
    rc = back_init(b);
    if (!rc)
        rc = xenbus_open(&b->bus, &netback_driver, node, b);
    if (rc) {
        back_free(b);
        return rc;
    }
    *back_out = b;
    find_place(b);
    return 0;
}

void netback_destroy(struct netback *b)
{
    xenbus_close(&b->bus);
    disconnect(b);
    back_free(b);
}

void netback_shutdown(struct netback *b)
{
    remove_device(b);
}

const struct netback_counters *netback_counters(const struct netback *b)
{
    return &b->counters;
}
