/* SPDX-License-Identifier: MIT */
/* The gzip container: a header with optional fields, data, CRC-32, size. */
#include "xen/errno.h"

#include "kimage_internal.h"

#define HEADER_SIZE     10
#define TRAILER_SIZE    8

#define METHOD_DEFLATE  8

#define FLAG_HEADER_CRC 0x02
#define FLAG_EXTRA      0x04
#define FLAG_NAME       0x08
#define FLAG_COMMENT    0x10
#define FLAG_RESERVED   0xe0

struct gzip_work {
    uint8_t inflate[INFLATE_WORK_SIZE];
    struct crc32_table crc32;
};

_Static_assert(sizeof(struct gzip_work) <= KIMAGE_WORK_SIZE, "raise the size");

static int gzip_cut_off(struct kimage_job *job)
{
    return job_fail(job, -EIO, "damaged gzip data: it is cut off");
}

static bool bytes_skip(struct kimage_job *job, size_t size)
{
    if (job_in_left(job) < size)
        return false;
    job->in += size;
    return true;
}

static bool text_skip(struct kimage_job *job)
{
    while (job_in_left(job))
        if (!*job->in++)
            return true;
    return false;
}

static int header_read(struct kimage_job *job)
{
    const uint8_t *p = job->in;
    unsigned int flags;
    bool ok = true;

    if (!bytes_skip(job, HEADER_SIZE))
        return gzip_cut_off(job);
    flags = p[3];
    if (p[2] != METHOD_DEFLATE || flags & FLAG_RESERVED)
        return job_fail(job, -ENOEXEC, "unsupported gzip method or flags");
    if (flags & FLAG_EXTRA)
        ok = job_in_left(job) >= 2 &&
             bytes_skip(job, 2 + (size_t)load_le16(job->in));
    if (ok && flags & FLAG_NAME)
        ok = text_skip(job);
    if (ok && flags & FLAG_COMMENT)
        ok = text_skip(job);
    if (ok && flags & FLAG_HEADER_CRC)
        ok = bytes_skip(job, 2);
    return ok ? 0 : gzip_cut_off(job);
}

int gzip_unpack(struct kimage_job *job)
{
    struct gzip_work *work = job->work;
    size_t len;
    int rc;

    rc = header_read(job);
    if (rc)
        return rc;
    rc = inflate_decode(job);
    if (rc)
        return rc;
    if (job_in_left(job) < TRAILER_SIZE)
        return gzip_cut_off(job);
    len = (size_t)(job->out - job->out_start);
    crc32_init(&work->crc32);
    if (load_le32(job->in) != crc32_sum(&work->crc32, job->out_start, len))
        return job_fail(job, -EIO, "damaged gzip data: CRC32 mismatch");
    if (load_le32(job->in + 4) != (uint32_t)len)
        return job_fail(job, -EIO, "damaged gzip data: wrong size");
    job->in += TRAILER_SIZE;
    return 0;
}
