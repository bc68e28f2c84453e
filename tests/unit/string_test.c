/* SPDX-License-Identifier: MIT */
/* String functions, against the C library's on the same input. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "xen/string.h"

#include "../../xen/lib/string_host.h"

#define SIZE 64

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void fill_random(unsigned char *buf, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf[i] = (unsigned char)rand();
}

static void memcpy_copies_every_length_and_no_more(void **state)
{
    unsigned char src[SIZE], dst[SIZE], expected[SIZE];

    (void)state;
    for (size_t n = 0; n < SIZE - 8; n++) {
        fill_random(src, SIZE);
        fill_random(dst, SIZE);
        memcpy(expected, dst, SIZE);
        memcpy(expected + 3, src + n % 5, n);
        assert_ptr_equal(xen_memcpy(dst + 3, src + n % 5, n), dst + 3);
        assert_memory_equal(dst, expected, SIZE);
    }
}

static void memmove_copies_overlapping_areas_both_ways(void **state)
{
    unsigned char buf[SIZE], expected[SIZE];

    (void)state;
    for (size_t from = 0; from < 20; from++) {
        for (size_t to = 0; to < 20; to++) {
            fill_random(buf, SIZE);
            memcpy(expected, buf, SIZE);
            memmove(expected + to, expected + from, SIZE - 20);
            xen_memmove(buf + to, buf + from, SIZE - 20);
            assert_memory_equal(buf, expected, SIZE);
        }
    }
    assert_ptr_equal(xen_memmove(buf, buf + 1, 0), buf);
}

static void memset_sets_every_length_and_no_more(void **state)
{
    unsigned char buf[SIZE], expected[SIZE];

    (void)state;
    for (size_t n = 0; n < SIZE - 8; n++) {
        fill_random(buf, SIZE);
        memcpy(expected, buf, SIZE);
        memset(expected + 5, 0xa5, n);
        assert_ptr_equal(xen_memset(buf + 5, 0x1a5, n), buf + 5);
        assert_memory_equal(buf, expected, SIZE);
    }
}

static void memcmp_compares_unsigned_bytes(void **state)
{
    (void)state;
    assert_int_equal(xen_memcmp("abc", "abd", 2), 0);
    assert_true(xen_memcmp("abc", "abd", 3) < 0);
    assert_true(xen_memcmp("\x80", "\x7f", 1) > 0);
    assert_int_equal(xen_memcmp("a", "b", 0), 0);
}

static void strings_compare_as_in_the_c_library(void **state)
{
    static const char *const word[] = {"", "a", "ab", "b", "abc", "\x80z"};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            assert_int_equal(sign(xen_strcmp(word[i], word[j])),
                             sign(strcmp(word[i], word[j])));
            for (size_t n = 0; n < 4; n++)
                assert_int_equal(sign(xen_strncmp(word[i], word[j], n)),
                                 sign(strncmp(word[i], word[j], n)));
        }
    }
}

static void strnlen_stops_at_the_maximum(void **state)
{
    const char unterminated[3] = {'a', 'b', 'c'};

    (void)state;
    assert_int_equal(xen_strlen(""), 0);
    assert_int_equal(xen_strlen("abc"), 3);
    assert_int_equal(xen_strnlen(unterminated, 3), 3);
    assert_int_equal(xen_strnlen("ab", 5), 2);
}

static void searches_find_the_first_or_the_last(void **state)
{
    const char *s = "abcabc";

    (void)state;
    assert_ptr_equal(xen_strchr(s, 'b'), s + 1);
    assert_ptr_equal(xen_strchr(s, '\0'), s + 6);
    assert_null(xen_strchr(s, 'x'));
    assert_ptr_equal(xen_strrchr(s, 'b'), s + 4);
    assert_ptr_equal(xen_strrchr(s, '\0'), s + 6);
    assert_null(xen_strrchr(s, 'x'));
    assert_ptr_equal(xen_strstr(s, "ca"), s + 2);
    assert_ptr_equal(xen_strstr(s, ""), s);
    assert_ptr_equal(xen_strstr("", ""), "");
    assert_null(xen_strstr(s, "abd"));
    assert_null(xen_strstr("ab", "abc"));
}

static void strlcpy_truncates_and_tells_the_full_length(void **state)
{
    char buf[4] = "xyz";

    (void)state;
    assert_int_equal(strlcpy(buf, "abcdef", 0), 6);
    assert_string_equal(buf, "xyz");
    assert_int_equal(strlcpy(buf, "abcdef", sizeof(buf)), 6);
    assert_string_equal(buf, "abc");
    assert_int_equal(strlcpy(buf, "ab", sizeof(buf)), 2);
    assert_string_equal(buf, "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memcpy_copies_every_length_and_no_more),
        cmocka_unit_test(memmove_copies_overlapping_areas_both_ways),
        cmocka_unit_test(memset_sets_every_length_and_no_more),
        cmocka_unit_test(memcmp_compares_unsigned_bytes),
        cmocka_unit_test(strings_compare_as_in_the_c_library),
        cmocka_unit_test(strnlen_stops_at_the_maximum),
        cmocka_unit_test(searches_find_the_first_or_the_last),
        cmocka_unit_test(strlcpy_truncates_and_tells_the_full_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
