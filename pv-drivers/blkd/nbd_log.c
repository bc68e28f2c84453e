/* SPDX-License-Identifier: MIT */
/* What is not yet flushed; see nbd_log.h. Data lies in a ring of bytes. */
#include "blkd/nbd_log.h"

#include <string.h>

static uint32_t data_of(const struct blkback_io *io)
{
    return io->op == BLKBACK_WRITE ? (uint32_t)(io->nr_sectors * 512) : 0;
}

bool nbd_log_reserve(struct nbd_log *log, const struct blkback_io *io)
{
    uint64_t bytes = log->added - log->dropped + log->wanted_bytes;

    if (log->next - log->first + log->wanted >= NBD_LOG_ENTRIES ||
        bytes + data_of(io) > NBD_LOG_SIZE)
        return false;
    log->wanted++;
    log->wanted_bytes += data_of(io);
    return true;
}

void nbd_log_release(struct nbd_log *log, const struct blkback_io *io)
{
    log->wanted--;
    log->wanted_bytes -= data_of(io);
}

/* Where a byte lies, and how many lie behind it without a break. */
static uint8_t *place_of(struct nbd_log *log, uint64_t at, size_t *size)
{
    size_t place = at % NBD_LOG_SIZE;

    if (*size > NBD_LOG_SIZE - place)
        *size = NBD_LOG_SIZE - place;
    return log->data + place;
}

static void data_add(struct nbd_log *log, const struct blkback_iov *iov)
{
    size_t done = 0;

    while (done < iov->size) {
        size_t part = iov->size - done;
        uint8_t *to = place_of(log, log->added, &part);

        memcpy(to, (const uint8_t *)iov->base + done, part);
        log->added += part;
        done += part;
    }
}

void nbd_log_add(struct nbd_log *log, const struct blkback_io *io,
                 uint64_t offset, uint32_t length)
{
    log->entries[log->next++ % NBD_LOG_ENTRIES] = (struct nbd_log_entry){
        .is_discard = io->op == BLKBACK_DISCARD,
        .offset = offset,
        .length = length,
        .start = log->added,
    };
    nbd_log_release(log, io);
    if (io->op == BLKBACK_WRITE)
        for (unsigned int i = 0; i < io->nr_iov; i++)
            data_add(log, &io->iov[i]);
}

void nbd_log_drop(struct nbd_log *log, uint64_t end)
{
    if (end <= log->first)
        return;
    log->first = end;
    /* An empty one begins in the pages that it has had before. */
    if (log->first == log->next)
        log->dropped = log->added = 0;
    else
        log->dropped = log->entries[end % NBD_LOG_ENTRIES].start;
}

bool nbd_log_is_long(const struct nbd_log *log)
{
    return log->next - log->first > NBD_LOG_ENTRIES / 2 ||
           log->added - log->dropped > NBD_LOG_SIZE / 2;
}

void nbd_log_read(struct nbd_log *log, uint64_t entry, struct blkback_io *io,
                  struct blkback_iov iov[2])
{
    const struct nbd_log_entry *e = &log->entries[entry % NBD_LOG_ENTRIES];
    size_t size = e->length;

    *io = (struct blkback_io){
        .op = e->is_discard ? BLKBACK_DISCARD : BLKBACK_WRITE,
        .sector = e->offset / 512,
        .nr_sectors = e->length / 512,
    };
    if (e->is_discard)
        return;
    iov[0].base = place_of(log, e->start, &size);
    iov[0].size = size;
    iov[1] = (struct blkback_iov){log->data, e->length - size};
    io->iov = iov;
    io->nr_iov = iov[1].size ? 2 : 1;
}
