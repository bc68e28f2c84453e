/* SPDX-License-Identifier: MIT */
/* Ending what waits, and the line that tells how far long work is. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_dom0.h"
#include "lib/cancel.h"
#include "xl/progress_bar.h"

#include "xl_setup.h"

#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))
#define complains(text)    assert_string_equal(xl_err, text)

static struct cancel *token;

static int cancelled(void **state)
{
    xl_reset(state);
    fake_domain_make(1, "web", 1, 32);
    assert_int_equal(cancel_new(&token, NULL), 0);
    cancel_request(token);
    xl_cancel = token;
    return 0;
}

static int done(void **state)
{
    cancel_free(token);
    token = NULL;
    return xl_free(state);
}

static void a_token_is_used_once_for_all(void **state)
{
    struct error *err = NULL;
    struct cancel *c;

    (void)state;
    assert_false(cancel_requested(NULL));
    assert_int_equal(cancel_check(NULL, &err), 0);
    assert_int_equal(cancel_fd(NULL), -1);
    assert_int_equal(cancel_new(&c, &err), 0);
    assert_int_equal(cancel_check(c, &err), 0);
    cancel_request(c);
    cancel_request(c);
    assert_int_equal(cancel_check(c, &err), -ECANCELED);
    assert_string_equal(error_name(error_code(err)), "CANCELLED");
    error_free(err);
    cancel_free(c);
}

/* Nobody takes the request. */
static void a_cancelled_shutdown_is_withdrawn(void **state)
{
    (void)state;
    fails("shutdown web", ERROR_CANCELLED);
    complains("Shutting down domain 1\nxl: shutdown: web: cancelled\n");
    assert_string_equal(fake_store_get("/local/domain/1/control/shutdown"), "");
}

static void what_does_not_wait_is_not_cancelled(void **state)
{
    (void)state;
    assert_int_equal(xl("list"), 0);
}

static void the_line_tells_how_far_it_is(void **state)
{
    char line[200];

    (void)state;
    progress_bar_line(line, sizeof(line), "web: saving", 64 << 20, 128 << 20,
                      2000, 80);
    assert_string_equal(line, "web: saving [##########..........]  50 %  64 "
                              "MiB of 128 MiB, 2 s left");
    progress_bar_line(line, sizeof(line), "web: saving", 0, 128 << 20, 0, 80);
    assert_string_equal(line, "web: saving [....................]   0 %");
    progress_bar_line(line, sizeof(line), "x", 9, 4, 1000, 80);
    assert_non_null(strstr(line, "[####################] 100 %"));
    progress_bar_line(line, sizeof(line), "x", 40 << 20, 0, 2000, 80);
    assert_string_equal(line, "x: 40 MiB, 20 MiB/s");
}

static void the_line_fits_the_terminal(void **state)
{
    char line[200];

    (void)state;
    progress_bar_line(line, sizeof(line), "web: saving", 1, 2, 1000, 20);
    assert_int_equal(strlen(line), 19);
    progress_bar_line(line, sizeof(line), "web: saving", 1, 2, 1000, 0);
    assert_int_equal(strlen(line), 0);
}

static void nothing_is_shown_without_a_terminal(void **state)
{
    struct progress_bar bar;
    struct progress p;
    size_t size;
    char *text;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    progress_bar_begin(&bar, out, "x");
    bar.next_ms = 0;
    p = progress_bar_as(&bar);
    progress_tell(&p, 1, 2);
    progress_tell(NULL, 1, 2);
    progress_bar_end(&bar);
    fclose(out);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_used_once_for_all),
        cmocka_unit_test_setup_teardown(a_cancelled_shutdown_is_withdrawn,
                                        cancelled, done),
        cmocka_unit_test_setup_teardown(what_does_not_wait_is_not_cancelled,
                                        cancelled, done),
        cmocka_unit_test(the_line_tells_how_far_it_is),
        cmocka_unit_test(the_line_fits_the_terminal),
        cmocka_unit_test(nothing_is_shown_without_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
