/* SPDX-License-Identifier: MIT */
/* Finite state entropy: table descriptions, and tables from probabilities. */
#include "zstd_internal.h"

#define LOG_MIN 5

/* Bits of a description, lowest first; zeros behind the end. */
struct front_bits {
    const uint8_t *base;
    size_t size;
    size_t pos; /* in bits */
};

static unsigned int front_peek(const struct front_bits *b, unsigned int nr)
{
    size_t byte = b->pos >> 3;
    uint32_t x = 0;
    unsigned int i;

    for (i = 0; i < 4 && byte + i < b->size; i++)
        x |= (uint32_t)b->base[byte + i] << (8 * i);
    return (x >> (b->pos & 7)) & ((1u << nr) - 1);
}

static unsigned int front_take(struct front_bits *b, unsigned int nr)
{
    unsigned int x = front_peek(b, nr);

    b->pos += nr;
    return x;
}

static unsigned int top_bit(unsigned int x)
{
    return 31 - (unsigned int)__builtin_clz(x);
}

/* Lay out the symbols over the states. */
static void symbols_spread(struct fse_table *table, const int16_t *probs,
                           unsigned int nr)
{
    unsigned int size = 1u << table->log, high = size, pos = 0, i;
    unsigned int step = (size >> 1) + (size >> 3) + 3;
    int n;

    for (i = 0; i < nr; i++)
        if (probs[i] == -1)
            table->entry[--high].symbol = (uint8_t)i;
    for (i = 0; i < nr; i++)
        for (n = 0; n < probs[i]; n++) {
            table->entry[pos].symbol = (uint8_t)i;
            do
                pos = (pos + step) & (size - 1);
            while (pos >= high);
        }
}

void fse_build(struct fse_table *table, const int16_t *probs, unsigned int nr,
               unsigned int log)
{
    uint16_t next[FSE_MAX_SYMBOLS];
    unsigned int size = 1u << log, i;

    table->log = log;
    table->valid = true;
    for (i = 0; i < nr; i++)
        next[i] = (uint16_t)(probs[i] == -1 ? 1 : probs[i]);
    symbols_spread(table, probs, nr);
    for (i = 0; i < size; i++) {
        struct fse_entry *e = &table->entry[i];
        unsigned int x = next[e->symbol]++;

        e->bits = (uint8_t)(log - top_bit(x));
        e->base = (uint16_t)((x << e->bits) - size);
    }
}

void fse_build_single(struct fse_table *table, uint8_t symbol)
{
    table->log = 0;
    table->valid = true;
    table->entry[0] = (struct fse_entry){.symbol = symbol};
}

/* One probability, in as many bits as `left` can need; -1 to left. */
static int prob_read(struct front_bits *b, unsigned int left)
{
    unsigned int nr = top_bit(left + 1) + 1;
    unsigned int low_mask = (1u << (nr - 1)) - 1;
    unsigned int spare = (1u << nr) - 1 - (left + 1);
    unsigned int x = front_peek(b, nr);

    if ((x & low_mask) < spare) {
        b->pos += nr - 1;
        return (int)(x & low_mask) - 1;
    }
    b->pos += nr;
    return (int)(x > low_mask ? x - spare : x) - 1;
}

bool fse_read(struct fse_table *table, const uint8_t **p_inout,
              const uint8_t *end, unsigned int nr, unsigned int max_log)
{
    struct front_bits b = {.base = *p_inout, .size = (size_t)(end - *p_inout)};
    int16_t probs[FSE_MAX_SYMBOLS];
    unsigned int log = front_take(&b, 4) + LOG_MIN;
    unsigned int left = 1u << log, i = 0, zeros;

    table->valid = false;
    if (log > max_log)
        return false;
    while (left && i < nr) {
        int prob = prob_read(&b, left);

        probs[i++] = (int16_t)prob;
        left -= (unsigned int)(prob < 0 ? 1 : prob);
        if (prob)
            continue;
        do {
            unsigned int n;

            zeros = front_take(&b, 2);
            if (zeros > nr - i)
                return false;
            for (n = 0; n < zeros; n++)
                probs[i++] = 0;
        } while (zeros == 3);
    }
    if (left || b.pos > 8 * b.size)
        return false;
    *p_inout += (b.pos + 7) / 8;
    fse_build(table, probs, i, log);
    return true;
}
