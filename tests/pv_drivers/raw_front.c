/* SPDX-License-Identifier: MIT */
/* A front-end without a driver; see raw_front.h. */
#include "raw_front.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void ignore(void *arg)
{
    (void)arg;
}

void raw_start(struct raw_front *raw, bool persistent)
{
    make_nodes();
    start_back();
    fake_enter(FAKE_FRONT);
    raw->shared = os_pages_alloc(1);
    raw->data = os_pages_alloc(1);
    pv_ring_init(&raw->ring, raw->shared, OS_PAGE_SIZE, BLK_RING_ENTRY);
    os_grant(FAKE_BACK, raw->shared, false, &raw->ring_ref);
    os_grant(FAKE_BACK, raw->data, false, &raw->data_ref);
    os_grant(FAKE_BACK, raw->data, true, &raw->readonly_ref);
    os_event_alloc(FAKE_BACK, ignore, NULL, &raw->port);
    fake_store_set_number(FRONT_NODE "/ring-ref", raw->ring_ref);
    fake_store_set_number(FRONT_NODE "/event-channel", raw->port);
    fake_store_set_number(FRONT_NODE "/feature-persistent", persistent);
    fake_store_set(FRONT_NODE "/state", "3");
    fake_settle();
}

void raw_send(struct raw_front *raw, const struct blkif_request *request)
{
    fake_enter(FAKE_FRONT);
    *blk_request(&raw->ring, raw->ring.prod++) = *request;
    pv_front_push(&raw->ring);
    os_event_send(raw->port);
    fake_settle();
}

int raw_ask(struct raw_front *raw, const struct blkif_request *request)
{
    struct blkif_response *rsp;

    raw_send(raw, request);
    assert_int_equal(pv_front_avail(&raw->ring), 1);
    rsp = blk_response(&raw->ring, raw->ring.cons++);
    assert_int_equal(rsp->id, request->id);
    return rsp->status;
}

void raw_stop(struct raw_front *raw)
{
    fake_store_set(FRONT_NODE "/state", "6");
    fake_settle();
    fake_store_set(FRONT_NODE, NULL);
    fake_store_set(BACK_NODE, NULL);
    assert_true(fake_run_until(back_closed, NULL));
    fake_enter(FAKE_BACK);
    blkback_destroy(pair.disk.back);
    fake_enter(FAKE_FRONT);
    os_event_close(raw->port);
    assert_int_equal(os_grant_end(raw->ring_ref), 0);
    assert_int_equal(os_grant_end(raw->data_ref), 0);
    assert_int_equal(os_grant_end(raw->readonly_ref), 0);
    os_pages_free(raw->shared, 1);
    os_pages_free(raw->data, 1);
    assert_true(fake_end());
}
