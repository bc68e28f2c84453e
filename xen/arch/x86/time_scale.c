/* SPDX-License-Identifier: MIT */
/* Arithmetic of time: rates as multiplier and shift, dates as seconds. */
#include "asm/time.h"

#include "xen/bug.h"

#define NSEC_PER_SEC 1000000000UL

/* (hi:lo) / divisor; hi < divisor, so that the result has 64 bits. */
static u64 div128(u64 hi, u64 lo, u64 divisor)
{
    u64 quotient, rest;

    __asm__("divq %4"
            : "=a"(quotient), "=d"(rest)
            : "0"(lo), "1"(hi), "rm"(divisor)
            : "cc");
    return quotient;
}

u64 muldiv64(u64 a, u64 b, u64 divisor)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    u64 hi = product >> 64;

    return hi >= divisor ? ~0UL : div128(hi, product, divisor);
}

struct time_scale time_scale_from_hz(u64 hz)
{
    struct time_scale scale = {.shift = 0};
    u64 num = NSEC_PER_SEC, den = hz;

    ASSERT(hz > 0 && hz < 1UL << 60);
    /* Bring num / den into [1/2, 1): its first 32 bits are all significant. */
    while (num >= den) {
        den <<= 1;
        scale.shift++;
    }
    while (num < DIV_ROUND_UP(den, 2)) {
        num <<= 1;
        scale.shift--;
    }
    scale.mul = div128(num >> 32, num << 32, den);
    return scale;
}

struct time_scale time_scale_reciprocal(struct time_scale scale)
{
    struct time_scale reciprocal = {.shift = 1 - scale.shift};
    u64 mul = (1UL << 63) / scale.mul;

    if (mul >> 32) { /* scale.mul was a power of two */
        mul >>= 1;
        reciprocal.shift++;
    }
    reciprocal.mul = mul;
    return reciprocal;
}

struct time_scale time_scale_measured(u64 ns, u64 ticks)
{
    return time_scale_from_hz(muldiv64(ticks, NSEC_PER_SEC, ns));
}

static bool leap_year(unsigned int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to the first day of `year`. */
static u64 days_before_year(unsigned int year)
{
    unsigned int y = year - 1;

    return (year - 1970) * 365UL + (y / 4 - 1969 / 4) - (y / 100 - 1969 / 100) +
           (y / 400 - 1969 / 400);
}

u64 date_to_seconds(unsigned int year, unsigned int month, unsigned int day,
                    unsigned int hour, unsigned int minute, unsigned int second)
{
    static const u16 days_before_month[] = {0,   31,  59,  90,  120, 151,
                                            181, 212, 243, 273, 304, 334};
    u64 days =
        days_before_year(year) + days_before_month[(month - 1) % 12] + day - 1;

    if (month > 2 && leap_year(year))
        days++;
    return ((days * 24 + hour) * 60 + minute) * 60 + second;
}
