/* SPDX-License-Identifier: MIT */
/*
 * Sets of small numbers: arrays of unsigned long with a size in bits. Single
 * bits are changed with bitops.h. Bits past the size are never looked at, and
 * zero after any operation here that writes the last word.
 */
#ifndef XEN_BITMAP_H
#define XEN_BITMAP_H

#include "xen/bitops.h"
#include "xen/types.h"

#define DECLARE_BITMAP(name, nr_bits) unsigned long name[BITS_TO_LONGS(nr_bits)]

/** Those bits of word `i` that lie below nr_bits. */
static inline unsigned long bitmap_word_mask(unsigned int i,
                                             unsigned int nr_bits)
{
    if (nr_bits >= (i + 1) * BITS_PER_LONG)
        return ~0UL;
    return BIT_MASK(nr_bits) - 1;
}

static inline void bitmap_zero(unsigned long *map, unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        map[i] = 0;
}

static inline void bitmap_fill(unsigned long *map, unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        map[i] = bitmap_word_mask(i, nr_bits);
}

static inline void bitmap_copy(unsigned long *dst, const unsigned long *src,
                               unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        dst[i] = src[i] & bitmap_word_mask(i, nr_bits);
}

static inline void bitmap_and(unsigned long *dst, const unsigned long *a,
                              const unsigned long *b, unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        dst[i] = a[i] & b[i] & bitmap_word_mask(i, nr_bits);
}

static inline void bitmap_andnot(unsigned long *dst, const unsigned long *a,
                                 const unsigned long *b, unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        dst[i] = a[i] & ~b[i] & bitmap_word_mask(i, nr_bits);
}

static inline void bitmap_or(unsigned long *dst, const unsigned long *a,
                             const unsigned long *b, unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        dst[i] = (a[i] | b[i]) & bitmap_word_mask(i, nr_bits);
}

static inline bool bitmap_empty(const unsigned long *map, unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        if (map[i] & bitmap_word_mask(i, nr_bits))
            return false;

    return true;
}

static inline bool bitmap_equal(const unsigned long *a, const unsigned long *b,
                                unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        if ((a[i] ^ b[i]) & bitmap_word_mask(i, nr_bits))
            return false;

    return true;
}

/** Every bit of a is in b. */
static inline bool bitmap_subset(const unsigned long *a, const unsigned long *b,
                                 unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        if (a[i] & ~b[i] & bitmap_word_mask(i, nr_bits))
            return false;

    return true;
}

/** Some bit is in both. */
static inline bool bitmap_intersects(const unsigned long *a,
                                     const unsigned long *b,
                                     unsigned int nr_bits)
{
    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        if (a[i] & b[i] & bitmap_word_mask(i, nr_bits))
            return true;

    return false;
}

/** Number of bits that are set. */
static inline unsigned int bitmap_weight(const unsigned long *map,
                                         unsigned int nr_bits)
{
    unsigned int weight = 0;

    for (unsigned int i = 0; i < BITS_TO_LONGS(nr_bits); i++)
        weight += hweight64(map[i] & bitmap_word_mask(i, nr_bits));

    return weight;
}

/*
 * First bit from `from` on whose value is not that of the bits in `invert`
 * (0: a set bit, ~0: a clear one); nr_bits if there is none.
 */
static inline unsigned int bitmap_search(const unsigned long *map,
                                         unsigned int nr_bits,
                                         unsigned int from,
                                         unsigned long invert)
{
    unsigned long skip = ~(BIT_MASK(from) - 1);

    for (unsigned int i = BIT_WORD(from); from < nr_bits; i++) {
        unsigned long word =
            (map[i] ^ invert) & skip & bitmap_word_mask(i, nr_bits);

        if (word != 0)
            return i * BITS_PER_LONG + lowest_bit(word);
        skip = ~0UL;
        from = (i + 1) * BITS_PER_LONG;
    }
    return nr_bits;
}

/** First set bit; nr_bits if there is none. */
static inline unsigned int bitmap_find_first(const unsigned long *map,
                                             unsigned int nr_bits)
{
    return bitmap_search(map, nr_bits, 0, 0);
}

/** First set bit from `from` on (itself included); nr_bits if none. */
static inline unsigned int bitmap_find_next(const unsigned long *map,
                                            unsigned int nr_bits,
                                            unsigned int from)
{
    return bitmap_search(map, nr_bits, from, 0);
}

/** First clear bit from `from` on (itself included); nr_bits if none. */
static inline unsigned int bitmap_find_next_zero(const unsigned long *map,
                                                 unsigned int nr_bits,
                                                 unsigned int from)
{
    return bitmap_search(map, nr_bits, from, ~0UL);
}

/** Set `count` bits from `from` on. */
static inline void bitmap_set_range(unsigned long *map, unsigned int from,
                                    unsigned int count)
{
    for (; count > 0; from++, count--)
        __set_bit(from, map);
}

/** Clear `count` bits from `from` on. */
static inline void bitmap_clear_range(unsigned long *map, unsigned int from,
                                      unsigned int count)
{
    for (; count > 0; from++, count--)
        __clear_bit(from, map);
}

#define bitmap_for_each(bit, map, nr_bits)                                     \
    for ((bit) = bitmap_find_first(map, nr_bits); (bit) < (nr_bits);           \
         (bit) = bitmap_find_next(map, nr_bits, (bit) + 1))

#endif
