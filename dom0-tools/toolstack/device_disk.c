/* SPDX-License-Identifier: MIT */
/*
 * Disks: block devices of the host as they are, files through a loop device.
 * The backend opens what physical-device names.
 */
#include "toolstack/device_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/loop.h"

static int target_fail(struct error **err_out, const struct disk_config *disk,
                       const char *why)
{
    return error_set(err_out, ERROR_DEVICE, -ENODEV, "'%s': %s", disk->target,
                     why);
}

static int target_stat(const struct disk_config *disk, struct stat *st,
                       struct error **err_out)
{
    if (stat(disk->target, st))
        return target_fail(err_out, disk,
                           errno == ENOENT ? "no such device or file"
                                           : strerror(errno));
    if (!S_ISBLK(st->st_mode) && !S_ISREG(st->st_mode))
        return target_fail(err_out, disk, "neither a block device nor a file");
    return 0;
}

/* Both lead to the same bytes. */
static bool is_same(const struct stat *a, const char *path)
{
    struct stat b;

    if (stat(path, &b))
        return false;
    if (S_ISBLK(a->st_mode))
        return S_ISBLK(b.st_mode) && a->st_rdev == b.st_rdev;
    return S_ISREG(b.st_mode) && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* The disk of another guest must not be written by two. */
static int other_check(struct store *s, const struct disk_config *disk,
                       const struct stat *st, const char *domid,
                       const char *devid, struct error **err_out)
{
    char *params = NULL, *mode = NULL;
    int rc =
        store_read(s, &params, err_out,
                   "/local/domain/0/backend/vbd/%s/%s/params", domid, devid);

    if (!rc)
        rc = store_read(s, &mode, err_out,
                        "/local/domain/0/backend/vbd/%s/%s/mode", domid, devid);
    if (!rc && params && mode && is_same(st, params) &&
        (*mode == 'w' || !disk->read_only)) {
        error_set(err_out, ERROR_DEVICE, -EBUSY, "'%s': domain %s uses it",
                  disk->target, domid);
        rc = error_hint(err_out,
                        "two guests can share a disk only if both just read "
                        "it");
    }
    free(params);
    free(mode);
    return rc;
}

static int use_check(struct store *s, const struct disk_config *disk,
                     const struct stat *st, struct error **err_out)
{
    char **domids, **devids;
    unsigned int nr_domids, nr_devids, i, k;
    int rc = store_list(s, &domids, &nr_domids, err_out,
                        "/local/domain/0/backend/vbd");

    for (i = 0; i < nr_domids && !rc; i++) {
        rc = store_list(s, &devids, &nr_devids, err_out,
                        "/local/domain/0/backend/vbd/%s", domids[i]);
        for (k = 0; k < nr_devids && !rc; k++)
            rc = other_check(s, disk, st, domids[i], devids[k], err_out);
        free(devids);
    }
    free(domids);
    return rc;
}

int disk_check(struct store *s, const struct disk_config *disk,
               struct error **err_out)
{
    struct stat st;
    int rc = target_stat(disk, &st, err_out);

    return rc ? rc : use_check(s, disk, &st, err_out);
}

static struct device nodes_make(domid_t domid, const struct disk_config *disk,
                                const char *device, bool is_loop,
                                const struct stat *st)
{
    struct device d = {.domid = domid, .class = "vbd", .devid = disk->number};

    device_back(&d, "params", "%s", disk->target);
    device_back(&d, "physical-device", "%x:%x", major(st->st_rdev),
                minor(st->st_rdev));
    device_back(&d, "physical-device-path", "%s", device);
    if (is_loop)
        device_back(&d, "loop-device", "%s", device);
    device_back(&d, "removable", "%d", disk->cdrom);
    device_back(&d, "bootable", "1");
    device_back(&d, "dev", "%s", disk->vdev);
    device_back(&d, "type", "phy");
    device_back(&d, "mode", "%s", disk->read_only ? "r" : "w");
    device_back(&d, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
    device_back(&d, "discard-enable", "%d",
                !disk->no_discard && !disk->read_only);
    device_back(&d, "hotplug-status", "connected");
    device_front(&d, "virtual-device", "%u", disk->number);
    device_front(&d, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
    return d;
}

int disk_attach(struct store *s, domid_t domid, const struct disk_config *disk,
                struct error **err_out)
{
    char device[LOOP_NAME_SIZE];
    const char *name = disk->target;
    struct device d;
    struct stat st;
    bool is_file;
    int rc = target_stat(disk, &st, err_out);

    if (rc)
        return rc;
    is_file = S_ISREG(st.st_mode);
    if (is_file) {
        rc = loop_attach(disk->target, disk->read_only, device, err_out);
        name = device;
        if (!rc && stat(device, &st)) {
            rc = error_set(err_out, ERROR_DEVICE, -errno, "%s: %s", device,
                           strerror(errno));
            loop_detach(device, NULL);
        }
    }
    if (rc)
        return rc;
    d = nodes_make(domid, disk, name, is_file, &st);
    rc = device_write(s, &d, err_out);
    /* Once it is in the store, device_remove_all() frees it. */
    if (rc && is_file)
        loop_detach(device, NULL);
    return rc ? rc : device_await(s, &d, "xen-blkback", err_out);
}
