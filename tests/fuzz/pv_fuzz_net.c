/* SPDX-License-Identifier: MIT */
/* Each half of the network driver. The input writes to both rings, and to the
 * page that requests may name. */
#include "pv_fuzz.h"

#include "pv/netback.h"
#include "pv/net_ring.h"
#include "pv/netfront.h"
#include "pv/text.h"

#define FRONT "/local/domain/5/device/vif/0"
#define BACK  "/local/domain/0/backend/vif/5/0"

enum { TX, RX, DATA };

static uint32_t number(void)
{
    unsigned int low = fuzz_byte();

    return low | (unsigned int)fuzz_byte() << 8;
}

/* Packets with content of the input's. */
static struct net_offload offload(void)
{
    unsigned int bits = fuzz_byte();

    return (struct net_offload){.csum_blank = bits & 1,
                                .csum_good = bits & 2,
                                .gso = (uint8_t)((bits >> 2) % 3),
                                .gso_size = (uint16_t)(bits >> 2 ? 1400 : 0)};
}

/* ---- A back-end, and a front-end of the input's ----------------------- */

static struct netback *back;
static struct netback_nic nic;
static bool ready, closed;
static grant_ref_t refs[3], readonly_ref;

static void transmit(struct netback_nic *n, uint8_t *frame, size_t size,
                     const struct net_offload *o,
                     const struct net_headers *headers)
{
    (void)n;
    must(size >= NET_MIN_PACKET && size <= NET_MAX_PACKET, "a packet's size");
    must(!o->csum_blank || (headers->csum && headers->header_size <= size),
         "a packet's headers");
    /* All of it can be written, and the room before. */
    memset(frame - NETBACK_HEADROOM, 0, NETBACK_HEADROOM + size);
}

static void on_ready(struct netback_nic *n, bool is_ready)
{
    (void)n;
    ready = is_ready;
}

static void on_offloads(struct netback_nic *n, const struct netback_offloads *o)
{
    (void)n, (void)o;
}

static void on_closed(struct netback_nic *n)
{
    (void)n;
    closed = true;
}

static void ignore(void *arg)
{
    (void)arg;
}

static void begin_back(void)
{
    static struct netback_options options;

    ready = closed = false;
    nic = (struct netback_nic){.transmit = transmit,
                               .ready = on_ready,
                               .offloads = on_offloads,
                               .closed = on_closed};
    must(!netback_create("backend/vif/5/0", &options, &nic, &back),
         "no back-end");
    fake_enter(FAKE_FRONT);
    for (int i = 0; i < FUZZ_PAGES; i++) {
        fuzz.memory[i] = os_pages_alloc(1);
        os_grant(FAKE_BACK, fuzz.memory[i], false, &refs[i]);
    }
    os_grant(FAKE_BACK, fuzz.memory[DATA], true, &readonly_ref);
    os_event_alloc(FAKE_BACK, ignore, NULL, &fuzz.port);
    fake_store_set_number(FRONT "/tx-ring-ref", refs[TX]);
    fake_store_set_number(FRONT "/rx-ring-ref", refs[RX]);
    fake_store_set_number(FRONT "/event-channel", fuzz.port);
    fake_store_set(FRONT "/request-rx-copy", "1");
    fake_store_set(FRONT "/request-multicast-control", "1");
    fake_store_set(FRONT "/feature-sg", "1");
    fake_store_set(FRONT "/feature-gso-tcpv4", "1");
    fake_store_set(FRONT "/feature-gso-tcpv6", "1");
    fake_store_set(FRONT "/feature-ipv6-csum-offload", "1");
    fake_store_set(FRONT "/state", "4");
    fake_settle();
}

static grant_ref_t some_ref(void)
{
    static const grant_ref_t *const known[] = {&refs[DATA], &readonly_ref,
                                               &refs[TX]};
    unsigned int which = fuzz_byte() % 8;

    return which < 3 ? *known[which] : which == 3 ? number() : refs[DATA];
}

/* The next slot of a ring in the front-end's hands. */
static void *next_slot(uint8_t *page, size_t entry)
{
    struct pv_sring *shared = (struct pv_sring *)page;
    struct pv_ring ring = {.shared = shared, .nr = NET_RING_SLOTS};

    return pv_ring_slot(&ring, shared->req_prod++, entry);
}

static void request_packet(void)
{
    struct netif_tx_request req = {.gref = some_ref()};

    req.flags = fuzz_byte() % 16;
    req.size = (uint16_t)number();
    req.offset = fuzz_byte();
    memcpy(next_slot(fuzz.memory[TX], sizeof(req)), &req, sizeof(req));
}

static void request_extra(void)
{
    uint8_t extra[sizeof(struct netif_tx_request)] = {0};

    extra[0] = fuzz_byte() % 6;
    extra[1] = fuzz_byte() % 2;
    for (unsigned int i = 2; i < 6; i++)
        extra[i] = fuzz_byte();
    memcpy(next_slot(fuzz.memory[TX], sizeof(extra)), extra, sizeof(extra));
}

static void lend_pages(void)
{
    for (unsigned int nr = fuzz_byte() % 32; nr--;) {
        struct netif_rx_request req = {.gref = some_ref()};

        memcpy(next_slot(fuzz.memory[RX], sizeof(req)), &req, sizeof(req));
    }
}

static void give(void)
{
    static uint8_t frame[NET_MAX_PACKET];
    struct net_offload o = offload();
    size_t size = number();

    for (unsigned int i = 0; i < 16; i++)
        frame[i] = fuzz_byte();
    fake_enter(FAKE_BACK);
    if (!ready)
        return;
    netback_receive(back, frame, size, &o);
    netback_commit(back);
}

static void speak_to_back(void)
{
    switch (fuzz_byte() % 4) {
    case 0:
        request_packet();
        break;
    case 1:
        request_extra();
        break;
    case 2:
        lend_pages();
        break;
    case 3:
        give();
        break;
    }
}

static void end_back(void)
{
    fake_store_set(BACK, NULL);
    for (int i = 0; i < 10000 && !closed; i++)
        fake_step();
    must(closed, "the device does not end");
    fake_enter(FAKE_BACK);
    netback_destroy(back);
    fake_enter(FAKE_FRONT);
    os_event_close(fuzz.port);
    must(!os_grant_end(readonly_ref), "a page is still mapped");
    for (int i = 0; i < FUZZ_PAGES; i++) {
        must(!os_grant_end(refs[i]), "a page is still mapped");
        os_pages_free(fuzz.memory[i], 1);
    }
}

/* ---- A front-end, and a back-end of the input's ----------------------- */

static struct netfront *front;

static void send_one(void)
{
    static uint8_t frame[NET_MAX_PACKET];
    struct net_buffer buffer = {frame, number()};
    struct net_offload o = offload();

    if (buffer.size <= sizeof(frame))
        netfront_send(front, &buffer, 1, &o);
}

/* Not by net_read(): the sanitizer sees each access here. */
static void received(void *arg, const struct net_buffer parts[], size_t size,
                     const struct net_offload *o)
{
    static uint8_t copy[NET_MAX_PACKET];

    (void)arg;
    must(size >= NET_MIN_PACKET && size <= NET_MAX_PACKET, "a packet's size");
    must(!o->gso || o->gso_size, "a segment's size");
    for (size_t at = 0; at < size; at += parts++->size) {
        must(parts->size <= size - at, "a part's size");
        memcpy(copy + at, parts->base, parts->size);
    }
    send_one();
}

static void link_changed(void *arg, bool up, const struct netfront_info *info)
{
    (void)arg, (void)up, (void)info;
}

static void on_removed(void *arg)
{
    (void)arg;
    fuzz.removed = true;
}

/* The rings are where the front-end says, which changes with each connection.
 */
static void find_rings(void)
{
    static const char *const names[] = {FRONT "/tx-ring-ref",
                                        FRONT "/rx-ring-ref"};
    uint64_t value;

    for (unsigned int i = 0; i < 2; i++) {
        fuzz.memory[i] = NULL;
        if (!text_to_u64(fake_store_get(names[i]), &value))
            fuzz.memory[i] = fake_grant_memory(FAKE_FRONT, (grant_ref_t)value);
    }
    if (!text_to_u64(fake_store_get(FRONT "/event-channel"), &value))
        fuzz.port = (evtchn_port_t)value;
}

static void begin_front(void)
{
    static const struct netfront_options options = {
        .rx_pages = 24, .tx_pages = 24, .multicast = true};
    static const struct netfront_ops ops = {.link = link_changed,
                                            .received_parts = received,
                                            .removed = on_removed};

    fake_enter(FAKE_FRONT);
    fake_store_set(FRONT "/mac", "00:16:3e:00:00:01");
    must(!netfront_create("device/vif/0", &options, &ops, NULL, &front),
         "no front-end");
    fake_store_set(BACK "/feature-rx-copy", "1");
    fake_store_set(BACK "/feature-sg", "1");
    fake_store_set(BACK "/feature-gso-tcpv4", "1");
    fake_store_set(BACK "/feature-gso-tcpv6", "1");
    fake_store_set(BACK "/feature-multicast-control", "1");
    fake_store_set(BACK "/state", "2");
    fake_settle();
    fake_store_set(BACK "/state", "4");
    fake_settle();
    find_rings();
}

/* A response to the next request, as a back-end would give it, nearly. */
static void respond(void)
{
    struct pv_sring *shared = (struct pv_sring *)fuzz.memory[RX];
    struct pv_ring ring = {.shared = shared, .nr = NET_RING_SLOTS};
    struct netif_rx_response rsp = {.offset = fuzz_byte()};

    if (!shared)
        return;
    rsp.flags = fuzz_byte() % 32;
    rsp.status = (int16_t)number();
    rsp.id = (uint16_t)(shared->rsp_prod % NET_RING_SLOTS);
    memcpy(net_rx_response(&ring, shared->rsp_prod++), &rsp, sizeof(rsp));
}

static void respond_extra(void)
{
    struct pv_sring *shared = (struct pv_sring *)fuzz.memory[RX];
    struct pv_ring ring = {.shared = shared, .nr = NET_RING_SLOTS};
    uint8_t extra[sizeof(struct netif_rx_response)] = {0};

    if (!shared)
        return;
    extra[0] = fuzz_byte() % 6;
    extra[1] = fuzz_byte() % 2;
    for (unsigned int i = 2; i < 6; i++)
        extra[i] = fuzz_byte();
    memcpy(net_rx_response(&ring, shared->rsp_prod++), extra, sizeof(extra));
}

static void speak_to_front(void)
{
    struct pv_sring *tx = (struct pv_sring *)fuzz.memory[TX];

    switch (fuzz_byte() % 4) {
    case 0:
        respond();
        break;
    case 1:
        respond_extra();
        break;
    case 2:
        fake_enter(FAKE_FRONT);
        send_one();
        break;
    case 3:
        if (tx)
            tx->rsp_prod = tx->req_prod;
        break;
    }
}

static void end_front(void)
{
    fake_enter(FAKE_FRONT);
    netfront_shutdown(front);
    for (int i = 0; i < 10000 && !fuzz.removed; i++)
        fake_step();
    must(fuzz.removed, "the device does not end");
    netfront_destroy(front);
}

const struct fuzz_target fuzz_netback = {
    .name = "pv_netback",
    .front = FRONT,
    .back = BACK,
    .begin = begin_back,
    .speak = speak_to_back,
    .end = end_back,
};

const struct fuzz_target fuzz_netfront = {
    .name = "pv_netfront",
    .front = FRONT,
    .back = BACK,
    .is_front = true,
    .begin = begin_front,
    .find = find_rings,
    .speak = speak_to_front,
    .end = end_front,
};
