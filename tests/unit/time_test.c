/* SPDX-License-Identifier: MIT */
/* Scales between ticks and nanoseconds, and dates. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <time.h>

#include "asm/time.h"

#define NSEC_PER_SEC 1000000000UL

static const u64 rates[] = {
    1193182,    3579545,    14318180,   100000000,  999999999,   1000000000,
    1000000001, 2147483648, 2596133000, 4294967296, 10000000000,
};

/* a and b differ by no more than one part in `precision`. */
static bool close_to(u64 a, u64 b, u64 precision)
{
    u64 off = a > b ? a - b : b - a;

    return off <= a / precision + 1;
}

static void scale_is_exact_to_one_in_two_billion(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        struct time_scale scale = time_scale_from_hz(rates[i]);

        assert_true(scale.mul >> 31);
        assert_true(close_to(time_scale_apply(rates[i], scale), NSEC_PER_SEC,
                             2000000000));
        assert_true(close_to(time_scale_apply(rates[i] * 3600, scale),
                             NSEC_PER_SEC * 3600, 2000000000));
    }
}

static void reciprocal_turns_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
        struct time_scale scale = time_scale_from_hz(rates[i]);
        struct time_scale back = time_scale_reciprocal(scale);
        u64 ticks = rates[i] * 100;

        assert_true(back.mul >> 31);
        assert_true(
            close_to(time_scale_apply(time_scale_apply(ticks, scale), back),
                     ticks, 1000000000));
    }
}

static void time_never_goes_back_between_ticks(void **state)
{
    struct time_scale scale = time_scale_from_hz(2596133000);
    u64 last = 0;

    (void)state;
    for (u64 tick = 1UL << 40; tick < (1UL << 40) + 100000; tick++) {
        u64 now = time_scale_apply(tick, scale);

        assert_true(now >= last);
        last = now;
    }
}

static void ten_years_of_ticks_do_not_overflow(void **state)
{
    struct time_scale scale = time_scale_from_hz(4000000000UL);
    u64 seconds = 10UL * 365 * 86400;

    (void)state;
    assert_true(close_to(time_scale_apply(seconds * 4000000000UL, scale),
                         seconds * NSEC_PER_SEC, 2000000000));
}

static void measured_scale_fits_the_interval(void **state)
{
    struct time_scale scale = time_scale_measured(1000123456, 2596000000);

    (void)state;
    assert_true(
        close_to(time_scale_apply(2596000000, scale), 1000123456, 1000000000));
}

static void muldiv_keeps_the_whole_product(void **state)
{
    (void)state;
    assert_int_equal(muldiv64(1UL << 40, 1UL << 40, 1UL << 30), 1UL << 50);
    assert_int_equal(muldiv64(10, 10, 7), 14);
    assert_int_equal(muldiv64(1UL << 40, 1UL << 40, 1), ~0UL);
}

static void dates_are_those_of_the_c_library(void **state)
{
    (void)state;
    for (time_t t = 0; t < 5000000000; t += 86400 * 3 + 12345) {
        struct tm tm;

        gmtime_r(&t, &tm);
        assert_int_equal(date_to_seconds(tm.tm_year + 1900, tm.tm_mon + 1,
                                         tm.tm_mday, tm.tm_hour, tm.tm_min,
                                         tm.tm_sec),
                         t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scale_is_exact_to_one_in_two_billion),
        cmocka_unit_test(reciprocal_turns_back),
        cmocka_unit_test(time_never_goes_back_between_ticks),
        cmocka_unit_test(ten_years_of_ticks_do_not_overflow),
        cmocka_unit_test(measured_scale_fits_the_interval),
        cmocka_unit_test(muldiv_keeps_the_whole_product),
        cmocka_unit_test(dates_are_those_of_the_c_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
