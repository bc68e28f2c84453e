/* SPDX-License-Identifier: MIT */
/* What the files of the kernel image loader share with each other. */
#ifndef KIMAGE_INTERNAL_H
#define KIMAGE_INTERNAL_H

#include "xen/compiler.h"
#include "xen/kimage.h"
#include "xen/string.h"
#include "xen/types.h"

/* For what inner loops are made of. */
#define KIMAGE_INLINE static __always_inline

/*
 * One unpacking: a decoder takes bytes at `in` and puts bytes at `out`, and
 * leaves both behind what it has used. The output is one piece of memory, so
 * it is also the window that matches refer back to.
 */
struct kimage_job {
    const uint8_t *in;
    const uint8_t *in_end;
    uint8_t *out;
    uint8_t *out_start;
    uint8_t *out_end; /* of the buffer, not of the data */
    void *work;       /* KIMAGE_WORK_SIZE bytes */
    const char *why;  /* set where a decoder fails */
};

/* Little-endian loads and stores at any address. */

KIMAGE_INLINE uint16_t load_le16(const void *p)
{
    uint16_t x;

    __builtin_memcpy(&x, p, sizeof(x));
    return x;
}

KIMAGE_INLINE uint32_t load_le32(const void *p)
{
    uint32_t x;

    __builtin_memcpy(&x, p, sizeof(x));
    return x;
}

KIMAGE_INLINE uint64_t load_le64(const void *p)
{
    uint64_t x;

    __builtin_memcpy(&x, p, sizeof(x));
    return x;
}

KIMAGE_INLINE void store_le32(void *p, uint32_t x)
{
    __builtin_memcpy(p, &x, sizeof(x));
}

KIMAGE_INLINE void copy8(uint8_t *to, const uint8_t *from)
{
    uint64_t x = load_le64(from);

    __builtin_memcpy(to, &x, sizeof(x));
}

KIMAGE_INLINE size_t job_in_left(const struct kimage_job *job)
{
    return (size_t)(job->in_end - job->in);
}

KIMAGE_INLINE size_t job_out_left(const struct kimage_job *job)
{
    return (size_t)(job->out_end - job->out);
}

/* Note why a decoder fails and return its error code. */
static inline int job_fail(struct kimage_job *job, int rc, const char *why)
{
    job->why = why;
    return rc;
}

/* Slack behind a match that match_copy() wants to be able to overwrite. */
#define MATCH_SLACK 8

/*
 * Copy len >= 1 bytes from dist >= 1 bytes back; the ranges may overlap, as
 * all LZ77 formats define it: byte by byte from the front. The caller has
 * checked that both are in the output; `room` is the number of bytes from
 * `out` to the end of the buffer.
 */
KIMAGE_INLINE void match_copy(uint8_t *out, size_t dist, size_t len,
                              size_t room)
{
    const uint8_t *from = out - dist;
    uint8_t *end = out + len;

    if (unlikely(room < len + MATCH_SLACK)) {
        while (out < end)
            *out++ = *from++;
        return;
    }
    if (unlikely(dist < 8)) {
        /* Repeat the pattern until two copies are 8 bytes apart. */
        out[0] = from[0];
        out[1] = from[1];
        out[2] = from[2];
        out[3] = from[3];
        out[4] = from[4];
        out[5] = from[5];
        out[6] = from[6];
        out[7] = from[7];
        if (len <= 8)
            return;
        out += 8;
        from = out - (7 / dist + 1) * dist;
    }
    do {
        copy8(out, from);
        out += 8;
        from += 8;
    } while (out < end);
}

/* Copy len bytes of the input to the output; both were checked for room. */
KIMAGE_INLINE void job_copy(struct kimage_job *job, size_t len)
{
    memcpy(job->out, job->in, len);
    job->out += len;
    job->in += len;
}

/* crc.c: tables are built by the caller in its work area. */

struct crc32_table {
    uint32_t row[8][256];
};

struct crc64_table {
    uint64_t row[8][256];
};

void crc32_init(struct crc32_table *table);
void crc64_init(struct crc64_table *table);

/**
 * Checksum of len bytes, as gzip and xz define it.
 *
 * Returns the CRC. Locks: none.
 * Source: RFC 1952 section 8 (CRC-32); ECMA-182 (CRC-64).
 */
uint32_t crc32_sum(const struct crc32_table *table, const void *data,
                   size_t len);
uint64_t crc64_sum(const struct crc64_table *table, const void *data,
                   size_t len);

/* xxh64.c */

/**
 * XXH64 of len bytes with seed 0, as zstd frames use it.
 *
 * Returns the hash. Locks: none.
 * Source: xxHash fast digest algorithm, XXH64.
 */
uint64_t xxh64_sum(const void *data, size_t len);

/* bcj_x86.c */

/**
 * Turn the absolute call and jump targets of a filtered block back into
 * relative ones, in place.
 *
 * @start  address the filter counts from, 0 unless the file says otherwise
 *
 * Returns nothing. Locks: none.
 * Source: the xz file format 1.1, section 5.3.2.
 */
void bcj_x86_decode(uint8_t *buf, size_t size, uint32_t start);

/* lzma2.c */

/* Room at the start of the work area that lzma2_decode() needs. */
#define LZMA2_WORK_SIZE 0x7000

/*
 * An xz file holds at least this many bytes behind the last LZMA2 chunk (end
 * mark, index, footer), which lets the decoder read ahead unchecked.
 */
#define LZMA2_READ_AHEAD 21

/**
 * Decode one LZMA2 stream up to and with its end mark.
 *
 * @job  work begins with LZMA2_WORK_SIZE bytes for this decoder
 *
 * Returns 0, -EIO if the data is damaged, -ENOSPC if the output is full.
 * Locks:  none.
 * Source: the xz file format 1.1, section 5.3.1.
 */
int lzma2_decode(struct kimage_job *job);

/* inflate.c */

/* Room at the start of the work area that inflate_decode() needs. */
#define INFLATE_WORK_SIZE 0x1800

/**
 * Decode one deflate stream up to its last block.
 *
 * @job  work begins with INFLATE_WORK_SIZE bytes for this decoder
 *
 * Returns 0, -EIO if the data is damaged, -ENOSPC if the output is full.
 * Locks:  none.
 * Source: RFC 1951.
 */
int inflate_decode(struct kimage_job *job);

/*
 * The decoders for one whole payload. Each returns 0, -EIO for damaged data,
 * -ENOEXEC for what is not supported, -ENOSPC if the output is full, and then
 * has set job->why.
 */
int gzip_unpack(struct kimage_job *job);
int xz_unpack(struct kimage_job *job);
int lz4_unpack(struct kimage_job *job);
int lz4_legacy_unpack(struct kimage_job *job);
int zstd_unpack(struct kimage_job *job);

/* elf.c */

/* Note why a parser fails and return its error code. */
static inline int parse_fail(const char **why_out, int rc, const char *why)
{
    *why_out = why;
    return rc;
}

/* notes.c */

/**
 * Read the Xen notes of one PT_NOTE segment into img, over what is there.
 *
 * Returns 0;
 *         -EINVAL if a note is malformed;
 *         -ENOEXEC if the kernel requires a feature of an unknown name.
 * Locks:  none.
 * Source: public/elfnote.h.
 */
int notes_read(const void *data, size_t size, struct kimage *img,
               const char **why_out);

#endif /* KIMAGE_INTERNAL_H */
