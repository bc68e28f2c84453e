// SPDX-License-Identifier: MIT
/* Disks of the block front-end as Linux's: blk-mq on top, xenbus to find them.
 */
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/module.h>
#include <xen/interface/io/blkif.h>
#include <xen/xenbus.h>

#include "pv/blkfront.h"

#include "port.h"

#define QUEUE_DEPTH  128
#define MAX_SEGMENTS 128

/* Numbers of devices: xen-vbd-interface, 51712 is the first disk of 16 parts.
 */
#define XVD_MAJOR    202
#define XVD_EXTENDED (1U << 28)

static const struct blkfront_options options = {
    .max_queues = 1,
    .ring_order = 2,
    .max_segments = 64,
    .max_pages = 1024,
};

struct disk {
    struct port_device port;
    struct blkfront *front; /* in the context; NULL once it has ended */
    struct blk_mq_tag_set tags;
    struct gendisk *gendisk;
    struct blkfront_info info; /* in the context */
    bool added;
    struct work_struct setup; /* the disk is there, or has changed */
    char name[DISK_NAME_LEN];
};

/* What blk-mq keeps for each request. */
struct request_data {
    struct blk_io io;
    struct port_call call; /* in, to submit it; then out, to end it */
    struct disk *disk;
    int rc;
    struct blk_buffer buffers[MAX_SEGMENTS];
};

/* ---- Requests --------------------------------------------------------- */

static blk_status_t status_of(int rc)
{
    switch (rc) {
    case 0:
        return BLK_STS_OK;
    case -EOPNOTSUPP:
        return BLK_STS_NOTSUPP;
    default:
        return BLK_STS_IOERR;
    }
}

static void end_request(struct port_call *call)
{
    struct request_data *data = container_of(call, struct request_data, call);

    blk_mq_end_request(blk_mq_rq_from_pdu(data), status_of(data->rc));
}

static void io_done(struct blk_io *io, int rc)
{
    struct request_data *data = container_of(io, struct request_data, io);

    data->rc = rc;
    data->call.fn = end_request;
    port_call_outside(&data->call);
}

static void submit(struct port_call *call)
{
    struct request_data *data = container_of(call, struct request_data, call);

    if (data->disk->front)
        blkfront_submit(data->disk->front, &data->io);
    else
        io_done(&data->io, -EIO);
}

static bool set_operation(struct blk_io *io, struct request *request)
{
    switch (req_op(request)) {
    case REQ_OP_READ:
        io->op = BLK_READ;
        return true;
    case REQ_OP_WRITE:
        io->op = BLK_WRITE;
        io->fua = request->cmd_flags & REQ_FUA;
        return true;
    case REQ_OP_FLUSH:
        io->op = BLK_FLUSH;
        return true;
    case REQ_OP_SECURE_ERASE:
        io->secure = true;
        fallthrough;
    case REQ_OP_DISCARD:
        io->op = BLK_DISCARD;
        return true;
    default:
        return false;
    }
}

/* False: it is in more pieces than the queue's limits allow. */
static bool set_buffers(struct request_data *data, struct request *request)
{
    struct req_iterator at;
    struct bio_vec piece;

    rq_for_each_bvec(piece, request, at)
    {
        if (data->io.nr_buffers == MAX_SEGMENTS)
            return false;
        data->buffers[data->io.nr_buffers++] =
            (struct blk_buffer){bvec_virt(&piece), piece.bv_len};
    }
    return true;
}

static blk_status_t queue_rq(struct blk_mq_hw_ctx *hctx,
                             const struct blk_mq_queue_data *queued)
{
    struct request *request = queued->rq;
    struct request_data *data = blk_mq_rq_to_pdu(request);

    data->disk = hctx->queue->queuedata;
    data->io = (struct blk_io){.buffers = data->buffers, .done = io_done};
    if (!set_operation(&data->io, request))
        return BLK_STS_NOTSUPP;
    if (data->io.op != BLK_FLUSH) {
        data->io.sector = blk_rq_pos(request);
        data->io.nr_sectors = blk_rq_sectors(request);
    }
    if (data->io.op <= BLK_WRITE && !set_buffers(data, request))
        return BLK_STS_IOERR;
    blk_mq_start_request(request);
    port_call_init(&data->call, submit);
    port_call(&data->call);
    return BLK_STS_OK;
}

static const struct blk_mq_ops queue_ops = {.queue_rq = queue_rq};

/* ---- The disk --------------------------------------------------------- */

static const struct block_device_operations disk_ops = {.owner = THIS_MODULE};

static void set_limits(struct disk *d, const struct blkfront_info *info)
{
    struct request_queue *q = d->gendisk->queue;

    blk_queue_logical_block_size(q, info->sector_size);
    blk_queue_physical_block_size(q, info->physical_size);
    blk_queue_max_segments(q, MAX_SEGMENTS);
    blk_queue_max_hw_sectors(q, MAX_SEGMENTS * PAGE_SECTORS);
    blk_queue_write_cache(q, info->flush, info->flush);
    blk_queue_flag_set(QUEUE_FLAG_NONROT, q);
    blk_queue_max_discard_sectors(q, info->discard ? UINT_MAX : 0);
    blk_queue_max_secure_erase_sectors(q, info->secure_discard ? UINT_MAX : 0);
    q->limits.discard_granularity = info->discard_granularity;
    q->limits.discard_alignment = info->discard_alignment;
    set_disk_ro(d->gendisk, info->flags & VDISK_READONLY);
}

/* Not in the context: to add a disk is to read from it. */
static void setup_disk(struct work_struct *work)
{
    struct disk *d = container_of(work, struct disk, setup);
    struct blkfront_info info;

    port_enter();
    info = d->info;
    port_leave();
    set_limits(d, &info);
    if (d->added) {
        set_capacity_and_notify(d->gendisk, info.sectors);
        return;
    }
    set_capacity(d->gendisk, info.sectors);
    d->added = !add_disk(d->gendisk);
    if (!d->added)
        pr_err("xenia-pv: %s can't be added\n", d->name);
}

static void on_info(void *arg, const struct blkfront_info *info)
{
    struct disk *d = arg;

    d->info = *info;
    schedule_work(&d->setup);
}

static void on_removed(void *arg)
{
    struct disk *d = arg;

    port_device_removed(&d->port);
}

static const struct blkfront_ops front_ops = {
    .connected = on_info,
    .resized = on_info,
    .removed = on_removed,
};

/* ---- Devices of xenbus ------------------------------------------------ */

static int set_name(struct disk *d, struct xenbus_device *dev)
{
    unsigned int number =
                     xenbus_read_unsigned(dev->nodename, "virtual-device", 0),
                 index;

    if (number & XVD_EXTENDED)
        index = (number & ~XVD_EXTENDED) >> 8;
    else if (number >> 8 == XVD_MAJOR)
        index = (number & 0xff) >> 4;
    else
        return -EINVAL;
    if (index < 26)
        snprintf(d->name, sizeof(d->name), "xvd%c", 'a' + index);
    else
        snprintf(d->name, sizeof(d->name), "xvd%c%c", 'a' + index / 26 - 1,
                 'a' + index % 26);
    return index < 26 * 27 ? 0 : -EINVAL;
}

static int make_gendisk(struct disk *d)
{
    int rc;

    d->tags.ops = &queue_ops;
    d->tags.nr_hw_queues = 1;
    d->tags.queue_depth = QUEUE_DEPTH;
    d->tags.numa_node = NUMA_NO_NODE;
    d->tags.cmd_size = sizeof(struct request_data);
    d->tags.flags = BLK_MQ_F_SHOULD_MERGE;
    rc = blk_mq_alloc_tag_set(&d->tags);
    if (rc)
        return rc;
    d->gendisk = blk_mq_alloc_disk(&d->tags, d);
    if (IS_ERR(d->gendisk)) {
        blk_mq_free_tag_set(&d->tags);
        return PTR_ERR(d->gendisk);
    }
    d->gendisk->fops = &disk_ops;
    d->gendisk->private_data = d;
    strscpy(d->gendisk->disk_name, d->name, DISK_NAME_LEN);
    return 0;
}

static void free_gendisk(struct disk *d)
{
    put_disk(d->gendisk);
    blk_mq_free_tag_set(&d->tags);
}

static struct disk *disk_of(struct port_device *port)
{
    return container_of(port, struct disk, port);
}

static int create_front(struct port_device *port, const char *node)
{
    struct disk *d = disk_of(port);

    return blkfront_create(node, &options, &front_ops, d, &d->front);
}

static void shutdown_front(struct port_device *port)
{
    blkfront_shutdown(disk_of(port)->front);
}

static void resume_front(struct port_device *port)
{
    blkfront_resume(disk_of(port)->front);
}

static void destroy_front(struct port_device *port)
{
    struct disk *d = disk_of(port);

    blkfront_destroy(d->front);
    d->front = NULL;
}

static void free_disk(struct port_device *port)
{
    kfree(disk_of(port));
}

static const struct port_device_ops device_ops = {
    .create = create_front,
    .shutdown = shutdown_front,
    .resume = resume_front,
    .destroy = destroy_front,
    .free = free_disk,
};

static int probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
    struct disk *d = kzalloc(sizeof(*d), GFP_KERNEL);
    int rc;

    if (!d)
        return -ENOMEM;
    INIT_WORK(&d->setup, setup_disk);
    rc = set_name(d, dev);
    if (!rc)
        rc = make_gendisk(d);
    if (rc)
        goto free_disk;
    rc = port_device_start(&d->port, &device_ops, dev);
    if (!rc)
        return 0;
    free_gendisk(d);
free_disk:
    kfree(d);
    return rc;
}

/* From here on all I/O fails, so that nobody waits for it. */
static void remove(struct xenbus_device *dev)
{
    struct disk *d = disk_of(dev_get_drvdata(&dev->dev));

    port_device_shutdown(&d->port);
    cancel_work_sync(&d->setup);
    if (d->added) {
        blk_mark_disk_dead(d->gendisk);
        del_gendisk(d->gendisk);
    }
    free_gendisk(d);
    port_device_put(&d->port);
}

static const struct xenbus_device_id ids[] = {{"vbd"}, {""}};

static struct xenbus_driver driver = {
    .name = "xenia-blkfront",
    .ids = ids,
    .probe = probe,
    .remove = remove,
    .resume = port_device_resume,
};

static int __init module_begin(void)
{
    return port_module_begin(&driver);
}

static void __exit module_finish(void)
{
    port_module_finish(&driver);
}

module_init(module_begin);
module_exit(module_finish);
MODULE_DESCRIPTION("Xenia's block front-end");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("xen:vbd");
