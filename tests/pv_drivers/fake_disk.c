/* SPDX-License-Identifier: MIT */
/* A disk in memory; see fake_disk.h. */
#include "fake_disk.h"

#include <stdlib.h>

#include "fake_internal.h"

/* In a process that may be killed: it is its memory, not the port's. */
struct job {
    struct fake_disk *disk;
    struct blkback_io *io;
};

#define MAX_JOBS 8192U
static struct job jobs[MAX_JOBS];
static unsigned int next_job;

static void move_data(struct fake_disk *d, const struct blkback_io *io)
{
    uint8_t *at = d->data + io->sector * 512;

    for (unsigned int i = 0; i < io->nr_iov; i++) {
        if (io->op == BLKBACK_WRITE)
            memcpy(at, io->iov[i].base, io->iov[i].size);
        else
            memcpy(io->iov[i].base, at, io->iov[i].size);
        at += io->iov[i].size;
    }
}

static void apply(struct fake_disk *d, const struct blkback_io *io)
{
    if (io->op == BLKBACK_READ || io->op == BLKBACK_WRITE)
        move_data(d, io);
    else if (io->op == BLKBACK_FLUSH)
        memcpy(d->durable, d->data, sizeof(d->durable));
    else
        memset(d->discarded + io->sector, 1, io->nr_sectors);
}

static void finish(void *arg)
{
    struct job *job = arg;

    apply(job->disk, job->io);
    blkback_done(job->io, 0);
    blkback_go_on(job->disk->back);
}

static void check(const struct fake_disk *d, const struct blkback_io *io)
{
    uint64_t size = 0;

    for (unsigned int i = 0; i < io->nr_iov; i++)
        size += io->iov[i].size;
    if (io->op == BLKBACK_FLUSH)
        return;
    if (io->sector + io->nr_sectors > d->disk.sectors ||
        (io->op != BLKBACK_DISCARD && size != io->nr_sectors * 512) ||
        (io->op != BLKBACK_READ && d->disk.readonly))
        abort();
}

static void submit(struct blkback_disk *disk, struct blkback_io *io)
{
    struct fake_disk *d = (struct fake_disk *)disk;
    struct job *job = &jobs[next_job++ % MAX_JOBS];

    fake_call();
    check(d, io);
    d->nr_ios++;
    d->nr_flushes += io->op == BLKBACK_FLUSH;
    d->nr_bytes += io->op == BLKBACK_FLUSH ? 0 : io->nr_sectors * 512;
    if (d->stuck)
        return;
    if (d->at_once) {
        apply(d, io);
        blkback_done(io, 0);
        return;
    }
    /* A write may have happened when the process that asked for it dies. */
    if (io->op == BLKBACK_WRITE && fake_random(2))
        apply(d, io);
    *job = (struct job){d, io};
    fake_work(FAKE_BACK, finish, job);
    fake_call();
}

/* There may be none just now. */
static void *take_pages(struct blkback_disk *disk, unsigned int nr)
{
    (void)disk;
    return fake_random(4) ? os_pages_alloc(nr) : NULL;
}

static void give_pages(struct blkback_disk *disk, void *pages, unsigned int nr)
{
    (void)disk;
    os_pages_free(pages, nr);
}

void fake_disk_use_pages(struct fake_disk *d)
{
    d->disk.take_pages = take_pages;
    d->disk.give_pages = give_pages;
}

static void closed(struct blkback_disk *disk)
{
    ((struct fake_disk *)disk)->nr_closed++;
}

void fake_disk_init(struct fake_disk *d)
{
    memset(d, 0, sizeof(*d));
    d->disk = (struct blkback_disk){
        .submit = submit,
        .closed = closed,
        .sectors = FAKE_DISK_SECTORS,
        .sector_size = 512,
        .physical_size = 4096,
        .flush = true,
        .discard = true,
        .discard_granularity = 4096,
        .keep = d->keep,
    };
}
