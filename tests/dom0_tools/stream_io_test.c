/* SPDX-License-Identifier: MIT */
/* Reading files with holes into memory that is not all zeros. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/zeros.h"
#include "stream/io.h"

#define SIZE 0x40000u
#define ODD  4099u

static char expected[SIZE];
static char data[SIZE];

/* A file of which `pieces` pieces of ODD bytes each are not zero, `step` bytes
 * from one to the next. */
static int file_make(unsigned int pieces, size_t step)
{
    int fd = memfd_create("stream", 0);
    unsigned int i;

    assert_true(fd >= 0);
    memset(expected, 0, SIZE);
    for (i = 0; i < pieces; i++) {
        memset(expected + i * step, 'a' + (int)i, ODD);
        assert_int_equal(
            pwrite(fd, expected + i * step, ODD, (off_t)(i * step)), ODD);
    }
    assert_int_equal(ftruncate(fd, SIZE), 0);
    return fd;
}

/* Memory with something in each of its pages, or nothing in any. */
static void memory_fill(char with)
{
    memset(data, 0, SIZE);
    for (size_t i = 0; i < SIZE; i += 4096)
        data[i + i / 4096 % 4096] = with;
}

/* In parts, each from where the one before it ended. */
static void check_read(int fd, size_t part)
{
    struct stream s = {.fd = fd, .name = "file"};
    size_t at, now;

    for (at = 0; at < SIZE; at += now) {
        now = part < SIZE - at ? part : SIZE - at;
        assert_int_equal(stream_read_sparse(&s, data + at, now, NULL), 0);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), at + now);
    }
    assert_memory_equal(data, expected, SIZE);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static void holes_are_read_as_zeros(void **state)
{
    static const size_t parts[] = {SIZE, 3 * 4096, ODD, 100};
    int fd;

    (void)state;
    for (unsigned int pieces = 0; pieces < 8; pieces++) {
        fd = file_make(pieces, 5 * ODD);
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            memory_fill('x');
            check_read(fd, parts[i]);
            memory_fill(0);
            check_read(fd, parts[i]);
        }
        close(fd);
    }
}

static void a_file_without_holes_is_read(void **state)
{
    int fd = file_make(SIZE / ODD, ODD);

    (void)state;
    memory_fill('x');
    check_read(fd, SIZE);
    close(fd);
}

static void a_pipe_is_read(void **state)
{
    struct stream s = {.name = "pipe"};
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    s.fd = fds[0];
    memory_fill('x');
    assert_int_equal(write(fds[1], "\0\0b\0", 4), 4);
    assert_int_equal(stream_read_sparse(&s, data, 4, NULL), 0);
    assert_memory_equal(data, "\0\0b\0", 4);
    close(fds[0]);
    close(fds[1]);
}

static void a_file_that_ends_too_early_is_told(void **state)
{
    struct stream s = {.fd = file_make(1, 0), .name = "file"};
    struct error *err = NULL;

    (void)state;
    assert_int_equal(ftruncate(s.fd, 3 * ODD), 0);
    assert_int_equal(stream_read_sparse(&s, data, SIZE, &err), -ENODATA);
    error_free(err);
    close(s.fd);
}

static void zeros_are_known(void **state)
{
    (void)state;
    memset(data, 0, SIZE);
    assert_true(memory_is_zero(data, 1));
    assert_true(memory_is_zero(data, 4096));
    for (size_t i = 0; i < 4096; i++) {
        data[i] = 1;
        assert_false(memory_is_zero(data, 4096));
        assert_true(!i || memory_is_zero(data, i));
        data[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_are_read_as_zeros),
        cmocka_unit_test(a_file_without_holes_is_read),
        cmocka_unit_test(a_pipe_is_read),
        cmocka_unit_test(a_file_that_ends_too_early_is_told),
        cmocka_unit_test(zeros_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
