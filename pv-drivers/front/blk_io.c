/* SPDX-License-Identifier: MIT */
/*
 * From I/O to requests, and from responses to done().
 *
 * An I/O becomes as many requests as it needs. It stays in the list of all that
 * are not done until the last one is answered, so that a new connection can
 * begin it again from the start: reads and writes may be done twice.
 */
#include "blk_internal.h"

#define WATCHDOG_NS 1000000000UL

static void io_unlink(struct blkfront *f, struct blk_io *io)
{
    if (f->waiting == io)
        f->waiting = io->next;
    *(io->prev ? &io->prev->next : &f->first) = io->next;
    *(io->next ? &io->next->prev : &f->last) = io->prev;
    io->next = io->prev = NULL;
}

static void io_append(struct blkfront *f, struct blk_io *io)
{
    io->prev = f->last;
    io->next = NULL;
    *(f->last ? &f->last->next : &f->first) = io;
    f->last = io;
    if (!f->waiting)
        f->waiting = io;
}

static void io_done(struct blkfront *f, struct blk_io *io, int rc)
{
    io_unlink(f, io);
    io->done(io, rc);
}

static bool has_data(const struct blk_io *io)
{
    return !io->flushing && (io->op == BLK_READ || io->op == BLK_WRITE);
}

/* What can't be done, or needs no back-end. Such an I/O is done here. */
static bool io_ends_at_once(struct blkfront *f, struct blk_io *io)
{
    const struct blkfront_info *info = &f->info;
    int rc = 1;

    if (io->op == BLK_DISCARD &&
        (!info->discard || (io->secure && !info->secure_discard)))
        rc = -XEN_EOPNOTSUPP;
    else if (io->op == BLK_WRITE && (info->flags & VDISK_READONLY))
        rc = -XEN_EIO;
    else if (io->op == BLK_FLUSH)
        rc = info->flush ? 1 : 0; /* without a cache, written is durable */
    else if (!io->nr_sectors)
        rc = 0;
    else if (io->sector > info->sectors ||
             io->nr_sectors > info->sectors - io->sector)
        rc = -XEN_EIO;
    if (rc > 0)
        return false;
    io_done(f, io, rc);
    return true;
}

/* ---- Requests --------------------------------------------------------- */

static uint8_t operation_of(const struct blkfront *f, const struct blk_io *io)
{
    if (io->flushing || io->op == BLK_FLUSH)
        return BLKIF_OP_FLUSH_DISKCACHE;
    if (io->op == BLK_READ)
        return BLKIF_OP_READ;
    if (io->op == BLK_DISCARD)
        return BLKIF_OP_DISCARD;
    return io->fua && !f->info.flush && f->info.barrier ? BLKIF_OP_WRITE_BARRIER
                                                        : BLKIF_OP_WRITE;
}

static struct blkif_request_segment segment_of(const struct front_page *page,
                                               uint32_t sectors_left)
{
    return (struct blkif_request_segment){
        .gref = page->ref,
        .last_sect = (uint8_t)((sectors_left < BLK_SECTORS_PER_PAGE
                                    ? sectors_left
                                    : BLK_SECTORS_PER_PAGE) -
                               1),
    };
}

static void fill_direct(struct blkif_request *req, const struct front_part *p)
{
    uint32_t left = p->nr_sectors;

    req->operation = p->operation;
    req->nr_segments = (uint8_t)p->nr_segments;
    for (struct front_page *page = p->data; page; page = page->next) {
        req->seg[(p->nr_sectors - left) / BLK_SECTORS_PER_PAGE] =
            segment_of(page, left);
        left -= left < BLK_SECTORS_PER_PAGE ? left : BLK_SECTORS_PER_PAGE;
    }
}

static void fill_indirect(struct blkif_request_indirect *req,
                          const struct front_part *p)
{
    struct front_page *list = p->indirect, *page = p->data;
    uint32_t left = p->nr_sectors;

    req->operation = BLKIF_OP_INDIRECT;
    req->indirect_op = p->operation;
    req->nr_segments = (uint16_t)p->nr_segments;
    for (unsigned int i = 0; list; i++, list = list->next) {
        struct blkif_request_segment *segments = list->memory;

        req->indirect_grefs[i] = list->ref;
        for (unsigned int s = 0; s < BLK_SEGMENTS_PER_PAGE && page; s++) {
            segments[s] = segment_of(page, left);
            left -= left < BLK_SECTORS_PER_PAGE ? left : BLK_SECTORS_PER_PAGE;
            page = page->next;
        }
    }
}

static void fill_discard(struct blkif_request_discard *req,
                         const struct front_part *p)
{
    req->operation = BLKIF_OP_DISCARD;
    req->flag = p->io->secure ? BLKIF_DISCARD_SECURE : 0;
    req->nr_sectors = p->nr_sectors;
}

/* All fields of a slot are written: the back-end never sees old ones. */
static void fill_request(struct front_queue *q, const struct front_part *p)
{
    struct blkif_request *req = blk_request(&q->ring, q->ring.prod);

    memset(req, 0, sizeof(*req));
    if (p->operation == BLKIF_OP_DISCARD)
        fill_discard((void *)req, p);
    else if (p->indirect)
        fill_indirect((void *)req, p);
    else
        fill_direct(req, p);
    req->id = (uint64_t)(p - q->parts);
    if (p->operation != BLKIF_OP_FLUSH_DISKCACHE)
        req->sector_number = p->io->sector + p->offset;
    q->ring.prod++;
}

/* How many sectors the next request of an I/O has. */
static uint32_t part_sectors(const struct blkfront *f, const struct blk_io *io)
{
    uint64_t left = io->nr_sectors - io->issued, most = UINT32_MAX;
    unsigned int segments = f->max_segments;

    /* No back-end takes an indirect barrier. */
    if (operation_of(f, io) == BLKIF_OP_WRITE_BARRIER &&
        segments > BLKIF_MAX_SEGMENTS_PER_REQUEST)
        segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
    if (has_data(io))
        most = segments * BLK_SECTORS_PER_PAGE;
    else if (io->op != BLK_DISCARD)
        most = 0;
    return (uint32_t)(left < most ? left : most);
}

/* Pages for a request with data; false: there are too few just now. */
static bool part_take_pages(struct blkfront *f, struct front_part *p)
{
    unsigned int nr_lists = 0;

    p->nr_segments =
        (p->nr_sectors + BLK_SECTORS_PER_PAGE - 1) / BLK_SECTORS_PER_PAGE;
    if (p->nr_segments > BLKIF_MAX_SEGMENTS_PER_REQUEST)
        nr_lists = (unsigned int)((p->nr_segments + BLK_SEGMENTS_PER_PAGE - 1) /
                                  BLK_SEGMENTS_PER_PAGE);
    p->data = front_pages_take(&f->life.pages, p->nr_segments);
    if (!p->data)
        return false;
    if (!nr_lists)
        return true;
    p->indirect = front_pages_take(&f->life.pages, nr_lists);
    if (p->indirect)
        return true;
    front_pages_give(&f->life.pages, p->data);
    p->data = NULL;
    return false;
}

/* A queue with a free slot and a free request, the next in turn first. */
static struct front_queue *queue_with_room(struct blkfront *f)
{
    for (unsigned int i = 0; i < f->nr_queues; i++) {
        struct front_queue *q = &f->queues[(f->next_queue + i) % f->nr_queues];

        if (q->free && pv_front_room(&q->ring)) {
            f->next_queue = (f->next_queue + i + 1) % f->nr_queues;
            return q;
        }
    }
    return NULL;
}

/* Hand the next part of an I/O to the back-end; false: not now. */
static bool issue_part(struct blkfront *f, struct blk_io *io)
{
    struct front_queue *q = queue_with_room(f);
    struct front_part *p;

    if (!q)
        return false;
    p = q->free;
    p->offset = io->issued;
    p->nr_sectors = part_sectors(f, io);
    p->operation = operation_of(f, io);
    p->io = io;
    if (has_data(io)) {
        if (!part_take_pages(f, p)) {
            p->io = NULL;
            return false;
        }
        if (io->op == BLK_WRITE)
            front_pages_copy(io, p->offset, p->data, p->nr_sectors, true);
    }
    q->free = p->next;
    fill_request(q, p);
    io->pending++;
    if (!io->flushing)
        io->issued += p->nr_sectors;
    return true;
}

static bool issue_io(struct blkfront *f, struct blk_io *io)
{
    do
        if (!issue_part(f, io))
            return false;
    while (!io->flushing && io->op != BLK_FLUSH && io->issued < io->nr_sectors);
    io->complete = true;
    return true;
}

static void push_all(struct blkfront *f)
{
    for (unsigned int i = 0; i < f->nr_queues; i++) {
        struct front_queue *q = &f->queues[i];

        if (q->ring.prod != q->ring.told && pv_front_push(&q->ring))
            os_event_send(q->port);
    }
}

void front_pump(struct blkfront *f)
{
    /* done() may submit, and io_ends_at_once() calls it. */
    if (f->pumping || !f->life.connected)
        return;
    f->pumping = true;
    while (f->waiting) {
        struct blk_io *io = f->waiting;

        if (io->complete) {
            f->waiting = io->next;
            continue;
        }
        if (!io->issued && !io->pending && !io->flushing &&
            io_ends_at_once(f, io))
            continue;
        if (!issue_io(f, io))
            break;
        f->waiting = io->next;
    }
    f->pumping = false;
    push_all(f);
}

/* ---- Responses -------------------------------------------------------- */

static int rc_of(struct blkfront *f, const struct front_part *p, int16_t status)
{
    if (status == BLKIF_RSP_OKAY)
        return 0;
    if (status != BLKIF_RSP_EOPNOTSUPP)
        return -XEN_EIO;
    /* It has said that it can, and can't: ask no more. */
    if (p->operation == BLKIF_OP_FLUSH_DISKCACHE) {
        f->info.flush = false;
        return 0; /* there is no cache */
    }
    if (p->operation == BLKIF_OP_DISCARD) {
        f->info.discard = false;
        return -XEN_EOPNOTSUPP;
    }
    if (p->operation == BLKIF_OP_WRITE_BARRIER) {
        f->info.barrier = false;
        return -XEN_EOPNOTSUPP;
    }
    return -XEN_EIO;
}

static void part_free(struct front_queue *q, struct front_part *p)
{
    front_pages_give(&q->front->life.pages, p->data);
    front_pages_give(&q->front->life.pages, p->indirect);
    *p = (struct front_part){.next = q->free};
    q->free = p;
}

/* The I/O keeps its place; what it has to do is issued soon. */
static void io_again(struct blkfront *f, struct blk_io *io)
{
    io->rc = 0;
    io->issued = 0;
    io->complete = false;
    f->waiting = f->first;
}

/* The last request of an I/O was answered. */
static void io_answered(struct blkfront *f, struct blk_io *io)
{
    if (io->rc == -XEN_EOPNOTSUPP && io->op == BLK_WRITE && !io->flushing) {
        /* No barriers after all. */
        io_again(f, io);
    } else if (!io->rc && io->op == BLK_WRITE && io->fua && f->info.flush &&
               !io->flushing) {
        io->flushing = true;
        io_again(f, io);
    } else {
        io_done(f, io, io->rc);
    }
}

static void take_response(struct front_queue *q, struct front_part *p,
                          int16_t status)
{
    struct blkfront *f = q->front;
    struct blk_io *io = p->io;
    int rc = rc_of(f, p, status);

    if (!rc && p->operation == BLKIF_OP_READ)
        front_pages_copy(io, p->offset, p->data, p->nr_sectors, false);
    if (rc && !io->rc)
        io->rc = rc;
    part_free(q, p);
    if (!--io->pending && io->complete)
        io_answered(f, io);
}

/* False: the back-end is not to be trusted any more. */
static bool take_one(struct front_queue *q)
{
    struct blkif_response rsp =
        *(volatile struct blkif_response *)blk_response(&q->ring, q->ring.cons);

    q->ring.cons++;
    if (rsp.id >= q->ring.nr || !q->parts[rsp.id].io) {
        front_break(&q->front->life, "a response to what was not asked");
        return false;
    }
    take_response(q, &q->parts[rsp.id], rsp.status);
    return true;
}

void front_queue_event(void *queue)
{
    struct front_queue *q = queue;
    struct blkfront *f = q->front;

    /* Until it is connected, its sizes are not known. */
    while (f->life.connected) {
        int nr = pv_front_avail(&q->ring);

        if (nr < 0) {
            front_break(&f->life, "more responses than requests");
            return;
        }
        if (!nr && !pv_front_more(&q->ring))
            break;
        while (nr-- > 0)
            if (!take_one(q) || !f->life.connected)
                return;
    }
    front_pump(f);
}

/* ---- A connection's beginning and end --------------------------------- */

int front_queue_init(struct front_queue *q)
{
    q->parts = os_alloc(q->ring.nr * sizeof(*q->parts));
    if (!q->parts)
        return -XEN_ENOMEM;
    q->free = NULL;
    for (uint32_t i = q->ring.nr; i--;) {
        q->parts[i].next = q->free;
        q->free = &q->parts[i];
    }
    return 0;
}

void front_queue_reset(struct front_queue *q)
{
    if (!q->parts)
        return;
    for (uint32_t i = 0; i < q->ring.nr; i++)
        if (q->parts[i].io)
            part_free(q, &q->parts[i]);
    os_free(q->parts, q->ring.nr * sizeof(*q->parts));
    q->parts = NULL;
    q->free = NULL;
}

void front_io_restart(struct blkfront *f)
{
    for (struct blk_io *io = f->first; io; io = io->next) {
        io->issued = 0;
        io->pending = 0;
        io->rc = 0;
        io->flushing = false;
        io->complete = false;
    }
    f->waiting = f->first;
}

void front_io_fail(struct blkfront *f, int rc)
{
    while (f->first)
        io_done(f, f->first, rc);
}

/* An event that was lost would leave both ends waiting: look from time to time
 * while there is something to wait for. */
void front_io_look(void *front)
{
    struct blkfront *f = front;

    for (unsigned int i = 0; f->life.connected && i < f->nr_queues; i++) {
        struct front_queue *q = &f->queues[i];

        front_queue_event(q);
        if (f->life.connected && q->ring.prod != q->ring.cons)
            os_event_send(q->port);
    }
    if (f->first || front_pages_in_limbo(&f->life.pages))
        front_look_in(&f->life, WATCHDOG_NS);
}

void blkfront_submit(struct blkfront *f, struct blk_io *io)
{
    io->issued = 0;
    io->pending = 0;
    io->rc = 0;
    io->flushing = false;
    io->complete = false;
    io_append(f, io);
    if (f->life.removed) {
        io_done(f, io, -XEN_ENXIO);
        return;
    }
    if (!f->life.watchdog.set)
        front_look_in(&f->life, WATCHDOG_NS);
    front_pump(f);
}
