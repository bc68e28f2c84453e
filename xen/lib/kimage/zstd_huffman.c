/* SPDX-License-Identifier: MIT */
/*
 * Zstd's Huffman codes, which come as a weight per symbol: a symbol of weight
 * w > 0 has 2^(w-1) entries in the table, and the last symbol's weight is what
 * fills the table up to a power of two.
 */
#include "xen/string.h"

#include "zstd_internal.h"

#define NR_SYMBOLS       256
#define WEIGHTS_FSE_BITS 6
#define WEIGHTS_PLAIN    128 /* from this header byte on, 4 bits each */

/* Weights in two interleaved states of FSE. Returns their number, 0: bad. */
static unsigned int weights_unpack(struct fse_table *fse, const uint8_t *in,
                                   const uint8_t *end, uint8_t *weights)
{
    unsigned int state[2], nr = 0, i = 0;
    struct back_bits b;

    if (!fse_read(fse, &in, end, HUFFMAN_MAX_BITS + 1, WEIGHTS_FSE_BITS) ||
        !back_open(&b, in, end))
        return 0;
    state[0] = fse_start(fse, &b);
    state[1] = fse_start(fse, &b);
    if (back_overrun(&b))
        return 0;
    /* The end is where one state lacks bits; the other has one more symbol. */
    while (nr < NR_SYMBOLS - 2) {
        const struct fse_entry *e = &fse->entry[state[i]];

        weights[nr++] = e->symbol;
        back_fill(&b);
        state[i] = fse_next(e, &b);
        i ^= 1;
        if (back_overrun(&b)) {
            weights[nr++] = fse->entry[state[i]].symbol;
            return nr;
        }
    }
    return 0;
}

static unsigned int weights_plain(const uint8_t *in, unsigned int nr,
                                  uint8_t *weights)
{
    unsigned int i;

    for (i = 0; i < nr; i++)
        weights[i] = i & 1 ? in[i / 2] & 15 : in[i / 2] >> 4;
    return nr;
}

/* Add the weight of the last symbol; sets table->log. */
static bool weights_complete(struct huffman_table *table, uint8_t *weights,
                             unsigned int *nr_inout)
{
    unsigned int sum = 0, log, left, i;

    for (i = 0; i < *nr_inout; i++) {
        if (weights[i] > HUFFMAN_MAX_BITS)
            return false;
        sum += (1u << weights[i]) >> 1;
    }
    if (!sum)
        return false;
    log = 32 - (unsigned int)__builtin_clz(sum);
    left = (1u << log) - sum;
    if (log > HUFFMAN_MAX_BITS || (left & (left - 1)))
        return false;
    weights[i] = (uint8_t)(32 - (unsigned int)__builtin_clz(left));
    *nr_inout = i + 1;
    table->log = log;
    return true;
}

/* Fill the table: small weights first, and symbols in order within a weight. */
static void huffman_build(struct huffman_table *table, const uint8_t *weights,
                          unsigned int nr)
{
    unsigned int first[HUFFMAN_MAX_BITS + 2] = {0};
    unsigned int i, n, pos = 0;

    for (i = 0; i < nr; i++)
        first[weights[i]] += (1u << weights[i]) >> 1;
    for (i = 1; i <= HUFFMAN_MAX_BITS + 1; i++) {
        n = first[i];
        first[i] = pos;
        pos += n;
    }
    for (i = 0; i < nr; i++) {
        unsigned int weight = weights[i];
        struct huffman_entry e = {.symbol = (uint8_t)i};

        if (!weight)
            continue;
        e.bits = (uint8_t)(table->log + 1 - weight);
        for (n = 0; n < 1u << (weight - 1); n++)
            table->entry[first[weight]++] = e;
    }
}

bool huffman_read(struct huffman_table *table, struct fse_table *fse,
                  const uint8_t **p_inout, const uint8_t *end)
{
    const uint8_t *p = *p_inout;
    uint8_t weights[NR_SYMBOLS];
    unsigned int nr, size;

    table->log = 0;
    if (p >= end)
        return false;
    nr = *p++;
    size = nr < WEIGHTS_PLAIN ? nr : (nr - WEIGHTS_PLAIN + 2) / 2;
    if (size > (size_t)(end - p))
        return false;
    if (nr < WEIGHTS_PLAIN)
        nr = weights_unpack(fse, p, p + size, weights);
    else
        nr = weights_plain(p, nr - WEIGHTS_PLAIN + 1, weights);
    if (!nr || !weights_complete(table, weights, &nr))
        return false;
    huffman_build(table, weights, nr);
    *p_inout = p + size;
    return true;
}

KIMAGE_INLINE uint8_t symbol_take(const struct huffman_table *table,
                                  struct back_bits *b, unsigned int log)
{
    struct huffman_entry e = table->entry[back_peek(b, log)];

    b->used += e.bits;
    return e.symbol;
}

bool huffman_decode(const struct huffman_table *table, const uint8_t *in,
                    const uint8_t *in_end, uint8_t *out, size_t size)
{
    const unsigned int log = table->log;
    uint8_t *end = out + size;
    struct back_bits b;

    if (!back_open(&b, in, in_end))
        return false;
    for (; end - out >= 5; out += 5) {
        back_fill(&b);
        out[0] = symbol_take(table, &b, log);
        out[1] = symbol_take(table, &b, log);
        out[2] = symbol_take(table, &b, log);
        out[3] = symbol_take(table, &b, log);
        out[4] = symbol_take(table, &b, log);
        if (unlikely(back_overrun(&b)))
            return false;
    }
    back_fill(&b);
    while (out < end)
        *out++ = symbol_take(table, &b, log);
    back_fill(&b);
    return back_at_start(&b);
}
