/* SPDX-License-Identifier: MIT */
/* Both ends of a network device that behave, in a world that does not. */
#include "net_setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

static void packets_pass_both_ways(void **state)
{
    (void)state;
    net_start();
    net_run_load(2000, 2000);
    net_stop();
}

static void features_are_agreed(void **state)
{
    (void)state;
    net_start();
    assert_true(net.info.sg && net.info.gso_tcpv4 && net.info.gso_tcpv6);
    assert_true(net.info.csum_v6);
    assert_false(net.info.multicast);
    assert_int_equal(net.info.mtu, 1500);
    assert_memory_equal(net.info.mac, "\x00\x16\x3e\x00\x00\x05", 6);
    assert_true(net.offloads.gso_tcpv4 && net.offloads.gso_tcpv6);
    assert_true(net.offloads.csum_v4 && net.offloads.csum_v6);
    net_stop();
}

static void events_in_any_order_lost_and_doubled(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed < 12; seed++) {
        net_setup(NULL);
        fake_begin(seed);
        fake_set_chances((struct fake_chances){.lost = 40, .doubled = 60});
        net.front_options.max_queues = 1 + seed % 4;
        net_start();
        net_run_load(400, 400);
        fake_set_chances((struct fake_chances){0});
        net_stop();
    }
}

static void several_queues(void **state)
{
    (void)state;
    net.front_options.max_queues = 3;
    net_start();
    assert_int_equal(net.info.nr_queues, 3);
    net_run_load(2000, 2000);
    net_stop();
}

/* Packets come when they are asked for, and not more than that. */
static void polled(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed < 8; seed++) {
        net_setup(NULL);
        fake_begin(seed);
        net.polled = true;
        net.front_options.max_queues = seed % 4;
        fake_set_chances((struct fake_chances){.lost = 10, .doubled = 60});
        net_start();
        net_run_load(1000, 1000);
        fake_set_chances((struct fake_chances){0});
        net_stop();
    }
}

static void not_more_queues_than_the_back_end_has(void **state)
{
    (void)state;
    net.front_options.max_queues = 8;
    net.back_options.max_queues = 2;
    net_start();
    assert_int_equal(net.info.nr_queues, 2);
    net_run_load(500, 500);
    net_stop();
}

static void few_pages(void **state)
{
    (void)state;
    net.front_options.rx_pages = 18;
    net.front_options.tx_pages = 18;
    net_start();
    net_run_load(500, 500);
    net_stop();
}

static void fewest_pages(void **state)
{
    (void)state;
    net.front_options.rx_pages = 1;
    net.front_options.tx_pages = 1;
    net.plain = true;
    net_start();
    assert_false(net.offloads.gso_tcpv4);
    net_run_load(300, 300);
    net_stop();
}

static void without_offloads(void **state)
{
    (void)state;
    net.front_options.no_gso = true;
    net.front_options.no_csum = true;
    net.plain = true;
    net_start();
    assert_false(net.offloads.gso_tcpv4 || net.offloads.csum_v4 ||
                 net.offloads.csum_v6);
    net_run_load(500, 500);
    net_stop();
}

static int send_one(const void *frame, size_t size,
                    const struct net_offload *offload)
{
    struct net_buffer buffer = {frame, size};
    int rc;

    fake_enter(FAKE_FRONT);
    rc = netfront_send(net.front, &buffer, 1, offload);
    fake_settle();
    return rc;
}

static void what_can_not_be_sent(void **state)
{
    static uint8_t frame[NET_MAX_PACKET + 1];
    struct net_offload none = {0}, gso = {.gso = 3, .gso_size = 1400};

    (void)state;
    net.by_hand = true;
    net_start();
    assert_int_equal(send_one(frame, 13, &none), -XEN_EMSGSIZE);
    assert_int_equal(send_one(frame, sizeof(frame), &none), -XEN_EMSGSIZE);
    assert_int_equal(send_one(frame, 1000, &gso), -XEN_EINVAL);
    assert_int_equal(send_one(frame, 14, &none), 0);
    assert_int_equal(net.got_size, 14);
    net_stop_front();
    assert_int_equal(net.nr_got, 1);
    net_stop_back();
    assert_true(fake_end());
}

/* A checksum that is left to us, in a packet that has none, can't be. */
static void offloads_need_headers(void **state)
{
    uint8_t frame[200] = {0};
    struct net_offload blank = {.csum_blank = true};

    (void)state;
    net.by_hand = true;
    net_start();
    assert_int_equal(send_one(frame, sizeof(frame), &blank), 0);
    assert_int_equal(net.nr_got, 0);
    assert_int_equal(netback_counters(net.back)->tx_dropped, 1);
    net_run_load(100, 100);
    net_stop();
}

static bool give(const void *frame, size_t size)
{
    struct net_offload none = {0};
    unsigned int before = net.nr_got;

    fake_enter(FAKE_BACK);
    netback_receive(net.back, frame, size, &none);
    netback_commit(net.back);
    fake_settle();
    return net.nr_got > before;
}

static void groups_are_chosen(void **state)
{
    static const uint8_t group[60] = {1, 0, 0x5e, 0, 0, 1};
    static const uint8_t all[60] = {255, 255, 255, 255, 255, 255};
    static const uint8_t own[60] = {0, 0x16, 0x3e, 0, 0, 5};

    (void)state;
    net.front_options.multicast = true;
    net.by_hand = true;
    net_start();
    assert_true(net.info.multicast);
    assert_true(give(all, sizeof(all)) && give(own, sizeof(own)));
    assert_false(give(group, sizeof(group)));
    fake_enter(FAKE_FRONT);
    assert_int_equal(netfront_multicast(net.front, group, true), 0);
    fake_settle();
    assert_true(give(group, sizeof(group)));
    /* The next back-end in place of one that was killed knows it, too. */
    fake_kill(FAKE_BACK);
    net_start_back();
    fake_settle();
    assert_true(give(group, sizeof(group)));
    fake_enter(FAKE_FRONT);
    assert_int_equal(netfront_multicast(net.front, group, false), 0);
    fake_settle();
    assert_false(give(group, sizeof(group)));
    net_stop();
}

static bool groups_are_filtered(void)
{
    return !strcmp(fake_store_get(FRONT_NODE "/request-multicast-control"),
                   "1");
}

/* A guest may want all of them for a while, with any back-end. */
static void all_groups(void **state)
{
    static const uint8_t group[60] = {1, 0, 0x5e, 0, 0, 1};

    (void)state;
    net.front_options.multicast = true;
    net.by_hand = true;
    net_start();
    assert_true(groups_are_filtered());
    assert_false(give(group, sizeof(group)));
    for (unsigned int i = 0; i < 2; i++) {
        fake_enter(FAKE_FRONT);
        assert_int_equal(netfront_multicast_all(net.front, true), 0);
        fake_settle();
        assert_true(give(group, sizeof(group)));
        fake_kill(FAKE_BACK);
        net_start_back();
        fake_settle();
        assert_true(give(group, sizeof(group)));
        fake_enter(FAKE_FRONT);
        assert_int_equal(netfront_multicast_all(net.front, false), 0);
        fake_settle();
        assert_false(give(group, sizeof(group)));
    }
    net_stop();
}

/* A group that is wanted while the ring is full is told of afterwards. */
static void groups_under_load(void **state)
{
    static const uint8_t group[60] = {1, 0, 0x5e, 0, 0, 1};

    (void)state;
    net.front_options.multicast = true;
    net.front_options.tx_pages = 1;
    net.plain = true;
    net_start();
    for (unsigned int i = 0; i < 2; i++) {
        net_load(10, 0);
        assert_int_equal(net.out.nr_sent, 1);
        fake_enter(FAKE_FRONT);
        assert_int_equal(netfront_multicast(net.front, group, !i), 0);
        assert_true(fake_run_until(net_load_sent, NULL));
        fake_settle();
        net.by_hand = true;
        assert_int_equal(give(group, sizeof(group)), !i);
    }
    net_stop();
}

static void too_many_groups(void **state)
{
    uint8_t group[6] = {1};

    (void)state;
    net.front_options.multicast = true;
    net_start();
    fake_enter(FAKE_FRONT);
    for (unsigned int i = 0; i < NET_MAX_MULTICAST; i++) {
        group[5] = (uint8_t)i;
        assert_int_equal(netfront_multicast(net.front, group, true), 0);
    }
    group[5] = 255;
    assert_int_equal(netfront_multicast(net.front, group, true), -XEN_ENOSPC);
    fake_settle();
    net_stop();
}

/* ---- Spoofing --------------------------------------------------------- */

static bool passes(const uint8_t *frame, size_t size)
{
    struct net_offload none = {0};
    unsigned int before = net.nr_got;

    assert_int_equal(send_one(frame, size, &none), 0);
    return net.nr_got > before;
}

static void only_its_own_address(void **state)
{
    uint8_t frame[60] = {0};

    (void)state;
    net.by_hand = true;
    net.nic.check_mac = true;
    net_mac_parse("00:16:3e:00:00:05", net.nic.mac);
    net_start();
    assert_false(passes(frame, sizeof(frame)));
    memcpy(frame + 6, net.nic.mac, 6);
    assert_true(passes(frame, sizeof(frame)));
    net_stop();
}

static void only_its_own_ip_addresses(void **state)
{
    uint8_t v4[60] = {0}, v6[80] = {0}, arp[60] = {0};

    (void)state;
    net.by_hand = true;
    net.nic.check_mac = true;
    net_mac_parse("00:16:3e:00:00:05", net.nic.mac);
    net.nic.nr_addresses = 2;
    net.nic.addresses[0] =
        (struct netback_address){.bytes = {10, 0, 1}, .bits = 23};
    net.nic.addresses[1] = (struct netback_address){
        .bytes = {0x20, 1, 0xd, 0xb8}, .bits = 32, .is_v6 = true};
    memcpy(v4 + 6, net.nic.mac, 6);
    memcpy(v4 + 12, "\x08\x00\x45", 3);
    memcpy(v6 + 6, net.nic.mac, 6);
    memcpy(v6 + 12, "\x86\xdd\x60", 3);
    memcpy(arp + 6, net.nic.mac, 6);
    memcpy(arp + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01", 10);
    memcpy(arp + 22, net.nic.mac, 6);
    net_start();
    assert_true(passes(v4, sizeof(v4))); /* from no address: DHCP */
    memcpy(v4 + 26, "\x0a\x00\x00\x07", 4);
    assert_true(passes(v4, sizeof(v4)));
    memcpy(v4 + 26, "\x0a\x00\x02\x07", 4);
    assert_false(passes(v4, sizeof(v4)));
    memcpy(v6 + 22, "\x20\x01\x0d\xb8\x01", 5);
    assert_true(passes(v6, sizeof(v6)));
    memcpy(v6 + 22, "\x20\x01\x0d\xb9", 4);
    assert_false(passes(v6, sizeof(v6)));
    memcpy(v6 + 22, "\xfe\x80", 2);
    assert_true(passes(v6, sizeof(v6)));
    memcpy(arp + 28, "\x0a\x00\x01\x01", 4);
    assert_true(passes(arp, sizeof(arp)));
    arp[27]++;
    assert_false(passes(arp, sizeof(arp)));
    arp[27]--;
    arp[28]++;
    assert_false(passes(arp, sizeof(arp)));
    net_stop();
}

/* ---- Its end ---------------------------------------------------------- */

static void no_memory_at_any_point(void **state)
{
    (void)state;
    for (unsigned int nr = 1; nr < 60; nr++) {
        domid_t before;
        int rc;

        net_setup(NULL);
        net_make_nodes();
        net_start_back();
        before = fake_enter(FAKE_FRONT);
        net.front_options.rx_pages = net.front_options.tx_pages = 18;
        net_start_front();
        fake_fail_after(nr);
        for (unsigned int i = 0; i < 200; i++)
            fake_step();
        fake_fail_after(0);
        fake_enter(before);
        net_stop();
        rc = fake_has_failed();
        if (!rc)
            return;
    }
}

#define TEST(name) cmocka_unit_test_setup(name, net_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packets_pass_both_ways),
        TEST(features_are_agreed),
        TEST(events_in_any_order_lost_and_doubled),
        TEST(several_queues),
        TEST(polled),
        TEST(not_more_queues_than_the_back_end_has),
        TEST(few_pages),
        TEST(fewest_pages),
        TEST(without_offloads),
        TEST(what_can_not_be_sent),
        TEST(offloads_need_headers),
        TEST(groups_are_chosen),
        TEST(all_groups),
        TEST(groups_under_load),
        TEST(too_many_groups),
        TEST(only_its_own_address),
        TEST(only_its_own_ip_addresses),
        TEST(no_memory_at_any_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
