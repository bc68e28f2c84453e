/* SPDX-License-Identifier: MIT */
/*
 * Raw disks by io_uring; see disk.h.
 *
 * What has no place in the submission queue waits in a list. An operation that
 * did only a part goes on behind that.
 */
#include "blkd/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "blkd/pool.h"
#include "blkd/ring.h"

/* struct blkback_iov is given to the kernel as it is. */
_Static_assert(sizeof(struct blkback_iov) == sizeof(struct iovec) &&
                   offsetof(struct blkback_iov, size) ==
                       offsetof(struct iovec, iov_len),
               "as struct iovec");

/* In the order in which they came. */
static struct blkback_io *waiting, **waiting_end = &waiting;

/* Those whose front-end is to be told. */
static struct disk *done_disks;

static void prepare_data(struct io_uring_sqe *sqe, struct blkback_io *io)
{
    const struct disk *d = io->disk;
    uint64_t offset = io->sector * 512 + io->done;
    struct iovec *iov = (struct iovec *)io->iov;
    unsigned int size = (unsigned int)iov->iov_len;
    bool in_pool = io->nr_iov == 1 && pool_has(iov->iov_base);

    if (io->op == BLKBACK_READ && in_pool)
        io_uring_prep_read_fixed(sqe, d->fd, iov->iov_base, size, offset, 0);
    else if (io->op == BLKBACK_READ)
        io_uring_prep_readv(sqe, d->fd, iov, io->nr_iov, offset);
    else if (in_pool)
        io_uring_prep_write_fixed(sqe, d->fd, iov->iov_base, size, offset, 0);
    else
        io_uring_prep_writev(sqe, d->fd, iov, io->nr_iov, offset);
}

static void prepare(struct io_uring_sqe *sqe, struct blkback_io *io)
{
    const struct disk *d = io->disk;

    switch (io->op) {
    case BLKBACK_READ:
    case BLKBACK_WRITE:
        prepare_data(sqe, io);
        break;
    case BLKBACK_FLUSH:
        io_uring_prep_fsync(sqe, d->fd, IORING_FSYNC_DATASYNC);
        break;
    case BLKBACK_DISCARD:
        io_uring_prep_fallocate(
            sqe, d->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
            (off_t)(io->sector * 512), (off_t)(io->nr_sectors * 512));
        break;
    }
    io_uring_sqe_set_data(sqe, io);
}

static void start_waiting(void)
{
    while (waiting) {
        struct io_uring_sqe *sqe = ring_place();

        if (!sqe)
            return;
        prepare(sqe, waiting);
        waiting = waiting->next;
    }
    waiting_end = &waiting;
}

static void start(struct blkback_io *io)
{
    io->next = NULL;
    *waiting_end = io;
    waiting_end = &io->next;
}

static void submit(struct blkback_disk *disk, struct blkback_io *io)
{
    io->disk = disk;
    io->done = 0;
    start(io);
}

/* Part of it is done: the rest is what the list of buffers has left. */
static void go_on_behind(struct blkback_io *io, size_t size)
{
    io->done += size;
    while (size) {
        size_t part = size < io->iov->size ? size : io->iov->size;

        io->iov->base = (uint8_t *)io->iov->base + part;
        io->iov->size -= part;
        size -= part;
        if (!io->iov->size) {
            io->iov++;
            io->nr_iov--;
        }
    }
    start(io);
}

static void complete(struct blkback_io *io, int res)
{
    struct disk *d = io->disk;
    bool data = io->op == BLKBACK_READ || io->op == BLKBACK_WRITE;

    if (res == -EINTR || res == -EAGAIN) {
        start(io);
        return;
    }
    if (data && res > 0 && io->done + (size_t)res < io->nr_sectors * 512) {
        go_on_behind(io, (size_t)res);
        return;
    }
    if (data && !res)
        res = -EIO; /* the file is shorter than it was */
    if (res < 0 && res != -EOPNOTSUPP)
        os_log("I/O error %d at sector %lu", -res, io->sector);
    if (!d->done_something) {
        d->done_something = true;
        d->next_done = done_disks;
        done_disks = d;
    }
    blkback_done(io, res < 0 ? res : 0);
}

static void tell_front_ends(void)
{
    while (done_disks) {
        struct disk *d = done_disks;

        done_disks = d->next_done;
        d->done_something = false;
        blkback_go_on(d->back);
    }
}

int disk_ring_open(void)
{
    static const struct ring_user user = {
        .done = complete, .all_told = tell_front_ends, .start = start_waiting};

    return ring_open(&user);
}

static void *take_pages(struct blkback_disk *disk, unsigned int nr)
{
    (void)disk;
    return pool_take(nr);
}

static void give_pages(struct blkback_disk *disk, void *pages, unsigned int nr)
{
    (void)disk, (void)nr;
    pool_give(pages);
}

/* What goes through the page cache is copied by the kernel anyway. */
void disk_init(struct disk *d)
{
    d->disk.submit = submit;
    if (!d->is_device)
        return;
    d->disk.take_pages = take_pages;
    d->disk.give_pages = give_pages;
}

void disk_look_at_size(struct disk *d)
{
    struct stat st;
    uint64_t bytes;

    if (d->nbd)
        return;
    if (d->is_device) {
        if (ioctl(d->fd, BLKGETSIZE64, &bytes))
            return;
    } else {
        if (fstat(d->fd, &st))
            return;
        bytes = (uint64_t)st.st_size;
    }
    if (bytes / 512 == d->disk.sectors)
        return;
    d->disk.sectors = bytes / 512;
    blkback_resized(d->back);
}
