/* SPDX-License-Identifier: MIT */
/* As much of a network as shows that there is one: ARP, and answers to pings.
 */
#include "pv/netfront.h"
#include "pv/text.h"

#include "bare.h"
#include "guest.h"

/* Where things stand in a frame. */
enum {
    ETH_FROM = 6,
    ETH_TYPE = 12,
    ARP = 14,
    ARP_SENDER = ARP + 8, /* MAC, then IPv4 */
    ARP_TARGET = ARP + 18,
    ARP_END = ARP + 28,
    IP = 14,
    IP_LENGTH = IP + 2,
    IP_FRAGMENT = IP + 6,
    IP_PROTOCOL = IP + 9,
    IP_FROM = IP + 12,
    IP_TO = IP + 16,
};

#define IPV4_SIZE        4U
#define IP_HEADER        20U
#define IP_FRAGMENT_BITS 0x3fffU /* more of it, or not the first part */
#define ICMP             1U
#define ICMP_HEADER      8U
#define ICMP_ECHO        8U

static struct netfront *net;
static bool is_up;
static uint8_t mac[NET_MAC_SIZE], address[IPV4_SIZE];
static unsigned int nr_received, nr_asked, nr_pings;

static uint8_t reply[OS_PAGE_SIZE];

static unsigned int be16(const uint8_t *at)
{
    return at[0] * 256U + at[1];
}

/* ---- Packets ---------------------------------------------------------- */

/* The same frame, back to where it comes from. */
static void begin_reply(const uint8_t *frame, size_t size)
{
    memcpy(reply, frame, size);
    memcpy(reply, frame + ETH_FROM, NET_MAC_SIZE);
    memcpy(reply + ETH_FROM, mac, NET_MAC_SIZE);
}

/* Lost where there is no room: who asks will ask again. */
static bool send_reply(size_t size)
{
    static const struct net_offload none;
    struct net_buffer buffer = {reply, size};

    return !netfront_send(net, &buffer, 1, &none);
}

static void on_arp(const uint8_t *frame, size_t size)
{
    /* Ethernet, IPv4, their sizes, a request. */
    static const uint8_t question[] = {0, 1, 8, 0, 6, 4, 0, 1};

    if (size < ARP_END || memcmp(frame + ARP, question, sizeof(question)) ||
        memcmp(frame + ARP_TARGET + NET_MAC_SIZE, address, IPV4_SIZE))
        return;
    begin_reply(frame, ARP_END);
    reply[ARP + 7] = 2;
    memcpy(reply + ARP_SENDER, mac, NET_MAC_SIZE);
    memcpy(reply + ARP_SENDER + NET_MAC_SIZE, address, IPV4_SIZE);
    memcpy(reply + ARP_TARGET, frame + ARP_SENDER, NET_MAC_SIZE + IPV4_SIZE);
    nr_asked += send_reply(ARP_END);
}

/* Returns where ICMP begins in a whole packet of it for us; 0: it is none. */
static size_t find_icmp(const uint8_t *frame, size_t size)
{
    size_t header, length;

    if (size < IP + IP_HEADER + ICMP_HEADER || frame[IP] >> 4 != 4)
        return 0;
    header = (frame[IP] & 15U) * 4U;
    length = be16(frame + IP_LENGTH);
    if (header < IP_HEADER || length < header + ICMP_HEADER ||
        length > size - IP || be16(frame + IP_FRAGMENT) & IP_FRAGMENT_BITS ||
        frame[IP_PROTOCOL] != ICMP || memcmp(frame + IP_TO, address, IPV4_SIZE))
        return 0;
    return IP + header;
}

/* The sum is right again with what the type has lost. */
static void on_ip(const uint8_t *frame, size_t size)
{
    size_t icmp = find_icmp(frame, size), end;
    unsigned int sum;

    if (!icmp || frame[icmp] != ICMP_ECHO)
        return;
    end = IP + be16(frame + IP_LENGTH);
    begin_reply(frame, end);
    memcpy(reply + IP_FROM, address, IPV4_SIZE);
    memcpy(reply + IP_TO, frame + IP_FROM, IPV4_SIZE);
    reply[icmp] = 0;
    sum = be16(reply + icmp + 2) + ICMP_ECHO * 256U;
    sum += sum >> 16;
    reply[icmp + 2] = (uint8_t)(sum >> 8);
    reply[icmp + 3] = (uint8_t)sum;
    nr_pings += send_reply(end);
}

/* No packet is larger than a page: we have fewer pages than one might fill. */
static void received(void *arg, const uint8_t *frame, size_t size,
                     const struct net_offload *offload)
{
    (void)arg, (void)offload;
    nr_received++;
    switch (be16(frame + ETH_TYPE)) {
    case 0x0806:
        on_arp(frame, size);
        break;
    case 0x0800:
        on_ip(frame, size);
        break;
    }
}

/* ---- The interface ---------------------------------------------------- */

static void link_changed(void *arg, bool up, const struct netfront_info *info)
{
    (void)arg;
    is_up = up;
    memcpy(mac, info->mac, NET_MAC_SIZE);
}

static const struct netfront_ops ops = {.link = link_changed,
                                        .received = received};

void net_open(void)
{
    static const struct netfront_options options = {
        .rx_pages = 8, .tx_pages = 4, .no_gso = true, .no_csum = true};
    char names[64], node[PV_PATH_MAX];

    if (os_store_list("device/vif", names, sizeof(names)) > 0 &&
        text_format(node, sizeof(node), "device/vif/%s", names))
        netfront_create(node, &options, &ops, NULL, &net);
}

/* ---- The command ------------------------------------------------------ */

/* "10.0.0.1". */
static bool parse_address(const char *text, uint8_t out[IPV4_SIZE])
{
    for (unsigned int i = 0; i < IPV4_SIZE; i++) {
        unsigned int value = 0, digits = 0;

        while (*text >= '0' && *text <= '9' && digits++ < 3)
            value = value * 10 + (unsigned int)(*text++ - '0');
        if (!digits || value > 255 || *text != (i < IPV4_SIZE - 1 ? '.' : '\0'))
            return false;
        text++;
        out[i] = (uint8_t)value;
    }
    return true;
}

void net_show(const char *text)
{
    uint8_t wanted[IPV4_SIZE];

    if (*text && !parse_address(text, wanted)) {
        printf("which address?\n");
        return;
    }
    if (*text)
        memcpy(address, wanted, IPV4_SIZE);
    if (!net) {
        printf("there is no network\n");
        return;
    }
    printf("net: %s, ", is_up ? "up" : "down");
    for (unsigned int i = 0; i < NET_MAC_SIZE; i++)
        printf("%x%x%s", mac[i] >> 4, mac[i] & 15,
               i < NET_MAC_SIZE - 1 ? ":" : ", ");
    printf("%u.%u.%u.%u; %u packets, answered %u ARP, %u pings\n", address[0],
           address[1], address[2], address[3], nr_received, nr_asked, nr_pings);
}
