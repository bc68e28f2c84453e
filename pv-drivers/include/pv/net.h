/* SPDX-License-Identifier: MIT */
/*
 * Network packets, as both halves and their owners see them: Ethernet frames
 * without a check sequence, with what is left for the receiver to do.
 */
#ifndef PV_NET_H
#define PV_NET_H

#include "pv/os.h"

#define NET_MAX_PACKET    65535U
#define NET_MAC_SIZE      6U
#define NET_MIN_PACKET    14U /* an Ethernet header */
#define NET_MAX_QUEUES    8U
#define NET_MAX_MULTICAST 64U /* addresses that a back-end keeps */

/* What a packet still lacks; it may be segmented. */
struct net_offload {
    bool csum_blank;   /* the checksum covers the pseudo header only */
    bool csum_good;    /* it was verified */
    uint8_t gso;       /* XEN_NETIF_GSO_TYPE_* */
    uint16_t gso_size; /* payload of a segment, bytes */
};

/* A part of a packet, anywhere. */
struct net_buffer {
    const void *base;
    size_t size;
};

/* How far a packet's parts have been read. */
struct net_reader {
    const struct net_buffer *buffer;
    size_t at; /* in that one */
};

/** Copy the next bytes of a packet, which has so many. */
void net_read(struct net_reader *r, void *to, size_t size);

/* Where a TCP or UDP packet has its checksum, from the frame's start. */
struct net_headers {
    uint16_t transport;   /* of the TCP or UDP header */
    uint16_t csum;        /* of the checksum's field */
    uint16_t header_size; /* all headers */
    uint8_t protocol;     /* 6 or 17 */
    bool is_v6;
};

/**
 * Find the headers of a TCP or UDP packet; it may be hostile.
 *
 * Returns false if it is none, or cut.
 */
bool net_headers_find(const uint8_t *frame, size_t size,
                      struct net_headers *out);

/** A number that all packets of a flow share. */
uint32_t net_flow(const uint8_t *frame, size_t size);

/** "00:16:3e:00:00:01". Returns 0; -EINVAL. */
int net_mac_parse(const char *text, uint8_t mac[NET_MAC_SIZE]);

static inline bool net_mac_is_equal(const uint8_t *a, const uint8_t *b)
{
    return !memcmp(a, b, NET_MAC_SIZE);
}

#endif
