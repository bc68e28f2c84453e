/* SPDX-License-Identifier: MIT */
/* Each half of the network driver against a peer that lies. */
#include "net_setup.h"
#include "pv/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* ---- A front-end without a driver ------------------------------------- */

static struct {
    void *tx_page, *rx_page, *data;
    struct pv_ring tx, rx;
    grant_ref_t tx_ref, rx_ref, data_ref, readonly_ref;
    evtchn_port_t port;
} raw;

static void ignore(void *arg)
{
    (void)arg;
}

static void raw_start(void)
{
    net.by_hand = true;
    net_make_nodes();
    net_start_back();
    fake_enter(FAKE_FRONT);
    raw.tx_page = os_pages_alloc(1);
    raw.rx_page = os_pages_alloc(1);
    raw.data = os_pages_alloc(1);
    pv_ring_init(&raw.tx, raw.tx_page, OS_PAGE_SIZE,
                 sizeof(struct netif_tx_request));
    pv_ring_init(&raw.rx, raw.rx_page, OS_PAGE_SIZE,
                 sizeof(struct netif_rx_response));
    os_grant(FAKE_BACK, raw.tx_page, false, &raw.tx_ref);
    os_grant(FAKE_BACK, raw.rx_page, false, &raw.rx_ref);
    os_grant(FAKE_BACK, raw.data, false, &raw.data_ref);
    os_grant(FAKE_BACK, raw.data, true, &raw.readonly_ref);
    os_event_alloc(FAKE_BACK, ignore, NULL, &raw.port);
    fake_store_set_number(FRONT_NODE "/tx-ring-ref", raw.tx_ref);
    fake_store_set_number(FRONT_NODE "/rx-ring-ref", raw.rx_ref);
    fake_store_set_number(FRONT_NODE "/event-channel", raw.port);
    fake_store_set(FRONT_NODE "/request-rx-copy", "1");
    fake_store_set(FRONT_NODE "/feature-sg", "1");
    fake_store_set(FRONT_NODE "/feature-gso-tcpv4", "1");
    fake_store_set(FRONT_NODE "/state", "4");
    fake_settle();
    assert_string_equal(fake_store_get(BACK_NODE "/state"), "4");
}

static void raw_stop(void)
{
    net_stop_back();
    fake_enter(FAKE_FRONT);
    os_event_close(raw.port);
    assert_int_equal(os_grant_end(raw.tx_ref), 0);
    assert_int_equal(os_grant_end(raw.rx_ref), 0);
    assert_int_equal(os_grant_end(raw.data_ref), 0);
    assert_int_equal(os_grant_end(raw.readonly_ref), 0);
    os_pages_free(raw.tx_page, 1);
    os_pages_free(raw.rx_page, 1);
    os_pages_free(raw.data, 1);
    assert_true(fake_end());
}

/* As after each fatal lie: the device is closed, and nothing else. */
static void assert_lost(void)
{
    assert_string_equal(fake_store_get(BACK_NODE "/state"), "5");
    raw_stop();
    net_setup(NULL);
}

static void put(uint16_t size, uint16_t offset, uint16_t flags)
{
    *net_tx_request(&raw.tx, raw.tx.prod++) =
        (struct netif_tx_request){.gref = raw.readonly_ref,
                                  .offset = offset,
                                  .flags = flags,
                                  .id = (uint16_t)raw.tx.prod,
                                  .size = size};
}

static void put_extra(struct netif_extra_info extra)
{
    memcpy(net_tx_request(&raw.tx, raw.tx.prod++), &extra, sizeof(extra));
}

static void push(void)
{
    fake_enter(FAKE_FRONT);
    pv_front_push(&raw.tx);
    os_event_send(raw.port);
    fake_settle();
}

/* The status of the next response. */
static int answer(void)
{
    struct netif_tx_response rsp;

    assert_true(pv_front_avail(&raw.tx) > 0);
    memcpy(&rsp, net_tx_response(&raw.tx, raw.tx.cons++), sizeof(rsp));
    return rsp.status;
}

static void good_packets(void **state)
{
    (void)state;
    raw_start();
    put(60, 0, 0);
    put(100, OS_PAGE_SIZE - 40, NETTXF_more_data);
    put(60, 17, 0);
    push();
    assert_int_equal(answer(), NETIF_RSP_OKAY);
    assert_int_equal(answer(), NETIF_RSP_OKAY);
    assert_int_equal(answer(), NETIF_RSP_OKAY);
    assert_int_equal(net.nr_got, 2);
    assert_int_equal(net.got_size, 100);
    raw_stop();
}

/* One that can't be read is lost, and no other of its batch. */
static void bad_grant_loses_its_packet(void **state)
{
    (void)state;
    raw_start();
    put(60, 0, 0);
    put(60, 0, 0);
    net_tx_request(&raw.tx, raw.tx.prod - 1)->gref = UINT32_MAX;
    put(60, 0, 0);
    push();
    assert_int_equal(answer(), NETIF_RSP_OKAY);
    assert_int_equal(answer(), NETIF_RSP_ERROR);
    assert_int_equal(answer(), NETIF_RSP_OKAY);
    assert_int_equal(net.nr_got, 2);
    raw_stop();
}

static void sizes_are_checked(void **state)
{
    static const struct {
        uint16_t size, offset, rest, rest_offset;
    } lies[] = {
        {13, 0, 0, 0},          {0, 0, 0, 0},     {60, 4037, 0, 0},
        {60, UINT16_MAX, 0, 0}, {4097, 0, 0, 0},  {UINT16_MAX, 0, 0, 0},
        {100, 0, 100, 0},       {100, 0, 101, 0}, {100, 0, 50, 4047},
        {5000, 0, 900, 0},
    };

    (void)state;
    for (unsigned int i = 0; i < OS_ARRAY_SIZE(lies); i++) {
        raw_start();
        put(lies[i].size, lies[i].offset, lies[i].rest ? NETTXF_more_data : 0);
        if (lies[i].rest)
            put(lies[i].rest, lies[i].rest_offset, 0);
        push();
        assert_int_equal(net.nr_got, 0);
        assert_lost();
    }
    raw_start();
    put(100, 0, NETTXF_more_data);
    put(0, 0, 0);
    push();
    assert_lost();
    raw_start();
    raw_stop();
}

static void too_many_parts(void **state)
{
    (void)state;
    raw_start();
    put(1000, 0, NETTXF_more_data);
    for (unsigned int i = 0; i < 40; i++)
        put(10, 0, NETTXF_more_data);
    push();
    assert_lost();
    raw_start();
    raw_stop();
}

/* The rest may come later, or never. */
static void part_of_a_packet_waits(void **state)
{
    (void)state;
    raw_start();
    put(100, 0, NETTXF_more_data);
    push();
    assert_int_equal(pv_front_avail(&raw.tx), 0);
    put(40, 0, 0);
    push();
    assert_int_equal(answer(), NETIF_RSP_OKAY);
    assert_int_equal(net.got_size, 100);
    put(100, 0, NETTXF_extra_info);
    push();
    raw_stop();
}

static void extra_info_is_checked(void **state)
{
    static const struct netif_extra_info lies[] = {
        {.type = 0},
        {.type = XEN_NETIF_EXTRA_TYPE_MAX},
        {.type = 255, .flags = 255},
        {.type = XEN_NETIF_EXTRA_TYPE_GSO,
         .u.gso = {.size = 0, .type = XEN_NETIF_GSO_TYPE_TCPV4}},
        {.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso = {.size = 9, .type = 0}},
        {.type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso = {.size = 9, .type = 3}},
    };

    (void)state;
    for (unsigned int i = 0; i < OS_ARRAY_SIZE(lies); i++) {
        raw_start();
        put(100, 0, NETTXF_extra_info);
        put_extra(lies[i]);
        push();
        assert_lost();
    }
    raw_start();
    put(100, 0, NETTXF_extra_info);
    for (unsigned int i = 0; i < 20; i++)
        put_extra(
            (struct netif_extra_info){.type = XEN_NETIF_EXTRA_TYPE_HASH,
                                      .flags = XEN_NETIF_EXTRA_FLAG_MORE});
    push();
    assert_lost();
    raw_start();
    raw_stop();
}

/* What says it is TCP, and is not, gets no further. */
static void gso_without_tcp_is_dropped(void **state)
{
    (void)state;
    raw_start();
    put(1000, 0, NETTXF_extra_info | NETTXF_csum_blank);
    put_extra((struct netif_extra_info){
        .type = XEN_NETIF_EXTRA_TYPE_GSO,
        .u.gso = {.size = 100, .type = XEN_NETIF_GSO_TYPE_TCPV4}});
    push();
    assert_int_equal(answer(), NETIF_RSP_DROPPED);
    assert_int_equal(answer(), NETIF_RSP_NULL);
    assert_int_equal(net.nr_got, 0);
    raw_stop();
}

/* Segments of a byte would be work for the host. */
static void tiny_segments_are_dropped(void **state)
{
    struct net_offload offload;
    uint8_t frame[NET_MAX_PACKET];

    (void)state;
    raw_start();
    net_make_packet(frame, 0, true, &offload);
    memcpy(raw.data, frame, 1000);
    for (uint16_t size = 46; size < 50; size++) {
        put(1000, 0, NETTXF_extra_info | NETTXF_csum_blank);
        put_extra((struct netif_extra_info){
            .type = XEN_NETIF_EXTRA_TYPE_GSO,
            .u.gso = {.size = size, .type = XEN_NETIF_GSO_TYPE_TCPV4}});
        push();
        assert_int_equal(answer(),
                         size < 48 ? NETIF_RSP_DROPPED : NETIF_RSP_OKAY);
        assert_int_equal(answer(), NETIF_RSP_NULL);
    }
    raw_stop();
}

static void more_requests_than_slots(void **state)
{
    (void)state;
    raw_start();
    raw.tx.shared->req_prod = 257;
    os_event_send(raw.port);
    fake_settle();
    assert_lost();
    raw_start();
    raw.rx.shared->req_prod = 1000;
    os_event_send(raw.port);
    fake_settle();
    assert_lost();
    raw_start();
    raw_stop();
}

static void too_many_groups_are_an_error(void **state)
{
    (void)state;
    raw_start();
    for (unsigned int i = 0; i <= NET_MAX_MULTICAST; i++) {
        put(0, 0, NETTXF_extra_info);
        put_extra((struct netif_extra_info){
            .type = XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
            .u.mcast.addr = {1, 0, 0, 0, 0, (uint8_t)i}});
        push();
        assert_int_equal(answer(), i < NET_MAX_MULTICAST ? NETIF_RSP_OKAY
                                                         : NETIF_RSP_ERROR);
        assert_int_equal(answer(), NETIF_RSP_NULL);
    }
    raw_stop();
}

static void lend(grant_ref_t ref, unsigned int nr)
{
    fake_enter(FAKE_FRONT);
    while (nr--) {
        *net_rx_request(&raw.rx, raw.rx.prod) = (struct netif_rx_request){
            .id = (uint16_t)(raw.rx.prod + 7), .gref = ref};
        raw.rx.prod++;
    }
    pv_front_push(&raw.rx);
    os_event_send(raw.port);
    fake_settle();
}

static struct netif_rx_response give(const void *frame, size_t size)
{
    struct net_offload none = {0};
    struct netif_rx_response rsp;

    fake_enter(FAKE_BACK);
    assert_true(net.ready);
    netback_receive(net.back, frame, size, &none);
    netback_commit(net.back);
    assert_true(pv_front_avail(&raw.rx) > 0);
    memcpy(&rsp, net_rx_response(&raw.rx, raw.rx.cons++), sizeof(rsp));
    return rsp;
}

/* Pages that can't be written: the packet is lost, the ring goes on. */
static void bad_pages_lose_their_packets(void **state)
{
    static const uint8_t frame[100] = "hello";

    (void)state;
    raw_start();
    assert_false(net.ready);
    lend(raw.data_ref, 1);
    lend(raw.readonly_ref, 1);
    lend(UINT32_MAX, 1);
    lend(raw.data_ref, 40);
    assert_int_equal(give(frame, sizeof(frame)).status, 100);
    assert_memory_equal(raw.data, frame, sizeof(frame));
    assert_int_equal(give(frame, sizeof(frame)).status, NETIF_RSP_ERROR);
    assert_int_equal(give(frame, sizeof(frame)).status, NETIF_RSP_ERROR);
    assert_int_equal(give(frame, sizeof(frame)).id, 3 + 7);
    raw_stop();
}

static void no_connection_without_sense(void **state)
{
    static const struct {
        const char *name, *value;
    } lies[] = {
        {FRONT_NODE "/tx-ring-ref", "x"},
        {FRONT_NODE "/rx-ring-ref", "99999999999"},
        {FRONT_NODE "/tx-ring-ref", "7777"},
        {FRONT_NODE "/event-channel", "4000000000"},
        {FRONT_NODE "/multi-queue-num-queues", "0"},
        {FRONT_NODE "/multi-queue-num-queues", "5"},
        {FRONT_NODE "/multi-queue-num-queues", "2"},
        {FRONT_NODE "/request-rx-copy", "0"},
    };

    (void)state;
    for (unsigned int i = 0; i < OS_ARRAY_SIZE(lies); i++) {
        char before[64];

        raw_start();
        text_format(before, sizeof(before), "%s", fake_store_get(lies[i].name));
        fake_store_set(FRONT_NODE "/state", "1");
        fake_settle();
        fake_store_set(lies[i].name, lies[i].value);
        fake_store_set(FRONT_NODE "/state", "4");
        fake_settle();
        assert_lost();
    }
}

/* ---- A back-end without a driver -------------------------------------- */

static struct {
    struct pv_sring *tx, *rx;
    struct pv_ring rx_ring;
    evtchn_port_t port;
} other;

static uint64_t front_number(const char *name)
{
    uint64_t number = 0;
    char path[PV_PATH_MAX];

    text_format(path, sizeof(path), FRONT_NODE "/%s", name);
    assert_int_equal(text_to_u64(fake_store_get(path), &number), 0);
    return number;
}

static void other_start(void)
{
    net.by_hand = true;
    net_make_nodes();
    fake_store_set(BACK_NODE "/feature-rx-copy", "1");
    fake_store_set(BACK_NODE "/feature-sg", "1");
    fake_store_set(BACK_NODE "/state", "2");
    net_start_front();
    fake_settle();
    fake_store_set(BACK_NODE "/state", "4");
    fake_settle();
    assert_true(net.link);
    other.tx =
        fake_grant_memory(FAKE_FRONT, (grant_ref_t)front_number("tx-ring-ref"));
    other.rx =
        fake_grant_memory(FAKE_FRONT, (grant_ref_t)front_number("rx-ring-ref"));
    pv_ring_attach(&other.rx_ring, other.rx, OS_PAGE_SIZE,
                   sizeof(struct netif_rx_response), 0, 0);
    other.port = (evtchn_port_t)front_number("event-channel");
}

static void other_stop(void)
{
    net_stop_front();
    assert_true(fake_end());
}

static void assert_front_is_in(const char *state)
{
    fake_settle();
    assert_string_equal(fake_store_get(FRONT_NODE "/state"), state);
}

static void earlier_connections_are_not_ours(void **state)
{
    (void)state;
    net.by_hand = true;
    net_make_nodes();
    fake_store_set(BACK_NODE "/feature-rx-copy", "1");
    fake_store_set(BACK_NODE "/state", "4");
    net_start_front();
    assert_front_is_in("1");
    fake_store_set(BACK_NODE "/state", "5");
    assert_front_is_in("1");
    fake_store_set(BACK_NODE "/state", "6");
    assert_front_is_in("1");
    fake_store_set(BACK_NODE "/state", "2");
    assert_front_is_in("4");
    fake_store_set(BACK_NODE "/state", "5");
    assert_front_is_in("6");
    other_stop();
}

static void device_is_taken_away_before_it_is_used(void **state)
{
    (void)state;
    net.by_hand = true;
    net_make_nodes();
    net_start_front();
    fake_store_set(BACK_NODE "/online", "0");
    fake_store_set(BACK_NODE "/state", "5");
    assert_front_is_in("6");
    other_stop();
}

static void wake(void)
{
    fake_event_inject(FAKE_FRONT, other.port);
    fake_settle();
}

static bool has_no_link(void *arg)
{
    (void)arg;
    return !net.link;
}

/* What calls the store waits for the front-end's timer. */
static void assert_broken(void)
{
    assert_true(fake_run_until(has_no_link, NULL));
    assert_string_equal(fake_store_get(FRONT_NODE "/state"), "6");
    other_stop();
    net_setup(NULL);
}

static void respond(uint16_t id, uint16_t offset, uint16_t flags,
                    int16_t status)
{
    *net_rx_response(&other.rx_ring, other.rx->rsp_prod++) =
        (struct netif_rx_response){id, offset, flags, status};
}

static void front_takes_good_packets(void **state)
{
    (void)state;
    other_start();
    respond(0, 0, 0, 60);
    respond(1, 4000, NETRXF_more_data, 96);
    respond(2, 0, 0, 4096);
    respond(3, 0, 0, -1);
    respond(4, 0, 0, 5);
    wake();
    assert_int_equal(net.nr_got, 2);
    assert_int_equal(net.got_size, 96 + 4096);
    other_stop();
}

static void front_breaks_with_a_liar(void **state)
{
    (void)state;
    other_start();
    other.rx->rsp_prod = 257;
    wake();
    assert_broken();
    other_start();
    other.tx->rsp_prod = 1;
    wake();
    assert_broken();
    other_start();
    respond(1, 0, 0, 60);
    wake();
    assert_broken();
    other_start();
    respond(0, 4090, 0, 60);
    wake();
    assert_broken();
    other_start();
    for (uint16_t i = 0; i < 17; i++)
        respond(i, 0, NETRXF_more_data, 4096);
    wake();
    assert_broken();
    other_start();
    for (uint16_t i = 0; i < 200; i++)
        respond(i, 0, NETRXF_more_data, 0);
    wake();
    assert_broken();
}

/* An answer to what was not sent, or a second one. */
static void front_knows_what_it_has_sent(void **state)
{
    static const uint8_t frame[60];
    struct net_buffer buffer = {frame, sizeof(frame)};
    struct net_offload none = {0};
    struct pv_ring tx;

    (void)state;
    other_start();
    pv_ring_attach(&tx, other.tx, OS_PAGE_SIZE, sizeof(struct netif_tx_request),
                   0, 0);
    fake_enter(FAKE_FRONT);
    assert_int_equal(netfront_send(net.front, &buffer, 1, &none), 0);
    assert_int_equal(netfront_send(net.front, &buffer, 1, &none), 0);
    *net_tx_response(&tx, 0) =
        (struct netif_tx_response){.id = net_tx_request(&tx, 0)->id};
    *net_tx_response(&tx, 1) = *net_tx_response(&tx, 0);
    other.tx->rsp_prod = 2;
    wake();
    assert_broken();
    other_start();
    fake_enter(FAKE_FRONT);
    assert_int_equal(netfront_send(net.front, &buffer, 1, &none), 0);
    pv_ring_attach(&tx, other.tx, OS_PAGE_SIZE, sizeof(struct netif_tx_request),
                   0, 0);
    *net_tx_response(&tx, 0) = (struct netif_tx_response){.id = 60000};
    other.tx->rsp_prod = 1;
    wake();
    assert_broken();
}

/* ---- Headers ---------------------------------------------------------- */

static void headers_of_what_is_cut(void **state)
{
    static uint8_t frame[NET_MAX_PACKET];
    struct net_headers headers;
    struct net_offload offload;

    (void)state;
    for (unsigned int number = 0; number < 40; number++) {
        size_t size = net_make_packet(frame, number, true, &offload);

        for (size_t cut = 0; cut < 100 && cut < size; cut++) {
            uint8_t *copy = os_alloc(cut);

            memcpy(copy, frame, cut);
            if (net_headers_find(copy, cut, &headers))
                assert_in_range(headers.header_size, 54, cut);
            net_flow(copy, cut);
            os_free(copy, cut);
        }
    }
}

static void headers_behind_tags_and_options(void **state)
{
    uint8_t vlan[80] = {0}, v6[90] = {0};
    struct net_headers headers;

    (void)state;
    memcpy(vlan + 12, "\x81\x00\x00\x05\x08\x00\x46", 7);
    vlan[18 + 9] = 17;
    assert_true(net_headers_find(vlan, sizeof(vlan), &headers));
    assert_int_equal(headers.transport, 18 + 24);
    assert_int_equal(headers.csum, 18 + 24 + 6);
    memcpy(v6 + 12, "\x86\xdd\x60", 3);
    v6[20] = 0; /* hop by hop, then TCP */
    v6[54] = 6;
    v6[62 + 12] = 5 << 4;
    assert_true(net_headers_find(v6, sizeof(v6), &headers));
    assert_int_equal(headers.transport, 62);
    assert_true(headers.is_v6);
    v6[62 + 12] = 15 << 4;
    assert_false(net_headers_find(v6, sizeof(v6), &headers));
    vlan[18 + 6] = 0x20; /* a fragment */
    assert_false(net_headers_find(vlan, sizeof(vlan), &headers));
}

static void addresses_as_text(void **state)
{
    uint8_t mac[NET_MAC_SIZE];

    (void)state;
    assert_int_equal(net_mac_parse("00:16:3E:aB:09:fF", mac), 0);
    assert_memory_equal(mac, "\x00\x16\x3e\xab\x09\xff", sizeof(mac));
    assert_int_equal(net_mac_parse("00:16:3e:ab:09", mac), -XEN_EINVAL);
    assert_int_equal(net_mac_parse("00:16:3e:ab:09:fg", mac), -XEN_EINVAL);
    assert_int_equal(net_mac_parse("00:16:3e:ab:09:ff ", mac), -XEN_EINVAL);
    assert_int_equal(net_mac_parse("00-16-3e-ab-09-ff", mac), -XEN_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup(name, net_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_packets),
        TEST(bad_grant_loses_its_packet),
        TEST(sizes_are_checked),
        TEST(too_many_parts),
        TEST(part_of_a_packet_waits),
        TEST(extra_info_is_checked),
        TEST(gso_without_tcp_is_dropped),
        TEST(tiny_segments_are_dropped),
        TEST(more_requests_than_slots),
        TEST(too_many_groups_are_an_error),
        TEST(bad_pages_lose_their_packets),
        TEST(no_connection_without_sense),
        TEST(earlier_connections_are_not_ours),
        TEST(device_is_taken_away_before_it_is_used),
        TEST(front_takes_good_packets),
        TEST(front_breaks_with_a_liar),
        TEST(front_knows_what_it_has_sent),
        TEST(headers_of_what_is_cut),
        TEST(headers_behind_tags_and_options),
        TEST(addresses_as_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
