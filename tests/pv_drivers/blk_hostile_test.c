/* SPDX-License-Identifier: MIT */
/* Each half of the block driver against a peer that lies. */
#include "raw_front.h"
#include "pv/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct raw_front raw;

static struct blkif_request request(uint8_t operation, uint8_t nr_segments)
{
    struct blkif_request req = {
        .operation = operation, .nr_segments = nr_segments, .id = 77};

    for (unsigned int i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
        req.seg[i] = (struct blkif_request_segment){raw.data_ref, 0, 7};
    return req;
}

static int ask(const struct blkif_request *req)
{
    return raw_ask(&raw, req);
}

static void segments_are_checked(bool persistent)
{
    struct blkif_request req = request(BLKIF_OP_READ, 1);

    raw_start(&raw, persistent);
    req = request(BLKIF_OP_READ, 1);
    assert_int_equal(ask(&req), BLKIF_RSP_OKAY);
    req.seg[0].last_sect = 8;
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req.seg[0].last_sect = 255;
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req.seg[0] = (struct blkif_request_segment){raw.data_ref, 5, 4};
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req.seg[0] = (struct blkif_request_segment){raw.data_ref, 255, 7};
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req = request(BLKIF_OP_READ, 12);
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req = request(BLKIF_OP_WRITE, 255);
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req = request(BLKIF_OP_READ, 0);
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req = request(BLKIF_OP_READ, 2);
    req.seg[1].gref = 12345;
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req.seg[1].gref = UINT32_MAX;
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    req.seg[1].gref = raw.readonly_ref;
    assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    raw_stop(&raw);
}

static void bad_segments_are_errors(void **state)
{
    segments_are_checked(false);
    pair_setup(state);
    segments_are_checked(true);
}

/* A page that may only be read can be written to the disk. */
static void read_only_page_is_no_error_to_write(void **state)
{
    struct blkif_request req;

    (void)state;
    raw_start(&raw, false);
    req = request(BLKIF_OP_WRITE, 1);
    req.seg[0].gref = raw.readonly_ref;
    assert_int_equal(ask(&req), BLKIF_RSP_OKAY);
    raw_stop(&raw);
}

static void sectors_beyond_the_end_are_errors(void **state)
{
    static const uint64_t sectors[] = {FAKE_DISK_SECTORS - 7, FAKE_DISK_SECTORS,
                                       UINT64_MAX, UINT64_MAX - 7, 1UL << 63};
    struct blkif_request req;

    (void)state;
    raw_start(&raw, false);
    for (unsigned int i = 0; i < OS_ARRAY_SIZE(sectors); i++) {
        req = request(BLKIF_OP_WRITE, 1);
        req.sector_number = sectors[i];
        assert_int_equal(ask(&req), BLKIF_RSP_ERROR);
    }
    req.sector_number = FAKE_DISK_SECTORS - 8;
    assert_int_equal(ask(&req), BLKIF_RSP_OKAY);
    raw_stop(&raw);
}

static int ask_discard(uint64_t sector, uint64_t nr, uint8_t flag)
{
    struct blkif_request req = {0};
    struct blkif_request_discard *discard = (void *)&req;

    *discard = (struct blkif_request_discard){.operation = BLKIF_OP_DISCARD,
                                              .flag = flag,
                                              .id = 77,
                                              .sector_number = sector,
                                              .nr_sectors = nr};
    return ask(&req);
}

static void discards_are_checked(void **state)
{
    (void)state;
    raw_start(&raw, false);
    assert_int_equal(ask_discard(0, 8, 0), BLKIF_RSP_OKAY);
    assert_int_equal(ask_discard(0, FAKE_DISK_SECTORS, 0), BLKIF_RSP_OKAY);
    assert_int_equal(ask_discard(1, FAKE_DISK_SECTORS, 0), BLKIF_RSP_ERROR);
    assert_int_equal(ask_discard(8, UINT64_MAX, 0), BLKIF_RSP_ERROR);
    assert_int_equal(ask_discard(8, 0, 0), BLKIF_RSP_ERROR);
    assert_int_equal(ask_discard(0, 8, BLKIF_DISCARD_SECURE),
                     BLKIF_RSP_EOPNOTSUPP);
    pair.disk.disk.readonly = true;
    assert_int_equal(ask_discard(0, 8, 0), BLKIF_RSP_ERROR);
    raw_stop(&raw);
}

static int ask_indirect(uint8_t operation, uint16_t nr, grant_ref_t ref)
{
    struct blkif_request req = {0};
    struct blkif_request_indirect *indirect = (void *)&req;

    *indirect = (struct blkif_request_indirect){.operation = BLKIF_OP_INDIRECT,
                                                .indirect_op = operation,
                                                .nr_segments = nr,
                                                .id = 77,
                                                .indirect_grefs = {ref}};
    return ask(&req);
}

static void indirect_requests_are_checked(void **state)
{
    struct blkif_request_segment *list;

    (void)state;
    raw_start(&raw, false);
    list = raw.data;
    for (unsigned int i = 0; i < 256; i++)
        list[i] = (struct blkif_request_segment){raw.data_ref, 0, 0};
    assert_int_equal(ask_indirect(BLKIF_OP_WRITE, 256, raw.data_ref),
                     BLKIF_RSP_OKAY);
    assert_int_equal(ask_indirect(BLKIF_OP_WRITE, 257, raw.data_ref),
                     BLKIF_RSP_ERROR);
    assert_int_equal(ask_indirect(BLKIF_OP_WRITE, 0, raw.data_ref),
                     BLKIF_RSP_ERROR);
    assert_int_equal(ask_indirect(BLKIF_OP_WRITE, 65535, raw.data_ref),
                     BLKIF_RSP_ERROR);
    assert_int_equal(ask_indirect(BLKIF_OP_INDIRECT, 1, raw.data_ref),
                     BLKIF_RSP_ERROR);
    assert_int_equal(ask_indirect(BLKIF_OP_DISCARD, 1, raw.data_ref),
                     BLKIF_RSP_ERROR);
    assert_int_equal(ask_indirect(BLKIF_OP_WRITE, 1, 4000), BLKIF_RSP_ERROR);
    list[5].first_sect = 9;
    assert_int_equal(ask_indirect(BLKIF_OP_WRITE, 256, raw.data_ref),
                     BLKIF_RSP_ERROR);
    raw_stop(&raw);
}

static void unknown_operations_are_refused(void **state)
{
    (void)state;
    raw_start(&raw, false);
    for (unsigned int op = 0; op < 256; op++) {
        struct blkif_request req = request((uint8_t)op, 1);
        int status = ask(&req);

        if (op == BLKIF_OP_RESERVED_1 || op > BLKIF_OP_INDIRECT)
            assert_int_equal(status, BLKIF_RSP_EOPNOTSUPP);
    }
    raw_stop(&raw);
}

/* Only its own device is lost. */
static void wild_indexes_close_the_device(void **state)
{
    static const uint32_t prods[] = {33, 1000, UINT32_MAX, 1U << 31};

    for (unsigned int i = 0; i < OS_ARRAY_SIZE(prods); i++) {
        pair_setup(state);
        raw_start(&raw, false);
        raw.shared->req_prod = prods[i];
        os_event_send(raw.port);
        fake_settle();
        assert_string_equal(fake_store_get(BACK_NODE "/state"), "5");
        assert_int_equal(pair.disk.nr_ios, 0);
        raw_stop(&raw);
    }
}

static void bad_nodes_close_the_device(void **state)
{
    static const char *const bad[][2] = {
        {"ring-ref", "4000"},
        {"ring-ref", "4294967296"},
        {"ring-ref", ""},
        {"ring-ref", "-1"},
        {"event-channel", "200"},
        {"event-channel", "99999999"},
        {"ring-page-order", "5"},
        {"ring-page-order", "4"},
        {"multi-queue-num-queues", "0"},
        {"multi-queue-num-queues", "5"},
        {"multi-queue-num-queues", "4"},
        {"protocol", "x86_32-abi"},
        {"protocol", "a very very long name of a protocol that nobody has"},
    };

    for (unsigned int i = 0; i < OS_ARRAY_SIZE(bad); i++) {
        char node[128];

        pair_setup(state);
        raw_start(&raw, false);
        fake_store_set(FRONT_NODE "/state", "6");
        fake_settle();
        fake_store_set(FRONT_NODE "/state", "1");
        fake_settle();
        assert_string_equal(fake_store_get(BACK_NODE "/state"), "2");
        text_format(node, sizeof(node), FRONT_NODE "/%s", bad[i][0]);
        fake_store_set(node, bad[i][1]);
        fake_store_set(FRONT_NODE "/state", "3");
        fake_settle();
        assert_string_equal(fake_store_get(BACK_NODE "/state"), "5");
        raw_stop(&raw);
    }
}

/* States in any order, any number of times. */
static void states_in_any_order(void **state)
{
    for (unsigned int seed = 0; seed < 20; seed++) {
        pair_setup(state);
        fake_begin(seed);
        raw_start(&raw, seed & 1);
        for (unsigned int i = 0; i < 200; i++) {
            fake_store_set_number(FRONT_NODE "/state", 1 + fake_random(10));
            for (unsigned int s = fake_random(4); s--;)
                fake_step();
        }
        raw_stop(&raw);
    }
}

/* ---- A back-end that lies --------------------------------------------- */

static void io_ignored(struct blk_io *io, int rc)
{
    *(int *)io->arg = rc;
}

/* A connected front-end with a read that the disk never does. */
static struct pv_sring *front_with_a_read(struct blk_io *io, int *rc)
{
    static uint8_t data[512];
    static struct blk_buffer buffer = {data, sizeof(data)};
    const char *ref;
    uint64_t number;

    pair.disk.stuck = true;
    start_pair();
    *rc = 1;
    *io = (struct blk_io){.op = BLK_READ,
                          .nr_sectors = 1,
                          .buffers = &buffer,
                          .nr_buffers = 1,
                          .done = io_ignored,
                          .arg = rc};
    blkfront_submit(pair.front, io);
    fake_settle();
    ref = fake_store_get(FRONT_NODE "/ring-ref");
    assert_int_equal(text_to_u64(ref, &number), 0);
    return fake_grant_memory(FAKE_FRONT, (grant_ref_t)number);
}

static bool front_is_closed(void *arg)
{
    (void)arg;
    return !strcmp(fake_store_get(FRONT_NODE "/state"), "6");
}

/* The I/O waits for a better one. */
static void front_has_closed(int rc)
{
    uint64_t port;

    text_to_u64(fake_store_get(FRONT_NODE "/event-channel"), &port);
    fake_event_inject(FAKE_FRONT, (evtchn_port_t)port);
    assert_true(fake_run_until(front_is_closed, NULL));
    assert_int_equal(rc, 1);
    fake_kill(FAKE_BACK);
    stop_front();
    assert_true(fake_end());
}

static void responses_beyond_requests_close_the_device(void **state)
{
    static const uint32_t prods[] = {2, 33, UINT32_MAX, 1U << 31};

    for (unsigned int i = 0; i < OS_ARRAY_SIZE(prods); i++) {
        struct blk_io io;
        int rc;

        pair_setup(state);
        front_with_a_read(&io, &rc)->rsp_prod = prods[i];
        front_has_closed(rc);
    }
}

static void response_to_no_request_closes_the_device(void **state)
{
    static const uint64_t ids[] = {1, 31, 32, 1UL << 32, UINT64_MAX};

    for (unsigned int i = 0; i < OS_ARRAY_SIZE(ids); i++) {
        struct pv_sring *shared;
        struct blk_io io;
        int rc;

        pair_setup(state);
        shared = front_with_a_read(&io, &rc);
        *(struct blkif_response *)(shared + 1) =
            (struct blkif_response){.id = ids[i]};
        shared->rsp_prod = 1;
        front_has_closed(rc);
    }
}

/* It offers and takes back for ever, and keeps what it has mapped: the
 * front-end's memory is bounded. */
static void grants_that_stay_in_use_are_bounded(void **state)
{
    (void)state;
    start_pair();
    for (unsigned int i = 0; i < 200; i++) {
        uint64_t ref;
        grant_ref_t refs[1];
        void *page;

        fake_store_set(BACK_NODE "/state", "2");
        fake_settle();
        if (text_to_u64(fake_store_get(FRONT_NODE "/ring-ref"), &ref))
            continue;
        refs[0] = (grant_ref_t)ref;
        fake_enter(FAKE_BACK);
        os_grants_map(FAKE_FRONT, refs, 1, false, &page);
        fake_enter(FAKE_FRONT);
    }
    assert_true(fake_nr_grants(FAKE_FRONT) < 40);
    fake_kill(FAKE_BACK);
    stop_front();
    assert_true(fake_end());
}

static void nonsense_in_the_store_is_no_size(void **state)
{
    static const char *const bad[][2] = {
        {"sectors", "many"},     {"sectors", ""},
        {"sector-size", "0"},    {"sector-size", "513"},
        {"sector-size", "8192"}, {"sector-size", "4294967808"},
    };

    for (unsigned int i = 0; i < OS_ARRAY_SIZE(bad); i++) {
        char node[128];

        pair_setup(state);
        make_nodes();
        fake_store_set(BACK_NODE "/state", "2");
        start_front();
        fake_settle();
        assert_string_equal(fake_store_get(FRONT_NODE "/state"), "3");
        fake_store_set(BACK_NODE "/sectors", "100");
        text_format(node, sizeof(node), BACK_NODE "/%s", bad[i][0]);
        fake_store_set(node, bad[i][1]);
        fake_store_set(BACK_NODE "/state", "4");
        fake_settle();
        assert_int_equal(pair.nr_connected, 0);
        stop_front();
        assert_true(fake_end());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(bad_segments_are_errors, pair_setup),
        cmocka_unit_test_setup(read_only_page_is_no_error_to_write, pair_setup),
        cmocka_unit_test_setup(sectors_beyond_the_end_are_errors, pair_setup),
        cmocka_unit_test_setup(discards_are_checked, pair_setup),
        cmocka_unit_test_setup(indirect_requests_are_checked, pair_setup),
        cmocka_unit_test_setup(unknown_operations_are_refused, pair_setup),
        cmocka_unit_test_setup(wild_indexes_close_the_device, pair_setup),
        cmocka_unit_test_setup(bad_nodes_close_the_device, pair_setup),
        cmocka_unit_test_setup(states_in_any_order, pair_setup),
        cmocka_unit_test_setup(responses_beyond_requests_close_the_device,
                               pair_setup),
        cmocka_unit_test_setup(response_to_no_request_closes_the_device,
                               pair_setup),
        cmocka_unit_test_setup(grants_that_stay_in_use_are_bounded, pair_setup),
        cmocka_unit_test_setup(nonsense_in_the_store_is_no_size, pair_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
