/* SPDX-License-Identifier: MIT */
/* Ranges of hypervisor addresses, over real mappings of the fake RAM. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "xen/vmap.h"
#include "fake/fake.h"

static void frames_appear_one_after_the_other(void **state)
{
    const mfn_t mfn[] = {_mfn(30), _mfn(10), _mfn(20)};
    char *p = vmap(mfn, 3);

    (void)state;
    assert_non_null(p);
    for (unsigned int i = 0; i < 3; i++) {
        memset(p + i * PAGE_SIZE, 'a' + i, PAGE_SIZE);
        assert_int_equal(*(char *)mfn_to_virt(mfn[i]), 'a' + i);
    }
    vunmap(p);
}

static void ranges_have_a_page_between_them(void **state)
{
    const mfn_t mfn = _mfn(5);
    char *a = vmap(&mfn, 1), *b = vmap(&mfn, 1);

    (void)state;
    assert_ptr_equal(b, a + 2 * PAGE_SIZE);
    vunmap(a);
    vunmap(b);
}

static void gap_is_used_again(void **state)
{
    const mfn_t mfn[] = {_mfn(5), _mfn(6)};
    char *a = vmap(mfn, 2), *b = vmap(mfn, 1), *c;

    (void)state;
    vunmap(a);
    c = vmap(mfn, 2);
    assert_ptr_equal(a, c);
    vunmap(b);
    vunmap(c);
    assert_int_equal(fake_heap_in_use(), 0);
}

static void device_address_keeps_its_offset(void **state)
{
    char *p = ioremap(0xfee00ff8, 16);

    (void)state;
    assert_int_equal((unsigned long)p & ~PAGE_MASK, 0xff8);
    memset(p, 1, 16);
    iounmap(p);
}

static void impossible_ranges_are_null(void **state)
{
    (void)state;
    assert_null(ioremap(0xfee00000, 0));
    assert_null(ioremap(~0UL, 2));
    assert_null(ioremap(1UL << 60, 2));
    assert_null(ioremap(0, FAKE_VMAP_SIZE));
    assert_null(vmap(NULL, 0));
}

static void without_memory_nothing_is_left(void **state)
{
    (void)state;
    fake_heap_fail(1);
    assert_null(ioremap(0xfee00000, 1));
    assert_int_equal(fake_heap_in_use(), 0);
}

static void unmapping_what_is_not_mapped_is_a_bug(void **state)
{
    (void)state;
    vunmap(NULL);
    expect_bug(vunmap((void *)VMAP_VIRT_START));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_appear_one_after_the_other),
        cmocka_unit_test(ranges_have_a_page_between_them),
        cmocka_unit_test(gap_is_used_again),
        cmocka_unit_test(device_address_keeps_its_offset),
        cmocka_unit_test(impossible_ranges_are_null),
        cmocka_unit_test(without_memory_nothing_is_left),
        cmocka_unit_test(unmapping_what_is_not_mapped_is_a_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
