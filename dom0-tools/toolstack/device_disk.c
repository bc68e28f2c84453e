/* SPDX-License-Identifier: MIT */
/*
 * Disks: block devices of the host as they are, files through a loop device,
 * images of other formats through an nbd device, or what a script makes. The
 * backend opens what physical-device names. Those of xen-blkd: it opens what
 * params names, a block device or a file, or who serves an image of another
 * format at a socket.
 */
#include "toolstack/device_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/lock.h"
#include "lib/loop.h"
#include "lib/nbd_server.h"
#include "toolstack/backend_daemon.h"
#include "toolstack/disk_image.h"
#include "toolstack/hotplug.h"

#define DRIVER_HINT "load the module xen-blkback"
#define DAEMON_HINT "look into the log of xen-blkd"
#define DAEMON_TYPE "qdisk"

/* Nodes of the record that name what is to be freed. */
#define LOOP_NODE   "loop-device"
#define NBD_NODE    "nbd-device"
#define SERVER_NODE "nbd-server"

/* The image, where params names who serves it. */
#define IMAGE_NODE "image"

static int target_fail(struct error **err_out, const struct disk_config *disk,
                       int rc, const char *why)
{
    return error_set(err_out, ERROR_DEVICE, rc, "'%s': %s", disk->target, why);
}

static int target_stat(const struct disk_config *disk, struct stat *st,
                       struct error **err_out)
{
    if (stat(disk->target, st))
        return target_fail(err_out, disk, -errno,
                           errno == ENOENT ? "no such device or file"
                                           : strerror(errno));
    if (!S_ISBLK(st->st_mode) && !S_ISREG(st->st_mode))
        return target_fail(err_out, disk, -ENODEV,
                           "neither a block device nor a file");
    return 0;
}

/* Checks. */

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
                       const struct stat *st, const char *type,
                       const char *domid, const char *devid,
                       struct error **err_out)
{
    char *params = NULL, *mode = NULL;
    int rc = store_read(s, &params, err_out,
                        "/local/domain/0/backend/%s/%s/%s/" IMAGE_NODE, type,
                        domid, devid);

    if (!rc && !params)
        rc = store_read(s, &params, err_out,
                        "/local/domain/0/backend/%s/%s/%s/params", type, domid,
                        devid);
    if (!rc)
        rc = store_read(s, &mode, err_out,
                        "/local/domain/0/backend/%s/%s/%s/mode", type, domid,
                        devid);
    if (!rc && params && mode && is_same(st, params) &&
        (*mode == 'w' || !disk->read_only)) {
        error_set(err_out, ERROR_DEVICE, -EBUSY, "'%s': domain %s uses it",
                  disk->target, domid);
        rc = error_hint(err_out,
                        "two guests can share a disk only if both just read "
                        "it; access `w!` lets them write");
    }
    free(params);
    free(mode);
    return rc;
}

/* Those that are served as a type. */
static int type_check(struct store *s, const struct disk_config *disk,
                      const struct stat *st, const char *type,
                      struct error **err_out)
{
    char **domids, **devids;
    unsigned int nr_domids, nr_devids, i, k;
    int rc = store_list(s, &domids, &nr_domids, err_out,
                        "/local/domain/0/backend/%s", type);

    for (i = 0; i < nr_domids && !rc; i++) {
        rc = store_list(s, &devids, &nr_devids, err_out,
                        "/local/domain/0/backend/%s/%s", type, domids[i]);
        for (k = 0; k < nr_devids && !rc; k++)
            rc = other_check(s, disk, st, type, domids[i], devids[k], err_out);
        free(devids);
    }
    free(domids);
    return rc;
}

static int use_check(struct store *s, const struct disk_config *disk,
                     const struct stat *st, struct error **err_out)
{
    int rc = type_check(s, disk, st, "vbd", err_out);

    return rc ? rc : type_check(s, disk, st, DAEMON_TYPE, err_out);
}

int disk_twice_check(const struct disk_config *disk,
                     const struct disk_config *others, size_t nr,
                     struct error **err_out)
{
    struct stat st;
    size_t i;

    if (disk->script || disk->backend || disk->shared ||
        stat(disk->target, &st))
        return 0;
    for (i = 0; i < nr; i++)
        if (!others[i].script && !others[i].backend && !others[i].shared &&
            (!disk->read_only || !others[i].read_only) &&
            is_same(&st, others[i].target)) {
            error_set(err_out, ERROR_DEVICE, -EBUSY, "'%s': is %s, too",
                      disk->target, others[i].vdev);
            return error_hint(err_out, "access `w!` lets both write");
        }
    return 0;
}

/* A device that is mounted, or part of another, is not the guest's to write. */
static int host_check(const struct disk_config *disk, const struct stat *st,
                      struct error **err_out)
{
    int fd, rc = 0;

    if (!S_ISBLK(st->st_mode) || disk->read_only)
        return 0;
    fd = open(disk->target, O_RDWR | O_EXCL | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    } else if (errno == EBUSY) {
        rc = target_fail(err_out, disk, -EBUSY, "this host uses it itself");
        error_hint(err_out, "unmount it, or let the guest just read it");
    } else {
        rc = target_fail(err_out, disk, -errno, strerror(errno));
    }
    return rc;
}

/* Who serves it here: where the kernel has no devices for images of other
 * formats, the daemon does. */
static struct disk_config with_server(const struct disk_config *disk)
{
    struct disk_config d = *disk;

    d.daemon |= d.format != DISK_RAW && nbd_check(NULL);
    return d;
}

/* One that this host serves. */
static int local_check(struct store *s, const struct disk_config *disk,
                       struct error **err_out)
{
    struct stat st;
    int rc;

    if (disk->script)
        return hotplug_check(disk->script, err_out);
    rc = target_stat(disk, &st, err_out);
    if (!rc && disk->format != DISK_RAW)
        rc = disk_image_check(disk, err_out);
    if (!rc && disk->format != DISK_RAW && disk->daemon)
        rc = nbd_server_check(err_out);
    if (!rc && !disk->shared)
        rc = host_check(disk, &st, err_out);
    return rc || disk->shared ? rc : use_check(s, disk, &st, err_out);
}

int disk_check(struct store *s, const struct disk_config *disk,
               struct error **err_out)
{
    const struct disk_config served = with_server(disk);
    domid_t backend_id;
    int rc = device_backend_find(s, disk->backend, &backend_id, err_out);

    return rc || backend_id ? rc : local_check(s, &served, err_out);
}

/* Attaching. */

/* What the host has for a disk. */
struct host_disk {
    char device[NBD_NAME_SIZE];
    const char *node; /* that names it for its end; NULL: nothing to free */
    dev_t number;     /* 0: the script tells */
};

_Static_assert(NBD_NAME_SIZE >= LOOP_NAME_SIZE, "a name of either fits");

static void host_disk_free(const struct host_disk *host)
{
    if (!host->node)
        return;
    if (!strcmp(host->node, LOOP_NODE))
        loop_detach(host->device, NULL);
    else if (!strcmp(host->node, SERVER_NODE))
        nbd_server_stop(host->device, NULL);
    else
        nbd_detach(host->device, NULL);
}

static struct nbd_image image_of(const struct disk_config *disk)
{
    return (struct nbd_image){.path = disk->target,
                              .format = disk_format_qemu(disk->format),
                              .read_only = disk->read_only,
                              .direct = disk->direct,
                              .no_discard = disk->no_discard};
}

/* A block device of a file. */
static int file_serve(const struct disk_config *disk, struct host_disk *host,
                      struct error **err_out)
{
    const struct nbd_image image = image_of(disk);
    struct stat st;
    int rc;

    if (disk->format == DISK_RAW)
        rc = loop_attach(disk->target, disk->read_only, disk->direct,
                         host->device, err_out);
    else
        rc = nbd_attach(&image, host->device, err_out);
    if (rc)
        return rc;
    host->node = disk->format == DISK_RAW ? LOOP_NODE : NBD_NODE;
    if (stat(host->device, &st)) {
        rc = error_set(err_out, ERROR_DEVICE, -errno, "%s: %s", host->device,
                       strerror(errno));
        host_disk_free(host);
        return rc;
    }
    host->number = st.st_rdev;
    return 0;
}

/* What the daemon opens, if it can't be the target. */
static int daemon_serve(domid_t domid, const struct disk_config *disk,
                        struct host_disk *host, struct error **err_out)
{
    const struct nbd_image image = image_of(disk);
    int rc;

    if (disk->format == DISK_RAW)
        return 0;
    snprintf(host->device, sizeof(host->device), "disk-%u-%u", domid,
             disk->number);
    rc = nbd_server_start(&image, host->device, err_out);
    if (rc)
        return rc;
    host->node = SERVER_NODE;
    rc = backend_images_keep(err_out);
    if (rc)
        host_disk_free(host);
    return rc;
}

static int host_disk_make(domid_t domid, const struct disk_config *disk,
                          struct host_disk *host, struct error **err_out)
{
    struct stat st;
    int rc;

    *host = (struct host_disk){0};
    if (disk->script)
        return 0;
    rc = target_stat(disk, &st, err_out);
    if (rc)
        return rc;
    if (disk->daemon)
        return daemon_serve(domid, disk, host, err_out);
    if (S_ISREG(st.st_mode) || disk->format != DISK_RAW)
        return file_serve(disk, host, err_out);
    host->number = st.st_rdev;
    return 0;
}

static void host_nodes(struct device *d, const struct disk_config *disk,
                       const struct host_disk *host)
{
    device_back(d, "physical-device", "%x:%x", major(host->number),
                minor(host->number));
    device_back(d, "physical-device-path", "%s",
                host->node ? host->device : disk->target);
    /* The stock tools free a loop device that is called `node`. */
    if (host->node)
        device_back(d, host->node, "%s", host->device);
    if (host->node && !strcmp(host->node, LOOP_NODE))
        device_back(d, "node", "%s", host->device);
    device_back(d, "hotplug-status", "connected");
}

/* What the daemon reads that opens the disk itself. */
static void daemon_nodes(struct device *d, const struct disk_config *disk,
                         const struct host_disk *host)
{
    device_place_serve(&d->at, DAEMON_TYPE);
    if (host->node) {
        device_back(d, "params", "nbd:unix:/run/xen/%s.sock", host->device);
        device_back(d, IMAGE_NODE, "%s", disk->target);
        device_back(d, host->node, "%s", host->device);
    } else {
        device_back(d, "params", "%s", disk->target);
    }
    device_back(d, "type", DAEMON_TYPE);
    if (disk->iops)
        device_back(d, "iops", "%u", disk->iops);
    if (disk->bps)
        device_back(d, "bps", "%llu", (unsigned long long)disk->bps);
}

/* What the kernel's backend reads; the stock tools end a disk by its script. */
static void driver_nodes(struct device *d, const struct disk_config *disk,
                         const struct host_disk *host)
{
    device_back(d, "params", "%s", disk->target);
    device_back(d, "script", "%s",
                disk->script ? disk->script : SCRIPT_FOLDER "/block");
    device_back(d, "type", "phy");
    if (host->number)
        host_nodes(d, disk, host);
}

/* As the stock tools have them. */
static struct device device_make(domid_t domid, domid_t backend_id,
                                 const struct disk_config *disk,
                                 const struct host_disk *host)
{
    struct device d = {
        .at = device_place_make(domid, "vbd", disk->number, backend_id),
        .spec = disk_config_text(disk)};

    if (disk->daemon)
        daemon_nodes(&d, disk, host);
    else
        driver_nodes(&d, disk, host);
    device_back(&d, "removable", "%d", disk->cdrom);
    device_back(&d, "bootable", "1");
    device_back(&d, "dev", "%s", disk->vdev);
    device_back(&d, "mode", "%s", disk->read_only ? "r" : "w");
    device_back(&d, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
    device_back(&d, "discard-enable", "%d",
                !disk->no_discard && !disk->read_only);
    device_back(&d, "specification", "xen");
    if (disk->direct)
        device_back(&d, "direct-io-safe", "1");
    device_front(&d, "virtual-device", "%u", disk->number);
    device_front(&d, "device-type", "%s", disk->cdrom ? "cdrom" : "disk");
    device_front(&d, "trusted", "%d", !disk->untrusted);
    device_front(&d, "protocol", "x86_64-abi");
    return d;
}

/* Up to the store. */
static int host_attach(struct store *s, domid_t domid,
                       const struct disk_config *disk, struct error **err_out)
{
    struct host_disk host;
    struct device d;
    int rc = host_disk_make(domid, disk, &host, err_out);

    if (rc)
        return rc;
    d = device_make(domid, 0, disk, &host);
    rc = device_write(s, &d, err_out);
    free(d.spec);
    if (rc)
        host_disk_free(&host);
    return rc;
}

static int local_attach(struct store *s, domid_t domid,
                        const struct disk_config *disk, struct error **err_out)
{
    struct device_place at = device_place_make(domid, "vbd", disk->number, 0);
    int lock, rc = lock_take("disks", &lock, err_out);

    if (rc)
        return rc;
    if (disk->daemon)
        device_place_serve(&at, DAEMON_TYPE);
    /* Nobody else takes it between the check and the store. */
    rc = local_check(s, disk, err_out);
    if (!rc)
        rc = host_attach(s, domid, disk, err_out);
    lock_drop(lock);
    if (rc)
        return rc;
    if (disk->daemon)
        rc = backend_daemon_ensure(DAEMON_TYPE, err_out);
    if (!rc)
        rc = device_await(s, &at, disk->daemon ? DAEMON_HINT : DRIVER_HINT,
                          err_out);
    if (!rc && disk->script)
        rc = hotplug_run(s, &at, disk->script, "add", NULL, err_out);
    if (rc)
        device_undo(s, &at);
    return rc;
}

static int remote_attach(struct store *s, domid_t domid, domid_t backend_id,
                         const struct disk_config *disk, struct error **err_out)
{
    const struct host_disk host = {0};
    struct device d = device_make(domid, backend_id, disk, &host);
    int rc = device_write(s, &d, err_out);

    free(d.spec);
    if (rc)
        return rc;
    rc = device_await(s, &d.at, DRIVER_HINT, err_out);
    if (rc)
        device_undo(s, &d.at);
    return rc;
}

int disk_attach(struct store *s, domid_t domid, const struct disk_config *disk,
                struct error **err_out)
{
    const struct disk_config served = with_server(disk);
    domid_t backend_id;
    int rc = device_backend_find(s, disk->backend, &backend_id, err_out);

    if (rc)
        return rc;
    return backend_id ? remote_attach(s, domid, backend_id, disk, err_out)
                      : local_attach(s, domid, &served, err_out);
}

/* Ending. */

/* Free what a node of the record names. */
static int node_free(struct store *s, const struct device_place *at,
                     const char *node,
                     int (*detach)(const char *device, struct error **err_out),
                     struct error **err_out)
{
    char *device = NULL;
    int rc = store_read(s, &device, err_out, "%s/%s", at->record, node);

    if (!rc && device)
        rc = detach(device, err_out);
    free(device);
    return rc;
}

static int script_end(struct store *s, const struct device_place *at,
                      struct error **err_out)
{
    char *spec = NULL;
    struct disk_config config;
    int rc = device_spec_read(s, at, &spec, err_out);

    if (rc || !spec)
        return rc;
    rc = disk_config_parse(spec, &config, err_out);
    free(spec);
    if (rc)
        return rc;
    if (config.script)
        rc = hotplug_run(s, at, config.script, "remove", NULL, err_out);
    disk_config_free(&config);
    return rc;
}

int disk_host_end(struct store *s, const struct device_place *at,
                  struct error **err_out)
{
    int first = 0;

    device_note(&first, node_free(s, at, LOOP_NODE, loop_detach, err_out));
    device_note(&first,
                node_free(s, at, NBD_NODE, nbd_detach, first ? NULL : err_out));
    device_note(&first, node_free(s, at, SERVER_NODE, nbd_server_stop,
                                  first ? NULL : err_out));
    device_note(&first, script_end(s, at, first ? NULL : err_out));
    return first;
}
