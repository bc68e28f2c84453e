/* SPDX-License-Identifier: MIT */
/*
 * The block back-end's life: what it offers, connection, its end.
 *
 * A connection ends when nothing is in flight any more: until then pages stay
 * mapped.
 *
 * Source: public/io/blkif.h; the nodes are those that Linux's front-end reads.
 */
#include "blk_internal.h"

/* "1blk" */
#define KEEP_MAGIC 0x6b6c6231

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

static void stop(void *back)
{
    struct blkback *b = back;

    os_timer_cancel(&b->timer);
}

static bool is_busy(const void *back)
{
    const struct blkback *b = back;

    return b->nr_inflight || b->taking;
}

static void close_queues(void *back)
{
    struct blkback *b = back;

    for (unsigned int i = 0; i < b->nr_queues; i++)
        queue_close(&b->queues[i]);
    b->nr_queues = 0;
    grants_drop(b);
}

static void closed(void *back)
{
    struct blkback *b = back;

    b->disk->closed(b->disk);
}

/* ---- What we offer ---------------------------------------------------- */

static int offer(void *back, uint32_t transaction)
{
    struct blkback *b = back;
    const struct blkback_disk *disk = b->disk;
    const struct store_number features[] = {
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

    return store_write_numbers(transaction, b->life.bus.node, features,
                               OS_ARRAY_SIZE(features));
}

/* ---- Connection ------------------------------------------------------- */

/* The refs and the port of a queue, as the front-end has written them. */
static int read_queue(const struct blkback *b, const char *path, bool one_page,
                      struct keep_queue *out)
{
    char name[24];
    int rc = store_read_u32(path, "event-channel", &out->port);

    if (!rc && one_page)
        return store_read_u32(path, "ring-ref", &out->refs[0]);
    for (unsigned int i = 0; !rc && i < 1U << b->ring_order; i++) {
        text_format(name, sizeof(name), "ring-ref%u", i);
        rc = store_read_u32(path, name, &out->refs[i]);
    }
    return rc;
}

static int read_queues(struct blkback *b, struct keep_queue queues[])
{
    const char *node = b->life.bus.other;
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
        rc = xenbus_queue_node(node, b->nr_queues, i, path);
        if (rc)
            break;
        one_page =
            !order && !store_read(path, "ring-ref", probe, sizeof(probe));
        rc = read_queue(b, path, one_page, &queues[i]);
    }
    return rc;
}

static int check_protocol(struct blkback *b)
{
    char protocol[24];
    int rc =
        store_read(b->life.bus.other, "protocol", protocol, sizeof(protocol));

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
    rc = back_ring_open(&b->life, from->refs, q->nr_pages, BLK_RING_ENTRY,
                        &q->ring, &q->pages);
    if (!rc)
        rc = back_queue_init(q);
    if (!rc && b->life.recovering)
        rc = keep_recover(q);
    if (!rc)
        rc = os_event_bind(b->life.bus.other_id, from->port, back_event, q,
                           &q->port);
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
    if (b->life.recovering && !keep_matches(b, queues))
        rc = -XEN_ENODATA;
    for (unsigned int i = 0; !rc && i < nr; i++)
        rc = queue_open(b, i, &queues[i]);
    if (!rc && !b->life.recovering) {
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
    const struct store_number sizes[] = {
        {"sectors", disk->sectors},
        {"sector-size", disk->sector_size},
        {"physical-sector-size", disk->physical_size},
        {"info", (disk->readonly ? VDISK_READONLY : 0U) |
                     (disk->cdrom ? VDISK_CDROM : 0U)},
    };

    return store_write_numbers(transaction, b->life.bus.node, sizes,
                               OS_ARRAY_SIZE(sizes));
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

static void start(void *back)
{
    struct blkback *b = back;

    if (b->life.recovering) {
        b->taking = true;
        for (unsigned int i = 0; i < b->nr_queues; i++)
            restart_requests(&b->queues[i]);
        b->taking = false;
    }
    back_take(b);
    /* The last process may have ended before it told the front-end. */
    for (unsigned int i = 0; b->life.recovering && i < b->nr_queues; i++)
        os_event_send(b->queues[i].port);
}

static int connect(void *back)
{
    struct blkback *b = back;
    int rc = check_protocol(b);

    b->persistent =
        !b->options.no_persistent &&
        store_read_or(b->life.bus.other, "feature-persistent", 0) == 1;
    back_limits_read(b);
    return rc ? rc : open_queues(b);
}

/* ---- The device ------------------------------------------------------- */

static bool has_new_rings(void *back)
{
    struct blkback *b = back;
    struct keep_queue queues[BLK_MAX_QUEUES];
    unsigned int nr = b->nr_queues, order = b->ring_order;
    bool same;

    if (b->life.bus.other_state != XenbusStateInitialised)
        return false;
    same = !read_queues(b, queues) && keep_matches(b, queues);
    b->nr_queues = nr;
    b->ring_order = order;
    return !same;
}

static void own_changed(void *back, const char *name)
{
    struct blkback *b = back;

    if (strcmp(name, "/iops") != 0 && strcmp(name, "/bps") != 0)
        return;
    back_limits_read(b);
    if (b->life.connected)
        back_take(b);
}

static const struct back_driver blkback_driver = {
    .keep_magic = KEEP_MAGIC,
    .offer = offer,
    .open = connect,
    .write_connected = write_connected,
    .start = start,
    .has_new_rings = has_new_rings,
    .stop = stop,
    .busy = is_busy,
    .close = close_queues,
    .closed = closed,
    .own_changed = own_changed,
};

static void back_free(struct blkback *b)
{
    back_keep_close(&b->life);
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
    rc = back_keep_open(&b->life, &blkback_driver, disk->keep,
                        BLKBACK_KEEP_SIZE);
    b->keep = (struct keep *)b->life.keep;
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

void blkback_destroy(struct blkback *b)
{
    back_close(&b->life);
    back_free(b);
}

void blkback_shutdown(struct blkback *b)
{
    back_remove(&b->life);
}

void blkback_resized(struct blkback *b)
{
    if (!b->life.connected)
        return;
    if (back_tell(&b->life))
        os_log("%s: the new size can't be told", b->life.bus.node);
}
