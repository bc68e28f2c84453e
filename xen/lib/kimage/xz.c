/* SPDX-License-Identifier: MIT */
/*
 * The xz container: stream header, blocks, index, stream footer.
 *
 *   header  | block ..                              | index | footer
 *   12      | header | LZMA2 | padding | check      |       | 12
 *
 * Each block is unpacked in place and then unfiltered and checked there.
 * Work area: the LZMA2 decoder's part, then the table of the check.
 */
#include "xen/errno.h"
#include "xen/string.h"

#include "kimage_internal.h"

#define HEADER_SIZE 12
#define FOOTER_SIZE 12

enum xz_check {
    CHECK_NONE = 0,
    CHECK_CRC32 = 1,
    CHECK_CRC64 = 4,
};

#define FILTER_X86       0x04
#define FILTER_LZMA2     0x21

#define BLOCK_NR_FILTERS 0x03 /* less 1 */
#define BLOCK_RESERVED   0x3c
#define BLOCK_IN_SIZE    0x40
#define BLOCK_OUT_SIZE   0x80

/* Largest varint: 63 bits in 9 bytes. */
#define VARINT_MAX_BYTES 9

static const uint8_t header_magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0x00};
static const uint8_t footer_magic[2] = {'Y', 'Z'};

struct xz_work {
    uint8_t lzma2[LZMA2_WORK_SIZE];
    struct crc32_table crc32;
    struct crc64_table crc64;
};

_Static_assert(sizeof(struct xz_work) <= KIMAGE_WORK_SIZE, "raise the size");

/* What the header of a block says. */
struct block {
    bool x86;
    uint32_t x86_start;
    bool has_in_size;
    bool has_out_size;
    uint64_t in_size;
    uint64_t out_size;
};

static int xz_cut_off(struct kimage_job *job)
{
    return job_fail(job, -EIO, "damaged xz data: it is cut off");
}

static bool is_zero(const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p++)
        if (*p)
            return false;
    return true;
}

/* Read a varint from *p_inout, before `end`. Returns false if malformed. */
static bool varint_read(const uint8_t **p_inout, const uint8_t *end,
                        uint64_t *value_out)
{
    const uint8_t *p = *p_inout;
    uint64_t x = 0;
    unsigned int i;

    for (i = 0; i < VARINT_MAX_BYTES && p < end; i++) {
        uint8_t b = *p++;

        x |= (uint64_t)(b & 0x7f) << (7 * i);
        if (!(b & 0x80)) {
            *p_inout = p;
            *value_out = x;
            return b != 0 || i == 0;
        }
    }
    return false;
}

static int header_read(struct kimage_job *job, const struct xz_work *work,
                       unsigned int *check_out)
{
    const uint8_t *p = job->in;

    if (job_in_left(job) < HEADER_SIZE)
        return xz_cut_off(job);
    if (memcmp(p, header_magic, sizeof(header_magic)) || p[6] || p[7] & 0xf0)
        return job_fail(job, -EIO, "damaged xz data: wrong stream header");
    if (load_le32(p + 8) != crc32_sum(&work->crc32, p + 6, 2))
        return job_fail(job, -EIO, "damaged xz data: CRC32 mismatch in header");
    if (p[7] != CHECK_NONE && p[7] != CHECK_CRC32 && p[7] != CHECK_CRC64)
        return job_fail(job, -ENOEXEC,
                        "unsupported xz check: pack with xz --check=crc32");
    *check_out = p[7];
    job->in += HEADER_SIZE;
    return 0;
}

/* Read one filter of a block header. `last` is the only place for LZMA2. */
static int filter_read(struct kimage_job *job, const uint8_t **p_inout,
                       const uint8_t *end, bool last, struct block *block)
{
    uint64_t id, size;
    const uint8_t *props;

    if (!varint_read(p_inout, end, &id) || !varint_read(p_inout, end, &size) ||
        size > (size_t)(end - *p_inout))
        return job_fail(job, -EIO, "damaged xz data: wrong block header");
    props = *p_inout;
    *p_inout += size;
    if (last && id == FILTER_LZMA2 && size == 1)
        return 0;
    if (!last && id == FILTER_X86 && (size == 0 || size == 4)) {
        block->x86 = true;
        block->x86_start = size ? load_le32(props) : 0;
        return 0;
    }
    return job_fail(job, -ENOEXEC,
                    "unsupported xz filter: pack with xz --x86 --lzma2");
}

static int block_header_read(struct kimage_job *job, const struct xz_work *work,
                             struct block *block)
{
    const uint8_t *p = job->in, *end;
    size_t size = ((size_t)p[0] + 1) * 4;
    unsigned int nr_filters;
    int rc;

    if (job_in_left(job) < size)
        return xz_cut_off(job);
    end = p + size - 4;
    if (load_le32(end) != crc32_sum(&work->crc32, p, size - 4))
        return job_fail(job, -EIO,
                        "damaged xz data: CRC32 mismatch in block header");
    if (p[1] & BLOCK_RESERVED)
        return job_fail(job, -ENOEXEC, "unsupported xz block header flags");
    nr_filters = (p[1] & BLOCK_NR_FILTERS) + 1;
    if (nr_filters > 2)
        return job_fail(job, -ENOEXEC,
                        "unsupported xz filter: pack with xz --x86 --lzma2");
    *block = (struct block){0};
    block->has_in_size = p[1] & BLOCK_IN_SIZE;
    block->has_out_size = p[1] & BLOCK_OUT_SIZE;
    p += 2;
    if ((block->has_in_size && !varint_read(&p, end, &block->in_size)) ||
        (block->has_out_size && !varint_read(&p, end, &block->out_size)))
        return job_fail(job, -EIO, "damaged xz data: wrong block header");
    for (; nr_filters; nr_filters--) {
        rc = filter_read(job, &p, end, nr_filters == 1, block);
        if (rc)
            return rc;
    }
    if (!is_zero(p, end))
        return job_fail(job, -ENOEXEC, "unsupported xz block header fields");
    job->in += size;
    return 0;
}

/* Compare the check behind a block with the data at `start`. */
static int check_verify(struct kimage_job *job, const struct xz_work *work,
                        unsigned int check, const uint8_t *start)
{
    size_t len = (size_t)(job->out - start);
    size_t size = check == CHECK_NONE ? 0 : check == CHECK_CRC32 ? 4 : 8;

    if (job_in_left(job) < size)
        return xz_cut_off(job);
    if (check == CHECK_CRC32 &&
        load_le32(job->in) != crc32_sum(&work->crc32, start, len))
        return job_fail(job, -EIO, "damaged xz data: CRC32 mismatch");
    if (check == CHECK_CRC64 &&
        load_le64(job->in) != crc64_sum(&work->crc64, start, len))
        return job_fail(job, -EIO, "damaged xz data: CRC64 mismatch");
    job->in += size;
    return 0;
}

/* Skip zero bytes up to a multiple of 4 bytes behind `start`. */
static int padding_skip(struct kimage_job *job, const uint8_t *start)
{
    size_t pad = (size_t)(start - job->in) & 3;

    if (job_in_left(job) < pad)
        return xz_cut_off(job);
    if (!is_zero(job->in, job->in + pad))
        return job_fail(job, -EIO, "damaged xz data: wrong padding");
    job->in += pad;
    return 0;
}

static int block_unpack(struct kimage_job *job, struct xz_work *work,
                        unsigned int check)
{
    const uint8_t *in;
    uint8_t *out = job->out;
    struct block block;
    int rc;

    rc = block_header_read(job, work, &block);
    if (rc)
        return rc;
    in = job->in;
    rc = lzma2_decode(job);
    if (rc)
        return rc;
    if ((block.has_in_size && block.in_size != (size_t)(job->in - in)) ||
        (block.has_out_size && block.out_size != (size_t)(job->out - out)))
        return job_fail(job, -EIO, "damaged xz data: wrong block size");
    rc = padding_skip(job, in);
    if (rc)
        return rc;
    if (block.x86)
        bcj_x86_decode(out, (size_t)(job->out - out), block.x86_start);
    return check_verify(job, work, check, out);
}

/* The index repeats the sizes of all blocks; its shape and CRC are checked. */
static int index_read(struct kimage_job *job, const struct xz_work *work,
                      uint64_t nr_blocks)
{
    const uint8_t *start = job->in;
    uint64_t count, size;
    int rc;

    job->in++;
    if (!varint_read(&job->in, job->in_end, &count) || count != nr_blocks)
        return job_fail(job, -EIO, "damaged xz data: wrong index");
    for (; count; count--)
        if (!varint_read(&job->in, job->in_end, &size) ||
            !varint_read(&job->in, job->in_end, &size))
            return job_fail(job, -EIO, "damaged xz data: wrong index");
    rc = padding_skip(job, start);
    if (rc)
        return rc;
    if (job_in_left(job) < 4)
        return xz_cut_off(job);
    if (load_le32(job->in) !=
        crc32_sum(&work->crc32, start, (size_t)(job->in - start)))
        return job_fail(job, -EIO, "damaged xz data: CRC32 mismatch in index");
    job->in += 4;
    return 0;
}

static int footer_read(struct kimage_job *job, unsigned int check)
{
    const uint8_t *p = job->in;

    if (job_in_left(job) < FOOTER_SIZE)
        return xz_cut_off(job);
    if (memcmp(p + 10, footer_magic, sizeof(footer_magic)) || p[8] ||
        p[9] != check)
        return job_fail(job, -EIO, "damaged xz data: wrong stream footer");
    job->in += FOOTER_SIZE;
    return 0;
}

int xz_unpack(struct kimage_job *job)
{
    struct xz_work *work = job->work;
    uint64_t nr_blocks = 0;
    unsigned int check;
    int rc;

    crc32_init(&work->crc32);
    rc = header_read(job, work, &check);
    if (rc)
        return rc;
    if (check == CHECK_CRC64)
        crc64_init(&work->crc64);
    for (;;) {
        if (job_in_left(job) < 1)
            return xz_cut_off(job);
        if (*job->in == 0)
            break;
        rc = block_unpack(job, work, check);
        if (rc)
            return rc;
        nr_blocks++;
    }
    rc = index_read(job, work, nr_blocks);
    if (rc)
        return rc;
    return footer_read(job, check);
}
