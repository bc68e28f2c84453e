/* SPDX-License-Identifier: MIT */
/*
 * The block front-end's life: negotiation, connection, its end, a new one.
 *
 * Source: public/io/blkif.h; the nodes are those that Linux's back-end reads.
 */
#include "blk_internal.h"

/* How often to look whether the back-end still has what it was lent. */
#define LIMBO_NS 50000000UL

static void choose_sizes(struct blkfront *f)
{
    const struct blkfront_options *o = &f->options;
    const char *node = f->bus.other;
    uint64_t queues = store_read_or(node, "multi-queue-max-queues", 1);
    uint64_t order = store_read_or(node, "max-ring-page-order", 0);
    uint64_t indirect = store_read_or(node, "feature-max-indirect-segments", 0);

    f->nr_queues =
        queues < o->max_queues ? (unsigned int)queues : o->max_queues;
    if (!f->nr_queues)
        f->nr_queues = 1;
    f->ring_order = order < o->ring_order ? (unsigned int)order : o->ring_order;
    f->max_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
    if (indirect > f->max_segments && o->max_segments > f->max_segments)
        f->max_segments = indirect < o->max_segments ? (unsigned int)indirect
                                                     : o->max_segments;
    /* One request at a time has to be possible. */
    if (f->max_segments > o->max_pages - 1)
        f->max_segments = o->max_pages - 1;
    f->pages.to = f->bus.other_id;
    f->pages.keep = !o->no_persistent; /* as far as it goes by us */
}

static int queue_open(struct blkfront *f, struct front_queue *q)
{
    int rc;

    *q = (struct front_queue){.front = f};
    q->memory = front_ring_new(&f->pages, 1U << f->ring_order);
    if (!q->memory)
        return -XEN_ENOMEM;
    pv_ring_init(&q->ring, q->memory->pages, q->memory->nr_pages * OS_PAGE_SIZE,
                 BLK_RING_ENTRY);
    rc = front_queue_init(q);
    return rc ? rc
              : os_event_alloc(f->bus.other_id, front_queue_event, q, &q->port);
}

static void queue_close(struct blkfront *f, struct front_queue *q)
{
    if (q->port)
        os_event_close(q->port);
    q->port = 0;
    front_queue_reset(q);
    if (q->memory)
        front_ring_end(&f->pages, q->memory);
    q->memory = NULL;
}

void front_disconnect(struct blkfront *f)
{
    f->connected = false;
    f->broken = NULL;
    for (unsigned int i = 0; i < f->nr_queues; i++)
        queue_close(f, &f->queues[i]);
    f->nr_queues = 0;
    front_pages_revoke(&f->pages);
    front_io_restart(f);
}

/* The rest is a timer's: an event's function does not call the store. */
void front_break(struct blkfront *f, const char *why)
{
    f->connected = false;
    f->broken = why;
    os_timer_set(&f->watchdog, os_now_ns());
}

void front_end_broken(struct blkfront *f)
{
    xenbus_fail(&f->bus, -XEN_EIO, f->broken);
    front_disconnect(f);
    xenbus_set_state(&f->bus, XenbusStateClosed);
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
    char path[PV_PATH_MAX];
    int rc;

    if (f->nr_queues == 1)
        return write_queue(f, transaction, f->bus.node, &f->queues[0]);
    rc = store_write_u64(transaction, f->bus.node, "multi-queue-num-queues",
                         f->nr_queues);
    for (unsigned int i = 0; !rc && i < f->nr_queues; i++) {
        if (!text_format(path, sizeof(path), "%s/queue-%u", f->bus.node, i))
            return -XEN_ENAMETOOLONG;
        rc = write_queue(f, transaction, path, &f->queues[i]);
    }
    return rc;
}

static int write_nodes(void *front, uint32_t transaction)
{
    struct blkfront *f = front;
    const char *node = f->bus.node;
    int rc = write_queues(f, transaction);

    if (!rc && f->ring_order)
        rc = store_write_u64(transaction, node, "ring-page-order",
                             f->ring_order);
    if (!rc)
        rc = store_write(transaction, node, "protocol", "x86_64-abi");
    if (!rc)
        rc = store_write_u64(transaction, node, "feature-persistent",
                             f->pages.keep);
    return rc;
}

/* ---- States ----------------------------------------------------------- */

/* The back-end waits for us, perhaps not for the first time. */
static void on_init_wait(void *front)
{
    struct blkfront *f = front;
    unsigned int wanted;
    int rc = 0;

    if (f->removed || (f->nr_queues && f->bus.state == XenbusStateInitialised))
        return;
    front_disconnect(f);
    front_pages_sweep(&f->pages);
    choose_sizes(f);
    wanted = f->nr_queues;
    for (f->nr_queues = 0; !rc && f->nr_queues < wanted; f->nr_queues++)
        rc = queue_open(f, &f->queues[f->nr_queues]);
    if (!rc)
        rc = store_transact(write_nodes, f);
    if (!rc)
        rc = xenbus_set_state(&f->bus, XenbusStateInitialised);
    if (rc) {
        front_disconnect(f);
        xenbus_fail(&f->bus, rc, "connecting");
    }
}

static int read_info(struct blkfront *f, struct blkfront_info *info)
{
    const char *node = f->bus.other;
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

static void resize(struct blkfront *f)
{
    uint64_t sectors = store_read_or(f->bus.other, "sectors", 0);

    if (!sectors || sectors == f->info.sectors)
        return;
    f->info.sectors = sectors;
    if (f->ops->resized)
        f->ops->resized(f->arg, &f->info);
}

static void on_connected(void *front)
{
    struct blkfront *f = front;
    int rc;

    if (f->connected) {
        resize(f);
        return;
    }
    if (f->removed || f->bus.state != XenbusStateInitialised)
        return;
    rc = read_info(f, &f->info);
    if (rc) {
        xenbus_fail(&f->bus, rc, "reading what the disk is");
        return;
    }
    /* Linux's says so only now. */
    if (store_read_or(f->bus.other, "feature-persistent", 0) != 1)
        f->pages.keep = false;
    f->connected = true;
    xenbus_set_state(&f->bus, XenbusStateConnected);
    f->ops->connected(f->arg, &f->info);
    front_pump(f);
}

/* All I/O ends, and the device as soon as the back-end lets go of our pages. */
static void remove_device(struct blkfront *f)
{
    f->removed = true;
    front_disconnect(f);
    front_io_fail(f, -XEN_ENXIO);
    front_try_removed(f);
}

void front_try_removed(struct blkfront *f)
{
    if (!f->removed || f->removed_told)
        return;
    front_pages_sweep(&f->pages);
    if (front_pages_in_limbo(&f->pages)) {
        os_timer_set(&f->watchdog, os_now_ns() + LIMBO_NS);
        return;
    }
    f->removed_told = true;
    if (f->ops->removed)
        f->ops->removed(f->arg);
}

static void on_closing(void *front)
{
    struct blkfront *f = front;

    front_try_removed(f);
    if (f->bus.state == XenbusStateClosed)
        return;
    front_disconnect(f);
    xenbus_set_state(&f->bus, XenbusStateClosed);
}

/* It begins anew: so do we. */
static void on_initialising(void *front)
{
    struct blkfront *f = front;

    if (f->removed || f->bus.state == XenbusStateInitialising)
        return;
    front_disconnect(f);
    xenbus_set_state(&f->bus, XenbusStateInitialising);
}

/* Its node has gone, or is not there yet. */
static void on_unknown(void *front)
{
    struct blkfront *f = front;

    if (!f->removed && f->bus.state == XenbusStateClosed)
        remove_device(f);
}

static const struct xenbus_driver blkfront_driver = {
    .other = "backend",
    .other_id = "backend-id",
    .on = {[XenbusStateUnknown] = on_unknown,
           [XenbusStateInitialising] = on_initialising,
           [XenbusStateInitWait] = on_init_wait,
           [XenbusStateConnected] = on_connected,
           [XenbusStateClosing] = on_closing,
           [XenbusStateClosed] = on_closing},
};

static void set_default(unsigned int *option, unsigned int otherwise,
                        unsigned int most)
{
    if (!*option)
        *option = otherwise;
    if (*option > most)
        *option = most;
}

static struct blkfront *front_new(const struct blkfront_options *options)
{
    struct blkfront *f = os_alloc(sizeof(*f));

    if (!f)
        return NULL;
    if (options)
        f->options = *options;
    set_default(&f->options.max_queues, 1, BLK_MAX_QUEUES);
    set_default(&f->options.ring_order, 0, BLK_MAX_RING_ORDER);
    set_default(&f->options.max_segments, 32, BLK_MAX_SEGMENTS);
    set_default(&f->options.max_pages, 512, 1U << 20);
    if (f->options.max_pages < 2)
        f->options.max_pages = 2;
    f->pages.max = f->options.max_pages;
    f->watchdog = (struct os_timer){.fn = front_io_watchdog, .arg = f};
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
    rc = xenbus_open(&f->bus, &blkfront_driver, node, f);
    if (!rc)
        rc = xenbus_set_state(&f->bus, XenbusStateInitialising);
    if (rc) {
        xenbus_close(&f->bus);
        os_free(f, sizeof(*f));
        return rc;
    }
    *front_out = f;
    return 0;
}

void blkfront_shutdown(struct blkfront *f)
{
    if (f->removed)
        return;
    xenbus_set_state(&f->bus, XenbusStateClosed);
    remove_device(f);
}

void blkfront_destroy(struct blkfront *f)
{
    xenbus_close(&f->bus);
    os_timer_cancel(&f->watchdog);
    if (front_pages_in_limbo(&f->pages))
        os_log("%s: the back-end keeps pages", f->bus.node);
    front_pages_free(&f->pages);
    os_free(f, sizeof(*f));
}

void blkfront_resume(struct blkfront *f)
{
    const struct xenbus_driver *driver = f->bus.driver;
    char node[PV_PATH_MAX];

    if (f->removed)
        return;
    front_disconnect(f);
    text_format(node, sizeof(node), "%s", f->bus.node);
    xenbus_close(&f->bus);
    if (!xenbus_open(&f->bus, driver, node, f))
        xenbus_set_state(&f->bus, XenbusStateInitialising);
}
