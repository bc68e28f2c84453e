/* SPDX-License-Identifier: MIT */
/* Single bits in arrays of unsigned long (also of guests: bit n of the array
 * is bit n % 64 of word n / 64), and searches inside one word. */
#ifndef XEN_BITOPS_H
#define XEN_BITOPS_H

#include "xen/compiler.h"
#include "xen/types.h"

#define BITS_PER_LONG    64
#define BITS_TO_LONGS(n) DIV_ROUND_UP((n), BITS_PER_LONG)
#define BIT_WORD(nr)     ((nr) / BITS_PER_LONG)
#define BIT_MASK(nr)     (1UL << ((nr) % BITS_PER_LONG))

static inline bool test_bit(unsigned int nr, const volatile void *addr)
{
    /* A shift becomes a BT, for which no mask is computed. */
    return ((const volatile unsigned long *)addr)[BIT_WORD(nr)] >>
               (nr % BITS_PER_LONG) &
           1;
}

/* Atomic, and full barriers. */
static inline void set_bit(unsigned int nr, volatile void *addr)
{
    __atomic_fetch_or((volatile unsigned long *)addr + BIT_WORD(nr),
                      BIT_MASK(nr), __ATOMIC_SEQ_CST);
}

static inline void clear_bit(unsigned int nr, volatile void *addr)
{
    __atomic_fetch_and((volatile unsigned long *)addr + BIT_WORD(nr),
                       ~BIT_MASK(nr), __ATOMIC_SEQ_CST);
}

/** Set the bit; true if it was set before. */
static inline bool test_and_set_bit(unsigned int nr, volatile void *addr)
{
    return __atomic_fetch_or((volatile unsigned long *)addr + BIT_WORD(nr),
                             BIT_MASK(nr), __ATOMIC_SEQ_CST) &
           BIT_MASK(nr);
}

/** Clear the bit; true if it was set before. */
static inline bool test_and_clear_bit(unsigned int nr, volatile void *addr)
{
    return __atomic_fetch_and((volatile unsigned long *)addr + BIT_WORD(nr),
                              ~BIT_MASK(nr), __ATOMIC_SEQ_CST) &
           BIT_MASK(nr);
}

/* Not atomic: for memory that nobody else writes. */
static inline void __set_bit(unsigned int nr, void *addr)
{
    ((unsigned long *)addr)[BIT_WORD(nr)] |= BIT_MASK(nr);
}

static inline void __clear_bit(unsigned int nr, void *addr)
{
    ((unsigned long *)addr)[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

/** Index of the lowest set bit; the word must not be zero. */
static inline unsigned int lowest_bit(unsigned long word)
{
    return __builtin_ctzl(word);
}

/** Index of the highest set bit; the word must not be zero. */
static inline unsigned int highest_bit(unsigned long word)
{
    return BITS_PER_LONG - 1 - __builtin_clzl(word);
}

static inline unsigned int hweight64(u64 word)
{
    word -= (word >> 1) & 0x5555555555555555UL;
    word = (word & 0x3333333333333333UL) + ((word >> 2) & 0x3333333333333333UL);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fUL;
    return (word * 0x0101010101010101UL) >> 56;
}

/**
 * Clamp an index a guest chose, also under speculation: idx where
 * idx < size, else 0. No branch is involved.
 */
static inline unsigned long array_index_nospec(unsigned long idx,
                                               unsigned long size)
{
    unsigned long mask;

    __asm__ volatile("cmp %2, %1; sbb %0, %0"
                     : "=r"(mask)
                     : "r"(idx), "r"(size)
                     : "cc");
    return idx & mask;
}

#endif
