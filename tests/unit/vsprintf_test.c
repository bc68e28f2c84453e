/* SPDX-License-Identifier: MIT */
/* Formatting, against the C library's on the same arguments. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>

#include "xen/string.h"
#include "xen/symbols.h"
#include "xen/vsprintf.h"

#undef snprintf

const char *symbol_lookup(unsigned long addr, unsigned long *offset_out,
                          unsigned long *size_out)
{
    if (addr < 0x1000 || addr >= 0x1040)
        return NULL;
    *offset_out = addr - 0x1000;
    *size_out = 0x40;
    return "function";
}

/* Same text and length as from the C library. */
#define assert_same(...)                                                       \
    do {                                                                       \
        char ours[128], theirs[128];                                           \
        int len = xen_snprintf(ours, sizeof(ours), __VA_ARGS__);               \
                                                                               \
        assert_int_equal(len, snprintf(theirs, sizeof(theirs), __VA_ARGS__));  \
        assert_string_equal(ours, theirs);                                     \
    } while (0)

static void decimal_numbers_print_as_in_the_c_library(void **state)
{
    (void)state;
    assert_same("%d %i %u", -5, 0, 4000000000u);
    assert_same("%d %ld", INT_MIN, LONG_MIN);
    assert_same("%lu %llu", UINT64_MAX, (unsigned long long)UINT64_MAX);
    assert_same("[%5d|%-5d|%05d|%+d|% d|%+5d]", 42, 42, -42, 42, 42, 7);
    assert_same("[%.3d|%6.3d|%-6.3d|%.0d]", 7, -7, 7, 0);
    assert_same("%zu %hhu %hd", (size_t)12345678901, (unsigned char)250,
                (short)-3);
    assert_same("[%*d|%-*d|%*d]", 6, 1, 6, 2, -6, 3);
}

static void hexadecimal_numbers_print_as_in_the_c_library(void **state)
{
    (void)state;
    assert_same("%x %X %lx %llx", 0xbeefu, 0xbeefu, 0xfffff80000000000ul,
                0xabcull);
    assert_same("[%02x|%08x|%-8x|%#x|%#010lx|%#x]", 5u, 0xabu, 0xabu, 0xabu,
                0xabul, 0u);
    assert_same("%o %016lx", 0777u, 0x1234ul);
}

static void strings_obey_width_and_precision(void **state)
{
    const char unterminated[3] = {'a', 'b', 'c'};

    (void)state;
    assert_same("[%s|%6s|%-6s|%.2s|%6.1s|%.*s]", "abc", "abc", "abc", "abc",
                "abc", 2, "abc");
    assert_same("%.3s", unterminated);
    assert_same("[%c|%3c|%-3c]", 'x', 'y', 'z');
    assert_same("100%%");
}

static void null_string_is_named(void **state)
{
    const char *volatile none = NULL;
    char buf[16];

    (void)state;
    xen_snprintf(buf, sizeof(buf), "%s", none);
    assert_string_equal(buf, "(null)");
}

static void pointer_has_16_digits(void **state)
{
    char buf[40];

    (void)state;
    xen_snprintf(buf, sizeof(buf), "%p", (void *)0xffff82d040001234);
    assert_string_equal(buf, "ffff82d040001234");
    xen_snprintf(buf, sizeof(buf), "%p", (void *)0x12);
    assert_string_equal(buf, "0000000000000012");
}

static void code_address_prints_as_symbol(void **state)
{
    char buf[40];

    (void)state;
    xen_snprintf(buf, sizeof(buf), "<%ps>", (void *)0x1010);
    assert_string_equal(buf, "<function+0x10/0x40>");
    xen_snprintf(buf, sizeof(buf), "<%ps>", (void *)0x2010);
    assert_string_equal(buf, "<0x2010>");
}

static void long_text_is_cut_and_its_length_told(void **state)
{
    char buf[8] = "xxxxxxx";

    (void)state;
    assert_int_equal(xen_snprintf(buf, 4, "%s", "abcdef"), 6);
    assert_memory_equal(buf, "abc\0xxx", 8);
    assert_int_equal(xen_snprintf(NULL, 0, "%d", 12345), 5);
    assert_int_equal(scnprintf(buf, 4, "%s", "abcdef"), 3);
    assert_int_equal(scnprintf(buf, sizeof(buf), "%s", "ab"), 2);
    assert_int_equal(scnprintf(NULL, 0, "%s", "ab"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_numbers_print_as_in_the_c_library),
        cmocka_unit_test(hexadecimal_numbers_print_as_in_the_c_library),
        cmocka_unit_test(strings_obey_width_and_precision),
        cmocka_unit_test(null_string_is_named),
        cmocka_unit_test(pointer_has_16_digits),
        cmocka_unit_test(code_address_prints_as_symbol),
        cmocka_unit_test(long_text_is_cut_and_its_length_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
