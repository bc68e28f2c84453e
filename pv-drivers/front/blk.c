/* SPDX-License-Identifier: MIT */
/*
 * The block front-end's life: negotiation, connection, its end, a new one.
 *
 * Source: public/io/blkif.h; the nodes are those that Linux's back-end reads.
 */
#include "blk_internal.h"

static void choose_sizes(struct blkfront *f)
{
    const struct blkfront_options *o = &f->options;
    const char *node = f->life.bus.other;
    uint64_t order = store_read_or(node, "max-ring-page-order", 0);
    uint64_t indirect = store_read_or(node, "feature-max-indirect-segments", 0);

    f->ring_order = order < o->ring_order ? (unsigned int)order : o->ring_order;
    f->max_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
    if (indirect > f->max_segments && o->max_segments > f->max_segments)
        f->max_segments = indirect < o->max_segments ? (unsigned int)indirect
                                                     : o->max_segments;
    /* One request at a time has to be possible. */
    if (f->max_segments > o->max_pages - 1)
        f->max_segments = o->max_pages - 1;
    f->life.pages.to = f->life.bus.other_id;
    f->life.pages.keep = !o->no_persistent; /* as far as it goes by us */
}

static int queue_open(struct blkfront *f, struct front_queue *q)
{
    int rc;

    *q = (struct front_queue){.front = f};
    q->memory = front_ring_new(&f->life.pages, 1U << f->ring_order);
    if (!q->memory)
        return -XEN_ENOMEM;
    pv_ring_init(&q->ring, q->memory->pages, q->memory->nr_pages * OS_PAGE_SIZE,
                 BLK_RING_ENTRY);
    rc = front_queue_init(q);
    return rc ? rc
              : os_event_alloc(f->life.bus.other_id, front_queue_event, q,
                               &q->port);
}

static void queue_close(struct blkfront *f, struct front_queue *q)
{
    if (q->port)
        os_event_close(q->port);
    q->port = 0;
    front_queue_reset(q);
    if (q->memory)
        front_ring_end(&f->life.pages, q->memory);
    q->memory = NULL;
}

static void disconnect(void *front)
{
    struct blkfront *f = front;

    for (unsigned int i = 0; i < f->nr_queues; i++)
        queue_close(f, &f->queues[i]);
    f->nr_queues = 0;
    front_io_restart(f);
}

/* ---- What the back-end reads ------------------------------------------ */

static int write_queue(struct blkfront *f, uint32_t transaction,
                       const char *path, const struct front_queue *q)
{
    char name[24];
    int rc = store_write_u64(transaction, path, "event-channel", q->port);

    if (!rc && !f->ring_order)
        rc = store_write_u64(transaction, path, "ring-ref", q->memory->refs[0]);
    for (unsigned int i = 0; f->ring_order && !rc && i < q->memory->nr_refs;
         i++) {
        text_format(name, sizeof(name), "ring-ref%u", i);
        rc = store_write_u64(transaction, path, name, q->memory->refs[i]);
    }
    return rc;
}

static int write_queues(struct blkfront *f, uint32_t transaction)
{
    const char *node = f->life.bus.node;
    char path[PV_PATH_MAX];
    int rc = 0;

    if (f->nr_queues > 1)
        rc = store_write_u64(transaction, node, "multi-queue-num-queues",
                             f->nr_queues);
    for (unsigned int i = 0; !rc && i < f->nr_queues; i++) {
        rc = xenbus_queue_node(node, f->nr_queues, i, path);
        if (!rc)
            rc = write_queue(f, transaction, path, &f->queues[i]);
    }
    return rc;
}

static int write_nodes(void *front, uint32_t transaction)
{
    struct blkfront *f = front;
    const char *node = f->life.bus.node;
    int rc = write_queues(f, transaction);

    if (!rc && f->ring_order)
        rc = store_write_u64(transaction, node, "ring-page-order",
                             f->ring_order);
    if (!rc)
        rc = store_write(transaction, node, "protocol", "x86_64-abi");
    if (!rc)
        rc = store_write_u64(transaction, node, "feature-persistent",
                             f->life.pages.keep);
    return rc;
}

/* ---- States ----------------------------------------------------------- */

static int connect(void *front)
{
    struct blkfront *f = front;
    unsigned int wanted = front_nr_queues(&f->life, f->options.max_queues);
    int rc = 0;

    choose_sizes(f);
    while (!rc && f->nr_queues < wanted)
        rc = queue_open(f, &f->queues[f->nr_queues++]);
    if (!rc)
        rc = store_transact(write_nodes, f);
    return rc ? rc : xenbus_set_state(&f->life.bus, XenbusStateInitialised);
}

static int read_info(struct blkfront *f, struct blkfront_info *info)
{
    const char *node = f->life.bus.other;
    uint64_t sector_size = store_read_or(node, "sector-size", BLK_SECTOR_SIZE);
    int rc;

    *info = (struct blkfront_info){0};
    rc = store_read_u64(node, "sectors", &info->sectors);
    if (rc)
        return rc;
    if (sector_size < BLK_SECTOR_SIZE || sector_size > OS_PAGE_SIZE ||
        (sector_size & (sector_size - 1)))
        return -XEN_EINVAL;
    info->sector_size = (uint32_t)sector_size;
    info->physical_size = (uint32_t)store_read_or(node, "physical-sector-size",
                                                  info->sector_size);
    info->flags = (uint32_t)store_read_or(node, "info", 0);
    info->flush = store_read_or(node, "feature-flush-cache", 0) == 1;
    info->barrier = store_read_or(node, "feature-barrier", 0) == 1;
    info->discard = store_read_or(node, "feature-discard", 0) == 1;
    info->secure_discard = store_read_or(node, "discard-secure", 0) == 1;
    info->discard_granularity = (uint32_t)store_read_or(
        node, "discard-granularity", info->physical_size);
    info->discard_alignment =
        (uint32_t)store_read_or(node, "discard-alignment", 0);
    return 0;
}

static void resize(void *front)
{
    struct blkfront *f = front;
    uint64_t sectors = store_read_or(f->life.bus.other, "sectors", 0);

    if (!sectors || sectors == f->info.sectors)
        return;
    f->info.sectors = sectors;
    if (f->ops->resized)
        f->ops->resized(f->arg, &f->info);
}

static void connected(void *front)
{
    struct blkfront *f = front;
    int rc = read_info(f, &f->info);

    if (rc) {
        xenbus_fail(&f->life.bus, rc, "reading what the disk is");
        return;
    }
    /* Linux's says so only now. */
    if (store_read_or(f->life.bus.other, "feature-persistent", 0) != 1)
        f->life.pages.keep = false;
    f->life.connected = true;
    xenbus_set_state(&f->life.bus, XenbusStateConnected);
    f->ops->connected(f->arg, &f->info);
    front_pump(f);
}

static void ended(void *front)
{
    front_io_fail(front, -XEN_ENXIO);
}

static void removed(void *front)
{
    struct blkfront *f = front;

    if (f->ops->removed)
        f->ops->removed(f->arg);
}

static const struct front_driver blkfront_driver = {
    .connect = connect,
    .connected = connected,
    .changed = resize,
    .disconnect = disconnect,
    .ended = ended,
    .removed = removed,
    .look = front_io_look,
};

static struct blkfront *front_new(const struct blkfront_options *options)
{
    struct blkfront *f = os_alloc(sizeof(*f));

    if (!f)
        return NULL;
    if (options)
        f->options = *options;
    front_option(&f->options.max_queues, 1, BLK_MAX_QUEUES);
    front_option(&f->options.ring_order, 0, BLK_MAX_RING_ORDER);
    front_option(&f->options.max_segments, 32, BLK_MAX_SEGMENTS);
    front_option(&f->options.max_pages, 512, 1U << 20);
    if (f->options.max_pages < 2)
        f->options.max_pages = 2;
    f->life.pages.max = f->options.max_pages;
    return f;
}

int blkfront_create(const char *node, const struct blkfront_options *options,
                    const struct blkfront_ops *ops, void *arg,
                    struct blkfront **front_out)
{
    struct blkfront *f = front_new(options);
    int rc;

    if (!f)
        return -XEN_ENOMEM;
    f->ops = ops;
    f->arg = arg;
    rc = front_open(&f->life, &blkfront_driver, node, f);
    if (rc) {
        os_free(f, sizeof(*f));
        return rc;
    }
    *front_out = f;
    return 0;
}

void blkfront_shutdown(struct blkfront *f)
{
    front_shutdown(&f->life);
}

void blkfront_destroy(struct blkfront *f)
{
    front_close(&f->life);
    os_free(f, sizeof(*f));
}

void blkfront_resume(struct blkfront *f)
{
    front_resume(&f->life);
}
