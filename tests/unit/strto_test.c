/* SPDX-License-Identifier: MIT */
/* Numbers in text, and sorting. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "xen/sort.h"
#include "xen/strto.h"

static void assert_uint(const char *text, unsigned int base, u64 expected,
                        char next)
{
    u64 value;

    assert_int_equal(parse_uint(&text, base, &value), 0);
    assert_int_equal(value, expected);
    assert_int_equal(*text, next);
}

static void assert_no_uint(const char *text, unsigned int base, int rc)
{
    const char *start = text;
    u64 value = 77;

    assert_int_equal(parse_uint(&text, base, &value), rc);
    assert_ptr_equal(text, start);
    assert_int_equal(value, 77);
}

static void assert_size(const char *text, u64 expected, char next)
{
    u64 bytes;

    assert_int_equal(parse_size(&text, &bytes), 0);
    assert_int_equal(bytes, expected);
    assert_int_equal(*text, next);
}

static void number_ends_at_the_first_other_character(void **state)
{
    (void)state;
    assert_uint("123,", 10, 123, ',');
    assert_uint("ff", 16, 255, '\0');
    assert_uint("1012", 2, 5, '2');
    assert_uint("18446744073709551615", 10, ~0ull, '\0');
}

static void prefix_tells_the_base(void **state)
{
    (void)state;
    assert_uint("0x1fG", 0, 31, 'G');
    assert_uint("0XFF", 0, 255, '\0');
    assert_uint("010", 0, 8, '\0');
    assert_uint("0", 0, 0, '\0');
    assert_uint("0xg", 0, 0, 'x');
    assert_uint("90", 0, 90, '\0');
}

static void text_without_digits_is_einval(void **state)
{
    (void)state;
    assert_no_uint("", 10, -EINVAL);
    assert_no_uint("-1", 10, -EINVAL);
    assert_no_uint(" 1", 0, -EINVAL);
    assert_no_uint("g", 16, -EINVAL);
}

static void number_past_64_bits_is_erange(void **state)
{
    (void)state;
    assert_no_uint("18446744073709551616", 10, -ERANGE);
    assert_no_uint("0x10000000000000000", 0, -ERANGE);
}

static void size_suffix_multiplies(void **state)
{
    (void)state;
    assert_size("512M,", 512ull << 20, ',');
    assert_size("1g", 1ull << 30, '\0');
    assert_size("4T", 4ull << 40, '\0');
    assert_size("0x10k", 16ull << 10, '\0');
    assert_size("100B", 100, '\0');
    assert_size("8", 8192, '\0');
}

static void size_past_64_bits_is_erange(void **state)
{
    const char *text = "16777216T";
    u64 bytes;

    (void)state;
    assert_int_equal(parse_size(&text, &bytes), -ERANGE);
    text = "16777215T";
    assert_int_equal(parse_size(&text, &bytes), 0);
    text = "M";
    assert_int_equal(parse_size(&text, &bytes), -EINVAL);
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void sort_puts_any_number_of_elements_in_order(void **state)
{
    int values[50];

    (void)state;
    for (size_t nr = 0; nr < 50; nr++) {
        long sum = 0;

        for (size_t i = 0; i < nr; i++)
            sum += values[i] = rand() % 30;
        sort(values, nr, sizeof(int), compare_ints);
        for (size_t i = 0; i < nr; i++) {
            sum -= values[i];
            assert_true(i == 0 || values[i - 1] <= values[i]);
        }
        assert_int_equal(sum, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_ends_at_the_first_other_character),
        cmocka_unit_test(prefix_tells_the_base),
        cmocka_unit_test(text_without_digits_is_einval),
        cmocka_unit_test(number_past_64_bits_is_erange),
        cmocka_unit_test(size_suffix_multiplies),
        cmocka_unit_test(size_past_64_bits_is_erange),
        cmocka_unit_test(sort_puts_any_number_of_elements_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
