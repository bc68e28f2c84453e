/* SPDX-License-Identifier: MIT */
/* The buffers of xen-blkd, with a ring of the kernel's. */
#include "blkd/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE      4096U
#define MAX_TAKEN 1024U

static struct io_uring ring;

static int setup(void **state)
{
    (void)state;
    if (io_uring_queue_init(8, &ring, 0))
        return -1;
    pool_open(&ring);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    io_uring_queue_exit(&ring);
    return 0;
}

/* As many as there are; each is written to, all of it. */
static unsigned int take_all(unsigned int nr_pages, uint8_t *taken[])
{
    unsigned int nr = 0;

    while (nr < MAX_TAKEN && (taken[nr] = pool_take(nr_pages))) {
        memset(taken[nr], (int)nr, (size_t)nr_pages * PAGE);
        nr++;
    }
    return nr;
}

static void give_all(uint8_t *taken[], unsigned int nr)
{
    while (nr--)
        pool_give(taken[nr]);
}

static void buffers_do_not_overlap(void **state)
{
    static uint8_t *small[MAX_TAKEN], *large[MAX_TAKEN];
    unsigned int nr_small, nr_large;

    (void)state;
    for (int again = 0; again < 2; again++) {
        nr_small = take_all(4, small);
        nr_large = take_all(64, large);
        assert_int_equal(nr_small, 256);
        assert_int_equal(nr_large, 16);
        for (unsigned int i = 0; i < nr_small; i++)
            assert_int_equal(small[i][4 * PAGE - 1], (uint8_t)i);
        for (unsigned int i = 0; i < nr_large; i++)
            assert_int_equal(large[i][0], i);
        give_all(small, nr_small);
        give_all(large, nr_large);
    }
}

static void none_is_larger(void **state)
{
    (void)state;
    assert_null(pool_take(65));
}

static void it_knows_its_own(void **state)
{
    uint8_t *buffer = pool_take(64);

    (void)state;
    assert_true(pool_has(buffer));
    assert_true(pool_has(buffer + 64 * PAGE - 1));
    assert_false(pool_has(state));
    assert_false(pool_has(NULL));
    pool_give(buffer);
}

static void kernel_knows_them(void **state)
{
    static const char text[] = "what a disk has";
    int file = memfd_create("disk", 0);
    char *buffer = pool_take(1);
    struct io_uring_cqe *cqe;

    (void)state;
    assert_int_equal(pwrite(file, text, sizeof(text), 0), sizeof(text));
    io_uring_prep_read_fixed(io_uring_get_sqe(&ring), file, buffer, PAGE, 0, 0);
    assert_int_equal(io_uring_submit_and_wait(&ring, 1), 1);
    assert_int_equal(io_uring_peek_cqe(&ring, &cqe), 0);
    assert_int_equal(cqe->res, sizeof(text));
    io_uring_cqe_seen(&ring, cqe);
    assert_string_equal(buffer, text);
    pool_give(buffer);
    close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_do_not_overlap),
        cmocka_unit_test(none_is_larger),
        cmocka_unit_test(it_knows_its_own),
        cmocka_unit_test(kernel_knows_them),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
