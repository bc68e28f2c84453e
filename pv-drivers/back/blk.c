/* SPDX-License-Identifier: MIT */
/*
 * The block back-end's life: what it offers, connection, its end.
 *
 * A connection ends when nothing is in flight any more: until then pages stay
 * mapped, and the state that the front-end waits for is not written.
 *
 * Source: public/io/blkif.h; the nodes are those that Linux's front-end reads.
 */
#include "blk_internal.h"

/* ---- The end of a connection ------------------------------------------ */

static void queue_close(struct back_queue *q)
{
    if (q->port)
        os_event_close(q->port);
    if (q->pages)
        os_grants_unmap(q->pages, q->nr_pages);
    back_queue_free(q);
    *q = (struct back_queue){0};
}

static void tell_closed(struct blkback *b)
{
    if (b->closed_told)
        return;
    b->closed_told = true;
    b->disk->closed(b->disk);
}

static void offer(struct blkback *b);
static void connect(struct blkback *b);

/* Nothing is in flight. */
static void finish_disconnect(struct blkback *b)
{
    b->disconnecting = false;
    for (unsigned int i = 0; i < b->nr_queues; i++)
        queue_close(&b->queues[i]);
    b->nr_queues = 0;
    grants_drop(b);
    if (b->removed) {
        xenbus_set_state(&b->bus, XenbusStateClosed);
        tell_closed(b);
    } else if (b->next_state == XenbusStateInitWait) {
        offer(b);
        /* It has made new rings already, and does not tell again. */
        if (b->bus.other_state == XenbusStateInitialised)
            connect(b);
    } else {
        xenbus_set_state(&b->bus, b->next_state);
    }
}

void back_idle(struct blkback *b)
{
    if (b->disconnecting && !b->nr_inflight)
        finish_disconnect(b);
}

/* Take no more requests; write a state once all are done. */
static void disconnect(struct blkback *b, unsigned int next_state)
{
    b->connected = false;
    os_timer_cancel(&b->timer);
    keep_disconnect(b);
    b->next_state = next_state;
    b->disconnecting = true;
    if (!b->taking)
        back_idle(b);
}

void back_fail(struct blkback *b, int rc, const char *what)
{
    xenbus_fail(&b->bus, rc, what);
    disconnect(b, XenbusStateClosing);
}

/* ---- What we offer ---------------------------------------------------- */

struct number {
    const char *name;
    uint64_t value;
};

static int write_numbers(struct blkback *b, uint32_t transaction,
                         const struct number numbers[], size_t nr)
{
    int rc = 0;

    for (size_t i = 0; !rc && i < nr; i++)
        rc = store_write_u64(transaction, b->bus.node, numbers[i].name,
                             numbers[i].value);
    return rc;
}

static int write_offer(void *back, uint32_t transaction)
{
    struct blkback *b = back;
    const struct blkback_disk *disk = b->disk;
    const struct number features[] = {
        {"max-ring-page-order", BLK_MAX_RING_ORDER},
        {"multi-queue-max-queues", b->options.max_queues},
        {"feature-max-indirect-segments", BLK_MAX_SEGMENTS},
        {"feature-persistent", !b->options.no_persistent},
        {"feature-flush-cache", disk->flush},
        {"feature-barrier", 1},
        {"feature-discard", disk->discard},
        {"discard-granularity", disk->discard_granularity},
        {"discard-alignment", disk->discard_alignment},
    };
    int rc = xenbus_write_state(&b->bus, transaction, XenbusStateInitWait);

    return rc ? rc
              : write_numbers(b, transaction, features,
                              OS_ARRAY_SIZE(features));
}

static void offer(struct blkback *b)
{
    int rc = store_transact(write_offer, b);

    if (rc)
        xenbus_fail(&b->bus, rc, "writing what the disk offers");
}

/* ---- Connection ------------------------------------------------------- */

static int read_ref(const char *path, const char *name, uint32_t *out)
{
    uint64_t value;
    int rc = store_read_u64(path, name, &value);

    if (!rc && value > UINT32_MAX)
        rc = -XEN_ERANGE;
    if (!rc)
        *out = (uint32_t)value;
    return rc;
}

/* The refs and the port of a queue, as the front-end has written them. */
static int read_queue(const struct blkback *b, const char *path, bool one_page,
                      struct keep_queue *out)
{
    char name[24];
    int rc = read_ref(path, "event-channel", &out->port);

    if (!rc && one_page)
        return read_ref(path, "ring-ref", &out->refs[0]);
    for (unsigned int i = 0; !rc && i < 1U << b->ring_order; i++) {
        text_format(name, sizeof(name), "ring-ref%u", i);
        rc = read_ref(path, name, &out->refs[i]);
    }
    return rc;
}

static int read_queues(struct blkback *b, struct keep_queue queues[])
{
    const char *node = b->bus.other;
    uint64_t order = store_read_or(node, "ring-page-order", 0);
    uint64_t nr = store_read_or(node, "multi-queue-num-queues", 1);
    char path[PV_PATH_MAX], probe[24];
    bool one_page;
    int rc = 0;

    if (order > BLK_MAX_RING_ORDER || !nr || nr > b->options.max_queues)
        return -XEN_EINVAL;
    b->ring_order = (unsigned int)order;
    b->nr_queues = (unsigned int)nr;
    memset(queues, 0, BLK_MAX_QUEUES * sizeof(queues[0]));
    for (unsigned int i = 0; !rc && i < nr; i++) {
        if (nr > 1)
            text_format(path, sizeof(path), "%s/queue-%u", node, i);
        else
            text_format(path, sizeof(path), "%s", node);
        one_page =
            !order && !store_read(path, "ring-ref", probe, sizeof(probe));
        rc = read_queue(b, path, one_page, &queues[i]);
    }
    return rc;
}

static int check_protocol(struct blkback *b)
{
    char protocol[24];
    int rc = store_read(b->bus.other, "protocol", protocol, sizeof(protocol));

    if (rc == -XEN_ENOENT)
        return 0;
    return !rc && !strcmp(protocol, "x86_64-abi") ? 0 : -XEN_EINVAL;
}

static int queue_open(struct blkback *b, unsigned int index,
                      const struct keep_queue *from)
{
    struct back_queue *q = &b->queues[index];
    int rc;

    *q = (struct back_queue){.back = b, .nr_pages = 1U << b->ring_order};
    q->keep = &b->keep->queues[index];
    q->slots = keep_slots(b, index);
    rc = os_grants_map(b->bus.other_id, from->refs, q->nr_pages, false,
                       &q->pages);
    if (rc)
        return rc;
    pv_ring_attach(&q->ring, q->pages, q->nr_pages * OS_PAGE_SIZE,
                   BLK_RING_ENTRY, 0, 0);
    q->ring.cons = q->ring.prod = q->ring.told =
        __atomic_load_n(&q->ring.shared->rsp_prod, __ATOMIC_RELAXED);
    rc = back_queue_init(q);
    if (!rc && b->recovering)
        rc = keep_recover(q);
    if (!rc)
        rc =
            os_event_bind(b->bus.other_id, from->port, back_event, q, &q->port);
    return rc;
}

static int open_queues(struct blkback *b)
{
    struct keep_queue queues[BLK_MAX_QUEUES];
    unsigned int nr;
    int rc = read_queues(b, queues);

    nr = b->nr_queues;
    b->nr_queues = 0;
    if (rc)
        return rc;
    b->nr_queues = nr;
    if (b->recovering && !keep_matches(b, queues))
        rc = -XEN_ENODATA;
    for (unsigned int i = 0; !rc && i < nr; i++)
        rc = queue_open(b, i, &queues[i]);
    if (!rc && !b->recovering) {
        for (unsigned int i = 0; i < nr; i++)
            b->keep->queues[i] = queues[i];
        keep_connect(b);
    }
    return rc;
}

static int write_connected(void *back, uint32_t transaction)
{
    struct blkback *b = back;
    const struct blkback_disk *disk = b->disk;
    const struct number sizes[] = {
        {"sectors", disk->sectors},
        {"sector-size", disk->sector_size},
        {"physical-sector-size", disk->physical_size},
        {"info", (disk->readonly ? VDISK_READONLY : 0U) |
                     (disk->cdrom ? VDISK_CDROM : 0U)},
    };
    int rc = xenbus_write_state(&b->bus, transaction, XenbusStateConnected);

    return rc ? rc : write_numbers(b, transaction, sizes, OS_ARRAY_SIZE(sizes));
}

/* What an earlier process has taken and not answered. */
static void restart_requests(struct back_queue *q)
{
    for (uint32_t i = 0; i < q->ring.nr; i++) {
        if (!q->requests[i].busy)
            continue;
        q->back->nr_inflight++;
        request_start(&q->requests[i]);
    }
}

static void start_queues(struct blkback *b)
{
    b->connected = true;
    if (b->recovering) {
        b->taking = true;
        for (unsigned int i = 0; i < b->nr_queues; i++)
            restart_requests(&b->queues[i]);
        b->taking = false;
    }
    back_take(b);
    /* The last process may have ended before it told the front-end. */
    for (unsigned int i = 0; b->recovering && i < b->nr_queues; i++)
        os_event_send(b->queues[i].port);
    b->recovering = false;
}

static void connect(struct blkback *b)
{
    int rc = check_protocol(b);

    b->persistent = !b->options.no_persistent &&
                    store_read_or(b->bus.other, "feature-persistent", 0) == 1;
    back_limits_read(b);
    if (!rc)
        rc = open_queues(b);
    if (!rc && !b->recovering)
        rc = store_transact(write_connected, b);
    if (rc) {
        b->recovering = false;
        back_fail(b, rc, "connecting to the front-end");
        return;
    }
    start_queues(b);
}

/* ---- States ----------------------------------------------------------- */

/* The front-end has started, perhaps again and without a word. */
static void on_initialising(void *back)
{
    struct blkback *b = back;

    if (b->removed || b->bus.state == XenbusStateInitWait)
        return;
    b->recovering = false;
    disconnect(b, XenbusStateInitWait);
}

/* A front-end that saw our offer late has left the rings that we use. */
static bool has_new_rings(struct blkback *b)
{
    struct keep_queue queues[BLK_MAX_QUEUES];
    unsigned int nr = b->nr_queues, order = b->ring_order;
    bool same = !read_queues(b, queues) && keep_matches(b, queues);

    b->nr_queues = nr;
    b->ring_order = order;
    return !same;
}

static void on_initialised(void *back)
{
    struct blkback *b = back;

    if (b->removed || b->disconnecting)
        return;
    if (b->connected) {
        if (b->bus.other_state == XenbusStateInitialised && has_new_rings(b))
            disconnect(b, XenbusStateInitWait);
        return;
    }
    if (b->bus.state == XenbusStateInitWait || b->recovering)
        connect(b);
}

static void on_closing(void *back)
{
    struct blkback *b = back;

    if (b->bus.state == XenbusStateClosing || b->bus.state == XenbusStateClosed)
        return;
    xenbus_set_state(&b->bus, XenbusStateClosing);
}

static bool is_online(const struct blkback *b)
{
    return store_read_or(b->bus.node, "online", 0) == 1;
}

static void on_closed(void *back)
{
    struct blkback *b = back;

    /* One that closed before we offered the device sees the offer. */
    if (b->removed || b->bus.state == XenbusStateClosed ||
        (b->bus.state == XenbusStateInitWait && is_online(b)))
        return;
    disconnect(b, XenbusStateClosed);
}

static void remove_device(struct blkback *b)
{
    if (b->removed)
        return;
    b->removed = true;
    disconnect(b, XenbusStateClosed);
}

/* Its node has gone: so has the domain. */
static void on_unknown(void *back)
{
    remove_device(back);
}

/* The toolstack writes our nodes, too: to remove the device, or its limits. */
static void own_changed(void *back, const char *name)
{
    struct blkback *b = back;

    if (!strcmp(name, "/iops") || !strcmp(name, "/bps")) {
        back_limits_read(b);
        if (b->connected)
            back_take(b);
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

static const struct xenbus_driver blkback_driver = {
    .other = "frontend",
    .other_id = "frontend-id",
    .on = {[XenbusStateUnknown] = on_unknown,
           [XenbusStateInitialising] = on_initialising,
           [XenbusStateInitialised] = on_initialised,
           [XenbusStateConnected] = on_initialised,
           [XenbusStateClosing] = on_closing,
           [XenbusStateClosed] = on_closed},
    .own_changed = own_changed,
};

/* Where the device stands: new, or left by an earlier process. */
static void find_place(struct blkback *b)
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

static void back_free(struct blkback *b)
{
    if (b->own_keep)
        os_free(b->keep, BLKBACK_KEEP_SIZE);
    os_free(b, sizeof(*b));
}

int blkback_create(const char *node, const struct blkback_options *options,
                   struct blkback_disk *disk, struct blkback **back_out)
{
    struct blkback *b = os_alloc(sizeof(*b));
    int rc;

    if (!b)
        return -XEN_ENOMEM;
    if (options)
        b->options = *options;
    if (!b->options.max_queues)
        b->options.max_queues = 4;
    if (b->options.max_queues > BLK_MAX_QUEUES / 2)
        b->options.max_queues = BLK_MAX_QUEUES / 2;
    b->disk = disk;
    b->timer = (struct os_timer){.fn = back_timer, .arg = b};
    rc = keep_open(b);
    if (!rc)
        rc = xenbus_open(&b->bus, &blkback_driver, node, b);
    if (rc) {
        back_free(b);
        return rc;
    }
    *back_out = b;
    find_place(b);
    return 0;
}

void blkback_destroy(struct blkback *b)
{
    xenbus_close(&b->bus);
    b->removed = true;
    b->closed_told = true;
    disconnect(b, XenbusStateClosed);
    back_free(b);
}

void blkback_shutdown(struct blkback *b)
{
    remove_device(b);
}

void blkback_resized(struct blkback *b)
{
    if (!b->connected)
        return;
    if (store_transact(write_connected, b))
        os_log("%s: the new size can't be told", b->bus.node);
}
