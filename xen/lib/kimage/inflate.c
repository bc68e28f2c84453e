/* SPDX-License-Identifier: MIT */
/*
 * Inflate: blocks of literals and matches in two Huffman codes.
 *
 * Codes of up to FAST_BITS bits are looked up in one step; longer ones, which
 * are rare by nature, are found bit by bit from the number of codes of each
 * length. Behind the end of the input the bit reader supplies zeros and
 * notices when one of them is used.
 */
#include "xen/errno.h"

#include "kimage_internal.h"

#define NR_LITERALS  288
#define NR_DISTANCES 32
#define NR_LENGTHS   19 /* symbols of the code that the codes come in */
#define CODE_BITS    15
#define FAST_BITS    10
#define SYMBOL_END   256

enum block_type {
    BLOCK_STORED,
    BLOCK_FIXED,
    BLOCK_DYNAMIC,
};

struct huffman {
    uint16_t fast[1u << FAST_BITS]; /* symbol << 4 | length; 0: a longer one */
    uint16_t count[CODE_BITS + 1];  /* number of codes of each length */
    uint16_t symbol[NR_LITERALS];   /* in order of their codes */
};

struct inflate {
    struct huffman literal;
    struct huffman distance;
    uint8_t lengths[NR_LITERALS + NR_DISTANCES];
};

_Static_assert(sizeof(struct inflate) <= INFLATE_WORK_SIZE, "raise the size");

struct bits {
    uint64_t word; /* lowest bit first */
    unsigned int nr;
    unsigned int nr_padding; /* of these, how many are not from the input */
    const uint8_t *in;
    const uint8_t *in_end;
};

/* clang-format off */
static const uint16_t length_base[] = {
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59,
    67, 83, 99, 115, 131, 163, 195, 227, 258,
};
static const uint8_t length_extra[] = {
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
    4, 4, 4, 4, 5, 5, 5, 5, 0,
};
static const uint16_t distance_base[] = {
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513,
    769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
};
static const uint8_t distance_extra[] = {
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9,
    10, 10, 11, 11, 12, 12, 13, 13,
};
static const uint8_t lengths_order[NR_LENGTHS] = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
};
/* clang-format on */

static int damaged(struct kimage_job *job)
{
    return job_fail(job, -EIO, "damaged gzip data: wrong code");
}

static int cut_off(struct kimage_job *job)
{
    return job_fail(job, -EIO, "damaged gzip data: it is cut off");
}

/* Have at least 56 bits. */
KIMAGE_INLINE void bits_fill(struct bits *b)
{
    if (likely(b->in_end - b->in >= 8)) {
        b->word |= load_le64(b->in) << b->nr;
        b->in += (63 - b->nr) >> 3;
        b->nr |= 56;
        return;
    }
    while (b->nr < 56) {
        if (b->in < b->in_end)
            b->word |= (uint64_t)*b->in++ << b->nr;
        else
            b->nr_padding += 8;
        b->nr += 8;
    }
}

KIMAGE_INLINE bool bits_overrun(const struct bits *b)
{
    return b->nr_padding > b->nr;
}

KIMAGE_INLINE uint32_t bits_peek(const struct bits *b, unsigned int nr)
{
    return (uint32_t)b->word & ((1u << nr) - 1);
}

KIMAGE_INLINE void bits_drop(struct bits *b, unsigned int nr)
{
    b->word >>= nr;
    b->nr -= nr;
}

KIMAGE_INLINE uint32_t bits_take(struct bits *b, unsigned int nr)
{
    uint32_t x = bits_peek(b, nr);

    bits_drop(b, nr);
    return x;
}

/* Give back whole bytes, so that `in` is at the next byte boundary. */
static void bits_align(struct bits *b)
{
    unsigned int bytes;

    bits_drop(b, b->nr & 7);
    bytes = (b->nr - b->nr_padding) / 8;
    b->in -= bytes;
    b->word = 0;
    b->nr = b->nr_padding = 0;
}

static uint32_t reverse(uint32_t code, unsigned int len)
{
    uint32_t x = 0;

    for (; len; len--) {
        x = x << 1 | (code & 1);
        code >>= 1;
    }
    return x;
}

/* Count codes by length; false if there are more than the bits allow. */
static bool lengths_count(struct huffman *h, const uint8_t *lengths,
                          unsigned int nr)
{
    int left = 1;
    unsigned int i;

    memset(h->count, 0, sizeof(h->count));
    for (i = 0; i < nr; i++)
        h->count[lengths[i]]++;
    h->count[0] = 0;
    for (i = 1; i <= CODE_BITS; i++) {
        left = 2 * left - h->count[i];
        if (left < 0)
            return false;
    }
    return true;
}

static void fast_fill(struct huffman *h, uint32_t code, unsigned int symbol,
                      unsigned int len)
{
    uint32_t i = reverse(code, len);

    for (; i < 1u << FAST_BITS; i += 1u << len)
        h->fast[i] = (uint16_t)(symbol << 4 | len);
}

/* Build the tables of a code from the lengths (0..15) of its symbols. */
static bool huffman_build(struct huffman *h, const uint8_t *lengths,
                          unsigned int nr)
{
    uint16_t index[CODE_BITS + 2], code[CODE_BITS + 2];
    unsigned int i;

    if (!lengths_count(h, lengths, nr))
        return false;
    memset(h->fast, 0, sizeof(h->fast));
    index[1] = code[1] = 0;
    for (i = 1; i <= CODE_BITS; i++) {
        index[i + 1] = (uint16_t)(index[i] + h->count[i]);
        code[i + 1] = (uint16_t)((code[i] + h->count[i]) << 1);
    }
    for (i = 0; i < nr; i++) {
        unsigned int len = lengths[i];

        if (!len)
            continue;
        h->symbol[index[len]++] = (uint16_t)i;
        if (len <= FAST_BITS)
            fast_fill(h, code[len]++, i, len);
    }
    return true;
}

/* Find a code that is not in the fast table. Returns a symbol or -1. */
static int symbol_slow(struct bits *b, const struct huffman *h)
{
    unsigned int code = 0, first = 0, index = 0, len;

    for (len = 1; len <= CODE_BITS; len++) {
        unsigned int count = h->count[len];

        code |= (uint32_t)(b->word >> (len - 1)) & 1;
        if (code - first < count) {
            bits_drop(b, len);
            return h->symbol[index + code - first];
        }
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    return -1;
}

/* Decode one symbol; at least CODE_BITS bits are there. Negative: no code. */
KIMAGE_INLINE int symbol_take(struct bits *b, const struct huffman *h)
{
    unsigned int e = h->fast[bits_peek(b, FAST_BITS)];

    if (unlikely(!e))
        return symbol_slow(b, h);
    bits_drop(b, e & 15);
    return (int)(e >> 4);
}

/* Decode the distance of a match of `len` bytes and copy it. */
KIMAGE_INLINE int match_unpack(struct kimage_job *job, struct bits *b,
                               const struct huffman *distance, uint8_t *out,
                               size_t len)
{
    int symbol = symbol_take(b, distance);
    size_t dist;

    if ((unsigned int)symbol >= ARRAY_SIZE(distance_base))
        return damaged(job);
    dist = distance_base[symbol] + bits_take(b, distance_extra[symbol]);
    if (dist > (size_t)(out - job->out_start))
        return job_fail(job, -EIO, "damaged gzip data: wrong distance");
    if (len > (size_t)(job->out_end - out))
        return job_fail(job, -ENOSPC, "kernel unpacks to more than it says");
    match_copy(out, dist, len, (size_t)(job->out_end - out));
    return 0;
}

/* Literals and matches up to the end of the block. */
static int codes_unpack(struct kimage_job *job, const struct inflate *s,
                        struct bits *bits)
{
    struct bits b = *bits;
    uint8_t *out = job->out;

    for (;;) {
        int symbol, rc;
        size_t len;

        bits_fill(&b);
        symbol = symbol_take(&b, &s->literal);
        if (unlikely(bits_overrun(&b)))
            return cut_off(job);
        if (symbol < 0)
            return damaged(job);
        if (symbol < SYMBOL_END) {
            if (unlikely(out >= job->out_end))
                return job_fail(job, -ENOSPC,
                                "kernel unpacks to more than it says");
            *out++ = (uint8_t)symbol;
            continue;
        }
        symbol -= SYMBOL_END + 1;
        if (symbol < 0)
            break;
        if ((unsigned int)symbol >= ARRAY_SIZE(length_base))
            return damaged(job);
        len = length_base[symbol] + bits_take(&b, length_extra[symbol]);
        rc = match_unpack(job, &b, &s->distance, out, len);
        if (unlikely(rc))
            return rc;
        out += len;
    }
    *bits = b;
    job->out = out;
    return 0;
}

static int stored_unpack(struct kimage_job *job, struct bits *b)
{
    size_t len;

    bits_align(b);
    if (b->in_end - b->in < 4)
        return cut_off(job);
    len = load_le16(b->in);
    if ((len ^ load_le16(b->in + 2)) != 0xffff)
        return damaged(job);
    b->in += 4;
    if (len > (size_t)(b->in_end - b->in))
        return cut_off(job);
    if (len > job_out_left(job))
        return job_fail(job, -ENOSPC, "kernel unpacks to more than it says");
    memcpy(job->out, b->in, len);
    job->out += len;
    b->in += len;
    return 0;
}

static void fixed_build(struct inflate *s)
{
    uint8_t *lengths = s->lengths;

    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    huffman_build(&s->literal, lengths, NR_LITERALS);
    memset(lengths, 5, NR_DISTANCES);
    huffman_build(&s->distance, lengths, NR_DISTANCES);
}

/* Read `nr` code lengths, which are themselves in the code `h`. */
static int lengths_read(struct kimage_job *job, struct bits *b,
                        const struct huffman *h, uint8_t *lengths,
                        unsigned int nr)
{
    unsigned int i = 0;

    while (i < nr) {
        unsigned int repeat = 1;
        uint8_t len = 0;
        int symbol;

        bits_fill(b);
        symbol = symbol_take(b, h);
        if (bits_overrun(b))
            return cut_off(job);
        if (symbol < 0 || (symbol == 16 && i == 0))
            return damaged(job);
        if (symbol < 16) {
            len = (uint8_t)symbol;
        } else if (symbol == 16) {
            len = lengths[i - 1];
            repeat = 3 + bits_take(b, 2);
        } else if (symbol == 17) {
            repeat = 3 + bits_take(b, 3);
        } else {
            repeat = 11 + bits_take(b, 7);
        }
        if (repeat > nr - i)
            return damaged(job);
        memset(lengths + i, len, repeat);
        i += repeat;
    }
    return 0;
}

/* Read the codes at the start of a dynamic block. */
static int dynamic_build(struct kimage_job *job, struct inflate *s,
                         struct bits *b)
{
    unsigned int nr_literals, nr_distances, nr_lengths, i;
    int rc;

    bits_fill(b);
    nr_literals = 257 + bits_take(b, 5);
    nr_distances = 1 + bits_take(b, 5);
    nr_lengths = 4 + bits_take(b, 4);
    if (nr_literals > NR_LITERALS - 2 || nr_distances > NR_DISTANCES - 2)
        return damaged(job);
    memset(s->lengths, 0, NR_LENGTHS);
    for (i = 0; i < nr_lengths; i++) {
        bits_fill(b);
        s->lengths[lengths_order[i]] = (uint8_t)bits_take(b, 3);
    }
    if (!huffman_build(&s->distance, s->lengths, NR_LENGTHS))
        return damaged(job);
    rc = lengths_read(job, b, &s->distance, s->lengths,
                      nr_literals + nr_distances);
    if (rc)
        return rc;
    if (!huffman_build(&s->literal, s->lengths, nr_literals) ||
        !huffman_build(&s->distance, s->lengths + nr_literals, nr_distances))
        return damaged(job);
    return 0;
}

static int block_unpack(struct kimage_job *job, struct inflate *s,
                        struct bits *b, unsigned int type)
{
    int rc;

    switch (type) {
    case BLOCK_STORED:
        return stored_unpack(job, b);
    case BLOCK_FIXED:
        fixed_build(s);
        return codes_unpack(job, s, b);
    case BLOCK_DYNAMIC:
        rc = dynamic_build(job, s, b);
        return rc ? rc : codes_unpack(job, s, b);
    default:
        return damaged(job);
    }
}

int inflate_decode(struct kimage_job *job)
{
    struct bits b = {.in = job->in, .in_end = job->in_end};
    bool last;
    int rc;

    do {
        unsigned int type;

        bits_fill(&b);
        last = bits_take(&b, 1);
        type = bits_take(&b, 2);
        if (bits_overrun(&b))
            return cut_off(job);
        rc = block_unpack(job, job->work, &b, type);
        if (rc)
            return rc;
    } while (!last);
    if (bits_overrun(&b))
        return cut_off(job);
    bits_align(&b);
    job->in = b.in;
    return 0;
}
