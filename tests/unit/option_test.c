/* SPDX-License-Identifier: MIT */
/* The command line: kinds of options, and what is wrong with one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "xen/option.h"
#include "fake/fake.h"

static bool flag;
static unsigned int number;
static u64 size;
static char text[8];
static char custom[32];

static int custom_set(const char *value)
{
    if (strcmp(value, "bad") == 0)
        return -EINVAL;
    strcpy(custom, value);
    return 0;
}

static const struct option table[] = {
    {.name = "flag", .help = "a flag", .kind = OPTION_KIND_BOOL, .var = &flag},
    {.name = "number",
     .help = "a number",
     .kind = OPTION_KIND_UINT,
     .var = &number},
    {.name = "size", .help = "a size", .kind = OPTION_KIND_SIZE, .var = &size},
    {.name = "text",
     .help = "a text",
     .kind = OPTION_KIND_STRING,
     .size = sizeof(text),
     .var = text},
    {.name = "custom",
     .help = "its own",
     .kind = OPTION_KIND_CUSTOM,
     .parse = custom_set},
};

static void parse(const char *cmdline)
{
    fake_log_clear();
    options_parse_table(cmdline, table, table + ARRAY_SIZE(table));
}

static int reset(void **state)
{
    (void)state;
    flag = false;
    number = 7;
    size = 7;
    memset(text, 0, sizeof(text));
    memset(custom, 0, sizeof(custom));
    return 0;
}

static void assert_ignored(const char *cmdline, const char *named)
{
    reset(NULL);
    parse(cmdline);
    assert_non_null(strstr(fake_log(), named));
    assert_non_null(strstr(fake_log(), "ignored"));
    assert_false(flag);
    assert_int_equal(number, 7);
    assert_int_equal(size, 7);
    assert_string_equal(custom, "");
}

static void bool_without_value_is_true(void **state)
{
    (void)state;
    parse("flag");
    assert_true(flag);
    parse("no-flag");
    assert_false(flag);
    assert_string_equal(fake_log(), "");
}

static void bool_knows_five_pairs_of_words(void **state)
{
    static const char *const yes[] = {"yes", "on", "true", "enable", "1"};
    static const char *const no[] = {"no", "off", "false", "disable", "0"};

    (void)state;
    for (unsigned int i = 0; i < ARRAY_SIZE(yes); i++) {
        assert_int_equal(option_bool_value(yes[i]), 1);
        assert_int_equal(option_bool_value(no[i]), 0);
    }
    assert_int_equal(option_bool_value("maybe"), -EINVAL);
}

static void values_are_set_in_any_order(void **state)
{
    (void)state;
    parse("  size=3M number=0x10\ttext=ab custom=x=y flag=off  ");
    assert_int_equal(size, 3 << 20);
    assert_int_equal(number, 16);
    assert_string_equal(text, "ab");
    assert_string_equal(custom, "x=y");
    assert_false(flag);
    assert_string_equal(fake_log(), "");
}

static void the_last_value_counts(void **state)
{
    (void)state;
    parse("number=1 number=2");
    assert_int_equal(number, 2);
}

static void size_without_suffix_is_kib(void **state)
{
    (void)state;
    parse("size=64");
    assert_int_equal(size, 65536);
}

static void string_is_cut_to_its_buffer(void **state)
{
    (void)state;
    parse("text=0123456789");
    assert_string_equal(text, "0123456");
}

static void unknown_option_is_named(void **state)
{
    (void)state;
    assert_ignored("numbers=3", "numbers");
    assert_ignored("Number=3", "Number");
    assert_ignored("no-numbers", "no-numbers");
}

static void malformed_value_is_named(void **state)
{
    (void)state;
    assert_ignored("number=3x", "number");
    assert_ignored("number=", "number");
    assert_ignored("number", "number");
    assert_ignored("number=4294967296", "number");
    assert_ignored("size=3Q", "size");
    assert_ignored("flag=maybe", "flag");
    assert_ignored("no-flag=yes", "flag");
    assert_ignored("no-number", "number");
    assert_ignored("custom=bad", "custom");
}

static void word_that_is_too_long_is_ignored(void **state)
{
    char cmdline[600];

    (void)state;
    memset(cmdline, 'x', sizeof(cmdline) - 1);
    cmdline[sizeof(cmdline) - 1] = '\0';
    assert_ignored(cmdline, "xxx");
}

static void what_follows_a_bad_option_is_read(void **state)
{
    (void)state;
    parse("bogus number=x flag");
    assert_true(flag);
}

static void empty_line_is_fine(void **state)
{
    (void)state;
    parse("");
    parse("   \t ");
    assert_string_equal(fake_log(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bool_without_value_is_true, reset),
        cmocka_unit_test_setup(bool_knows_five_pairs_of_words, reset),
        cmocka_unit_test_setup(values_are_set_in_any_order, reset),
        cmocka_unit_test_setup(the_last_value_counts, reset),
        cmocka_unit_test_setup(size_without_suffix_is_kib, reset),
        cmocka_unit_test_setup(string_is_cut_to_its_buffer, reset),
        cmocka_unit_test_setup(unknown_option_is_named, reset),
        cmocka_unit_test_setup(malformed_value_is_named, reset),
        cmocka_unit_test_setup(word_that_is_too_long_is_ignored, reset),
        cmocka_unit_test_setup(what_follows_a_bad_option_is_read, reset),
        cmocka_unit_test_setup(empty_line_is_fine, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
