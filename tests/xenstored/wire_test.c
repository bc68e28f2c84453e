/* SPDX-License-Identifier: MIT */
/* Fields, numbers, paths. */
#include "setup.h"

#include <errno.h>

#include "wire.h"

static void fields_are_split_at_nuls(void **state)
{
    const char *field[2];

    (void)state;
    assert_int_equal(wire_fields("a\0bc\0", 5, field, 2), 2);
    assert_string_equal(field[0], "a");
    assert_string_equal(field[1], "bc");
    assert_int_equal(wire_fields("a\0b\0c\0", 6, field, 2), 3);
    assert_int_equal(wire_fields("\0", 1, field, 2), 1);
    assert_string_equal(field[0], "");
}

static void fields_need_a_nul_at_the_end(void **state)
{
    const char *field[2];

    (void)state;
    assert_int_equal(wire_fields("", 0, field, 2), -EINVAL);
    assert_int_equal(wire_fields("a", 1, field, 2), -EINVAL);
    assert_int_equal(wire_fields("a\0b", 3, field, 2), -EINVAL);
}

static void numbers_are_decimal_and_limited(void **state)
{
    static const char *const wrong[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "65536", "99999999999999999999999",
    };
    uint64_t n;

    (void)state;
    assert_int_equal(wire_number("0", 65535, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(wire_number("0065535", 65535, &n), 0);
    assert_int_equal(n, 65535);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(wire_number(wrong[i], 65535, &n), -EINVAL);
    assert_int_equal(n, 65535);
}

static void paths_are_made_absolute(void **state)
{
    char path[PATH_ROOM];

    (void)state;
    assert_int_equal(wire_path(7, "a/b", path), 0);
    assert_string_equal(path, "/local/domain/7/a/b");
    assert_int_equal(wire_path(7, "/a-b_c@d/0", path), 0);
    assert_string_equal(path, "/a-b_c@d/0");
    assert_int_equal(wire_path(0, "/", path), 0);
    assert_string_equal(path, "/");
}

static void wrong_paths_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",     "//", "//a",  "/a/",  "/a//b", "a/",
        "a//b", "@x", "/a b", "/a.b", "\xff",  ".",
    };
    char path[PATH_ROOM], text[XENSTORE_ABS_PATH_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(wire_path(1, wrong[i], path), -EINVAL);

    memset(text, 'a', sizeof(text));
    text[XENSTORE_REL_PATH_MAX] = '\0';
    assert_int_equal(wire_path(65535, text, path), 0);
    text[XENSTORE_REL_PATH_MAX] = 'a';
    text[XENSTORE_REL_PATH_MAX + 1] = '\0';
    assert_int_equal(wire_path(1, text, path), -EINVAL);

    text[0] = '/';
    text[XENSTORE_REL_PATH_MAX + 1] = 'a';
    text[XENSTORE_ABS_PATH_MAX] = '\0';
    assert_int_equal(wire_path(1, text, path), 0);
    text[XENSTORE_ABS_PATH_MAX] = 'a';
    text[XENSTORE_ABS_PATH_MAX + 1] = '\0';
    assert_int_equal(wire_path(1, text, path), -EINVAL);
}

static void special_names_start_with_at(void **state)
{
    (void)state;
    assert_true(wire_is_special("@introduceDomain"));
    assert_true(wire_is_special("@releaseDomain/7"));
    assert_false(wire_is_special("/@a"));
    assert_false(wire_is_special("@a//b"));
    assert_false(wire_is_special("@a b"));
}

static void depth_and_parent_and_below(void **state)
{
    (void)state;
    assert_int_equal(wire_depth("/"), 0);
    assert_int_equal(wire_depth("/a/b"), 2);
    assert_int_equal(wire_parent_len("/a/bc", 5), 2);
    assert_int_equal(wire_parent_len("/a", 2), 1);
    assert_true(wire_is_below("/a/b", "/a"));
    assert_true(wire_is_below("/a", "/a"));
    assert_true(wire_is_below("/a", "/"));
    assert_false(wire_is_below("/ab", "/a"));
}

static void errors_have_names(void **state)
{
    (void)state;
    assert_string_equal(wire_error_name(-EAGAIN), "EAGAIN");
    assert_string_equal(wire_error_name(-E2BIG), "E2BIG");
    assert_string_equal(wire_error_name(-EBADF), "EINVAL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_split_at_nuls),
        cmocka_unit_test(fields_need_a_nul_at_the_end),
        cmocka_unit_test(numbers_are_decimal_and_limited),
        cmocka_unit_test(paths_are_made_absolute),
        cmocka_unit_test(wrong_paths_are_refused),
        cmocka_unit_test(special_names_start_with_at),
        cmocka_unit_test(depth_and_parent_and_below),
        cmocka_unit_test(errors_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
