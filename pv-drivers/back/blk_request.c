/* SPDX-License-Identifier: MIT */
/*
 * One request: checked, begun, done. All is read from the copy in its slot of
 * the keep, and segments from a copy of the indirect pages.
 */
#include "blk_internal.h"

static const struct blkif_request *copy_of(const struct back_request *r)
{
    return &r->queue->slots[r - r->queue->requests].request;
}

/* Room for that many segments. */
static int use_segments(struct back_request *r, unsigned int nr)
{
    r->nr_segments = nr;
    r->segments = r->direct_segments;
    r->iov = r->direct_iov;
    if (nr <= DIRECT_SEGMENTS)
        return 0;
    if (!r->lists)
        r->lists = os_alloc(sizeof(*r->lists));
    if (!r->lists)
        return -XEN_ENOMEM;
    r->segments = r->lists->segments;
    r->iov = r->lists->iov;
    return 0;
}

static int parse_direct(struct back_request *r, const struct blkif_request *req)
{
    unsigned int nr = req->nr_segments;

    if (nr > DIRECT_SEGMENTS)
        return -XEN_EINVAL;
    use_segments(r, nr);
    memcpy(r->segments, req->seg, nr * sizeof(req->seg[0]));
    r->operation = req->operation;
    r->io.sector = req->sector_number;
    return 0;
}

static int parse_indirect(struct back_request *r,
                          const struct blkif_request_indirect *req)
{
    int rc;

    if (!req->nr_segments || req->nr_segments > BLK_MAX_SEGMENTS ||
        (req->indirect_op != BLKIF_OP_READ &&
         req->indirect_op != BLKIF_OP_WRITE))
        return -XEN_EINVAL;
    rc = use_segments(r, req->nr_segments);
    if (rc)
        return rc;
    r->operation = req->indirect_op;
    r->io.sector = req->sector_number;
    return data_read_segments(r, req);
}

/* Sectors of all segments together; 0: one of them is no segment. */
static uint64_t sum_of_segments(const struct back_request *r)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < r->nr_segments; i++) {
        const struct blkif_request_segment *s = &r->segments[i];

        if (s->last_sect >= BLK_SECTORS_PER_PAGE ||
            s->first_sect > s->last_sect)
            return 0;
        sum += s->last_sect - s->first_sect + 1U;
    }
    return sum;
}

/* Within the disk and in whole sectors of it. */
static int check_range(const struct back_request *r)
{
    const struct blkback_disk *disk = r->queue->back->disk;
    uint64_t unit = disk->sector_size / BLK_SECTOR_SIZE;

    if (!r->io.nr_sectors || r->io.sector > disk->sectors ||
        r->io.nr_sectors > disk->sectors - r->io.sector)
        return -XEN_EINVAL;
    return r->io.sector % unit || r->io.nr_sectors % unit ? -XEN_EINVAL : 0;
}

static int parse_data(struct back_request *r)
{
    const struct blkback_disk *disk = r->queue->back->disk;
    int rc;

    r->io.op = r->operation == BLKIF_OP_READ ? BLKBACK_READ : BLKBACK_WRITE;
    r->io.nr_sectors = sum_of_segments(r);
    rc = check_range(r);
    if (!rc && r->io.op == BLKBACK_WRITE && disk->readonly)
        rc = -XEN_EACCES;
    return rc;
}

static int parse_discard(struct back_request *r,
                         const struct blkif_request_discard *req)
{
    const struct blkback_disk *disk = r->queue->back->disk;

    r->operation = BLKIF_OP_DISCARD;
    r->io.op = BLKBACK_DISCARD;
    r->io.secure = req->flag & BLKIF_DISCARD_SECURE;
    r->io.sector = req->sector_number;
    r->io.nr_sectors = req->nr_sectors;
    if (!disk->discard || r->io.secure)
        return -XEN_EOPNOTSUPP;
    return disk->readonly ? -XEN_EACCES : check_range(r);
}

static int parse_flush(struct back_request *r)
{
    r->operation = BLKIF_OP_FLUSH_DISKCACHE;
    r->io.op = BLKBACK_FLUSH;
    return r->queue->back->disk->flush ? 0 : -XEN_EOPNOTSUPP;
}

static int parse(struct back_request *r, const struct blkif_request *req)
{
    int rc;

    switch (req->operation) {
    case BLKIF_OP_READ:
    case BLKIF_OP_WRITE:
    case BLKIF_OP_WRITE_BARRIER:
        rc = parse_direct(r, req);
        return rc ? rc : parse_data(r);
    case BLKIF_OP_INDIRECT:
        rc = parse_indirect(r, (const void *)req);
        return rc ? rc : parse_data(r);
    case BLKIF_OP_FLUSH_DISKCACHE:
        return parse_flush(r);
    case BLKIF_OP_DISCARD:
        return parse_discard(r, (const void *)req);
    default:
        return -XEN_EOPNOTSUPP;
    }
}

static void submit(struct back_request *r)
{
    struct blkback_disk *disk = r->queue->back->disk;

    disk->submit(disk, &r->io);
}

/* Flush, write, flush; while nothing else is in flight. */
static void submit_barrier_step(struct back_request *r, enum back_step step)
{
    r->step = step;
    r->io.op = step == STEP_WRITE ? BLKBACK_WRITE : BLKBACK_FLUSH;
    if (r->io.op == BLKBACK_FLUSH && !r->queue->back->disk->flush)
        blkback_done(&r->io, 0);
    else
        submit(r);
}

void request_start(struct back_request *r)
{
    struct blkback *b = r->queue->back;
    uint64_t bytes = 0;
    int rc;

    r->io = (struct blkback_io){0};
    r->step = STEP_ONLY;
    r->nr_segments = 0;
    rc = parse(r, copy_of(r));
    if (!rc && (r->io.op == BLKBACK_READ || r->io.op == BLKBACK_WRITE)) {
        bytes = r->io.nr_sectors * BLK_SECTOR_SIZE;
        rc = data_begin(r);
    }
    back_limits_charge(b, bytes);
    if (rc) {
        back_respond(r, rc);
    } else if (r->operation == BLKIF_OP_WRITE_BARRIER) {
        b->barrier = r;
        submit_barrier_step(r, STEP_FLUSH_BEFORE);
    } else {
        submit(r);
    }
}

/* False: the request has more steps, the next one is begun. */
static bool barrier_done(struct back_request *r, int rc)
{
    if (!rc && r->step != STEP_FLUSH_AFTER) {
        submit_barrier_step(r, r->step + 1);
        return false;
    }
    r->queue->back->barrier = NULL;
    return true;
}

void blkback_done(struct blkback_io *io, int rc)
{
    struct back_request *r = (struct back_request *)io;

    if (r->step == STEP_ONLY || barrier_done(r, rc))
        back_respond(r, data_end(r, rc));
}
