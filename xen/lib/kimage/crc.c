/* SPDX-License-Identifier: MIT */
/*
 * CRC-32 and CRC-64 over large buffers, eight bytes at a time.
 *
 * Row 0 of a table is the usual one: the remainder of each byte. Row n is the
 * remainder of the same byte with n zero bytes behind it, so that the eight
 * bytes of a word can be looked up independently and joined with xor.
 */
#include "kimage_internal.h"

#define CRC32_POLY 0xedb88320u
#define CRC64_POLY 0xc96c5795d7870f42u

void crc32_init(struct crc32_table *table)
{
    unsigned int i, n;

    for (i = 0; i < 256; i++) {
        uint32_t r = i;

        for (n = 0; n < 8; n++)
            r = (r >> 1) ^ (r & 1 ? CRC32_POLY : 0);
        table->row[0][i] = r;
    }
    for (i = 0; i < 256; i++)
        for (n = 1; n < 8; n++) {
            uint32_t r = table->row[n - 1][i];

            table->row[n][i] = (r >> 8) ^ table->row[0][r & 0xff];
        }
}

void crc64_init(struct crc64_table *table)
{
    unsigned int i, n;

    for (i = 0; i < 256; i++) {
        uint64_t r = i;

        for (n = 0; n < 8; n++)
            r = (r >> 1) ^ (r & 1 ? CRC64_POLY : 0);
        table->row[0][i] = r;
    }
    for (i = 0; i < 256; i++)
        for (n = 1; n < 8; n++) {
            uint64_t r = table->row[n - 1][i];

            table->row[n][i] = (r >> 8) ^ table->row[0][r & 0xff];
        }
}

#define ROW(n, x) (table->row[n][(x)&0xff])

uint32_t crc32_sum(const struct crc32_table *table, const void *data,
                   size_t len)
{
    const uint8_t *p = data, *end = p + len;
    uint32_t crc = ~0u;

    for (; end - p >= 8; p += 8) {
        uint64_t x = load_le64(p) ^ crc;

        crc = ROW(7, x) ^ ROW(6, x >> 8) ^ ROW(5, x >> 16) ^ ROW(4, x >> 24) ^
              ROW(3, x >> 32) ^ ROW(2, x >> 40) ^ ROW(1, x >> 48) ^
              ROW(0, x >> 56);
    }
    for (; p < end; p++)
        crc = (crc >> 8) ^ ROW(0, crc ^ *p);
    return ~crc;
}

uint64_t crc64_sum(const struct crc64_table *table, const void *data,
                   size_t len)
{
    const uint8_t *p = data, *end = p + len;
    uint64_t crc = ~(uint64_t)0;

    for (; end - p >= 8; p += 8) {
        uint64_t x = load_le64(p) ^ crc;

        crc = ROW(7, x) ^ ROW(6, x >> 8) ^ ROW(5, x >> 16) ^ ROW(4, x >> 24) ^
              ROW(3, x >> 32) ^ ROW(2, x >> 40) ^ ROW(1, x >> 48) ^
              ROW(0, x >> 56);
    }
    for (; p < end; p++)
        crc = (crc >> 8) ^ ROW(0, crc ^ *p);
    return ~crc;
}
