/* SPDX-License-Identifier: MIT */
/* Range sets, against a set of single numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xen/heap.h"
#include "xen/rangeset.h"

#define NUMBERS 64

static bool out_of_memory;

void *xmalloc_bytes(size_t size)
{
    return out_of_memory ? NULL : calloc(1, size);
}

void xfree(void *p)
{
    free(p);
}

static int count_range(u64 first, u64 last, void *arg)
{
    (void)first;
    (void)last;
    ++*(unsigned int *)arg;
    return 0;
}

static unsigned int count_ranges(const struct rangeset *r)
{
    unsigned int count = 0;

    assert_int_equal(rangeset_for_each(r, count_range, &count), 0);
    return count;
}

static unsigned int count_runs(const bool *in)
{
    unsigned int runs = in[0];

    for (int i = 1; i < NUMBERS; i++)
        runs += in[i] && !in[i - 1];
    return runs;
}

static void assert_same_set(const struct rangeset *r, const bool *in)
{
    for (u64 i = 0; i < NUMBERS; i++) {
        assert_int_equal(rangeset_contains(r, i, i), in[i]);
        assert_int_equal(rangeset_overlaps(r, i, i), in[i]);
    }
    assert_int_equal(count_ranges(r), count_runs(in));
}

static void random_changes_equal_a_set_of_numbers(void **state)
{
    struct rangeset *r = rangeset_new(NUMBERS);
    bool in[NUMBERS] = {false};

    (void)state;
    for (int i = 0; i < 2000; i++) {
        unsigned int first = (unsigned int)rand() % NUMBERS;
        unsigned int last = first + (unsigned int)rand() % (NUMBERS - first);
        bool add = rand() % 2;

        assert_int_equal(add ? rangeset_add(r, first, last)
                             : rangeset_remove(r, first, last),
                         0);
        memset(in + first, add, last - first + 1);
        assert_same_set(r, in);
    }
    rangeset_destroy(r);
}

static void whole_range_of_numbers_fits(void **state)
{
    struct rangeset *r = rangeset_new(4);

    (void)state;
    assert_true(rangeset_empty(r));
    assert_int_equal(rangeset_add(r, 0, 0), 0);
    assert_int_equal(rangeset_add(r, ~0ull, ~0ull), 0);
    assert_int_equal(count_ranges(r), 2);
    assert_int_equal(rangeset_add(r, 1, ~0ull - 1), 0);
    assert_int_equal(count_ranges(r), 1);
    assert_true(rangeset_contains(r, 0, ~0ull));
    assert_int_equal(rangeset_remove(r, 0, ~0ull), 0);
    assert_true(rangeset_empty(r));
    rangeset_destroy(r);
}

static void one_range_too_many_is_enospc(void **state)
{
    struct rangeset *r = rangeset_new(2);

    (void)state;
    assert_int_equal(rangeset_add(r, 0, 9), 0);
    assert_int_equal(rangeset_add(r, 20, 29), 0);
    assert_int_equal(rangeset_add(r, 40, 49), -ENOSPC);
    assert_int_equal(rangeset_remove(r, 5, 6), -ENOSPC);
    assert_true(rangeset_contains(r, 0, 9));
    assert_false(rangeset_overlaps(r, 40, 49));
    assert_int_equal(rangeset_add(r, 10, 19), 0);
    assert_int_equal(count_ranges(r), 1);
    rangeset_destroy(r);
}

static void failed_allocation_is_enomem_and_changes_nothing(void **state)
{
    struct rangeset *r = rangeset_new(9);

    (void)state;
    assert_int_equal(rangeset_add(r, 0, 9), 0);
    out_of_memory = true;
    assert_null(rangeset_new(9));
    assert_int_equal(rangeset_add(r, 20, 29), -ENOMEM);
    assert_int_equal(rangeset_remove(r, 5, 6), -ENOMEM);
    out_of_memory = false;
    assert_true(rangeset_contains(r, 0, 9));
    assert_false(rangeset_overlaps(r, 10, ~0ull));
    rangeset_destroy(r);
}

static void reversed_range_is_einval(void **state)
{
    struct rangeset *r = rangeset_new(9);

    (void)state;
    assert_int_equal(rangeset_add(r, 2, 1), -EINVAL);
    assert_int_equal(rangeset_remove(r, 2, 1), -EINVAL);
    assert_int_equal(rangeset_add(r, 0, 9), 0);
    assert_false(rangeset_contains(r, 2, 1));
    rangeset_destroy(r);
}

static void no_set_is_an_empty_set(void **state)
{
    (void)state;
    assert_true(rangeset_empty(NULL));
    assert_false(rangeset_contains(NULL, 0, 0));
    assert_false(rangeset_overlaps(NULL, 0, ~0ull));
    assert_int_equal(count_ranges(NULL), 0);
    rangeset_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_equal_a_set_of_numbers),
        cmocka_unit_test(whole_range_of_numbers_fits),
        cmocka_unit_test(one_range_too_many_is_enospc),
        cmocka_unit_test(failed_allocation_is_enomem_and_changes_nothing),
        cmocka_unit_test(reversed_range_is_einval),
        cmocka_unit_test(no_set_is_an_empty_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
