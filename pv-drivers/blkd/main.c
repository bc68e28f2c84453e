/* SPDX-License-Identifier: MIT */
/* The worker's side of a disk, and what xen-blkd adds to the daemons' frame. */
#include <errno.h>
#include <unistd.h>

#include "blkd/blkd.h"
#include "blkd/disk.h"
#include "blkd/nbd.h"
#include "pv/blkback.h"

struct blk_device {
    struct device device; /* must stay first */
    struct disk disk;
};

static struct blk_device *device_of(struct disk *disk)
{
    return (struct blk_device *)((char *)disk -
                                 offsetof(struct blk_device, disk));
}

static void closed(struct blkback_disk *disk)
{
    device_of((struct disk *)disk)->device.closed = true;
}

static void lost(struct disk *disk)
{
    daemon_lost(&device_of(disk)->device);
}

static int use(struct device *device, int fd, const void *info)
{
    struct blk_device *d = (struct blk_device *)device;
    struct blkback_disk *disk = &d->disk.disk;
    const struct disk_info *a = info;
    int rc = 0;

    d->disk.fd = fd;
    d->disk.is_device = a->is_device;
    d->disk.lost = lost;
    disk->keep = device->keep;
    disk->closed = closed;
    disk->sectors = a->sectors;
    disk->sector_size = a->sector_size;
    disk->physical_size = a->physical_size;
    disk->discard_granularity = a->discard_granularity;
    disk->readonly = a->readonly;
    disk->cdrom = a->cdrom;
    disk->flush = a->flush;
    disk->discard = a->discard;
    if (a->is_socket)
        rc = nbd_init(&d->disk);
    else
        disk_init(&d->disk);
    return rc ? rc : blkback_create(device->node, NULL, disk, &d->disk.back);
}

static void use_again(struct device *device, int fd)
{
    nbd_reconnected(&((struct blk_device *)device)->disk, fd);
}

static void destroy(struct device *device)
{
    struct disk *disk = &((struct blk_device *)device)->disk;

    if (!device->served)
        return;
    if (disk->back)
        blkback_destroy(disk->back);
    nbd_release(disk);
    if (disk->fd >= 0)
        close(disk->fd);
}

static void look(struct device *device)
{
    disk_look_at_size(&((struct blk_device *)device)->disk);
}

/* Disks: by their ring; and a block device's size. */
static int allow(scmp_filter_ctx filter)
{
    int rc =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(io_uring_enter), 0);

    return rc ? rc
              : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                 SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, 0x1200));
}

int main(int argc, char **argv)
{
    static const struct daemon_class class = {
        .name = "xen-blkd",
        .type = "qdisk",
        .device_size = sizeof(struct blk_device),
        .keep_size = BLKBACK_KEEP_SIZE,
        .open = blkd_open,
        .start = disk_ring_open,
        .allow = allow,
        .use = use,
        .use_again = use_again,
        .destroy = destroy,
        .look = look,
    };

    return daemon_main(&class, argc, argv);
}
