/* SPDX-License-Identifier: MIT */
/* Bitmaps of sizes that do not fill their last word. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "xen/bitmap.h"

#define BITS 150

static void fill_leaves_bits_past_the_end_clear(void **state)
{
    DECLARE_BITMAP(map, BITS);

    (void)state;
    bitmap_fill(map, BITS);
    assert_int_equal(bitmap_weight(map, BITS), BITS);
    assert_int_equal(map[2], (1ul << (BITS - 128)) - 1);
    bitmap_zero(map, BITS);
    assert_true(bitmap_empty(map, BITS));
}

static void bits_past_the_end_are_not_looked_at(void **state)
{
    unsigned long map[3] = {0, 0, ~0ul << (BITS - 128)};
    unsigned long zero[3] = {0};

    (void)state;
    assert_true(bitmap_empty(map, BITS));
    assert_true(bitmap_equal(map, zero, BITS));
    assert_true(bitmap_subset(map, zero, BITS));
    assert_false(bitmap_intersects(map, map, BITS));
    assert_int_equal(bitmap_weight(map, BITS), 0);
    assert_int_equal(bitmap_find_first(map, BITS), BITS);
}

static void search_finds_each_bit_from_anywhere_below(void **state)
{
    (void)state;
    for (unsigned int bit = 0; bit < BITS; bit++) {
        DECLARE_BITMAP(map, BITS);

        bitmap_zero(map, BITS);
        __set_bit(bit, map);
        for (unsigned int from = 0; from <= BITS; from++)
            assert_int_equal(bitmap_find_next(map, BITS, from),
                             from <= bit ? bit : BITS);
        bitmap_fill(map, BITS);
        __clear_bit(bit, map);
        assert_int_equal(bitmap_find_next_zero(map, BITS, 0), bit);
        assert_int_equal(bitmap_find_next_zero(map, BITS, bit + 1), BITS);
    }
}

static void for_each_visits_set_bits_in_order(void **state)
{
    static const unsigned int expected[] = {0, 63, 64, 127, 149};
    DECLARE_BITMAP(map, BITS);
    unsigned int bit, n = 0;

    (void)state;
    bitmap_zero(map, BITS);
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        __set_bit(expected[i], map);
    bitmap_for_each(bit, map, BITS)
        assert_int_equal(bit, expected[n++]);
    assert_int_equal(n, ARRAY_SIZE(expected));
}

static void set_operations_combine_whole_maps(void **state)
{
    DECLARE_BITMAP(a, BITS);
    DECLARE_BITMAP(b, BITS);
    DECLARE_BITMAP(result, BITS);

    (void)state;
    bitmap_zero(a, BITS);
    bitmap_zero(b, BITS);
    bitmap_set_range(a, 60, 10);
    bitmap_set_range(b, 65, 80);
    bitmap_and(result, a, b, BITS);
    assert_int_equal(bitmap_weight(result, BITS), 5);
    assert_true(bitmap_subset(result, a, BITS));
    assert_false(bitmap_subset(a, b, BITS));
    assert_true(bitmap_intersects(a, b, BITS));
    bitmap_or(result, a, b, BITS);
    assert_int_equal(bitmap_weight(result, BITS), 85);
    bitmap_andnot(result, a, b, BITS);
    assert_int_equal(bitmap_find_first(result, BITS), 60);
    assert_int_equal(bitmap_weight(result, BITS), 5);
    bitmap_copy(result, b, BITS);
    assert_true(bitmap_equal(result, b, BITS));
    bitmap_clear_range(result, 65, 80);
    assert_true(bitmap_empty(result, BITS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fill_leaves_bits_past_the_end_clear),
        cmocka_unit_test(bits_past_the_end_are_not_looked_at),
        cmocka_unit_test(search_finds_each_bit_from_anywhere_below),
        cmocka_unit_test(for_each_visits_set_bits_in_order),
        cmocka_unit_test(set_operations_combine_whole_maps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
