/* SPDX-License-Identifier: MIT */
/* Small objects over the real allocator of frames. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "xen/heap.h"
#include "xen/page_alloc.h"
#include "fake/fake.h"

static int set_up(void **state)
{
    (void)state;
    init_boot_pages(0, FAKE_RAM_END);
    end_boot_allocator();
    return 0;
}

static void every_size_is_zeroed_aligned_and_writable(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 3 * PAGE_SIZE; size += 7) {
        char *p = xmalloc_bytes(size);

        assert_non_null(p);
        assert_int_equal((unsigned long)p % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xa5, size);
        xfree(p);
    }
}

#define NR_OBJECTS 4000

struct object {
    unsigned char *p;
    size_t size;
    unsigned char fill;
};

static void check(const struct object *o)
{
    for (size_t i = 0; i < o->size; i++)
        assert_int_equal(o->p[i], o->fill);
}

static void objects_do_not_overlap(void **state)
{
    static struct object object[NR_OBJECTS];
    unsigned long before = avail_heap_pages();

    (void)state;
    srand(1);
    for (unsigned int i = 0; i < 20 * NR_OBJECTS; i++) {
        struct object *o = &object[rand() % NR_OBJECTS];

        if (o->p != NULL) {
            check(o);
            xfree(o->p);
        }
        o->size = rand() % (rand() % 16 ? 600 : 9000);
        o->fill = rand();
        o->p = xmalloc_bytes(o->size);
        assert_non_null(o->p);
        memset(o->p, o->fill, o->size);
    }
    for (unsigned int i = 0; i < NR_OBJECTS; i++) {
        if (object[i].p != NULL)
            check(&object[i]);
        xfree(object[i].p);
    }
    assert_int_equal(avail_heap_pages(), before);
}

static void large_sizes_take_only_the_pages_they_need(void **state)
{
    unsigned long before = avail_heap_pages();

    (void)state;
    for (unsigned long nr = 1; nr < 70; nr++) {
        void *p = xmalloc_bytes(nr * PAGE_SIZE - 1);

        assert_int_equal(avail_heap_pages(), before - nr);
        xfree(p);
        assert_int_equal(avail_heap_pages(), before);
    }
}

static void out_of_memory_is_null(void **state)
{
    (void)state;
    assert_null(xmalloc_bytes(FAKE_RAM_END));
    assert_null(xmalloc_bytes(~0UL));
    assert_null(xmalloc_array_bytes(1UL << 33, 1UL << 33));
}

static void freeing_null_does_nothing(void **state)
{
    (void)state;
    xfree(NULL);
}

static void freeing_pages_twice_is_a_bug(void **state)
{
    void *p = xmalloc_bytes(PAGE_SIZE);

    (void)state;
    xfree(p);
    expect_bug(xfree(p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_is_zeroed_aligned_and_writable),
        cmocka_unit_test(objects_do_not_overlap),
        cmocka_unit_test(large_sizes_take_only_the_pages_they_need),
        cmocka_unit_test(out_of_memory_is_null),
        cmocka_unit_test(freeing_null_does_nothing),
        cmocka_unit_test(freeing_pages_twice_is_a_bug),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
