/* SPDX-License-Identifier: MIT */
/* XXH64 with seed 0: the checksum of zstd frames. */
#include "kimage_internal.h"

#define PRIME1 0x9e3779b185ebca87u
#define PRIME2 0xc2b2ae3d27d4eb4fu
#define PRIME3 0x165667b19e3779f9u
#define PRIME4 0x85ebca77c2b2ae63u
#define PRIME5 0x27d4eb2f165667c5u

static uint64_t rotate_left(uint64_t x, unsigned int bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t lane_add(uint64_t lane, uint64_t x)
{
    return rotate_left(lane + x * PRIME2, 31) * PRIME1;
}

static uint64_t lane_merge(uint64_t hash, uint64_t lane)
{
    return (hash ^ lane_add(0, lane)) * PRIME1 + PRIME4;
}

/* Hash whole 32-byte stripes in four lanes. */
static uint64_t stripes_sum(const uint8_t **p_inout, const uint8_t *end)
{
    uint64_t a = PRIME1 + PRIME2, b = PRIME2, c = 0, d = 0 - PRIME1;
    const uint8_t *p = *p_inout;
    uint64_t hash;

    for (; end - p >= 32; p += 32) {
        a = lane_add(a, load_le64(p));
        b = lane_add(b, load_le64(p + 8));
        c = lane_add(c, load_le64(p + 16));
        d = lane_add(d, load_le64(p + 24));
    }
    *p_inout = p;
    hash = rotate_left(a, 1) + rotate_left(b, 7) + rotate_left(c, 12) +
           rotate_left(d, 18);
    hash = lane_merge(hash, a);
    hash = lane_merge(hash, b);
    hash = lane_merge(hash, c);
    return lane_merge(hash, d);
}

uint64_t xxh64_sum(const void *data, size_t len)
{
    const uint8_t *p = data, *end = p + len;
    uint64_t hash = len < 32 ? PRIME5 : stripes_sum(&p, end);

    hash += len;
    for (; end - p >= 8; p += 8)
        hash =
            rotate_left(hash ^ lane_add(0, load_le64(p)), 27) * PRIME1 + PRIME4;
    if (end - p >= 4) {
        hash = rotate_left(hash ^ load_le32(p) * PRIME1, 23) * PRIME2 + PRIME3;
        p += 4;
    }
    for (; p < end; p++)
        hash = rotate_left(hash ^ *p * PRIME5, 11) * PRIME1;
    hash = (hash ^ hash >> 33) * PRIME2;
    hash = (hash ^ hash >> 29) * PRIME3;
    return hash ^ hash >> 32;
}
