/* SPDX-License-Identifier: MIT */
/*
 * LZ4: blocks of literals and matches, in the legacy frame that Linux packs
 * its kernels with, or in the modern one.
 *
 *   legacy:  magic | (size | block) ..
 *   modern:  magic | descriptor | (size | block | checksum) .. | 0 | checksum
 *
 * The legacy frame has no checksum; those of the modern one (XXH32) are not
 * compared.
 */
#include "xen/errno.h"

#include "kimage_internal.h"

#define FRAME_MAGIC  0x184d2204
#define LEGACY_MAGIC 0x184c2102

/* The descriptor of a modern frame: flag byte, block size byte, .., check. */
#define FLAG_VERSION       0xc0
#define FLAG_VERSION_1     0x40
#define FLAG_BLOCK_CHECK   0x10
#define FLAG_CONTENT_SIZE  0x08
#define FLAG_CONTENT_CHECK 0x04
#define FLAG_DICT_ID       0x01
#define DESCRIPTOR_SIZE    3 /* with none of the optional fields */
#define CONTENT_SIZE_SIZE  8
#define CHECK_SIZE         4

#define BLOCK_PLAIN        0x80000000u /* in a block's size: not compressed */

#define MATCH_LEN_MIN      4
#define LEN_MORE           15 /* in a token: the length goes on in bytes behind */
#define LITERAL_COPY       16 /* short literals are copied in this size */

static int lz4_cut_off(struct kimage_job *job)
{
    return job_fail(job, -EIO, "damaged lz4 data: it is cut off");
}

/* Add the bytes that continue a length. Returns false at the end of input. */
KIMAGE_INLINE bool length_more(const uint8_t **in, const uint8_t *end,
                               size_t *len)
{
    uint8_t b;

    do {
        if (*in >= end)
            return false;
        b = *(*in)++;
        *len += b;
    } while (b == 255);
    return true;
}

/* Unpack one block, which ends at `end`; matches go back to `window`. */
static int block_unpack(struct kimage_job *job, const uint8_t *end,
                        const uint8_t *window)
{
    const uint8_t *in = job->in;
    uint8_t *out = job->out;
    uint8_t *const out_end = job->out_end;

    while (in < end) {
        unsigned int token = *in++;
        size_t len = token >> 4;
        size_t dist;

        if (len == LEN_MORE && !length_more(&in, end, &len))
            return lz4_cut_off(job);
        if (likely(len <= LITERAL_COPY && end - in >= LITERAL_COPY &&
                   out_end - out >= LITERAL_COPY)) {
            copy8(out, in);
            copy8(out + 8, in + 8);
        } else {
            if (len > (size_t)(end - in))
                return lz4_cut_off(job);
            if (len > (size_t)(out_end - out))
                return job_fail(job, -ENOSPC,
                                "kernel unpacks to more than it says");
            memcpy(out, in, len);
        }
        in += len;
        out += len;
        if (in == end)
            break;

        if (end - in < 2)
            return lz4_cut_off(job);
        dist = load_le16(in);
        in += 2;
        len = token & 15;
        if (len == LEN_MORE && !length_more(&in, end, &len))
            return lz4_cut_off(job);
        len += MATCH_LEN_MIN;
        if (dist == 0 || dist > (size_t)(out - window))
            return job_fail(job, -EIO, "damaged lz4 data: wrong distance");
        if (len > (size_t)(out_end - out))
            return job_fail(job, -ENOSPC,
                            "kernel unpacks to more than it says");
        match_copy(out, dist, len, (size_t)(out_end - out));
        out += len;
    }
    job->in = in;
    job->out = out;
    return 0;
}

int lz4_legacy_unpack(struct kimage_job *job)
{
    int rc;

    while (job_in_left(job)) {
        uint32_t size;

        if (job_in_left(job) < 4)
            return lz4_cut_off(job);
        size = load_le32(job->in);
        job->in += 4;
        /* Frames may follow each other. */
        if (size == LEGACY_MAGIC)
            continue;
        if (size > job_in_left(job))
            return lz4_cut_off(job);
        rc = block_unpack(job, job->in + size, job->out);
        if (rc)
            return rc;
    }
    return 0;
}

/* Read the descriptor; its flags tell what is in the rest of the frame. */
static int descriptor_read(struct kimage_job *job, unsigned int *flags_out)
{
    unsigned int flags;
    size_t size = DESCRIPTOR_SIZE;

    if (job_in_left(job) < 4 + DESCRIPTOR_SIZE)
        return lz4_cut_off(job);
    if (load_le32(job->in) != FRAME_MAGIC)
        return job_fail(job, -EIO, "damaged lz4 data: wrong frame header");
    job->in += 4;
    flags = job->in[0];
    if ((flags & FLAG_VERSION) != FLAG_VERSION_1)
        return job_fail(job, -ENOEXEC, "unsupported version of lz4 frame");
    if (flags & FLAG_DICT_ID)
        return job_fail(job, -ENOEXEC,
                        "unsupported lz4 dictionary: pack without one");
    if (flags & FLAG_CONTENT_SIZE)
        size += CONTENT_SIZE_SIZE;
    if (job_in_left(job) < size)
        return lz4_cut_off(job);
    job->in += size;
    *flags_out = flags;
    return 0;
}

/* Unpack one block of a modern frame; its size was read. */
static int frame_block(struct kimage_job *job, uint32_t size)
{
    size_t len = size & ~BLOCK_PLAIN;

    if (len > job_in_left(job))
        return lz4_cut_off(job);
    if (!(size & BLOCK_PLAIN))
        return block_unpack(job, job->in + len, job->out_start);
    if (len > job_out_left(job))
        return job_fail(job, -ENOSPC, "kernel unpacks to more than it says");
    job_copy(job, len);
    return 0;
}

int lz4_unpack(struct kimage_job *job)
{
    unsigned int flags;
    int rc = descriptor_read(job, &flags);

    while (!rc) {
        uint32_t size;
        size_t check = 0;

        if (job_in_left(job) < 4)
            return lz4_cut_off(job);
        size = load_le32(job->in);
        job->in += 4;
        if (size) {
            rc = frame_block(job, size);
            if (rc)
                return rc;
        }
        if (flags & (size ? FLAG_BLOCK_CHECK : FLAG_CONTENT_CHECK))
            check = CHECK_SIZE;
        if (job_in_left(job) < check)
            return lz4_cut_off(job);
        job->in += check;
        if (!size)
            break;
    }
    return rc;
}
