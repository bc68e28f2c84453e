/* SPDX-License-Identifier: MIT */
/*
 * The x86 branch filter of xz, decoding side.
 *
 * Before compression the encoder turned the 32-bit displacement behind each
 * call (e8) and jmp (e9) opcode into an absolute address, where the top byte
 * of the displacement was 00 or ff. To guess which of several close e8/e9
 * bytes are opcodes, both sides keep a history of the ones seen within the
 * last few bytes and skipped; it decides whether to convert.
 */
#include "kimage_internal.h"

/* Bits 0-2 of the history: e8/e9 was skipped 1, 2, 3 bytes ago. */
#define HISTORY_MASK 7u

static bool is_sign_byte(uint8_t b)
{
    return b == 0x00 || b == 0xff;
}

/*
 * Offset of the next e8 or e9 at or behind i, or `limit`. With e8 taken off
 * by xor, that is a byte below 2: subtracting 2 from it borrows into its top
 * bit. A borrow may mark later bytes too, but never earlier ones.
 */
static size_t opcode_find(const uint8_t *buf, size_t i, size_t limit)
{
    const uint64_t ones = 0x0101010101010101u;

    for (; limit - i >= 8; i += 8) {
        uint64_t x = load_le64(buf + i) ^ (ones * 0xe8);
        uint64_t hit = (x - ones * 2) & ~x & (ones * 0x80);

        if (hit)
            return i + (unsigned int)__builtin_ctzll(hit) / 8;
    }
    while (i < limit && (buf[i] & 0xfe) != 0xe8)
        i++;
    return i;
}

/*
 * Which byte of the displacement the newest skipped opcode byte lies over,
 * counted in bits from the bottom of the displacement's top byte.
 */
static unsigned int history_shift(uint32_t history)
{
    return history & 4 ? 24 : history & 2 ? 16 : 8;
}

/* May the opcode byte at p be converted, given the skipped ones before it? */
static bool history_allows(const uint8_t *p, uint32_t history)
{
    if (history == 0)
        return true;
    if (history != 1 && history != 2 && history != 4)
        return false;
    return !is_sign_byte(p[4 - history_shift(history) / 8]);
}

/* The relative displacement for an absolute one; ip is behind the insn. */
static uint32_t to_relative(uint32_t absolute, uint32_t ip, uint32_t history)
{
    uint32_t x = absolute - ip;

    if (history) {
        unsigned int shift = history_shift(history);

        if (is_sign_byte((uint8_t)(x >> (24 - shift)))) {
            x ^= (uint32_t)(((uint64_t)1 << (32 - shift)) - 1);
            x -= ip;
        }
    }
    /* Sign-extend bit 24. */
    x &= 0x01ffffff;
    return x | (0 - (x & 0x01000000));
}

void bcj_x86_decode(uint8_t *buf, size_t size, uint32_t start)
{
    uint32_t history = 0;
    size_t limit = size < 4 ? 0 : size - 4;
    size_t last = ~(size_t)0;
    size_t i = opcode_find(buf, 0, limit);

    while (i < limit) {
        size_t gap = i - last;

        history = gap > 3 ? 0 : (history << (gap - 1)) & HISTORY_MASK;
        last = i;
        if (history_allows(buf + i, history) && is_sign_byte(buf[i + 4])) {
            uint32_t ip = start + (uint32_t)i + 5;

            store_le32(buf + i + 1,
                       to_relative(load_le32(buf + i + 1), ip, history));
            i += 5;
            if (i >= limit)
                break;
        } else {
            history = (history << 1) | 1;
            i++;
        }
        i = opcode_find(buf, i, limit);
    }
}
