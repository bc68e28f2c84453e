/* SPDX-License-Identifier: MIT */
/* What each call of libxenstore sends, and what it makes of the answer. */
#include "fake_daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A payload from a literal: all of it but the literal's own NUL. */
#define BYTES(s) (s), sizeof(s) - 1

struct step {
    uint32_t type;
    const char *payload;
    size_t len;
    const char *reply; /* NULL: error tells */
    size_t reply_len;
    const char *error;
};

/* Answers the steps, up to one without payload. */
static void run_steps(struct fake_daemon *d)
{
    struct fake_request req;

    for (const struct step *step = d->arg; step->payload; step++) {
        fake_expect(d, &req, step->type, step->payload, step->len);
        if (step->reply)
            fake_reply(d, &req, step->reply, step->reply_len);
        else
            fake_error(d, &req, step->error);
    }
}

static const struct step ok_steps[] = {
    {XS_WRITE, BYTES("/a\0b\0c"), BYTES("OK\0"), NULL},
    {XS_WRITE, BYTES("/a\0"), BYTES("OK\0"), NULL},
    {XS_MKDIR, BYTES("/a\0"), BYTES("OK\0"), NULL},
    {XS_MKDIR, BYTES("/a\0"), NULL, 0, "EEXIST"},
    {XS_RM, BYTES("/a\0"), BYTES("OK\0"), NULL},
    {XS_WATCH, BYTES("/a\0token\0"), BYTES("OK\0"), NULL},
    {XS_UNWATCH, BYTES("/a\0token\0"), BYTES("OK\0"), NULL},
    {XS_TRANSACTION_END, BYTES("T\0"), BYTES("OK\0"), NULL},
    {XS_TRANSACTION_END, BYTES("F\0"), BYTES("OK\0"), NULL},
    {XS_INTRODUCE, BYTES("7\0001234567890123\0009\0"), BYTES("OK\0"), NULL},
    {XS_SET_TARGET, BYTES("7\0008\0"), BYTES("OK\0"), NULL},
    {XS_RESUME, BYTES("7\0"), BYTES("OK\0"), NULL},
    {XS_RELEASE, BYTES("7\0"), BYTES("OK\0"), NULL},
    {XS_IS_DOMAIN_INTRODUCED, BYTES("7\0"), BYTES("T\0"), NULL},
    {XS_IS_DOMAIN_INTRODUCED, BYTES("8\0"), BYTES("F\0"), NULL},
    {XS_SET_PERMS, BYTES("/a\0n1\0r2\0w3\0b4\0"), BYTES("OK\0"), NULL},
    {0},
};

static void requests_have_the_protocols_bytes(void **state)
{
    struct xs_permissions perms[] = {
        {1, XS_PERM_NONE},
        {2, XS_PERM_READ},
        {3, XS_PERM_WRITE},
        {9, XS_PERM_IGNORE | XS_PERM_READ},
        {4, XS_PERM_READ | XS_PERM_WRITE},
    };
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, run_steps, (void *)ok_steps, 0);

    (void)state;
    assert_true(xs_write(h, XBT_NULL, "/a", "b\0c", 3));
    assert_true(xs_write(h, XBT_NULL, "/a", NULL, 0));
    assert_true(xs_mkdir(h, XBT_NULL, "/a"));
    assert_true(xs_mkdir(h, XBT_NULL, "/a"));
    assert_true(xs_rm(h, XBT_NULL, "/a"));
    assert_true(xs_watch(h, "/a", "token"));
    assert_true(xs_unwatch(h, "/a", "token"));
    assert_true(xs_transaction_end(h, 5, false));
    assert_true(xs_transaction_end(h, 5, true));
    assert_true(xs_introduce_domain(h, 7, 1234567890123, 9));
    assert_true(xs_set_target(h, 7, 8));
    assert_true(xs_resume_domain(h, 7));
    assert_true(xs_release_domain(h, 7));
    assert_true(xs_is_domain_introduced(h, 7));
    assert_false(xs_is_domain_introduced(h, 8));
    assert_true(xs_set_permissions(h, XBT_NULL, "/a", perms, 5));
    fake_stop(&d, h);
}

static const struct step read_steps[] = {
    {XS_READ, BYTES("/a\0"), BYTES("b\0c"), NULL},
    {XS_READ, BYTES("/e\0"), BYTES(""), NULL},
    {XS_GET_PERMS, BYTES("/a\0"), BYTES("n0\0r17\0b65535\0"), NULL},
    {XS_GET_PERMS, BYTES("/a\0"), BYTES("q0\0"), NULL},
    {XS_GET_DOMAIN_PATH, BYTES("3\0"), BYTES("/local/domain/3\0"), NULL},
    {XS_CONTROL, BYTES("log\0on\0"), BYTES("done"), NULL},
    {XS_CONTROL, BYTES("help\0"), BYTES("a\nb\n\0"), NULL},
    {XS_TRANSACTION_START, BYTES("\0"), BYTES("4294967295\0"), NULL},
    {0},
};

static void replies_are_taken_apart(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, run_steps, (void *)read_steps, 0);
    struct xs_permissions *perms;
    unsigned int n = 99;
    char *text;

    (void)state;
    text = xs_read(h, XBT_NULL, "/a", &n);
    assert_memory_equal(text, "b\0c\0", 4);
    assert_int_equal(n, 3);
    free(text);
    text = xs_read(h, XBT_NULL, "/e", &n);
    assert_string_equal(text, "");
    assert_int_equal(n, 0);
    free(text);

    perms = xs_get_permissions(h, XBT_NULL, "/a", &n);
    assert_int_equal(n, 3);
    assert_int_equal(perms[0].id, 0);
    assert_int_equal(perms[0].perms, XS_PERM_NONE);
    assert_int_equal(perms[1].id, 17);
    assert_int_equal(perms[1].perms, XS_PERM_READ);
    assert_int_equal(perms[2].id, 65535);
    assert_int_equal(perms[2].perms, XS_PERM_READ | XS_PERM_WRITE);
    free(perms);
    assert_null(xs_get_permissions(h, XBT_NULL, "/a", &n));
    assert_int_equal(errno, EIO);

    text = xs_get_domain_path(h, 3);
    assert_string_equal(text, "/local/domain/3");
    free(text);
    text = xs_control_command(h, "log", "on", 3);
    assert_string_equal(text, "done");
    free(text);
    text = xs_debug_command(h, "help", NULL, 0);
    assert_string_equal(text, "a\nb\n");
    free(text);
    assert_int_equal(xs_transaction_start(h), 4294967295U);
    fake_stop(&d, h);
}

static void check_tx_id(struct fake_daemon *d)
{
    struct fake_request req;

    fake_expect(d, &req, XS_READ, BYTES("/a\0"));
    expect(req.msg.tx_id == 0xfffffffe);
    fake_reply(d, &req, BYTES(""));
    fake_expect(d, &req, XS_WATCH, BYTES("/a\0t\0"));
    expect(req.msg.tx_id == 0);
    fake_reply(d, &req, BYTES("OK\0"));
}

static void transaction_goes_into_the_header(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, check_tx_id, NULL, 0);

    (void)state;
    free(xs_read(h, 0xfffffffe, "/a", NULL));
    assert_true(xs_watch(h, "/a", "t"));
    fake_stop(&d, h);
}

static const struct {
    const char *name;
    int error;
} errors[] = {
    {"EINVAL", EINVAL}, {"EACCES", EACCES},   {"EEXIST", EEXIST},
    {"EISDIR", EISDIR}, {"ENOENT", ENOENT},   {"ENOMEM", ENOMEM},
    {"ENOSPC", ENOSPC}, {"EIO", EIO},         {"ENOTEMPTY", ENOTEMPTY},
    {"ENOSYS", ENOSYS}, {"EROFS", EROFS},     {"EBUSY", EBUSY},
    {"EAGAIN", EAGAIN}, {"EISCONN", EISCONN}, {"E2BIG", E2BIG},
    {"EPERM", EPERM},   {"ENEW", EINVAL},     {"", EINVAL},
};
#define NR_ERRORS (sizeof(errors) / sizeof(*errors))

static void say_errors(struct fake_daemon *d)
{
    struct fake_request req;

    for (size_t i = 0; i < NR_ERRORS; i++) {
        expect(fake_read(d, &req));
        fake_error(d, &req, errors[i].name);
    }
}

static void error_names_become_errno(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, say_errors, NULL, 0);

    (void)state;
    for (size_t i = 0; i < NR_ERRORS; i++) {
        assert_null(xs_read(h, XBT_NULL, "/a", NULL));
        assert_int_equal(errno, errors[i].error);
    }
    fake_stop(&d, h);
}

static const struct step after_big[] = {
    {XS_RM, BYTES("/a\0"), BYTES("OK\0"), NULL},
    {0},
};

static void too_long_request_is_e2big_and_not_sent(void **state)
{
    static char big[XENSTORE_PAYLOAD_MAX + 1];
    static struct xs_permissions perms[2000];
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, run_steps, (void *)after_big, 0);
    unsigned int n;

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    assert_false(xs_write(h, XBT_NULL, "/a", big, XENSTORE_PAYLOAD_MAX - 2));
    assert_int_equal(errno, E2BIG);
    assert_null(xs_read(h, XBT_NULL, big, NULL));
    assert_int_equal(errno, E2BIG);
    assert_null(xs_directory(h, XBT_NULL, big, &n));
    assert_int_equal(errno, E2BIG);
    assert_false(xs_watch(h, "/a", big));
    assert_int_equal(errno, E2BIG);
    assert_false(xs_set_permissions(h, XBT_NULL, "/a", perms, 2000));
    assert_int_equal(errno, E2BIG);
    assert_null(xs_control_command(h, "print", big, UINT_MAX));
    assert_int_equal(errno, E2BIG);
    assert_true(xs_rm(h, XBT_NULL, "/a"));
    fake_stop(&d, h);
}

static void echo(struct fake_daemon *d)
{
    struct fake_request req;

    while (fake_read(d, &req))
        fake_reply(d, &req, req.payload, req.msg.len);
}

static void longest_request_and_reply_pass(void **state)
{
    static char big[XENSTORE_PAYLOAD_MAX];
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, echo, NULL, 0);
    unsigned int n;
    char *text;

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    text = xs_read(h, XBT_NULL, big, &n);
    assert_int_equal(n, XENSTORE_PAYLOAD_MAX);
    assert_string_equal(text, big);
    free(text);
    fake_stop(&d, h);
}

/* ---- directories ---- */

static void assert_names(char **names, unsigned int n, const char *const *want)
{
    assert_non_null(names);
    for (unsigned int i = 0; i < n; i++)
        assert_string_equal(names[i], want[i]);
    assert_null(names[n]);
    assert_null(want[n]);
    free(names);
}

static const struct step dir_steps[] = {
    {XS_DIRECTORY, BYTES("/a\0"), BYTES("x\0yy\0"), NULL},
    {XS_DIRECTORY, BYTES("/b\0"), BYTES(""), NULL},
    /* A long one, which changes after the second part. */
    {XS_DIRECTORY, BYTES("/c\0"), NULL, 0, "E2BIG"},
    {XS_DIRECTORY_PART, BYTES("/c\0000\0"), BYTES("17\0one\0two\0"), NULL},
    {XS_DIRECTORY_PART, BYTES("/c\0008\0"), BYTES("17\0three\0"), NULL},
    {XS_DIRECTORY_PART, BYTES("/c\00014\0"), BYTES("18\0four\0\0"), NULL},
    {XS_DIRECTORY_PART, BYTES("/c\0000\0"), BYTES("18\0one\0two\0"), NULL},
    {XS_DIRECTORY_PART, BYTES("/c\0008\0"), BYTES("18\0five\0\0"), NULL},
    /* One that has lost all its names in the meantime. */
    {XS_DIRECTORY, BYTES("/d\0"), NULL, 0, "E2BIG"},
    {XS_DIRECTORY_PART, BYTES("/d\0000\0"), BYTES("1\0\0"), NULL},
    {0},
};

static void directory_is_fetched_in_parts(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, run_steps, (void *)dir_steps, 0);
    unsigned int n;
    char **names;

    (void)state;
    names = xs_directory(h, XBT_NULL, "/a", &n);
    assert_names(names, n, (const char *[]){"x", "yy", NULL});
    names = xs_directory(h, XBT_NULL, "/b", &n);
    assert_names(names, n, (const char *[]){NULL});
    names = xs_directory(h, XBT_NULL, "/c", &n);
    assert_names(names, n, (const char *[]){"one", "two", "five", NULL});
    names = xs_directory(h, XBT_NULL, "/d", &n);
    assert_names(names, n, (const char *[]){NULL});
    fake_stop(&d, h);
}

static const struct step bad_part_steps[] = {
    {XS_DIRECTORY, BYTES("/a\0"), NULL, 0, "E2BIG"},
    {XS_DIRECTORY_PART, BYTES("/a\0000\0"), BYTES("17\0"), NULL},
    {XS_DIRECTORY, BYTES("/a\0"), NULL, 0, "E2BIG"},
    {XS_DIRECTORY_PART, BYTES("/a\0000\0"), BYTES("17"), NULL},
    {XS_DIRECTORY, BYTES("/a\0"), NULL, 0, "E2BIG"},
    {XS_DIRECTORY_PART, BYTES("/a\0000\0"), BYTES(""), NULL},
    {XS_DIRECTORY, BYTES("/a\0"), NULL, 0, "E2BIG"},
    {XS_DIRECTORY_PART, BYTES("/a\0000\0"),
     BYTES("123456789012345678901234567890\0x\0\0"), NULL},
    {XS_DIRECTORY, BYTES("/a\0"), NULL, 0, "E2BIG"},
    {XS_DIRECTORY_PART, BYTES("/a\0000\0"), BYTES("17\0x\0"), NULL},
    {XS_DIRECTORY_PART, BYTES("/a\0002\0"), NULL, 0, "ENOENT"},
    {0},
};

static void bad_part_of_a_directory_is_an_error(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, run_steps, (void *)bad_part_steps, 0);
    unsigned int n;

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_null(xs_directory(h, XBT_NULL, "/a", &n));
        assert_int_equal(errno, EIO);
    }
    assert_null(xs_directory(h, XBT_NULL, "/a", &n));
    assert_int_equal(errno, ENOENT);
    fake_stop(&d, h);
}

/* ---- without a daemon ---- */

static void permissions_are_read_strictly(void **state)
{
    static const char *const bad[] = {"", "r", "x1", "r1x", "rw1", "1"};
    struct xs_permissions perms[3];

    (void)state;
    assert_true(xs_strings_to_perms(perms, 3, "n0\0w0x10\0b32752"));
    assert_int_equal(perms[0].perms, XS_PERM_NONE);
    assert_int_equal(perms[1].perms, XS_PERM_WRITE);
    assert_int_equal(perms[1].id, 16);
    assert_int_equal(perms[2].id, 32752);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        errno = 0;
        assert_false(xs_strings_to_perms(perms, 1, bad[i]));
        assert_int_equal(errno, EINVAL);
    }
}

static void unknown_permission_is_einval(void **state)
{
    struct xs_permissions perm = {1, XS_PERM_OWNER};
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, echo, NULL, 0);

    (void)state;
    assert_false(xs_set_permissions(h, XBT_NULL, "/a", &perm, 1));
    assert_int_equal(errno, EINVAL);
    assert_false(xs_restrict(h, 1));
    assert_int_equal(errno, EOPNOTSUPP);
    fake_stop(&d, h);
}

static void subpath_is_the_path_or_below(void **state)
{
    (void)state;
    assert_true(xs_path_is_subpath("/a", "/a"));
    assert_true(xs_path_is_subpath("/a", "/a/b"));
    assert_true(xs_path_is_subpath("/a", "/a/b/c"));
    assert_false(xs_path_is_subpath("/a", "/ab"));
    assert_false(xs_path_is_subpath("/a/b", "/a"));
    assert_false(xs_path_is_subpath("/a", "a"));
}

static void environment_moves_the_socket(void **state)
{
    char longer[PATH_MAX + 10];

    (void)state;
    unsetenv("XENSTORED_PATH");
    unsetenv("XENSTORED_RUNDIR");
    assert_string_equal(xs_daemon_rundir(), "/var/run/xenstored");
    assert_string_equal(xs_daemon_socket(), "/var/run/xenstored/socket");
    setenv("XENSTORED_RUNDIR", "/x", 1);
    assert_string_equal(xs_daemon_rundir(), "/x");
    assert_string_equal(xs_daemon_socket(), "/x/socket");
    setenv("XENSTORED_PATH", "/y/z", 1);
    assert_string_equal(xs_daemon_socket(), "/y/z");
    assert_string_equal(xs_daemon_socket_ro(), "/y/z");

    memset(longer, 'x', sizeof(longer) - 1);
    longer[0] = '/';
    longer[sizeof(longer) - 1] = '\0';
    setenv("XENSTORED_PATH", longer, 1);
    assert_null(xs_open(0));
    assert_int_equal(errno, ENAMETOOLONG);
    unsetenv("XENSTORED_PATH");
    setenv("XENSTORED_RUNDIR", longer, 1);
    assert_null(xs_daemon_socket());
    assert_null(xs_open(0));
    assert_int_equal(errno, ENAMETOOLONG);
    unsetenv("XENSTORED_RUNDIR");
}

static void xs_close_takes_null(void **state)
{
    (void)state;
    xs_close(NULL);
    xs_daemon_close(NULL);
    xs_daemon_destroy_postfork(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_have_the_protocols_bytes),
        cmocka_unit_test(replies_are_taken_apart),
        cmocka_unit_test(transaction_goes_into_the_header),
        cmocka_unit_test(error_names_become_errno),
        cmocka_unit_test(too_long_request_is_e2big_and_not_sent),
        cmocka_unit_test(longest_request_and_reply_pass),
        cmocka_unit_test(directory_is_fetched_in_parts),
        cmocka_unit_test(bad_part_of_a_directory_is_an_error),
        cmocka_unit_test(permissions_are_read_strictly),
        cmocka_unit_test(unknown_permission_is_einval),
        cmocka_unit_test(subpath_is_the_path_or_below),
        cmocka_unit_test(environment_moves_the_socket),
        cmocka_unit_test(xs_close_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
