/* SPDX-License-Identifier: MIT */
/* Events, the descriptor to poll, and many threads on one handle. */
#include "fake_daemon.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool readable(struct xs_handle *h)
{
    struct pollfd pfd = {.fd = xs_fileno(h), .events = POLLIN};

    return poll(&pfd, 1, 0) == 1;
}

static void assert_event(char **event, const char *path, const char *token)
{
    assert_non_null(event);
    assert_string_equal(event[XS_WATCH_PATH], path);
    assert_string_equal(event[XS_WATCH_TOKEN], token);
    free(event);
}

static void assert_no_event(struct xs_handle *h)
{
    assert_null(xs_check_watch(h));
    assert_int_equal(errno, EAGAIN);
    assert_false(readable(h));
}

/* Answers each request, with the events that its payload stands for before. */
static void events_before_reply(struct fake_daemon *d)
{
    struct fake_request req;

    while (fake_read(d, &req)) {
        if (strcmp(req.payload, "/two") == 0) {
            fake_event(d, "/a/b", "t");
            fake_event(d, "/ab", "t");
            fake_event(d, "/a", "u");
            fake_event(d, "/a", "t");
        }
        fake_reply(d, &req, "OK", 3);
    }
}

static void event_read_with_a_reply_makes_the_descriptor_readable(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, events_before_reply, NULL, 0);

    (void)state;
    assert_no_event(h);
    free(xs_read(h, XBT_NULL, "/two", NULL));
    assert_true(readable(h));
    assert_event(xs_check_watch(h), "/a/b", "t");
    assert_event(xs_check_watch(h), "/ab", "t");
    assert_true(readable(h));
    assert_event(xs_check_watch(h), "/a", "u");
    assert_event(xs_check_watch(h), "/a", "t");
    assert_no_event(h);
    fake_stop(&d, h);
}

static void descriptor_may_come_after_the_event(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, events_before_reply, NULL, 0);

    (void)state;
    free(xs_read(h, XBT_NULL, "/two", NULL));
    assert_true(readable(h));
    for (int i = 0; i < 4; i++)
        free(xs_check_watch(h));
    assert_no_event(h);
    fake_stop(&d, h);
}

static void unwatch_filters_what_it_should(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h =
        fake_start(&d, events_before_reply, NULL, XS_UNWATCH_FILTER);

    (void)state;
    free(xs_read(h, XBT_NULL, "/two", NULL));
    assert_true(xs_unwatch(h, "/a", "t"));
    assert_event(xs_check_watch(h), "/ab", "t");
    assert_event(xs_check_watch(h), "/a", "u");
    assert_no_event(h);
    free(xs_read(h, XBT_NULL, "/two", NULL));
    assert_true(xs_unwatch(h, "/", "t"));
    assert_event(xs_check_watch(h), "/a", "u");
    assert_no_event(h);
    free(xs_read(h, XBT_NULL, "/two", NULL));
    assert_true(xs_unwatch(h, "/", "t"));
    assert_true(xs_unwatch(h, "/a", "u"));
    assert_no_event(h);
    free(xs_read(h, XBT_NULL, "/two", NULL));
    assert_event(xs_check_watch(h), "/a/b", "t");
    fake_stop(&d, h);
}

static void unwatch_keeps_events_unless_asked(void **state)
{
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, events_before_reply, NULL, 0);

    (void)state;
    free(xs_read(h, XBT_NULL, "/two", NULL));
    assert_true(xs_unwatch(h, "/a", "t"));
    assert_event(xs_check_watch(h), "/a/b", "t");
    fake_stop(&d, h);
}

/* ---- threads ---- */

#define NR_THREADS 16
#define NR_ROUNDS  500

static void *read_own_names(void *arg)
{
    struct xs_handle *h = arg;
    static int nr;
    int mine = __atomic_add_fetch(&nr, 1, __ATOMIC_RELAXED);
    char path[32], *text;

    for (int i = 0; i < NR_ROUNDS; i++) {
        snprintf(path, sizeof(path), "/%d/%d", mine, i);
        text = xs_read(h, XBT_NULL, path, NULL);
        expect(text && strcmp(text, path) == 0);
        free(text);
    }
    return NULL;
}

static void *read_events(void *arg)
{
    unsigned int n;
    char **event;
    long count = 0;

    for (;;) {
        event = xs_read_watch(arg, &n);
        expect(event);
        if (strcmp(event[XS_WATCH_TOKEN], "end") == 0)
            break;
        count++;
        free(event);
    }
    free(event);
    return (void *)count;
}

/* Answers in pairs, the later request first, with an event in between. */
static void answer_out_of_order(struct fake_daemon *d)
{
    struct fake_request a, b;

    for (int i = 0; i < NR_THREADS * NR_ROUNDS; i += 2) {
        expect(fake_read(d, &a));
        /* The last thread has nobody to be paired with. */
        if (i > (NR_THREADS - 1) * NR_ROUNDS - 2 * NR_THREADS) {
            fake_reply(d, &a, a.payload, a.msg.len);
            fake_event(d, "/", "t");
            expect(fake_read(d, &b));
            fake_reply(d, &b, b.payload, b.msg.len);
            continue;
        }
        expect(fake_read(d, &b));
        fake_reply(d, &b, b.payload, b.msg.len);
        fake_event(d, "/", "t");
        fake_reply(d, &a, a.payload, a.msg.len);
    }
    fake_event(d, "/", "end");
    fake_event(d, "/", "end");
    fake_read(d, &a);
}

static void threads_get_their_own_replies(void **state)
{
    pthread_t threads[NR_THREADS], watchers[2];
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, answer_out_of_order, NULL, 0);
    void *count;
    long total = 0;

    (void)state;
    for (int i = 0; i < 2; i++)
        pthread_create(&watchers[i], NULL, read_events, h);
    for (int i = 0; i < NR_THREADS; i++)
        pthread_create(&threads[i], NULL, read_own_names, h);
    for (int i = 0; i < NR_THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) {
        pthread_join(watchers[i], &count);
        total += (long)count;
    }
    assert_int_equal(total, NR_THREADS * NR_ROUNDS / 2);
    fake_stop(&d, h);
}

/* ---- a daemon that wants its events taken before it reads on ---- */

#define NR_WRITERS 100
#define NR_EVENTS  20000

static void stubborn(struct fake_daemon *d)
{
    struct fake_request req;

    for (int i = 0; i < NR_EVENTS; i++)
        fake_event(d, "/some/path/that/is/not/too/short", "token");
    for (int i = 0; i < NR_WRITERS; i++) {
        expect(fake_read(d, &req));
        fake_reply(d, &req, "OK", 3);
    }
    fake_read(d, &req);
}

static void *write_much(void *arg)
{
    static char big[XENSTORE_PAYLOAD_MAX - 3];

    expect(xs_write(arg, XBT_NULL, "/a", big, sizeof(big)));
    return NULL;
}

static void writers_take_events_when_the_daemon_does_not_read(void **state)
{
    pthread_t threads[NR_WRITERS];
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, stubborn, NULL, 0);
    char **event;

    (void)state;
    for (int i = 0; i < NR_WRITERS; i++)
        pthread_create(&threads[i], NULL, write_much, h);
    for (int i = 0; i < NR_WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < NR_EVENTS; i++) {
        event = xs_check_watch(h);
        assert_non_null(event);
        free(event);
    }
    assert_no_event(h);
    fake_stop(&d, h);
}

/* ---- cancelling ---- */

static void *read_one_event(void *arg)
{
    unsigned int n;

    free(xs_read_watch(arg, &n));
    return NULL;
}

static void cancelled_thread_leaves_the_handle_usable(void **state)
{
    pthread_t threads[3];
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, events_before_reply, NULL, 0);
    void *result;

    (void)state;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 3; i++)
            pthread_create(&threads[i], NULL, read_one_event, h);
        if (round % 2)
            usleep(500); /* let one of them read, the others wait */
        for (int i = 0; i < 2; i++) {
            pthread_cancel(threads[i]);
            pthread_join(threads[i], &result);
            assert_ptr_equal(result, PTHREAD_CANCELED);
        }
        free(xs_read(h, XBT_NULL, "/two", NULL));
        pthread_join(threads[2], &result);
        assert_null(result);
        for (int i = 0; i < 3; i++)
            free(xs_check_watch(h));
        assert_null(xs_check_watch(h));
        assert_int_equal(errno, EAGAIN);
    }
    fake_stop(&d, h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_read_with_a_reply_makes_the_descriptor_readable),
        cmocka_unit_test(descriptor_may_come_after_the_event),
        cmocka_unit_test(unwatch_filters_what_it_should),
        cmocka_unit_test(unwatch_keeps_events_unless_asked),
        cmocka_unit_test(threads_get_their_own_replies),
        cmocka_unit_test(writers_take_events_when_the_daemon_does_not_read),
        cmocka_unit_test(cancelled_thread_leaves_the_handle_usable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
