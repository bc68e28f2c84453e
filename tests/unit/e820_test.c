/* SPDX-License-Identifier: MIT */
/* Memory maps: order, overlaps, limits. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "asm/e820.h"

struct boot_info boot_info;

static void normalize(const struct e820_entry *raw, unsigned int nr)
{
    e820_normalize(raw, nr, &e820);
}

static void assert_entry(unsigned int i, u64 start, u64 end, u32 type)
{
    assert_true(i < e820.nr);
    assert_int_equal(e820.entry[i].addr, start);
    assert_int_equal(e820.entry[i].size, end - start);
    assert_int_equal(e820.entry[i].type, type);
}

static void ranges_are_sorted(void **state)
{
    const struct e820_entry raw[] = {
        {0x300000, 0x100000, E820_RAM},
        {0, 0x9f000, E820_RAM},
        {0x100000, 0x100000, E820_RESERVED},
    };

    (void)state;
    normalize(raw, 3);
    assert_int_equal(e820.nr, 3);
    assert_entry(0, 0, 0x9f000, E820_RAM);
    assert_entry(1, 0x100000, 0x200000, E820_RESERVED);
    assert_entry(2, 0x300000, 0x400000, E820_RAM);
}

static void reserved_range_cuts_ram_in_two(void **state)
{
    const struct e820_entry raw[] = {
        {0, 0x10000, E820_RAM},
        {0x4000, 0x1000, E820_RESERVED},
    };

    (void)state;
    normalize(raw, 2);
    assert_int_equal(e820.nr, 3);
    assert_entry(0, 0, 0x4000, E820_RAM);
    assert_entry(1, 0x4000, 0x5000, E820_RESERVED);
    assert_entry(2, 0x5000, 0x10000, E820_RAM);
}

static void neighbours_of_one_type_are_joined(void **state)
{
    const struct e820_entry raw[] = {
        {0x2000, 0x2000, E820_RAM},
        {0, 0x2000, E820_RAM},
        {0x3000, 0x3000, E820_RAM},
    };

    (void)state;
    normalize(raw, 3);
    assert_int_equal(e820.nr, 1);
    assert_entry(0, 0, 0x6000, E820_RAM);
}

static void empty_ranges_vanish(void **state)
{
    const struct e820_entry raw[] = {
        {0x2000, 0, E820_RESERVED},
        {0, 0x4000, E820_RAM},
    };

    (void)state;
    normalize(raw, 2);
    assert_int_equal(e820.nr, 1);
    assert_entry(0, 0, 0x4000, E820_RAM);
}

static void all_of_a_type_needs_every_byte(void **state)
{
    const struct e820_entry raw[] = {
        {0x1000, 0x3000, E820_RAM},
        {0x4000, 0x1000, E820_NVS},
        {0x5000, 0x1000, E820_RAM},
    };

    (void)state;
    normalize(raw, 3);
    assert_true(e820_all(0x1000, 0x4000, E820_RAM));
    assert_true(e820_all(0x2000, 0x3000, E820_RAM));
    assert_false(e820_all(0, 0x2000, E820_RAM));
    assert_false(e820_all(0x3000, 0x4001, E820_RAM));
    assert_false(e820_all(0x3000, 0x6000, E820_RAM));
    assert_true(e820_all(0x4000, 0x5000, E820_NVS));
    assert_true(e820_all(0x2000, 0x2000, E820_RAM));
}

static void the_loaders_map_is_taken_over(void **state)
{
    (void)state;
    boot_info.nr_e820 = 2;
    boot_info.e820[0] = (struct e820_entry){0x100000, 0x7f00000, E820_RAM};
    boot_info.e820[1] = (struct e820_entry){0, 0x9fc00, E820_RAM};
    e820_init();
    assert_int_equal(e820.nr, 2);
    assert_entry(0, 0, 0x9fc00, E820_RAM);
    assert_entry(1, 0x100000, 0x8000000, E820_RAM);
}

static void ram_beyond_the_direct_map_is_left_out(void **state)
{
    (void)state;
    boot_info.nr_e820 = 2;
    boot_info.e820[0] = (struct e820_entry){0, 0x1000, E820_RAM};
    boot_info.e820[1] = (struct e820_entry){5UL << 40, 0x100000, E820_RAM};
    e820_init();
    assert_int_equal(e820.nr, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_sorted),
        cmocka_unit_test(reserved_range_cuts_ram_in_two),
        cmocka_unit_test(neighbours_of_one_type_are_joined),
        cmocka_unit_test(empty_ranges_vanish),
        cmocka_unit_test(all_of_a_type_needs_every_byte),
        cmocka_unit_test(the_loaders_map_is_taken_over),
        cmocka_unit_test(ram_beyond_the_direct_map_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
