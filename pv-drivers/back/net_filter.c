/* SPDX-License-Identifier: MIT */
/* Which packets pass: who a guest may send as, and which groups it wants. */
#include "net_internal.h"

#define IPV4_SOURCE 26U /* from the frame's start */
#define ARP_SENDER  22U
#define IPV6_SOURCE 22U
#define TYPE        12U

/* Do the first `bits` agree? */
static bool has_prefix(const uint8_t *at, const struct netback_address *a)
{
    unsigned int bytes = a->bits / 8, rest = a->bits % 8;

    if (memcmp(at, a->bytes, bytes))
        return false;
    return !rest || !((at[bytes] ^ a->bytes[bytes]) >> (8 - rest));
}

static bool is_listed(const struct netback *b, const uint8_t *at, bool is_v6)
{
    for (unsigned int i = 0; i < b->nic->nr_addresses; i++)
        if (b->nic->addresses[i].is_v6 == is_v6 &&
            has_prefix(at, &b->nic->addresses[i]))
            return true;
    return false;
}

/* Who has no address yet asks for one: from none, or one of the link's own. */
static bool may_be_v4(const struct netback *b, const uint8_t *at)
{
    static const uint8_t none[4];

    return !memcmp(at, none, sizeof(none)) || is_listed(b, at, false);
}

static bool may_be_v6(const struct netback *b, const uint8_t *at)
{
    static const uint8_t none[16];

    return !memcmp(at, none, sizeof(none)) ||
           (at[0] == 0xfe && (at[1] & 0xc0) == 0x80) || is_listed(b, at, true);
}

static bool may_send_from(const struct netback *b, const uint8_t *frame,
                          size_t size)
{
    unsigned int type = (unsigned int)frame[TYPE] << 8 | frame[TYPE + 1];

    if (type == 0x0800)
        return size >= IPV4_SOURCE + 4 && may_be_v4(b, frame + IPV4_SOURCE);
    if (type == 0x86dd)
        return size >= IPV6_SOURCE + 16 && may_be_v6(b, frame + IPV6_SOURCE);
    /* ARP: the sender it tells of is that of the frame, too. */
    return type == 0x0806 && size >= ARP_SENDER + 10 &&
           net_mac_is_equal(frame + ARP_SENDER, b->nic->mac) &&
           may_be_v4(b, frame + ARP_SENDER + 6);
}

bool net_filter_sender(const struct netback *b, const uint8_t *frame,
                       size_t size)
{
    if (!b->nic->check_mac)
        return true;
    if (!net_mac_is_equal(frame + NET_MAC_SIZE, b->nic->mac))
        return false;
    return !b->nic->nr_addresses || may_send_from(b, frame, size);
}

static uint8_t *find(const struct netback *b, const uint8_t *mac)
{
    for (unsigned int i = 0; i < b->keep->nr_multicast; i++)
        if (net_mac_is_equal(b->keep->multicast[i], mac))
            return b->keep->multicast[i];
    return NULL;
}

bool net_filter_receiver(const struct netback *b, const uint8_t *frame)
{
    static const uint8_t all[NET_MAC_SIZE] = {255, 255, 255, 255, 255, 255};

    return !b->multicast_control || !(frame[0] & 1) ||
           net_mac_is_equal(frame, all) || find(b, frame);
}

bool net_filter_multicast(struct netback *b, const uint8_t *mac, bool add)
{
    struct net_keep *k = b->keep;
    uint8_t *at = find(b, mac);

    if (!add && at)
        memcpy(at, k->multicast[--k->nr_multicast], NET_MAC_SIZE);
    if (!add || at)
        return true;
    if (k->nr_multicast == NET_MAX_MULTICAST)
        return false;
    memcpy(k->multicast[k->nr_multicast], mac, NET_MAC_SIZE);
    k->nr_multicast++;
    return true;
}
