/* SPDX-License-Identifier: MIT */
/* Timers: order, moving, stopping, and when the hardware is programmed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "xen/debug_key.h"
#include "xen/softirq.h"
#include "xen/timer.h"
#include "fake/fake.h"

#define NR 200

static struct timer timer[NR];
static struct timer *fired[NR];
static unsigned int fired_on[NR];
static unsigned int nr_fired;

void debug_key_register(char key, const char *help, void (*fn)(void))
{
    (void)key, (void)help, (void)fn;
}

static void note(void *data)
{
    assert_true(local_irq_is_enabled());
    fired[nr_fired] = data;
    fired_on[nr_fired++] = smp_processor_id();
}

/* Time passes; the hardware timer of each CPU does its work. */
static void run_until(s_time_t end)
{
    while (fake_now < end) {
        fake_now += 100;
        for (unsigned int cpu = 0; cpu < 2; cpu++) {
            fake_set_cpu(cpu);
            if (fake_programmed[cpu] != 0 && fake_programmed[cpu] <= fake_now) {
                fake_programmed[cpu] = 0;
                local_irq_disable();
                timer_interrupt();
                local_irq_enable();
            }
            do_softirq();
        }
    }
    fake_set_cpu(0);
}

static int setup(void **state)
{
    (void)state;
    run_until(fake_now + MILLISECS(1));
    memset(fired, 0, sizeof(fired));
    nr_fired = 0;
    for (unsigned int i = 0; i < NR; i++)
        timer_init(&timer[i], note, &timer[i], 0);
    return 0;
}

static int group_setup(void **state)
{
    (void)state;
    for (unsigned int cpu = 0; cpu < FAKE_NR_CPUS; cpu++)
        timer_cpu_init(cpu);
    return 0;
}

static void timers_fire_in_order_of_deadline(void **state)
{
    s_time_t start = fake_now;

    (void)state;
    for (unsigned int i = 0; i < NR; i++)
        timer_set(&timer[i], start + 3000 + (i * 7919) % NR * 2000);
    run_until(start + 2000);
    assert_int_equal(nr_fired, 0);
    run_until(start + 3000 + NR * 2000);
    assert_int_equal(nr_fired, NR);
    for (unsigned int i = 1; i < NR; i++)
        assert_true(fired[i - 1]->deadline <= fired[i]->deadline);
}

static void timer_set_again_has_the_new_deadline(void **state)
{
    (void)state;
    timer_set(&timer[0], fake_now + 10000);
    timer_set(&timer[0], fake_now + 50000);
    run_until(fake_now + 40000);
    assert_int_equal(nr_fired, 0);
    assert_true(timer_is_active(&timer[0]));
    timer_set(&timer[0], fake_now + 1000);
    run_until(fake_now + 2000);
    assert_int_equal(nr_fired, 1);
    assert_false(timer_is_active(&timer[0]));
}

static void stopped_timer_does_not_fire(void **state)
{
    (void)state;
    timer_set(&timer[0], fake_now + 5000);
    timer_set(&timer[1], fake_now + 6000);
    timer_stop(&timer[0]);
    timer_stop(&timer[0]);
    run_until(fake_now + 10000);
    assert_int_equal(nr_fired, 1);
    assert_ptr_equal(fired[0], &timer[1]);
}

static void past_deadline_fires_at_once(void **state)
{
    (void)state;
    timer_set(&timer[0], 1);
    timer_set(&timer[1], -5);
    run_until(fake_now + 100);
    assert_int_equal(nr_fired, 2);
}

static void moved_timer_fires_on_its_new_cpu(void **state)
{
    (void)state;
    timer_set(&timer[0], fake_now + 5000);
    timer_migrate(&timer[0], 1);
    timer_migrate(&timer[1], 1);
    timer_set(&timer[1], fake_now + 6000);
    run_until(fake_now + 10000);
    assert_int_equal(nr_fired, 2);
    assert_int_equal(fired_on[0], 1);
    assert_int_equal(fired_on[1], 1);
}

static void killed_timer_cannot_be_set(void **state)
{
    (void)state;
    timer_set(&timer[0], fake_now + 5000);
    timer_kill(&timer[0]);
    timer_set(&timer[0], fake_now + 6000);
    run_until(fake_now + 10000);
    assert_int_equal(nr_fired, 0);
}

static void kill_self(void *data)
{
    nr_fired++;
    timer_kill(data);
}

static void timer_may_kill_itself(void **state)
{
    (void)state;
    timer_init(&timer[0], kill_self, &timer[0], 0);
    timer_set(&timer[0], fake_now + 1000);
    run_until(fake_now + 5000);
    assert_int_equal(nr_fired, 1);
}

static void set_self(void *data)
{
    nr_fired++;
    timer_set(data, fake_now + 1500);
}

static void timer_may_set_itself_again(void **state)
{
    (void)state;
    timer_init(&timer[0], set_self, &timer[0], 0);
    timer_set(&timer[0], fake_now);
    run_until(fake_now + 10000);
    assert_in_range(nr_fired, 5, 30);
    timer_stop(&timer[0]);
}

static void hardware_is_programmed_for_earlier_deadlines_only(void **state)
{
    s_time_t start = fake_now;

    (void)state;
    fake_programmed[0] = 0;
    timer_set(&timer[0], start + 50000);
    assert_int_equal(fake_programmed[0], start + 50000);
    timer_set(&timer[1], start + 20000);
    assert_int_equal(fake_programmed[0], start + 20000);
    timer_set(&timer[2], start + 30000);
    timer_stop(&timer[1]);
    assert_int_equal(fake_programmed[0], start + 20000);

    /* It comes in vain, and is set for what is left. */
    run_until(start + 20100);
    assert_int_equal(nr_fired, 0);
    assert_int_equal(fake_programmed[0], start + 30000);
    run_until(start + 60000);
    assert_int_equal(nr_fired, 2);
}

static void timer_of_another_cpu_makes_that_cpu_look(void **state)
{
    (void)state;
    timer_migrate(&timer[0], 1);
    cpumask_zero(&fake_event_checks);
    timer_set(&timer[0], fake_now + 5000);
    assert_true(cpumask_test(1, &fake_event_checks));
    run_until(fake_now + 10000);
    assert_int_equal(nr_fired, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(timers_fire_in_order_of_deadline, setup),
        cmocka_unit_test_setup(timer_set_again_has_the_new_deadline, setup),
        cmocka_unit_test_setup(stopped_timer_does_not_fire, setup),
        cmocka_unit_test_setup(past_deadline_fires_at_once, setup),
        cmocka_unit_test_setup(moved_timer_fires_on_its_new_cpu, setup),
        cmocka_unit_test_setup(killed_timer_cannot_be_set, setup),
        cmocka_unit_test_setup(timer_may_kill_itself, setup),
        cmocka_unit_test_setup(timer_may_set_itself_again, setup),
        cmocka_unit_test_setup(
            hardware_is_programmed_for_earlier_deadlines_only, setup),
        cmocka_unit_test_setup(timer_of_another_cpu_makes_that_cpu_look, setup),
    };

    return cmocka_run_group_tests(tests, group_setup, NULL);
}
