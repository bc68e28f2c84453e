/* SPDX-License-Identifier: MIT */
/*
 * Network back-end: an interface's other end, for a front-end in another
 * domain.
 *
 * The front-end is not trusted. A request is copied once and checked; whatever
 * it writes to its rings, it can only lose its own device. What it has sent has
 * the headers that its offloads need.
 *
 * A back-end may end at any moment and another one go on in its place: what it
 * has taken from the rings and not answered is noted in memory that outlives it
 * (struct netback_nic.keep). A packet may then be sent twice.
 */
#ifndef PV_NETBACK_H
#define PV_NETBACK_H

#include "pv/net.h"

/* Room before each packet of the guest, for a header of the network's. */
#define NETBACK_HEADROOM  16U

#define NETBACK_KEEP_SIZE (1U << 16)

/* Where a batch of the guest's packets lies, a few of the largest ones. */
#define NETBACK_POOL_PAGES 72U

/* What the guest takes. */
struct netback_offloads {
    bool csum_v4, csum_v6;
    bool gso_tcpv4, gso_tcpv6;
};

/* An address, of which the first `bits` count. */
struct netback_address {
    uint8_t bytes[16];
    uint8_t bits; /* 1..32 or 1..128 */
    bool is_v6;
};

#define NETBACK_MAX_ADDRESSES 16U

/* The network. */
struct netback_nic {
    /** A packet of the guest; its memory, and NETBACK_HEADROOM bytes before it,
     * may be used until this returns. */
    void (*transmit)(struct netback_nic *nic, uint8_t *frame, size_t size,
                     const struct net_offload *offload,
                     const struct net_headers *headers);
    /** Packets may come, or there is no place for them. */
    void (*ready)(struct netback_nic *nic, bool ready);
    /** What packets may lack, from now on. */
    void (*offloads)(struct netback_nic *nic,
                     const struct netback_offloads *offloads);
    /** The device was removed. The owner calls netback_destroy(), not from
     * here. */
    void (*closed)(struct netback_nic *nic);

    /* NETBACK_KEEP_SIZE bytes that the next process finds as this one left
     * them, zero at first; NULL: there is no next one. */
    void *keep;

    /* NETBACK_POOL_PAGES pages, of all devices of the process; NULL: the device
     * has its own. */
    void *pool;

    /* Only packets from these come through, if asked for. */
    bool check_mac;
    uint8_t mac[NET_MAC_SIZE];
    unsigned int nr_addresses; /* 0: any */
    struct netback_address addresses[NETBACK_MAX_ADDRESSES];
};

struct netback_options {
    unsigned int max_queues; /* 4 */
};

struct netback_counters {
    uint64_t tx_packets, tx_bytes, tx_dropped; /* of the guest */
    uint64_t rx_packets, rx_bytes, rx_dropped; /* for it */
};

struct netback;

/**
 * Serve the device of a node, or go on serving it.
 *
 * @node  "backend/<type>/<domid>/<number>"
 * @nic   until closed() is called
 *
 * Returns 0; -ENOMEM; errors of xenbus_open().
 */
int netback_create(const char *node, const struct netback_options *options,
                   struct netback_nic *nic, struct netback **back_out);

/** After closed(), or at any time: free it. */
void netback_destroy(struct netback *back);

/** End the device from this side; closed() follows. */
void netback_shutdown(struct netback *back);

/**
 * A packet for the guest. Its memory is used until netback_commit(). One for
 * which there is no place is lost, as are those that this guest does not want
 * or take.
 *
 * Returns whether there is place for another one.
 */
bool netback_receive(struct netback *back, const uint8_t *frame, size_t size,
                     const struct net_offload *offload);

/** Bring what was received to the guest. */
void netback_commit(struct netback *back);

const struct netback_counters *netback_counters(const struct netback *back);

#endif
