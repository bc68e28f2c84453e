/* SPDX-License-Identifier: MIT */
/* The balloon follows its target, as far as pages can be given and had. */
#include "pv/balloon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_port.h"

#define TARGET "/local/domain/5/memory/target"
#define SECOND 1000000000UL

static struct balloon balloon;

/* The domain's pages; how many it can give, and the hypervisor has. */
static unsigned int pages, spare, there, nr_calls;

unsigned int os_balloon_give(unsigned int nr)
{
    if (nr > spare)
        nr = spare;
    nr_calls++;
    spare -= nr;
    there += nr;
    pages -= nr;
    return nr;
}

unsigned int os_balloon_take(unsigned int nr)
{
    if (nr > there)
        nr = there;
    nr_calls++;
    there -= nr;
    spare += nr;
    pages += nr;
    return nr;
}

static void begin(unsigned int have, unsigned int can_give, unsigned int more)
{
    fake_begin(1);
    fake_enter(FAKE_FRONT);
    pages = have;
    spare = can_give;
    there = more;
    nr_calls = 0;
    assert_int_equal(balloon_open(&balloon, have, 1000, 20000), 0);
    fake_settle();
}

static void end(void)
{
    balloon_close(&balloon);
    assert_true(fake_end());
}

static bool is_at(void *arg)
{
    return pages == *(unsigned int *)arg;
}

/* A target in pages. */
static void set_target(unsigned int target)
{
    fake_store_set_number(TARGET, (uint64_t)target * 4);
    fake_enter(FAKE_FRONT);
}

static bool comes_to(unsigned int wanted)
{
    return fake_run_until(is_at, &wanted);
}

static void it_goes_down_and_up_again(void **state)
{
    (void)state;
    begin(10000, 9000, 5000);
    set_target(4000);
    assert_true(comes_to(4000));
    set_target(12000);
    assert_true(comes_to(12000));
    assert_int_equal(balloon.pages, 12000);
    end();
}

static void a_step_is_small(void **state)
{
    (void)state;
    begin(10000, 9000, 0);
    set_target(5000);
    assert_true(comes_to(5000));
    assert_true(nr_calls >= 5000 / 256);
    end();
}

static void no_target_is_none(void **state)
{
    (void)state;
    begin(10000, 9000, 5000);
    fake_store_set(TARGET, "much");
    fake_settle();
    fake_store_set(TARGET, NULL);
    fake_settle();
    assert_int_equal(pages, 10000);
    end();
}

static void bounds_are_kept(void **state)
{
    (void)state;
    begin(10000, 10000, 100000);
    set_target(0);
    assert_true(comes_to(1000));
    fake_store_set(TARGET, "18446744073709551615");
    assert_true(comes_to(20000));
    fake_settle();
    assert_int_equal(pages, 20000);
    end();
}

/* What it can't have now, it asks for again each second, not at once. */
static void it_tries_again(void **state)
{
    unsigned int calls;

    (void)state;
    begin(10000, 0, 100);
    set_target(10300);
    assert_true(comes_to(10100));
    fake_settle();
    calls = nr_calls;
    for (unsigned int i = 0; i < 10; i++) {
        fake_advance(SECOND);
        fake_step();
        fake_step();
    }
    assert_true(nr_calls > calls && nr_calls <= calls + 20);
    there = 1000;
    assert_true(comes_to(10300));
    end();
}

static void a_new_target_counts(void **state)
{
    (void)state;
    begin(10000, 9000, 0);
    set_target(2000);
    fake_step();
    fake_step();
    set_target(10000);
    assert_true(comes_to(10000));
    fake_settle();
    assert_int_equal(balloon.pages, 10000);
    end();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_down_and_up_again),
        cmocka_unit_test(a_step_is_small),
        cmocka_unit_test(no_target_is_none),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(it_tries_again),
        cmocka_unit_test(a_new_target_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
