/* SPDX-License-Identifier: MIT */
/* Symbol lookup over a table of three functions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <xen/symbols.h>

/* What the table generator supplies. */
extern const uint32_t symbols_count;
extern const uint32_t symbols_offset[];
extern const uint32_t symbols_name_offset[];
extern const char symbols_names[];

const uint32_t symbols_count = 3;
const uint32_t symbols_offset[] = {0x10, 0x20, 0x80};
const uint32_t symbols_name_offset[] = {0, 3, 7};
const char symbols_names[] = "up\0two\0three";

/* The image is the test program itself, from the C library's first byte on. */
extern const char _start[];
extern const char _end[];

static const char *lookup(unsigned long from_start, unsigned long *offset,
                          unsigned long *size)
{
    return symbol_lookup((unsigned long)_start + from_start, offset, size);
}

static void address_inside_a_function_gives_its_name(void **state)
{
    unsigned long offset, size;

    (void)state;
    assert_string_equal(lookup(0x2f, &offset, &size), "two");
    assert_int_equal(offset, 0xf);
    assert_int_equal(size, 0x60);
}

static void first_byte_belongs_to_the_function(void **state)
{
    unsigned long offset, size;

    (void)state;
    assert_string_equal(lookup(0x80, &offset, &size), "three");
    assert_int_equal(offset, 0);
}

static void address_before_all_functions_has_no_name(void **state)
{
    unsigned long offset = 1, size = 2;

    (void)state;
    assert_null(lookup(0xf, &offset, &size));
    assert_int_equal(offset, 1);
    assert_int_equal(size, 2);
}

static void address_outside_of_the_image_has_no_name(void **state)
{
    unsigned long offset, size;

    (void)state;
    assert_null(symbol_lookup((unsigned long)_start - 1, &offset, &size));
    assert_null(symbol_lookup((unsigned long)_end, &offset, &size));
    assert_null(symbol_lookup(0, &offset, &size));
    assert_null(symbol_lookup(~0UL, &offset, &size));
}

static void functions_are_numbered_by_address(void **state)
{
    unsigned long addr;

    (void)state;
    assert_string_equal(symbol_by_number(0, &addr), "up");
    assert_string_equal(symbol_by_number(2, &addr), "three");
    assert_int_equal(addr, (unsigned long)_start + 0x80);
    assert_null(symbol_by_number(3, &addr));
    assert_null(symbol_by_number(~0u, &addr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_inside_a_function_gives_its_name),
        cmocka_unit_test(functions_are_numbered_by_address),
        cmocka_unit_test(first_byte_belongs_to_the_function),
        cmocka_unit_test(address_before_all_functions_has_no_name),
        cmocka_unit_test(address_outside_of_the_image_has_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
