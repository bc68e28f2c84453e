/* SPDX-License-Identifier: MIT */
/* A look into packets' headers, and their parts; see pv/net.h. */
#include "pv/net.h"

#include "pv/copy.h"

#define TYPE_IPV4 0x0800U
#define TYPE_IPV6 0x86ddU
#define TYPE_VLAN 0x8100U
#define TYPE_QINQ 0x88a8U
#define TCP       6U
#define UDP       17U

/* IPv6 headers between the first and the transport's. */
#define HOP_BY_HOP      0U
#define ROUTING         43U
#define DESTINATION     60U
#define MAX_V6_HEADERS  8U

#define FRAGMENT_OFFSET 0x1fffU
#define MORE_FRAGMENTS  0x2000U

struct look {
    const uint8_t *frame;
    size_t size;
    size_t at; /* how far it was looked at */
    const uint8_t *addresses;
    size_t addresses_size;
    bool is_v6;
    uint8_t protocol;
};

static unsigned int get16(const uint8_t *at)
{
    return (unsigned int)at[0] << 8 | at[1];
}

static bool has(const struct look *l, size_t more)
{
    return l->size >= l->at && l->size - l->at >= more;
}

static bool look_v4(struct look *l)
{
    const uint8_t *ip = l->frame + l->at;
    size_t length;

    if (!has(l, 20))
        return false;
    length = (ip[0] & 15U) * 4U;
    if (ip[0] >> 4 != 4 || length < 20 || !has(l, length))
        return false;
    l->addresses = ip + 12;
    l->addresses_size = 8;
    l->protocol = ip[9];
    l->at += length;
    return !(get16(ip + 6) & (FRAGMENT_OFFSET | MORE_FRAGMENTS));
}

static bool look_v6(struct look *l)
{
    const uint8_t *ip = l->frame + l->at;

    if (!has(l, 40) || ip[0] >> 4 != 6)
        return false;
    l->is_v6 = true;
    l->addresses = ip + 8;
    l->addresses_size = 32;
    l->protocol = ip[6];
    l->at += 40;
    for (unsigned int i = 0; i < MAX_V6_HEADERS; i++) {
        const uint8_t *next = l->frame + l->at;

        if (l->protocol != HOP_BY_HOP && l->protocol != ROUTING &&
            l->protocol != DESTINATION)
            return true;
        if (!has(l, 8) || !has(l, (next[1] + 1U) * 8U))
            return false;
        l->protocol = next[0];
        l->at += (next[1] + 1U) * 8U;
    }
    return false;
}

/* Up to the transport header. False: there is none to be found. */
static bool look(struct look *l)
{
    unsigned int type, tags = 0;

    l->at = 12;
    do {
        if (!has(l, 2))
            return false;
        type = get16(l->frame + l->at);
        l->at += type == TYPE_VLAN || type == TYPE_QINQ ? 4 : 2;
    } while ((type == TYPE_VLAN || type == TYPE_QINQ) && tags++ < 2);
    if (type == TYPE_IPV4)
        return look_v4(l);
    return type == TYPE_IPV6 && look_v6(l);
}

bool net_headers_find(const uint8_t *frame, size_t size,
                      struct net_headers *out)
{
    struct look l = {.frame = frame, .size = size};
    size_t header;

    if (!look(&l) || !has(&l, 8))
        return false;
    if (l.protocol == TCP && has(&l, 20))
        header = (frame[l.at + 12] >> 4) * 4U;
    else if (l.protocol == UDP)
        header = 8;
    else
        return false;
    if (header < (l.protocol == TCP ? 20U : 8U) || !has(&l, header))
        return false;
    *out = (struct net_headers){
        .transport = (uint16_t)l.at,
        .csum = (uint16_t)(l.at + (l.protocol == TCP ? 16 : 6)),
        .header_size = (uint16_t)(l.at + header),
        .protocol = l.protocol,
        .is_v6 = l.is_v6,
    };
    return true;
}

/* FNV-1a. */
static uint32_t mix(uint32_t hash, const uint8_t *at, size_t size)
{
    while (size--)
        hash = (hash ^ *at++) * 16777619U;
    return hash;
}

uint32_t net_flow(const uint8_t *frame, size_t size)
{
    struct look l = {.frame = frame, .size = size};
    bool whole = look(&l);
    uint32_t hash = 2166136261U;

    if (!l.addresses)
        return 0;
    hash = mix(hash, l.addresses, l.addresses_size);
    if (whole && (l.protocol == TCP || l.protocol == UDP) && has(&l, 4))
        hash = mix(hash, frame + l.at, 4);
    return hash ^ hash >> 16;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int net_mac_parse(const char *text, uint8_t mac[NET_MAC_SIZE])
{
    uint8_t out[NET_MAC_SIZE];

    if (strlen(text) != 3 * NET_MAC_SIZE - 1)
        return -XEN_EINVAL;
    for (unsigned int i = 0; i < NET_MAC_SIZE; i++, text += 3) {
        int high = digit(text[0]), low = digit(text[1]);

        if (high < 0 || low < 0 || (i + 1 < NET_MAC_SIZE && text[2] != ':'))
            return -XEN_EINVAL;
        out[i] = (uint8_t)(high << 4 | low);
    }
    memcpy(mac, out, sizeof(out));
    return 0;
}

void net_read(struct net_reader *r, void *to, size_t size)
{
    uint8_t *at = to;

    while (size) {
        size_t some = r->buffer->size - r->at;

        if (some > size)
            some = size;
        pv_copy(at, (const uint8_t *)r->buffer->base + r->at, some);
        at += some;
        size -= some;
        r->at += some;
        if (r->at == r->buffer->size) {
            r->buffer++;
            r->at = 0;
        }
    }
}
