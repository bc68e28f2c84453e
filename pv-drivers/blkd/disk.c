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
#include <liburing.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "ports/linux_user/port.h"

#define ENTRIES 256

/* struct blkback_iov is given to the kernel as it is. */
_Static_assert(sizeof(struct blkback_iov) == sizeof(struct iovec) &&
                   offsetof(struct blkback_iov, size) ==
                       offsetof(struct iovec, iov_len),
               "as struct iovec");

static struct io_uring ring;
static struct port_poller poller;

/* In the order in which they came. */
static struct blkback_io *waiting, **waiting_end = &waiting;

static void prepare(struct io_uring_sqe *sqe, struct blkback_io *io)
{
    struct disk *d = io->disk;
    off_t offset = (off_t)(io->sector * 512 + io->done);
    struct iovec *iov = (struct iovec *)io->iov;

    switch (io->op) {
    case BLKBACK_READ:
        io_uring_prep_readv(sqe, d->fd, iov, io->nr_iov, (uint64_t)offset);
        break;
    case BLKBACK_WRITE:
        io_uring_prep_writev(sqe, d->fd, iov, io->nr_iov, (uint64_t)offset);
        break;
    case BLKBACK_FLUSH:
        io_uring_prep_fsync(sqe, d->fd, IORING_FSYNC_DATASYNC);
        break;
    case BLKBACK_DISCARD:
        io_uring_prep_fallocate(sqe, d->fd,
                                FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                offset, (off_t)(io->nr_sectors * 512));
        break;
    }
    io_uring_sqe_set_data(sqe, io);
}

static void start_waiting(void)
{
    while (waiting) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

        if (!sqe && io_uring_submit(&ring) > 0)
            sqe = io_uring_get_sqe(&ring);
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
    d->done_something = true;
    blkback_done(io, res < 0 ? res : 0);
}

#define BATCH 128U

/* Returns how many operations were done. */
static unsigned int take_completions(void)
{
    struct io_uring_cqe *cqes[BATCH];
    struct disk *disks[BATCH];
    unsigned int nr = io_uring_peek_batch_cqe(&ring, cqes, BATCH);

    for (unsigned int i = 0; i < nr; i++) {
        struct blkback_io *io = io_uring_cqe_get_data(cqes[i]);

        disks[i] = io->disk;
        complete(io, cqes[i]->res);
    }
    io_uring_cq_advance(&ring, nr);
    for (unsigned int i = 0; i < nr; i++) {
        if (!disks[i]->done_something)
            continue;
        disks[i]->done_something = false;
        blkback_go_on(disks[i]->back);
    }
    return nr;
}

/* For so long without a look at other descriptors. */
#define MAX_ROUNDS 16U

/* What the page cache has is done at once: no need to wait to be told. */
static void submit_all(void)
{
    for (unsigned int i = 0; i < MAX_ROUNDS; i++) {
        start_waiting();
        io_uring_submit(&ring);
        if (!take_completions())
            return;
    }
}

static void ready(void *arg)
{
    (void)arg;
    take_completions();
}

int disk_ring_open(void)
{
    int rc = io_uring_queue_init(ENTRIES, &ring, 0);

    if (rc)
        return rc;
    poller = (struct port_poller){.fd = ring.ring_fd, .ready = ready};
    port_before_wait(submit_all);
    return port_poll(&poller);
}

void disk_init(struct disk *d)
{
    d->disk.submit = submit;
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
