/* SPDX-License-Identifier: MIT */
/* The first part of a zstd block: its literals, as they are or packed. */
#include "xen/string.h"

#include "zstd_internal.h"

enum literals_type {
    LITERALS_RAW,
    LITERALS_REPEAT,   /* one byte */
    LITERALS_PACKED,   /* with a new Huffman code */
    LITERALS_TREELESS, /* with the previous one */
};

#define JUMP_TABLE_SIZE 6 /* sizes of the first three of four streams */

struct literals_header {
    enum literals_type type;
    unsigned int nr_streams;
    size_t size;        /* unpacked */
    size_t packed_size; /* with the description of the code */
};

/* Little-endian number of 1 to 5 bytes. */
static uint64_t number_read(const uint8_t *p, unsigned int bytes)
{
    uint64_t x = 0;

    while (bytes--)
        x = x << 8 | p[bytes];
    return x;
}

static int header_read(struct kimage_job *job, const uint8_t *end,
                       struct literals_header *h)
{
    /* By size format: bytes of the header, and bits of each size. */
    static const uint8_t plain_bytes[] = {1, 2, 1, 3};
    static const uint8_t plain_shift[] = {3, 4, 3, 4};
    static const uint8_t packed_bytes[] = {3, 3, 4, 5};
    static const uint8_t packed_bits[] = {10, 10, 14, 18};
    unsigned int format, bytes;
    uint64_t x;

    if (job->in >= end)
        return zstd_cut_off(job);
    h->type = job->in[0] & 3;
    format = job->in[0] >> 2 & 3;
    bytes =
        h->type >= LITERALS_PACKED ? packed_bytes[format] : plain_bytes[format];
    if (bytes > (size_t)(end - job->in))
        return zstd_cut_off(job);
    x = number_read(job->in, bytes);
    job->in += bytes;
    if (h->type >= LITERALS_PACKED) {
        uint64_t mask = (1u << packed_bits[format]) - 1;

        h->nr_streams = format ? 4 : 1;
        h->size = x >> 4 & mask;
        h->packed_size = x >> (4 + packed_bits[format]) & mask;
    } else {
        h->nr_streams = 0;
        h->size = x >> plain_shift[format];
        h->packed_size = h->type == LITERALS_RAW ? h->size : 1;
    }
    if (h->packed_size > (size_t)(end - job->in))
        return zstd_cut_off(job);
    if (h->size > ZSTD_BLOCK_MAX)
        return zstd_damaged(job);
    return 0;
}

/* Four streams behind a table of the sizes of three of them. */
static bool streams_decode(const struct huffman_table *table, const uint8_t *in,
                           const uint8_t *end, uint8_t *out, size_t size)
{
    size_t part = (size + 3) / 4, in_size[3];
    const uint8_t *sizes = in;
    unsigned int i;

    if (end - in < JUMP_TABLE_SIZE || size < 3 * part)
        return false;
    in += JUMP_TABLE_SIZE;
    for (i = 0; i < 3; i++) {
        in_size[i] = load_le16(sizes + 2 * i);
        if (in_size[i] > (size_t)(end - in) ||
            !huffman_decode(table, in, in + in_size[i], out, part))
            return false;
        in += in_size[i];
        out += part;
    }
    return huffman_decode(table, in, end, out, size - 3 * part);
}

static bool packed_read(struct zstd *s, const struct literals_header *h,
                        const uint8_t *in)
{
    const uint8_t *end = in + h->packed_size;

    if (h->type == LITERALS_PACKED &&
        !huffman_read(&s->huffman, &s->scratch, &in, end))
        return false;
    if (!s->huffman.log)
        return false;
    if (h->nr_streams == 1)
        return huffman_decode(&s->huffman, in, end, s->buffer, h->size);
    return streams_decode(&s->huffman, in, end, s->buffer, h->size);
}

int zstd_literals_read(struct kimage_job *job, struct zstd *s,
                       const uint8_t *end)
{
    struct literals_header h;
    int rc = header_read(job, end, &h);

    if (rc)
        return rc;
    s->literal = s->buffer;
    s->literal_limit = s->buffer + sizeof(s->buffer);
    if (h.type == LITERALS_RAW) {
        s->literal = job->in;
        s->literal_limit = job->in_end;
    } else if (h.type == LITERALS_REPEAT) {
        memset(s->buffer, job->in[0], h.size);
    } else if (!packed_read(s, &h, job->in)) {
        return zstd_damaged(job);
    }
    s->literal_end = s->literal + h.size;
    job->in += h.packed_size;
    return 0;
}
