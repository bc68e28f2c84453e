/* SPDX-License-Identifier: MIT */
/* Errors of the tools: chains, codes, hints. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/error.h"

static void a_chain_reads_from_the_outside_in(void **state)
{
    struct error *err = NULL;
    char *text;

    (void)state;
    assert_int_equal(
        error_set(&err, ERROR_STORE, -EIO, "%s: no such device", "/dev/x"),
        -EIO);
    assert_int_equal(error_wrap(&err, "disk[%d]", 0), -EIO);
    assert_int_equal(error_wrap(&err, "web"), -EIO);
    text = error_text(err);
    assert_string_equal(text, "web: disk[0]: /dev/x: no such device");
    assert_int_equal(error_code(err), ERROR_STORE);
    free(text);
    error_clear(&err);
    assert_null(err);
}

static void the_first_hint_stays(void **state)
{
    struct error *err = NULL;

    (void)state;
    error_set(&err, ERROR_USAGE, -EINVAL, "wrong");
    assert_null(error_first_hint(err));
    error_hint(&err, "do %d", 1);
    error_wrap(&err, "outer");
    error_hint(&err, "do 2");
    assert_string_equal(error_first_hint(err), "do 1");
    error_free(err);
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_USAGE, -EINVAL, "x"), -EINVAL);
    assert_true(error_wrap(NULL, "x") < 0);
    assert_true(error_hint(NULL, "x") < 0);
    error_clear(NULL);
    error_free(NULL);
}

static void codes_have_names_and_statuses_of_their_own(void **state)
{
    int seen[128] = {0}, code;

    (void)state;
    for (code = 0; strcmp(error_name((enum error_code)code), "UNKNOWN");
         code++) {
        int status = error_exit_status((enum error_code)code);

        assert_in_range(status, 1, 125);
        assert_int_equal(seen[status]++, 0);
    }
    assert_int_equal(error_exit_status(ERROR_USAGE), 2);
    assert_int_equal(error_exit_status(ERROR_NO_DOMAIN), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_reads_from_the_outside_in),
        cmocka_unit_test(the_first_hint_stays),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(codes_have_names_and_statuses_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
