/* SPDX-License-Identifier: MIT */
/*
 * The network back-end's life: what it offers, connection, its end.
 *
 * Source: public/io/netif.h; the nodes are those that Linux's front-end reads.
 */
#include "net_internal.h"

/* Whether packets to groups come only by the list that the front-end sends. */
#define MULTICAST_NODE "request-multicast-control"

/* "netk" */
#define KEEP_MAGIC 0x6b74656e

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
    if (!c->nr || !os_grants_copy(b->life.bus.other_id, c->list, c->nr))
        return;
    for (unsigned int i = 0; i < nr; i++) {
        struct net_batch_packet *p = &packets[i];

        if (p->nr_copies &&
            os_grants_copy(b->life.bus.other_id, c->list + p->first_copy,
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
    b->multicast_control =
        store_read_or(b->life.bus.other, MULTICAST_NODE, 0) == 1;
}

static int watch_multicast(struct netback *b)
{
    int rc;

    if (!text_format(b->multicast_node, sizeof(b->multicast_node), "%s/%s",
                     b->life.bus.other, MULTICAST_NODE))
        return -XEN_ENAMETOOLONG;
    b->multicast_watch = (struct os_watch){
        .path = b->multicast_node, .fn = multicast_changed, .arg = b};
    rc = os_store_watch(&b->multicast_watch);
    if (rc)
        b->multicast_watch.path = NULL;
    return rc;
}

static void stop(void *back)
{
    struct netback *b = back;

    if (b->multicast_watch.path)
        os_store_unwatch(&b->multicast_watch);
    b->multicast_watch.path = NULL;
    os_timer_cancel(&b->tx_timer);
    os_timer_cancel(&b->rx_timer);
    net_back_forget_received(b);
}

static void close_queues(void *back)
{
    struct netback *b = back;

    for (unsigned int i = 0; i < b->nr_queues; i++)
        queue_close(&b->queues[i]);
    b->nr_queues = b->turn = 0;
    if (b->ready)
        b->nic->ready(b->nic, false);
    b->ready = false;
}

static void closed(void *back)
{
    struct netback *b = back;

    b->nic->closed(b->nic);
}

/* ---- What we offer ---------------------------------------------------- */

static int offer(void *back, uint32_t transaction)
{
    struct netback *b = back;
    const struct store_number features[] = {
        {"feature-sg", 1},
        {"feature-gso-tcpv4", 1},
        {"feature-gso-tcpv6", 1},
        {"feature-ipv6-csum-offload", 1},
        {"feature-rx-copy", 1},
        {"feature-rx-flip", 0},
        {"feature-multicast-control", 1},
        {"feature-dynamic-multicast-control", 1},
        {"feature-split-event-channels", 1},
        {"multi-queue-max-queues", b->options.max_queues},
    };

    return store_write_numbers(transaction, b->life.bus.node, features,
                               OS_ARRAY_SIZE(features));
}

/* ---- What the front-end has ------------------------------------------- */

static int read_queue(const char *path, struct net_keep_queue *out)
{
    int rc = store_read_u32(path, "tx-ring-ref", &out->tx_ref);

    if (!rc)
        rc = store_read_u32(path, "rx-ring-ref", &out->rx_ref);
    if (rc)
        return rc;
    if (!store_read_u32(path, "event-channel-tx", &out->tx_port))
        return store_read_u32(path, "event-channel-rx", &out->rx_port);
    rc = store_read_u32(path, "event-channel", &out->tx_port);
    out->rx_port = out->tx_port;
    return rc;
}

/* Returns how many queues there are, or an error. */
static int read_queues(const struct netback *b, struct net_keep_queue queues[])
{
    const char *node = b->life.bus.other;
    uint64_t nr = store_read_or(node, "multi-queue-num-queues", 1);
    char path[PV_PATH_MAX];
    int rc = 0;

    if (!nr || nr > b->options.max_queues)
        return -XEN_EINVAL;
    for (unsigned int i = 0; !rc && i < nr; i++) {
        rc = xenbus_queue_node(node, (unsigned int)nr, i, path);
        if (!rc)
            rc = read_queue(path, &queues[i]);
    }
    return rc ? rc : (int)nr;
}

static bool has(const struct netback *b, const char *feature)
{
    return store_read_or(b->life.bus.other, feature, 0) == 1;
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

    if (store_read(b->life.bus.node, name, text, sizeof(text)))
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

static int bind_ports(struct net_back_queue *q,
                      const struct net_keep_queue *from)
{
    domid_t of = q->back->life.bus.other_id;
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
    rc = back_ring_open(&b->life, &from->tx_ref, 1,
                        sizeof(struct netif_tx_request), &q->tx, &q->tx_page);
    if (!rc)
        rc = back_ring_open(&b->life, &from->rx_ref, 1,
                            sizeof(struct netif_rx_response), &q->rx,
                            &q->rx_page);
    if (!rc && b->life.recovering)
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
    if (b->life.recovering && !net_keep_matches(b, (unsigned int)nr, queues))
        return -XEN_ENODATA;
    while (!rc && b->nr_queues < (unsigned int)nr) {
        unsigned int i = b->nr_queues++;

        rc = queue_open(b, i, &queues[i]);
    }
    if (!rc && !b->life.recovering)
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

static int connect(void *back)
{
    struct netback *b = back;
    int rc = read_features(b);

    if (!rc)
        rc = watch_multicast(b);
    return rc ? rc : with_queues(b, open_queues);
}

static void start(void *back)
{
    struct netback *b = back;

    read_rates(b);
    b->nic->offloads(b->nic, &b->offloads);
    net_back_take(b);
    net_back_look_for_room(b);
    /* The last process may have ended before it told the front-end. */
    for (unsigned int i = 0; b->life.recovering && i < b->nr_queues; i++) {
        os_event_send(b->queues[i].tx_port);
        if (b->queues[i].rx_port)
            os_event_send(b->queues[i].rx_port);
    }
}

/* ---- The device ------------------------------------------------------- */

static int has_same_rings(struct netback *b, struct net_keep_queue queues[])
{
    int nr = read_queues(b, queues);

    return nr >= 0 && net_keep_matches(b, (unsigned int)nr, queues);
}

static bool has_new_rings(void *back)
{
    return !with_queues(back, has_same_rings);
}

static void own_changed(void *back, const char *name)
{
    struct netback *b = back;

    if (strcmp(name, "/rate") != 0 && strcmp(name, "/rate-in") != 0)
        return;
    read_rates(b);
    net_back_take(b);
    net_back_look_for_room(b);
}

static const struct back_driver netback_driver = {
    .keep_magic = KEEP_MAGIC,
    .offer = offer,
    .open = connect,
    .start = start,
    .has_new_rings = has_new_rings,
    .stop = stop,
    .close = close_queues,
    .closed = closed,
    .own_changed = own_changed,
};

/* ---- Memory ----------------------------------------------------------- */

static void back_free(struct netback *b)
{
    back_keep_close(&b->life);
    os_free(b->queues, b->options.max_queues * sizeof(*b->queues));
    os_free(b->sent, BATCH_PACKETS * sizeof(*b->sent));
    os_free(b->copies, sizeof(*b->copies));
    if (!b->nic->pool)
        os_pages_free(b->pool, NETBACK_POOL_PAGES);
    os_free(b, sizeof(*b));
}

static int back_init(struct netback *b)
{
    int rc;

    b->queues = os_alloc(b->options.max_queues * sizeof(*b->queues));
    b->sent = os_alloc(BATCH_PACKETS * sizeof(*b->sent));
    b->copies = os_alloc(sizeof(*b->copies));
    b->pool = b->nic->pool ? b->nic->pool : os_pages_alloc(NETBACK_POOL_PAGES);
    if (!b->queues || !b->sent || !b->copies || !b->pool)
        return -XEN_ENOMEM;
    rc = back_keep_open(&b->life, &netback_driver, b->nic->keep,
                        NETBACK_KEEP_SIZE);
    b->keep = (struct net_keep *)b->life.keep;
    return rc;
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
        rc = back_open(&b->life, node, b);
    if (rc) {
        back_free(b);
        return rc;
    }
    *back_out = b;
    back_begin(&b->life);
    return 0;
}

void netback_destroy(struct netback *b)
{
    back_close(&b->life);
    back_free(b);
}

void netback_shutdown(struct netback *b)
{
    back_remove(&b->life);
}

const struct netback_counters *netback_counters(const struct netback *b)
{
    return &b->counters;
}
