/* SPDX-License-Identifier: MIT */
/*
 * The worker's part of NBD: requests out, replies in, over a socket that does
 * not block. Replies may come in any order; a request's handle is its place in
 * a table, so that a server that lies finds nothing but a lost connection.
 *
 * When the connection is lost, the owner asks for another one (see lost()), and
 * all that has no reply is sent again; before that, what was answered and not
 * flushed (see nbd_log.h). The server is asked to flush when that gets long.
 */
#include "blkd/nbd.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "blkd/nbd_log.h"
#include "blkd/nbd_protocol.h"
#include "ports/linux_user/port.h"

#define MAX_OPEN 512U
#define MAX_TRIM (1U << 30) /* bytes in one request */

/* Where sending or receiving stands in a request's buffers. */
struct place {
    unsigned int iov;
    size_t offset;
};

struct nbd {
    struct port_poller poller;
    struct disk *disk;
    struct blkback_io *open[MAX_OPEN]; /* by handle: sent, or being sent */
    struct blkback_io *first, **last;  /* to be sent */

    /* Being sent: */
    struct blkback_io *sending;
    struct nbd_request request;
    size_t request_sent;
    struct place sent;

    /* Being received: */
    struct nbd_reply reply;
    size_t reply_received;
    struct blkback_io *receiving; /* the data of a read */
    struct place received;

    /* What a server that dies has not flushed, if it does not do so at once: */
    bool keeps_log;
    struct blkback_io flush; /* our own */
    bool flush_due, flush_sent;
    uint64_t flushes[MAX_OPEN]; /* by handle: entries before this one */
    bool is_behind;             /* a new server has not heard all of the log: */
    uint64_t again_at;          /* the next entry */
    struct blkback_io again;
    struct blkback_iov again_iov[2];
    bool again_sent;
    unsigned int again_failed;
    struct nbd_log log;
};

static void lost(struct nbd *n)
{
    port_unpoll(&n->poller);
    close(n->disk->fd);
    n->disk->fd = -1;
    n->poller.fd = -1;
    n->disk->lost(n->disk);
}

/* ---- Sending ---------------------------------------------------------- */

static void enqueue(struct nbd *n, struct blkback_io *io)
{
    io->next = NULL;
    *n->last = io;
    n->last = &io->next;
}

static uint16_t type_of(const struct blkback_io *io)
{
    switch (io->op) {
    case BLKBACK_READ:
        return NBD_CMD_READ;
    case BLKBACK_WRITE:
        return NBD_CMD_WRITE;
    case BLKBACK_FLUSH:
        return NBD_CMD_FLUSH;
    default:
        return NBD_CMD_TRIM;
    }
}

/* A discard may be longer than a request: `done` is what went before. */
static uint32_t length_of(const struct blkback_io *io)
{
    uint64_t left = io->nr_sectors * 512 - io->done;

    if (io->op == BLKBACK_FLUSH)
        return 0;
    return left < MAX_TRIM ? (uint32_t)left : MAX_TRIM;
}

/* Is it noted when it is answered? */
static bool is_noted(const struct nbd *n, const struct blkback_io *io)
{
    return n->keeps_log && io != &n->again &&
           (io->op == BLKBACK_WRITE || io->op == BLKBACK_DISCARD);
}

/* Entries one after the other: they may overlap. */
static struct blkback_io *choose_again(struct nbd *n)
{
    if (n->again_sent)
        return NULL;
    nbd_log_read(&n->log, n->again_at, &n->again, n->again_iov);
    n->again_sent = true;
    return &n->again;
}

static struct blkback_io *choose(struct nbd *n)
{
    struct blkback_io *io = n->first;

    if (n->is_behind)
        return choose_again(n);
    if (n->flush_due && !n->flush_sent) {
        n->flush_due = false;
        n->flush_sent = true;
        return &n->flush;
    }
    if (!io || (is_noted(n, io) && !nbd_log_reserve(&n->log, io)))
        return NULL;
    n->first = io->next;
    if (!n->first)
        n->last = &n->first;
    return io;
}

/* The next request, if there is one and a place for it. */
static bool take_next(struct nbd *n)
{
    uint64_t handle = 0;

    while (handle < MAX_OPEN && n->open[handle])
        handle++;
    n->sending = handle < MAX_OPEN ? choose(n) : NULL;
    if (!n->sending)
        return false;
    n->open[handle] = n->sending;
    n->flushes[handle] = n->log.next;
    n->request = (struct nbd_request){
        .magic = htobe32(NBD_REQUEST_MAGIC),
        .type = htobe16(type_of(n->sending)),
        .handle = htobe64(handle),
        .offset = htobe64(n->sending->sector * 512 + n->sending->done),
        .length = htobe32(length_of(n->sending)),
    };
    n->request_sent = 0;
    n->sent = (struct place){0};
    return true;
}

/* Buffers from a place on. */
static int rest_of(const struct blkback_io *io, const struct place *at,
                   struct iovec *out)
{
    int nr = 0;

    for (unsigned int i = at->iov; i < io->nr_iov; i++, nr++) {
        size_t skip = i == at->iov ? at->offset : 0;

        out[nr].iov_base = (uint8_t *)io->iov[i].base + skip;
        out[nr].iov_len = io->iov[i].size - skip;
    }
    return nr;
}

static void advance(const struct blkback_io *io, struct place *at, size_t size)
{
    while (at->iov < io->nr_iov && size >= io->iov[at->iov].size - at->offset) {
        size -= io->iov[at->iov].size - at->offset;
        at->iov++;
        at->offset = 0;
    }
    at->offset += size;
}

#define MAX_IOV 256

/* Returns what sendmsg() does: 0 where all of the request is sent. */
static ssize_t send_some(struct nbd *n)
{
    struct iovec iov[1 + MAX_IOV];
    struct msghdr msg = {.msg_iov = iov};
    size_t header = sizeof(n->request) - n->request_sent;
    ssize_t sent;

    iov[0] = (struct iovec){(uint8_t *)&n->request + n->request_sent, header};
    msg.msg_iovlen = 1;
    if (n->sending->op == BLKBACK_WRITE)
        msg.msg_iovlen += (size_t)rest_of(n->sending, &n->sent, iov + 1);
    if (!header &&
        (n->sending->op != BLKBACK_WRITE || n->sent.iov == n->sending->nr_iov))
        return 0;
    sent = sendmsg(n->disk->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0)
        return sent < 0 ? sent : -1;
    if ((size_t)sent < header)
        header = (size_t)sent;
    n->request_sent += header;
    advance(n->sending, &n->sent, (size_t)sent - header);
    return sent;
}

/* As much as the socket takes. */
static void send_all(struct nbd *n)
{
    while (n->disk->fd >= 0 && (n->sending || take_next(n))) {
        ssize_t sent = send_some(n);

        if (!sent) {
            n->sending = NULL;
        } else if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR)
                lost(n);
            break;
        }
    }
    if (n->disk->fd >= 0)
        port_poll_writable(&n->poller, n->sending);
}

/* ---- Receiving -------------------------------------------------------- */

/* The new server has heard of one more entry. */
static void again_done(struct nbd *n, uint32_t error)
{
    n->again_sent = false;
    n->again_failed += error != 0;
    if (++n->again_at != n->log.next)
        return;
    if (n->again_failed)
        os_log("%u writes of before are lost: the server refuses them",
               n->again_failed);
    n->is_behind = false;
    n->flush_due = true;
}

static void note(struct nbd *n, const struct blkback_io *io, uint32_t error)
{
    if (error)
        nbd_log_release(&n->log, io);
    else
        nbd_log_add(&n->log, io, io->sector * 512 + io->done, length_of(io));
    n->flush_due |= nbd_log_is_long(&n->log);
}

/* Returns whether it is a request of our own. One more flush would not do more
 * than one that fails: what it was to flush is in the server's hands. */
static bool finish_log(struct nbd *n, uint64_t handle, struct blkback_io *io,
                       uint32_t error)
{
    if (is_noted(n, io))
        note(n, io, error);
    if (io->op == BLKBACK_FLUSH)
        nbd_log_drop(&n->log, n->flushes[handle]);
    if (io == &n->again)
        again_done(n, error);
    if (io == &n->flush)
        n->flush_sent = false;
    return io == &n->again || io == &n->flush;
}

static void finish(struct nbd *n, struct blkback_io *io, uint32_t error)
{
    uint64_t handle = be64toh(n->reply.handle);

    n->open[handle] = NULL;
    n->receiving = NULL;
    n->reply_received = 0;
    if (finish_log(n, handle, io, error))
        return;
    if (!error && io->op == BLKBACK_DISCARD) {
        io->done += length_of(io);
        if (io->done < io->nr_sectors * 512) {
            enqueue(n, io);
            return;
        }
    }
    n->disk->done_something = true;
    blkback_done(io, error ? -EIO : 0);
}

/* A reply is there as a whole, but for data. */
static bool take_reply(struct nbd *n)
{
    uint64_t handle = be64toh(n->reply.handle);
    uint32_t error = be32toh(n->reply.error);
    struct blkback_io *io = handle < MAX_OPEN ? n->open[handle] : NULL;

    if (be32toh(n->reply.magic) != NBD_SIMPLE_REPLY_MAGIC || !io ||
        io == n->sending)
        return false;
    n->received = (struct place){0};
    if (io->op == BLKBACK_READ && !error)
        n->receiving = io;
    else
        finish(n, io, error);
    return true;
}

static ssize_t receive_some(struct nbd *n)
{
    struct iovec iov[MAX_IOV];
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 1};
    ssize_t got;

    if (n->receiving)
        msg.msg_iovlen = (size_t)rest_of(n->receiving, &n->received, iov);
    else
        iov[0] = (struct iovec){(uint8_t *)&n->reply + n->reply_received,
                                sizeof(n->reply) - n->reply_received};
    got = recvmsg(n->disk->fd, &msg, MSG_DONTWAIT);
    if (got <= 0)
        return got;
    if (!n->receiving) {
        n->reply_received += (size_t)got;
        return n->reply_received < sizeof(n->reply) || take_reply(n) ? got : 0;
    }
    advance(n->receiving, &n->received, (size_t)got);
    if (n->received.iov == n->receiving->nr_iov)
        finish(n, n->receiving, 0);
    return got;
}

static void ready(void *arg)
{
    struct nbd *n = arg;
    struct disk *d = n->disk;

    for (;;) {
        ssize_t got = receive_some(n);

        if (got > 0)
            continue;
        if (!got || (errno != EAGAIN && errno != EINTR))
            lost(n);
        break;
    }
    send_all(n);
    if (d->done_something) {
        d->done_something = false;
        blkback_go_on(d->back);
    }
}

/* ---- The disk --------------------------------------------------------- */

static void submit(struct blkback_disk *disk, struct blkback_io *io)
{
    io->done = 0;
    enqueue(((struct disk *)disk)->nbd, io);
}

static void commit(struct blkback_disk *disk)
{
    struct disk *d = (struct disk *)disk;

    if (d->fd >= 0)
        send_all(d->nbd);
}

int nbd_init(struct disk *d)
{
    struct nbd *n = calloc(1, sizeof(*n));
    int rc;

    if (!n)
        return -ENOMEM;
    n->disk = d;
    n->last = &n->first;
    n->keeps_log = d->disk.flush && !d->disk.readonly;
    n->flush.op = BLKBACK_FLUSH;
    /* What a process before this one has not. */
    n->flush_due = n->keeps_log;
    n->poller = (struct port_poller){.fd = d->fd, .ready = ready, .arg = n};
    d->nbd = n;
    d->disk.submit = submit;
    d->disk.commit = commit;
    rc = port_poll(&n->poller);
    if (!rc)
        port_poll_writable(&n->poller, n->flush_due);
    return rc;
}

void nbd_release(struct disk *d)
{
    if (d->nbd && d->fd >= 0)
        port_unpoll(&d->nbd->poller);
    free(d->nbd);
    d->nbd = NULL;
}

/* It is to be sent before what is new. */
static void requeue(struct nbd *n, struct blkback_io *io)
{
    if (is_noted(n, io))
        nbd_log_release(&n->log, io);
    io->next = n->first;
    if (!n->first)
        n->last = &io->next;
    n->first = io;
}

/* All of the log, then all that has no reply. */
static void begin_again(struct nbd *n)
{
    n->sending = n->receiving = NULL;
    n->reply_received = 0;
    for (unsigned int i = 0; i < MAX_OPEN; i++) {
        struct blkback_io *io = n->open[i];

        n->open[i] = NULL;
        if (io && io != &n->again && io != &n->flush)
            requeue(n, io);
    }
    n->flush_due |= n->flush_sent;
    n->flush_sent = n->again_sent = false;
    n->is_behind = n->log.first != n->log.next;
    n->again_at = n->log.first;
    n->again_failed = 0;
}

void nbd_reconnected(struct disk *d, int fd)
{
    struct nbd *n = d->nbd;

    d->fd = fd;
    n->poller.fd = fd;
    begin_again(n);
    port_poll(&n->poller);
    send_all(n);
}
