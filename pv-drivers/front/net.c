/* SPDX-License-Identifier: MIT */
/*
 * The network front-end's life: negotiation, connection, its end, a new one.
 *
 * Source: public/io/netif.h; the nodes are those that Linux's back-end reads.
 */
#include "net_internal.h"

/* Taken at once, before others have their turn. */
#define MAX_PACKETS (4 * NET_RING_SLOTS)

/* Whether it is the list of groups that tells what comes. */
#define MULTICAST_NODE "request-multicast-control"

#define WATCHDOG_NS    1000000000UL

/* ---- Queues ----------------------------------------------------------- */

static unsigned int queue_take(struct net_front_queue *q, unsigned int budget)
{
    return net_front_tx_done(q) ? net_front_rx_take(q, budget) : 0;
}

static void queue_event(void *queue)
{
    struct net_front_queue *q = queue;
    struct netfront *f = q->front;

    if (!f->life.connected)
        return;
    if (f->ops->pending)
        f->ops->pending(f->arg);
    else if (queue_take(q, MAX_PACKETS) == MAX_PACKETS)
        front_look_in(&f->life, 0);
}

unsigned int netfront_poll(struct netfront *f, unsigned int budget)
{
    unsigned int first = f->first_polled++, done = 0;

    for (unsigned int i = 0; f->life.connected && i < f->nr_queues; i++)
        done +=
            queue_take(&f->queues[(first + i) % f->nr_queues], budget - done);
    return done;
}

static int queue_open(struct netfront *f, struct net_front_queue *q)
{
    memset(q, 0, sizeof(*q));
    q->front = f;
    net_front_tx_init(q);
    q->tx_memory = front_ring_new(&f->life.pages, 1);
    q->rx_memory = front_ring_new(&f->life.pages, 1);
    if (!q->tx_memory || !q->rx_memory)
        return -XEN_ENOMEM;
    pv_ring_init(&q->tx, q->tx_memory->pages, OS_PAGE_SIZE,
                 sizeof(struct netif_tx_request));
    pv_ring_init(&q->rx, q->rx_memory->pages, OS_PAGE_SIZE,
                 sizeof(struct netif_rx_response));
    return os_event_alloc(f->life.bus.other_id, queue_event, q, &q->port);
}

static void give_pages(struct netfront *f, struct front_page *pages[])
{
    for (unsigned int i = 0; i < NET_RING_SLOTS; i++)
        if (pages[i])
            front_pages_give(&f->life.pages, pages[i]);
}

static void queue_close(struct netfront *f, struct net_front_queue *q)
{
    if (q->port)
        os_event_close(q->port);
    give_pages(f, q->tx_pages);
    give_pages(f, q->rx_pages);
    if (q->tx_memory)
        front_ring_end(&f->life.pages, q->tx_memory);
    if (q->rx_memory)
        front_ring_end(&f->life.pages, q->rx_memory);
}

static void set_link(struct netfront *f, bool up)
{
    if (f->link == up)
        return;
    f->link = up;
    f->ops->link(f->arg, up, &f->info);
}

static void disconnect(void *front)
{
    struct netfront *f = front;

    for (unsigned int i = 0; i < f->nr_queues; i++)
        queue_close(f, &f->queues[i]);
    f->nr_queues = 0;
    os_timer_cancel(&f->life.watchdog);
    set_link(f, false);
}

/* ---- What both sides can ---------------------------------------------- */

/* Packets of more than a page. */
static bool takes_large(const struct netfront *f)
{
    return f->options.rx_pages >= NET_MAX_SLOTS;
}

static bool back_has(const struct netfront *f, const char *feature)
{
    return store_read_or(f->life.bus.other, feature, 0) == 1;
}

static int read_info(struct netfront *f)
{
    struct netfront_info *info = &f->info;
    char mac[24];
    int rc = store_read(f->life.bus.node, "mac", mac, sizeof(mac));

    if (!rc)
        rc = net_mac_parse(mac, info->mac);
    if (rc)
        return rc;
    if (!back_has(f, "feature-rx-copy"))
        return -XEN_EOPNOTSUPP;
    info->mtu = (uint32_t)store_read_or(f->life.bus.node, "mtu", 1500);
    info->sg = back_has(f, "feature-sg");
    info->gso_tcpv4 = info->sg && back_has(f, "feature-gso-tcpv4");
    info->gso_tcpv6 = info->sg && back_has(f, "feature-gso-tcpv6");
    info->csum_v6 = back_has(f, "feature-ipv6-csum-offload");
    /* One that can't change its mind sends all of them. */
    info->multicast = f->options.multicast &&
                      back_has(f, "feature-multicast-control") &&
                      back_has(f, "feature-dynamic-multicast-control");
    info->nr_queues = front_nr_queues(&f->life, f->options.max_queues);
    f->life.pages.to = f->life.bus.other_id;
    f->life.pages.max =
        info->nr_queues * (f->options.rx_pages + f->options.tx_pages);
    return 0;
}

/* ---- What the back-end reads ------------------------------------------ */

static int write_queue(struct netfront *f, uint32_t transaction,
                       unsigned int index)
{
    const struct net_front_queue *q = &f->queues[index];
    char path[PV_PATH_MAX];
    int rc = xenbus_queue_node(f->life.bus.node, f->nr_queues, index, path);

    if (!rc)
        rc = store_write_u64(transaction, path, "tx-ring-ref",
                             q->tx_memory->refs[0]);
    if (!rc)
        rc = store_write_u64(transaction, path, "rx-ring-ref",
                             q->rx_memory->refs[0]);
    return rc ? rc
              : store_write_u64(transaction, path, "event-channel", q->port);
}

static int write_features(struct netfront *f, uint32_t transaction)
{
    bool big = !f->options.no_gso && takes_large(f);
    const struct store_number features[] = {
        {"request-rx-copy", true},
        {"feature-rx-notify", true},
        {"feature-sg", takes_large(f)},
        {"feature-gso-tcpv4", big},
        {"feature-gso-tcpv6", big},
        {"feature-no-csum-offload", f->options.no_csum},
        {"feature-ipv6-csum-offload", !f->options.no_csum},
        {MULTICAST_NODE, f->info.multicast && !f->all_groups},
    };

    return store_write_numbers(transaction, f->life.bus.node, features,
                               OS_ARRAY_SIZE(features));
}

static int write_nodes(void *front, uint32_t transaction)
{
    struct netfront *f = front;
    int rc = store_write_u64(transaction, f->life.bus.node,
                             "multi-queue-num-queues", f->nr_queues);

    for (unsigned int i = 0; !rc && i < f->nr_queues; i++)
        rc = write_queue(f, transaction, i);
    return rc ? rc : write_features(f, transaction);
}

/* ---- States ----------------------------------------------------------- */

static int connect(void *front)
{
    struct netfront *f = front;
    int rc = read_info(f);

    while (!rc && f->nr_queues < f->info.nr_queues)
        rc = queue_open(f, &f->queues[f->nr_queues++]);
    if (!rc)
        rc = store_transact(write_nodes, f);
    if (rc)
        return rc;
    f->life.connected = true;
    for (unsigned int i = 0; i < f->nr_queues; i++)
        net_front_rx_fill(&f->queues[i]);
    net_front_groups_new(f);
    front_look_in(&f->life, WATCHDOG_NS);
    return xenbus_set_state(&f->life.bus, XenbusStateConnected);
}

static void connected(void *front)
{
    struct netfront *f = front;

    set_link(f, true);
    if (f->blocked && f->ops->writable) {
        f->blocked = false;
        f->ops->writable(f->arg);
    }
}

static void removed(void *front)
{
    struct netfront *f = front;

    if (f->ops->removed)
        f->ops->removed(f->arg);
}

/* Events that got lost: look, and let the back-end look. */
static void look(void *front)
{
    struct netfront *f = front;

    for (unsigned int i = 0; f->life.connected && i < f->nr_queues; i++) {
        struct net_front_queue *q = &f->queues[i];

        queue_event(q);
        if (f->life.connected &&
            (q->tx.prod != q->tx.cons || q->rx_seen != q->rx.prod))
            os_event_send(q->port);
        q->rx_seen = q->rx.prod;
    }
    if (f->life.connected)
        front_look_in(&f->life, WATCHDOG_NS);
}

static const struct front_driver netfront_driver = {
    .connect = connect,
    .connected = connected,
    .disconnect = disconnect,
    .removed = removed,
    .look = look,
};

/* ---- Making and ending it --------------------------------------------- */

static void front_free(struct netfront *f)
{
    os_free(f->queues, f->options.max_queues * sizeof(*f->queues));
    if (f->packet)
        os_free(f->packet, f->max_packet);
    os_free(f, sizeof(*f));
}

static struct netfront *front_new(const struct netfront_options *options,
                                  const struct netfront_ops *ops)
{
    struct netfront *f = os_alloc(sizeof(*f));

    if (!f)
        return NULL;
    if (options)
        f->options = *options;
    front_option(&f->options.max_queues, 1, NET_MAX_QUEUES);
    front_option(&f->options.rx_pages, NET_RING_SLOTS, NET_RING_SLOTS);
    front_option(&f->options.tx_pages, NET_RING_SLOTS, NET_RING_SLOTS);
    f->life.pages.keep = true;
    f->queues = os_alloc(f->options.max_queues * sizeof(*f->queues));
    f->max_packet = takes_large(f) ? NET_MAX_PACKET : OS_PAGE_SIZE;
    if (!ops->received_parts)
        f->packet = os_alloc(f->max_packet);
    f->ops = ops;
    if (f->queues && (f->packet || ops->received_parts))
        return f;
    front_free(f);
    return NULL;
}

int netfront_create(const char *node, const struct netfront_options *options,
                    const struct netfront_ops *ops, void *arg,
                    struct netfront **front_out)
{
    struct netfront *f = front_new(options, ops);
    int rc;

    if (!f)
        return -XEN_ENOMEM;
    f->arg = arg;
    rc = front_open(&f->life, &netfront_driver, node, f);
    if (rc) {
        front_free(f);
        return rc;
    }
    *front_out = f;
    return 0;
}

void netfront_shutdown(struct netfront *f)
{
    front_shutdown(&f->life);
}

void netfront_destroy(struct netfront *f)
{
    front_close(&f->life);
    front_free(f);
}

int netfront_multicast_all(struct netfront *f, bool all)
{
    if (f->all_groups == all)
        return 0;
    f->all_groups = all;
    if (!f->life.connected || !f->info.multicast)
        return 0;
    return store_write_u64(OS_STORE_NONE, f->life.bus.node, MULTICAST_NODE,
                           !all);
}

void netfront_resume(struct netfront *f)
{
    front_resume(&f->life);
}
