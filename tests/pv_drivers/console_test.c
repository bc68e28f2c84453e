/* SPDX-License-Identifier: MIT */
/* The console front-end against a back-end by hand, also one that lies. */
#include "pv/consfront.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_port.h"

static struct xencons_interface page;
static struct consfront console;

static void no_event(void *arg)
{
    (void)arg;
}

static int setup(void **state)
{
    evtchn_port_t port;

    (void)state;
    fake_begin(1);
    fake_enter(FAKE_FRONT);
    memset(&page, 0, sizeof(page));
    assert_int_equal(os_event_alloc(FAKE_BACK, no_event, NULL, &port), 0);
    consfront_open(&console, &page, port);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    os_event_close(console.port);
    assert_true(fake_end());
    return 0;
}

/* The back-end takes so much of what was written. */
static size_t take(char *to, size_t size)
{
    size_t done = 0;

    while (done < size && page.out_cons != page.out_prod)
        to[done++] = page.out[page.out_cons++ % sizeof(page.out)];
    return done;
}

static void type(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        page.in[page.in_prod++ % sizeof(page.in)] = text[i];
}

static void what_is_written_comes_out_in_order(void **state)
{
    uint8_t out = 0, in = 0;

    (void)state;
    for (unsigned int i = 0; i < 2000; i++) {
        char text[3000];
        size_t size = fake_random(sizeof(text));

        for (size_t at = 0; at < size; at++)
            text[at] = (char)(out + at);
        out += (uint8_t)consfront_write(&console, text, size);
        size = take(text, fake_random(sizeof(text)));
        for (size_t at = 0; at < size; at++)
            assert_int_equal((uint8_t)text[at], in++);
    }
}

static void full_ring_takes_nothing(void **state)
{
    static char text[sizeof(page.out) + 1];

    (void)state;
    assert_int_equal(consfront_write(&console, text, sizeof(text)),
                     sizeof(page.out));
    assert_int_equal(consfront_write(&console, "x", 1), 0);
    assert_int_equal(take(text, 1), 1);
    assert_int_equal(consfront_write(&console, "xy", 2), 1);
}

static void what_is_typed_is_read(void **state)
{
    uint8_t out = 0, in = 0;

    (void)state;
    for (unsigned int i = 0; i < 2000; i++) {
        char text[sizeof(page.in)];
        size_t size = fake_random(
            (uint32_t)(sizeof(page.in) - (page.in_prod - page.in_cons) + 1));

        for (size_t at = 0; at < size; at++)
            text[at] = (char)out++;
        type(text, size);
        size = consfront_read(&console, text, fake_random(sizeof(text)));
        for (size_t at = 0; at < size; at++)
            assert_int_equal((uint8_t)text[at], in++);
    }
}

static void nothing_typed_is_nothing_read(void **state)
{
    char c;

    (void)state;
    assert_int_equal(consfront_read(&console, &c, 1), 0);
}

/* Whatever it stores in its indexes. */
static void lies_stay_within_the_page(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 100000; i++) {
        char text[64];

        page.out_cons =
            fake_random(2) ? fake_random(UINT32_MAX) : page.out_prod;
        page.in_prod = fake_random(2) ? fake_random(UINT32_MAX) : page.in_prod;
        page.out_prod = fake_random(UINT32_MAX);
        page.in_cons = fake_random(UINT32_MAX);
        memset(text, 0, sizeof(text));
        assert_true(consfront_write(&console, text, sizeof(text)) <=
                    sizeof(text));
        assert_true(consfront_read(&console, text, sizeof(text)) <=
                    sizeof(text));
    }
}

static void indexes_go_round(void **state)
{
    char text[8];

    (void)state;
    page.out_prod = page.out_cons = UINT32_MAX - 2;
    page.in_prod = page.in_cons = UINT32_MAX - 2;
    consfront_open(&console, &page, console.port);
    assert_int_equal(consfront_write(&console, "abcdef", 6), 6);
    assert_int_equal(take(text, sizeof(text)), 6);
    assert_memory_equal(text, "abcdef", 6);
    type("ghijkl", 6);
    assert_int_equal(consfront_read(&console, text, sizeof(text)), 6);
    assert_memory_equal(text, "ghijkl", 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(what_is_written_comes_out_in_order),
        TEST(full_ring_takes_nothing),
        TEST(what_is_typed_is_read),
        TEST(nothing_typed_is_nothing_read),
        TEST(lies_stay_within_the_page),
        TEST(indexes_go_round),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
