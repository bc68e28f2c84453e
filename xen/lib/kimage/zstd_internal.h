/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the zstd decoder share: bits that are read from the end
 * of a stream to its start, and finite state entropy (FSE) tables.
 */
#ifndef ZSTD_INTERNAL_H
#define ZSTD_INTERNAL_H

#include "xen/errno.h"

#include "kimage_internal.h"

#define ZSTD_BLOCK_MAX 0x20000

/* A stream of bits that is read backwards: topmost bit of its end first. */
struct back_bits {
    uint64_t word;       /* the bytes at `in` */
    unsigned int used;   /* bits of word that were taken, from the top */
    const uint8_t *in;   /* 8 bytes from here are in word */
    const uint8_t *base; /* start of the stream, where reading ends */
};

/* Start at the end of [base, end): behind the topmost 1 of its last byte. */
static inline bool back_open(struct back_bits *b, const uint8_t *base,
                             const uint8_t *end)
{
    size_t size = (size_t)(end - base);
    unsigned int i;

    if (size == 0 || end[-1] == 0)
        return false;
    b->base = base;
    b->used = (unsigned int)__builtin_clz(end[-1]) - 24 + 1;
    if (size >= 8) {
        b->in = end - 8;
        b->word = load_le64(b->in);
        return true;
    }
    b->in = base;
    b->word = 0;
    for (i = 0; i < size; i++)
        b->word |= (uint64_t)base[i] << (8 * i);
    b->used += 8 * (8 - (unsigned int)size);
    return true;
}

/* Have at least 57 bits, or all that are left. */
KIMAGE_INLINE void back_fill(struct back_bits *b)
{
    size_t bytes = b->used >> 3;
    size_t left = (size_t)(b->in - b->base);

    if (unlikely(bytes > left))
        bytes = left;
    if (unlikely(bytes == 0))
        return;
    b->in -= bytes;
    b->used -= 8 * (unsigned int)bytes;
    b->word = load_le64(b->in);
}

/* The next nr bits; zeros, or anything else, behind the start. */
KIMAGE_INLINE uint64_t back_peek(const struct back_bits *b, unsigned int nr)
{
    return (b->word << (b->used & 63)) >> 1 >> (63 - nr);
}

KIMAGE_INLINE uint64_t back_take(struct back_bits *b, unsigned int nr)
{
    uint64_t x = back_peek(b, nr);

    b->used += nr;
    return x;
}

/* Were more bits taken than there are? */
KIMAGE_INLINE bool back_overrun(const struct back_bits *b)
{
    return b->used > 64;
}

/* Was all taken, and no more? */
KIMAGE_INLINE bool back_at_start(const struct back_bits *b)
{
    return b->in == b->base && b->used == 64;
}

#define FSE_MAX_BITS    9
#define FSE_MAX_SYMBOLS 256

struct fse_entry {
    uint16_t base; /* the next state is base plus `bits` bits */
    uint8_t bits;
    uint8_t symbol;
};

struct fse_table {
    unsigned int log; /* 1 << log states; 0: one symbol that takes no bits */
    bool valid;
    struct fse_entry entry[1u << FSE_MAX_BITS];
};

/* zstd_fse.c */

/**
 * Build a table from probabilities that add up to 1 << log; -1 counts as one.
 *
 * Returns nothing. Locks: none.
 * Source: RFC 8878 section 4.1.1.
 */
void fse_build(struct fse_table *table, const int16_t *probs, unsigned int nr,
               unsigned int log);

/* Make a table that always gives one symbol. */
void fse_build_single(struct fse_table *table, uint8_t symbol);

/**
 * Read a table's description at *p_inout, before `end`, and build the table.
 *
 * @nr       number of symbols that may occur
 * @max_log  largest size that may occur, up to FSE_MAX_BITS
 *
 * Returns false if it is malformed. Locks: none.
 * Source: RFC 8878 section 4.1.1.
 */
bool fse_read(struct fse_table *table, const uint8_t **p_inout,
              const uint8_t *end, unsigned int nr, unsigned int max_log);

/* The first state of a stream. */
KIMAGE_INLINE unsigned int fse_start(const struct fse_table *table,
                                     struct back_bits *b)
{
    return (unsigned int)back_take(b, table->log);
}

KIMAGE_INLINE unsigned int fse_next(const struct fse_entry *e,
                                    struct back_bits *b)
{
    return e->base + (unsigned int)back_take(b, e->bits);
}

/* zstd_huffman.c */

#define HUFFMAN_MAX_BITS 11

struct huffman_entry {
    uint8_t symbol;
    uint8_t bits;
};

struct huffman_table {
    unsigned int log; /* 0: none was read yet */
    struct huffman_entry entry[1u << HUFFMAN_MAX_BITS];
};

/**
 * Read a Huffman code's description at *p_inout, before `end`.
 *
 * @fse  scratch
 *
 * Returns false if it is malformed; the table is then unusable. Locks: none.
 * Source: RFC 8878 section 4.2.1.
 */
bool huffman_read(struct huffman_table *table, struct fse_table *fse,
                  const uint8_t **p_inout, const uint8_t *end);

/**
 * Decode exactly `size` symbols from the stream [in, in_end), using all of it.
 *
 * Returns false if the stream does not hold as many. Locks: none.
 * Source: RFC 8878 section 4.2.2.
 */
bool huffman_decode(const struct huffman_table *table, const uint8_t *in,
                    const uint8_t *in_end, uint8_t *out, size_t size);

/* What lasts from one block to the next, and scratch. */
struct zstd {
    struct huffman_table huffman;
    struct fse_table literal_length;
    struct fse_table offset;
    struct fse_table match_length;
    struct fse_table scratch;
    uint32_t rep[3]; /* latest distances */

    /* The literals of the current block: in buffer or in the input. */
    const uint8_t *literal;
    const uint8_t *literal_end;
    const uint8_t *literal_limit; /* so far may be read, beyond the end too */
    uint8_t buffer[ZSTD_BLOCK_MAX + 16];
};

_Static_assert(sizeof(struct zstd) <= KIMAGE_WORK_SIZE, "raise the size");

/* zstd_literals.c */

/**
 * Read the literals of a block, which ends at `end`; job->in is behind them.
 *
 * Returns 0 or -EIO. Locks: none.
 * Source: RFC 8878 section 3.1.1.3.1.
 */
int zstd_literals_read(struct kimage_job *job, struct zstd *s,
                       const uint8_t *end);

/* zstd_sequences.c */

/**
 * Read the sequences of a block up to `end` and carry them out.
 *
 * Returns 0, -EIO, or -ENOSPC if the output is full. Locks: none.
 * Source: RFC 8878 section 3.1.1.3.2.
 */
int zstd_sequences_unpack(struct kimage_job *job, struct zstd *s,
                          const uint8_t *end);

static inline int zstd_damaged(struct kimage_job *job)
{
    return job_fail(job, -EIO, "damaged zstd data: wrong code");
}

static inline int zstd_cut_off(struct kimage_job *job)
{
    return job_fail(job, -EIO, "damaged zstd data: it is cut off");
}

#endif /* ZSTD_INTERNAL_H */
