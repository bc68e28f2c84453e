/* SPDX-License-Identifier: MIT */
/*
 * Opens what a disk's node names.
 *
 * A disk is locked while it is open, for this worker alone if it may be
 * written. The kernel gives the lock back when the last I/O of a worker that
 * was killed is over: so no old write comes after those of the next worker.
 */
#include "blkd/blkd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blkd/nbd.h"

/* A path, perhaps behind the name of its format: all of these are raw. */
static const char *path_of(const char *params)
{
    static const char *const formats[] = {"aio:", "raw:", "phy:", "file:"};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (!strncmp(params, formats[i], strlen(formats[i])))
            params += strlen(formats[i]);
    return *params == '/' ? params : NULL;
}

static int look_at_device(int fd, struct disk_info *a)
{
    uint64_t bytes;
    int logical;
    unsigned int physical;

    if (ioctl(fd, BLKGETSIZE64, &bytes) || ioctl(fd, BLKSSZGET, &logical) ||
        ioctl(fd, BLKPBSZGET, &physical))
        return -errno;
    a->is_device = true;
    a->flush = true;
    a->discard = !a->readonly;
    a->sectors = bytes / 512;
    a->sector_size = (uint32_t)logical;
    a->physical_size = physical;
    a->discard_granularity = physical;
    return 0;
}

static int look_at_file(const struct stat *st, struct disk_info *a)
{
    if (!S_ISREG(st->st_mode))
        return -EINVAL;
    a->sectors = (uint64_t)st->st_size / 512;
    a->flush = true;
    a->discard = !a->readonly;
    a->sector_size = 512;
    a->physical_size = 4096;
    a->discard_granularity = 4096;
    return 0;
}

static int look_at(int fd, struct disk_info *a)
{
    struct stat st;

    if (fstat(fd, &st))
        return -errno;
    return S_ISBLK(st.st_mode) ? look_at_device(fd, a) : look_at_file(&st, a);
}

/* Devices without the page cache, as other back-ends do; files with it. */
static int open_disk(const char *path, struct disk_info *a)
{
    int mode = (a->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY;
    struct stat st;
    int fd = -1, rc;

    if (stat(path, &st))
        return -errno;
    if (S_ISBLK(st.st_mode))
        fd = open(path, mode | O_DIRECT);
    if (fd < 0)
        fd = open(path, mode);
    if (fd < 0)
        return -errno;
    rc = look_at(fd, a);
    if (!rc && flock(fd, (a->readonly ? LOCK_SH : LOCK_EX) | LOCK_NB))
        rc = errno == EWOULDBLOCK ? -EAGAIN : -errno;
    if (!rc)
        return fd;
    close(fd);
    return rc;
}

int blkd_open(struct xs_handle *xs, const char *node, void *info)
{
    struct disk_info *a = info;
    char params[1024], mode[8] = "r", type[16] = "disk";
    const char *path;
    int rc = daemon_read(xs, node, "params", params, sizeof(params));

    if (rc)
        return rc;
    daemon_read(xs, node, "mode", mode, sizeof(mode));
    daemon_read(xs, node, "device-type", type, sizeof(type));
    a->readonly = mode[0] != 'w';
    a->cdrom = !strcmp(type, "cdrom");
    path = path_of(params);
    if (!strncmp(params, "nbd:", 4))
        return nbd_connect(params, a);
    return path ? open_disk(path, a) : -EINVAL;
}
