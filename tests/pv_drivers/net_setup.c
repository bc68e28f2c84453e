/* SPDX-License-Identifier: MIT */
/* Both ends of a network device, and a load; see net_setup.h. */
#include "net_setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#define NR_FLOWS 4U

struct net_pair net;

/* ---- Packets ---------------------------------------------------------- */

/* The same number gives the same packet; a little generator of its own. */
static uint32_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*state >> 33);
}

/* Headers of TCP with IPv4 or IPv6, as far as anyone looks. Returns their size.
 */
static size_t put_headers(uint8_t *at, bool v6, unsigned int flow)
{
    size_t ip = v6 ? 40 : 20;

    memset(at, 0, 14 + ip + 20);
    memcpy(at, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02", 12);
    at[12] = v6 ? 0x86 : 0x08;
    at[13] = v6 ? 0xdd : 0x00;
    at += 14;
    at[0] = v6 ? 0x60 : 0x45;
    at[v6 ? 6 : 9] = 6;
    at[ip - 1] = 1;
    at += ip;
    at[1] = (uint8_t)flow;
    at[12] = 5 << 4;
    return 14 + ip + 20;
}

static size_t choose_size(uint64_t *state, size_t least, bool gso)
{
    uint32_t kind = next(state) % 8;

    if (gso)
        return least + 1500 + next(state) % (NET_MAX_PACKET - least - 1500);
    if (kind == 0 && !net.plain)
        return least + next(state) % 9000;
    return least + next(state) % (1500 - least);
}

size_t net_make_packet(uint8_t *frame, unsigned int number, bool out,
                       struct net_offload *offload)
{
    uint64_t state = number * 2U + out;
    bool v6 = number % 2, gso = !net.plain && next(&state) % 4 == 0;
    size_t header = put_headers(frame, v6, number % NR_FLOWS), size;

    *offload = (struct net_offload){0};
    if (gso) {
        offload->gso = v6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;
        offload->gso_size = 1400;
    }
    offload->csum_blank = gso || (!net.plain && next(&state) % 2);
    offload->csum_good = offload->csum_blank || next(&state) % 2;
    size = choose_size(&state, header + 8, gso);
    memcpy(frame + header, &number, sizeof(number));
    for (size_t i = header + sizeof(number); i < size; i++)
        frame[i] = (uint8_t)(number * 7 + i * 13 + (i >> 8));
    return size;
}

/* Compare a packet with the one that was sent. */
static void check_packet(struct stream *s, const uint8_t *frame, size_t size,
                         const struct net_offload *offload)
{
    static uint8_t expected[NET_MAX_PACKET];
    struct net_offload sent;
    unsigned int number = 0;
    bool v6 = frame[12] == 0x86;

    if (size >= 14 + (v6 ? 60 : 40) + sizeof(number))
        memcpy(&number, frame + 14 + (v6 ? 60 : 40), sizeof(number));
    if (number >= s->nr_sent ||
        net_make_packet(expected, number, s == &net.out, &sent) != size ||
        memcmp(expected, frame, size) || sent.gso != offload->gso ||
        sent.gso_size != offload->gso_size ||
        sent.csum_blank != offload->csum_blank ||
        sent.csum_good != offload->csum_good) {
        s->nr_wrong++;
        return;
    }
    s->nr_got[number]++;
    s->nr_late += number < s->last[number % NR_FLOWS];
    s->last[number % NR_FLOWS] = number;
}

static void take(struct stream *s, const uint8_t *frame, size_t size,
                 const struct net_offload *offload)
{
    net.nr_got++;
    if (!net.by_hand) {
        check_packet(s, frame, size, offload);
        return;
    }
    memcpy(net.got, frame, size);
    net.got_size = size;
    net.got_offload = *offload;
}

/* ---- The network ------------------------------------------------------ */

static void transmit(struct netback_nic *nic, uint8_t *frame, size_t size,
                     const struct net_offload *offload,
                     const struct net_headers *headers)
{
    (void)nic;
    if (offload->csum_blank && !headers->csum)
        abort();
    /* All of it is ours to write, and some bytes before. */
    memset(frame - NETBACK_HEADROOM, 0x55, NETBACK_HEADROOM);
    take(&net.out, frame, size, offload);
}

static uint8_t feed_memory[16][NET_MAX_PACKET];
static bool feeding;

static void feed(void *arg)
{
    unsigned int nr = 1 + fake_random(16);

    (void)arg;
    feeding = false;
    for (unsigned int i = 0;
         i < nr && net.ready && net.in.nr_sent < net.in.nr_wanted; i++) {
        struct net_offload offload;
        size_t size =
            net_make_packet(feed_memory[i], net.in.nr_sent, false, &offload);

        net.in.nr_sent++;
        netback_receive(net.back, feed_memory[i], size, &offload);
    }
    netback_commit(net.back);
    net_feed();
}

void net_feed(void)
{
    if (feeding || !net.ready || net.in.nr_sent == net.in.nr_wanted)
        return;
    feeding = true;
    fake_work(FAKE_BACK, feed, NULL);
}

static void ready(struct netback_nic *nic, bool is_ready)
{
    (void)nic;
    net.ready = is_ready;
    net_feed();
}

static void offloads(struct netback_nic *nic, const struct netback_offloads *o)
{
    (void)nic;
    net.offloads = *o;
}

static void closed(struct netback_nic *nic)
{
    (void)nic;
    net.nr_closed++;
}

/* ---- The guest -------------------------------------------------------- */

static bool pumping;

/* In pieces, as a kernel has them. */
static int send(uint8_t *frame, size_t size, const struct net_offload *offload)
{
    size_t cut = 1 + fake_random((uint32_t)size - 1), second = size - cut;
    struct net_buffer buffers[] = {
        {frame, cut},
        {frame + cut, second / 2},
        {NULL, 0},
        {frame + cut + second / 2, second - second / 2}};

    /* A flow is told by its headers. */
    if (cut < 74)
        return netfront_send(net.front, &(struct net_buffer){frame, size}, 1,
                             offload);
    return netfront_send(net.front, buffers, 4, offload);
}

static void pump(void *arg)
{
    static uint8_t frame[NET_MAX_PACKET];
    unsigned int nr = 1 + fake_random(16);

    (void)arg;
    pumping = false;
    while (nr-- && net.out.nr_sent < net.out.nr_wanted) {
        struct net_offload offload;
        size_t size = net_make_packet(frame, net.out.nr_sent, true, &offload);

        net.out.nr_sent++;
        if (!send(frame, size, &offload))
            continue;
        net.out.nr_sent--;
        return;
    }
    if (net.out.nr_sent < net.out.nr_wanted) {
        pumping = true;
        fake_work(FAKE_FRONT, pump, NULL);
    }
}

static void writable(void *arg)
{
    if (!pumping)
        pump(arg);
}

static void received(void *arg, const uint8_t *frame, size_t size,
                     const struct net_offload *offload)
{
    (void)arg;
    take(&net.in, frame, size, offload);
}

static void received_parts(void *arg, const struct net_buffer parts[],
                           size_t size, const struct net_offload *offload)
{
    static uint8_t frame[NET_MAX_PACKET];
    struct net_reader r = {.buffer = parts};

    net_read(&r, frame, size);
    received(arg, frame, size, offload);
}

static void link_changed(void *arg, bool up, const struct netfront_info *info)
{
    net.link = up;
    net.info = *info;
    net.nr_links += up;
    if (up)
        writable(arg);
}

static void removed(void *arg)
{
    (void)arg;
    net.nr_removed++;
}

/* ---- A guest that polls ----------------------------------------------- */

#define POLL_BUDGET 16U

static bool polling;

static void pending(void *arg);

/* Until there is less than it would take. */
static void poll(void *arg)
{
    unsigned int before = net.nr_got, done;

    polling = false;
    if (!net.front)
        return;
    done = netfront_poll(net.front, POLL_BUDGET);
    assert_true(done <= POLL_BUDGET && net.nr_got - before <= done);
    if (done == POLL_BUDGET)
        pending(arg);
}

static void pending(void *arg)
{
    if (!polling)
        fake_work(FAKE_FRONT, poll, arg);
    polling = true;
}

static const struct netfront_ops front_ops = {
    .link = link_changed,
    .received = received,
    .writable = writable,
    .removed = removed,
};

static const struct netfront_ops polled_ops = {
    .link = link_changed,
    .received_parts = received_parts,
    .writable = writable,
    .pending = pending,
    .removed = removed,
};

/* ---- Both ------------------------------------------------------------- */

int net_setup(void **state)
{
    (void)state;
    memset(&net, 0, sizeof(net));
    feeding = pumping = polling = false;
    fake_begin(1);
    net.nic = (struct netback_nic){.transmit = transmit,
                                   .ready = ready,
                                   .offloads = offloads,
                                   .closed = closed,
                                   .keep = net.keep};
    return 0;
}

void net_make_nodes(void)
{
    fake_store_set(FRONT_NODE "/backend", BACK_NODE);
    fake_store_set(FRONT_NODE "/backend-id", "0");
    fake_store_set(FRONT_NODE "/mac", "00:16:3e:00:00:05");
    fake_store_set(FRONT_NODE "/mtu", "1500");
    fake_store_set(FRONT_NODE "/state", "1");
    fake_store_set(BACK_NODE "/frontend", FRONT_NODE);
    fake_store_set(BACK_NODE "/frontend-id", "5");
    fake_store_set(BACK_NODE "/online", "1");
    fake_store_set(BACK_NODE "/state", "1");
}

void net_start_back(void)
{
    domid_t before = fake_enter(FAKE_BACK);

    net.ready = feeding = false;
    assert_int_equal(netback_create("backend/vif/5/0", &net.back_options,
                                    &net.nic, &net.back),
                     0);
    fake_enter(before);
}

void net_start_front(void)
{
    domid_t before = fake_enter(FAKE_FRONT);

    assert_int_equal(netfront_create("device/vif/0", &net.front_options,
                                     net.polled ? &polled_ops : &front_ops,
                                     NULL, &net.front),
                     0);
    fake_enter(before);
}

bool net_linked(void *arg)
{
    (void)arg;
    return net.link;
}

void net_start(void)
{
    net_make_nodes();
    net_start_back();
    net_start_front();
    fake_enter(FAKE_FRONT);
    assert_true(fake_run_until(net_linked, NULL));
}

static bool is_removed(void *arg)
{
    (void)arg;
    return net.nr_removed;
}

static bool is_closed(void *arg)
{
    (void)arg;
    return net.nr_closed;
}

void net_stop_front(void)
{
    domid_t before = fake_enter(FAKE_FRONT);

    netfront_shutdown(net.front);
    assert_true(fake_run_until(is_removed, NULL));
    netfront_destroy(net.front);
    net.front = NULL;
    fake_enter(before);
}

void net_stop_back(void)
{
    fake_store_set(FRONT_NODE, NULL);
    fake_store_set(BACK_NODE, NULL);
    assert_true(fake_run_until(is_closed, NULL));
    fake_enter(FAKE_BACK);
    netback_destroy(net.back);
}

void net_stop(void)
{
    net_stop_front();
    net_stop_back();
    assert_true(fake_end());
}

/* ---- The load --------------------------------------------------------- */

void net_load(unsigned int nr_out, unsigned int nr_in)
{
    assert_true(nr_out <= MAX_NUMBERS && nr_in <= MAX_NUMBERS);
    memset(&net.out, 0, sizeof(net.out));
    memset(&net.in, 0, sizeof(net.in));
    net.out.nr_wanted = nr_out;
    net.in.nr_wanted = nr_in;
    net.by_hand = false;
    fake_enter(FAKE_FRONT);
    writable(NULL);
    fake_enter(FAKE_BACK);
    net_feed();
}

bool net_load_sent(void *arg)
{
    (void)arg;
    return net.out.nr_sent == net.out.nr_wanted &&
           net.in.nr_sent == net.in.nr_wanted && net.link;
}

static bool all_came(void *arg)
{
    unsigned int missing = 0;

    (void)arg;
    if (!net_load_sent(NULL))
        return false;
    for (unsigned int i = 0; i < net.out.nr_wanted; i++)
        missing += !net.out.nr_got[i];
    for (unsigned int i = 0; i < net.in.nr_wanted; i++)
        missing += !net.in.nr_got[i];
    return !missing;
}

static void assert_once(const struct stream *s)
{
    assert_int_equal(s->nr_wrong, 0);
    assert_int_equal(s->nr_late, 0);
    for (unsigned int i = 0; i < s->nr_wanted; i++)
        assert_int_equal(s->nr_got[i], 1);
}

void net_run_load(unsigned int nr_out, unsigned int nr_in)
{
    net_load(nr_out, nr_in);
    assert_true(fake_run_until(all_came, NULL));
    assert_once(&net.out);
    assert_once(&net.in);
}
