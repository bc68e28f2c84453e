/* SPDX-License-Identifier: MIT */
/* Requests that are sent together. */
#include "fake_daemon.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "batch.h"

#define NR 100

/* Reads two requests before it answers the first, as no client that waits for
 * each reply would let it. */
static void answer_late(struct fake_daemon *d)
{
    struct fake_request first, second;

    fake_expect(d, &first, XS_WRITE, "/a\0value", 8);
    expect(first.msg.tx_id == 5);
    fake_expect(d, &second, XS_READ, "/b\0", 3);
    fake_reply(d, &second, "there", 5);
    fake_error(d, &first, "EACCES");
}

static void replies_come_to_their_requests(void **state)
{
    struct xs_batch_item items[] = {
        {.type = XS_WRITE, .path = "/a", .data = "value", .len = 5},
        {.type = XS_READ, .path = "/b"},
    };
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, answer_late, NULL, 0);

    (void)state;
    assert_int_equal(xs_batch(h, 5, items, 2), 0);
    assert_int_equal(items[0].error, EACCES);
    assert_null(items[0].reply);
    assert_int_equal(items[1].error, 0);
    assert_string_equal(items[1].reply, "there");
    free(items[1].reply);
    fake_stop(&d, h);
}

static void answer_all(struct fake_daemon *d)
{
    struct fake_request req;

    while (fake_read(d, &req))
        fake_reply(d, &req, req.payload, req.msg.len);
}

static void many_are_done_in_order(void **state)
{
    struct xs_batch_item items[NR] = {0};
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, answer_all, NULL, 0);
    char path[NR][16];

    (void)state;
    for (int i = 0; i < NR; i++) {
        snprintf(path[i], sizeof(path[i]), "/%d", i);
        items[i] = (struct xs_batch_item){.type = XS_READ, .path = path[i]};
    }
    assert_int_equal(xs_batch(h, XBT_NULL, items, NR), 0);
    for (int i = 0; i < NR; i++) {
        assert_string_equal(items[i].reply, path[i]);
        free(items[i].reply);
    }
    assert_int_equal(xs_batch(h, XBT_NULL, items, 0), 0);
    fake_stop(&d, h);
}

static void one_that_is_too_long_fails_all(void **state)
{
    static char data[XENSTORE_PAYLOAD_MAX];
    struct xs_batch_item items[] = {
        {.type = XS_READ, .path = "/a"},
        {.type = XS_WRITE, .path = "/b", .data = data, .len = sizeof(data)},
    };
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, answer_all, NULL, 0);

    (void)state;
    assert_int_equal(xs_batch(h, XBT_NULL, items, 2), E2BIG);
    assert_null(items[0].reply);
    fake_stop(&d, h);
}

/* Dies after one of three. */
static void answer_one(struct fake_daemon *d)
{
    struct fake_request req;

    expect(fake_read(d, &req));
    fake_reply(d, &req, "x", 1);
}

static void what_has_no_reply_fails(void **state)
{
    struct xs_batch_item items[] = {
        {.type = XS_READ, .path = "/a"},
        {.type = XS_READ, .path = "/b"},
        {.type = XS_READ, .path = "/c"},
    };
    struct fake_daemon d;
    struct xs_handle *h = fake_start(&d, answer_one, NULL, 0);

    (void)state;
    assert_int_equal(xs_batch(h, XBT_NULL, items, 3), 0);
    assert_int_equal(items[1].error, EBADF);
    assert_int_equal(items[2].error, EBADF);
    assert_null(items[2].reply);
    free(items[0].reply);
    /* And the next ones at once. */
    assert_int_equal(xs_batch(h, XBT_NULL, items, 1), 0);
    assert_int_equal(items[0].error, EBADF);
    fake_stop(&d, h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_to_their_requests),
        cmocka_unit_test(many_are_done_in_order),
        cmocka_unit_test(one_that_is_too_long_fails_all),
        cmocka_unit_test(what_has_no_reply_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
