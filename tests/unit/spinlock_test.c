/* SPDX-License-Identifier: MIT */
/* Spinlocks: what a debug build refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "xen/spinlock.h"
#include "fake/fake.h"

static spinlock_t outer, middle, middle2, inner, unranked;

static int setup(void **state)
{
    (void)state;
    fake_set_cpu(0);
    spin_lock_init(&outer, LOCK_DOMAIN);
    spin_lock_init(&middle, LOCK_SCHED);
    spin_lock_init(&middle2, LOCK_SCHED);
    spin_lock_init(&inner, LOCK_TIMER);
    spin_lock_init(&unranked, LOCK_NONE);
    return 0;
}

static void lock_is_held_until_unlocked(void **state)
{
    (void)state;
    assert_false(spin_is_locked(&outer));
    spin_lock(&outer);
    assert_true(spin_is_locked(&outer));
    spin_unlock(&outer);
    assert_false(spin_is_locked(&outer));
}

static void ticket_wraps_around(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 70000; i++) {
        spin_lock(&outer);
        spin_unlock(&outer);
    }
    assert_false(spin_is_locked(&outer));
}

static void trylock_takes_a_free_lock_only(void **state)
{
    (void)state;
    assert_true(spin_trylock(&outer));
    fake_set_cpu(1);
    assert_false(spin_trylock(&outer));
    fake_set_cpu(0);
    spin_unlock(&outer);
    assert_true(spin_trylock(&outer));
    spin_unlock(&outer);
}

static void growing_ranks_nest(void **state)
{
    (void)state;
    spin_lock(&outer);
    spin_lock(&middle);
    spin_lock(&inner);
    spin_lock(&unranked);
    spin_unlock(&outer);
    spin_unlock(&unranked);
    spin_unlock(&middle);
    spin_unlock(&inner);
}

static void falling_rank_is_a_bug(void **state)
{
    (void)state;
    spin_lock(&inner);
    expect_bug(spin_lock(&outer));
    spin_unlock(&inner);
}

static void equal_rank_needs_the_nested_form(void **state)
{
    (void)state;
    spin_lock(&middle);
    expect_bug(spin_lock(&middle2));
    spin_lock_nested(&middle2);
    spin_unlock(&middle2);
    spin_unlock(&middle);
}

static void trylock_may_go_against_the_order(void **state)
{
    (void)state;
    spin_lock(&inner);
    assert_true(spin_trylock(&outer));
    spin_unlock(&outer);
    spin_unlock(&inner);
}

static void interrupt_may_take_its_locks_over_interruptible_ones(void **state)
{
    (void)state;
    spin_lock(&inner);
    spin_lock_irq(&outer);
    expect_bug(spin_lock(&outer));
    spin_unlock_irq(&outer);
    spin_unlock(&inner);
}

static void falling_rank_with_interrupts_off_is_a_bug(void **state)
{
    (void)state;
    local_irq_disable();
    spin_lock(&inner);
    expect_bug(spin_lock(&outer));
    spin_unlock(&inner);
    local_irq_enable();
}

static void ranks_of_other_cpus_do_not_matter(void **state)
{
    (void)state;
    spin_lock(&inner);
    fake_set_cpu(1);
    spin_lock(&outer);
    spin_unlock(&outer);
    fake_set_cpu(0);
    spin_unlock(&inner);
}

static void taking_twice_is_a_bug(void **state)
{
    (void)state;
    spin_lock(&unranked);
    expect_bug(spin_lock(&unranked));
    spin_unlock(&unranked);
}

static void unlock_by_another_cpu_is_a_bug(void **state)
{
    (void)state;
    spin_lock(&outer);
    fake_set_cpu(1);
    expect_bug(spin_unlock(&outer));
    fake_set_cpu(0);
    spin_unlock(&outer);
}

static void unlock_of_a_free_lock_is_a_bug(void **state)
{
    (void)state;
    expect_bug(spin_unlock(&outer));
}

static void irq_forms_switch_interrupts(void **state)
{
    unsigned long flags;

    (void)state;
    spin_lock_irq(&outer);
    assert_false(local_irq_is_enabled());
    spin_lock_irqsave(&inner, flags);
    spin_unlock_irqrestore(&inner, flags);
    assert_false(local_irq_is_enabled());
    spin_unlock_irq(&outer);
    assert_true(local_irq_is_enabled());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lock_is_held_until_unlocked, setup),
        cmocka_unit_test_setup(ticket_wraps_around, setup),
        cmocka_unit_test_setup(trylock_takes_a_free_lock_only, setup),
        cmocka_unit_test_setup(growing_ranks_nest, setup),
        cmocka_unit_test_setup(falling_rank_is_a_bug, setup),
        cmocka_unit_test_setup(equal_rank_needs_the_nested_form, setup),
        cmocka_unit_test_setup(trylock_may_go_against_the_order, setup),
        cmocka_unit_test_setup(
            interrupt_may_take_its_locks_over_interruptible_ones, setup),
        cmocka_unit_test_setup(falling_rank_with_interrupts_off_is_a_bug,
                               setup),
        cmocka_unit_test_setup(ranks_of_other_cpus_do_not_matter, setup),
        cmocka_unit_test_setup(taking_twice_is_a_bug, setup),
        cmocka_unit_test_setup(unlock_by_another_cpu_is_a_bug, setup),
        cmocka_unit_test_setup(unlock_of_a_free_lock_is_a_bug, setup),
        cmocka_unit_test_setup(irq_forms_switch_interrupts, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
