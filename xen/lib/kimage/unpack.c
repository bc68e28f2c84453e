/* SPDX-License-Identifier: MIT */
/* Unpack a payload: pick the decoder, then compare sizes. */
#include "xen/kimage.h"
#include "xen/errno.h"

#include "kimage_internal.h"

static int raw_unpack(struct kimage_job *job)
{
    if (job_out_left(job) < job_in_left(job))
        return job_fail(job, -ENOSPC, "buffer for the kernel is too small");
    job_copy(job, job_in_left(job));
    return 0;
}

/* clang-format off */
static int (*const unpackers[])(struct kimage_job *job) = {
    [KIMAGE_RAW]        = raw_unpack,
    [KIMAGE_GZIP]       = gzip_unpack,
    [KIMAGE_XZ]         = xz_unpack,
    [KIMAGE_LZ4]        = lz4_unpack,
    [KIMAGE_LZ4_LEGACY] = lz4_legacy_unpack,
    [KIMAGE_ZSTD]       = zstd_unpack,
};
/* clang-format on */

int kimage_unpack(const struct kimage_payload *p, void *out, size_t out_size,
                  void *work, size_t *len_out, const char **why_out)
{
    struct kimage_job job = {
        .in = p->data,
        .in_end = (const uint8_t *)p->data + p->size,
        .out = out,
        .out_start = out,
        .work = work,
        .why = "",
    };
    int rc;

    if (out_size > KIMAGE_MAX_SIZE)
        out_size = KIMAGE_MAX_SIZE;
    job.out_end = job.out + out_size;

    if ((unsigned int)p->format >= ARRAY_SIZE(unpackers))
        rc = job_fail(&job, -EINVAL, "no such kernel payload format");
    else if (out_size < p->unpacked_size)
        rc = job_fail(&job, -ENOSPC, "buffer for the kernel is too small");
    else
        rc = unpackers[p->format](&job);

    if (!rc && (job.in != job.in_end ||
                (size_t)(job.out - job.out_start) != p->unpacked_size))
        rc = job_fail(&job, -EIO,
                      "damaged kernel: unpacked size is not what it says");
    if (rc) {
        *why_out = job.why;
        return rc;
    }
    *len_out = p->unpacked_size;
    return 0;
}
