/* SPDX-License-Identifier: MIT */
/*
 * Zstd frames: a header, blocks (plain, one repeated byte, or compressed) and
 * a checksum of the output. Blocks are literals (zstd_literals.c, which needs
 * zstd_huffman.c) and sequences (zstd_sequences.c), both built on zstd_fse.c.
 *
 * The output is the window, however large; dictionaries are not supported.
 */
#include "xen/string.h"

#include "zstd_internal.h"

#define FRAME_MAGIC 0xfd2fb528

/* Frame header descriptor. */
#define HEADER_DICT_ID        0x03
#define HEADER_CHECKSUM       0x04
#define HEADER_RESERVED       0x08
#define HEADER_SINGLE_SEGMENT 0x20
#define HEADER_CONTENT_SHIFT  6

#define CHECKSUM_SIZE         4
#define BLOCK_HEADER_SIZE     3

enum block_type {
    BLOCK_RAW,
    BLOCK_REPEAT,
    BLOCK_PACKED,
};

static int header_read(struct kimage_job *job, bool *has_checksum_out)
{
    static const uint8_t content_bytes[] = {0, 2, 4, 8};
    unsigned int flags;
    size_t size;

    if (job_in_left(job) < 5)
        return zstd_cut_off(job);
    if (load_le32(job->in) != FRAME_MAGIC)
        return job_fail(job, -EIO, "damaged zstd data: wrong frame header");
    flags = job->in[4];
    if (flags & (HEADER_RESERVED | HEADER_DICT_ID))
        return job_fail(job, -ENOEXEC,
                        "unsupported zstd frame: pack without a dictionary");
    size = content_bytes[flags >> HEADER_CONTENT_SHIFT];
    /* Either a window size, or a content size of at least one byte. */
    if (!(flags & HEADER_SINGLE_SEGMENT) || size == 0)
        size++;
    job->in += 5;
    if (job_in_left(job) < size)
        return zstd_cut_off(job);
    job->in += size;
    *has_checksum_out = flags & HEADER_CHECKSUM;
    return 0;
}

/* A block that unpacks to `size` bytes: the same, or one byte repeated. */
static int plain_block(struct kimage_job *job, size_t size, bool repeat)
{
    if (job_in_left(job) < (repeat ? 1 : size))
        return zstd_cut_off(job);
    if (job_out_left(job) < size)
        return job_fail(job, -ENOSPC, "kernel unpacks to more than it says");
    if (!repeat) {
        job_copy(job, size);
        return 0;
    }
    memset(job->out, *job->in++, size);
    job->out += size;
    return 0;
}

static int packed_block(struct kimage_job *job, struct zstd *s, size_t size)
{
    const uint8_t *end;
    int rc;

    if (job_in_left(job) < size)
        return zstd_cut_off(job);
    if (size > ZSTD_BLOCK_MAX)
        return zstd_damaged(job);
    end = job->in + size;
    rc = zstd_literals_read(job, s, end);
    if (!rc)
        rc = zstd_sequences_unpack(job, s, end);
    return rc;
}

static int block_unpack(struct kimage_job *job, struct zstd *s, bool *last_out)
{
    unsigned int header;
    size_t size;

    if (job_in_left(job) < BLOCK_HEADER_SIZE)
        return zstd_cut_off(job);
    header = job->in[0] | (unsigned int)job->in[1] << 8 |
             (unsigned int)job->in[2] << 16;
    job->in += BLOCK_HEADER_SIZE;
    *last_out = header & 1;
    size = header >> 3;
    switch (header >> 1 & 3) {
    case BLOCK_RAW:
        return plain_block(job, size, false);
    case BLOCK_REPEAT:
        return plain_block(job, size, true);
    case BLOCK_PACKED:
        return packed_block(job, s, size);
    default:
        return zstd_damaged(job);
    }
}

static void zstd_init(struct zstd *s)
{
    s->huffman.log = 0;
    s->literal_length.valid = false;
    s->offset.valid = false;
    s->match_length.valid = false;
    s->rep[0] = 1;
    s->rep[1] = 4;
    s->rep[2] = 8;
}

int zstd_unpack(struct kimage_job *job)
{
    struct zstd *s = job->work;
    bool has_checksum, last = false;
    int rc = header_read(job, &has_checksum);

    zstd_init(s);
    while (!rc && !last)
        rc = block_unpack(job, s, &last);
    if (rc || !has_checksum)
        return rc;
    if (job_in_left(job) < CHECKSUM_SIZE)
        return zstd_cut_off(job);
    if (load_le32(job->in) !=
        (uint32_t)xxh64_sum(job->out_start,
                            (size_t)(job->out - job->out_start)))
        return job_fail(job, -EIO, "damaged zstd data: checksum mismatch");
    job->in += CHECKSUM_SIZE;
    return 0;
}
