/* SPDX-License-Identifier: MIT */
/* Vectors of one CPU. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "asm/vector.h"

#define NR_USABLE (LAST_DYNAMIC_VECTOR - FIRST_DYNAMIC_VECTOR)

static struct vector_table table;

static int start(void **state)
{
    (void)state;
    vector_table_init(&table);
    return 0;
}

static void all_dynamic_vectors_but_the_guests_are_given(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < NR_USABLE; i++) {
        unsigned int vector = vector_alloc(&table, i);

        assert_in_range(vector, FIRST_DYNAMIC_VECTOR, LAST_DYNAMIC_VECTOR);
        assert_int_equal(table.irq[vector], i);
    }
    assert_int_equal(table.irq[GUEST_SYSCALL_VECTOR], VECTOR_FREE);
    assert_int_equal(vector_alloc(&table, 999), 0);
}

static void there_are_enough_for_24_lines_and_180_messages(void **state)
{
    (void)state;
    assert_true(NR_USABLE >= 24 + 180);
}

static void successive_vectors_are_of_different_classes(void **state)
{
    unsigned int last = vector_alloc(&table, 0);

    (void)state;
    for (unsigned int i = 1; i < 50; i++) {
        unsigned int vector = vector_alloc(&table, i);

        assert_int_not_equal(vector >> 4, last >> 4);
        last = vector;
    }
}

static void freed_vector_is_given_again(void **state)
{
    unsigned int vector;

    (void)state;
    for (unsigned int i = 0; i < NR_USABLE; i++)
        vector_alloc(&table, i);
    vector_free(&table, 0x53);
    vector = vector_alloc(&table, 7);
    assert_int_equal(vector, 0x53);
    assert_int_equal(vector_alloc(&table, 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_dynamic_vectors_but_the_guests_are_given,
                               start),
        cmocka_unit_test_setup(there_are_enough_for_24_lines_and_180_messages,
                               start),
        cmocka_unit_test_setup(successive_vectors_are_of_different_classes,
                               start),
        cmocka_unit_test_setup(freed_vector_is_given_again, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
