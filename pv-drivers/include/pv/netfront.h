/* SPDX-License-Identifier: MIT */
/*
 * Network front-end: an interface that a back-end in another domain serves.
 *
 * Packets are copied to and from pages of the driver's own, which stay granted:
 * a back-end never sees other memory, and what the kernel is given can't change
 * any more. What the back-end has not taken when it goes away is lost, as on
 * any network.
 */
#ifndef PV_NETFRONT_H
#define PV_NETFRONT_H

#include "pv/net.h"

/* What the back-end takes, and the toolstack says. */
struct netfront_info {
    uint8_t mac[NET_MAC_SIZE];
    uint32_t mtu;
    bool sg; /* packets of more than a page */
    bool gso_tcpv4;
    bool gso_tcpv6;
    bool csum_v6;   /* csum_blank with IPv6; with IPv4 always */
    bool multicast; /* netfront_multicast() */
    unsigned int nr_queues;
};

struct netfront_ops {
    /** There is a connection, or there is none any more. */
    void (*link)(void *arg, bool up, const struct netfront_info *info);
    /** A packet; its memory is the driver's. May send, also in answer. */
    void (*received)(void *arg, const uint8_t *frame, size_t size,
                     const struct net_offload *offload);
    /** In place of received(), for who copies it anyhow: the parts are where
     * the back-end has put them and may still write, so each byte is read once.
     */
    void (*received_parts)(void *arg, const struct net_buffer parts[],
                           size_t size, const struct net_offload *offload);
    /** There is room again after an -EAGAIN. May be NULL. */
    void (*writable)(void *arg);
    /** Something has happened: received() and writable() wait until
     * netfront_poll() is called. NULL: they do not wait for anything. */
    void (*pending)(void *arg);
    /** The device was removed, or shut down, and the back-end has nothing of
     * us. netfront_destroy() may follow, not from here. May be NULL. */
    void (*removed)(void *arg);
};

/* Upper bounds; the back-end's own may be lower. 0: the default. */
struct netfront_options {
    unsigned int max_queues; /* 1 */
    unsigned int rx_pages;   /* 256: of a queue; with big packets at least 18 */
    unsigned int tx_pages;   /* 256: of a queue, at most */
    bool no_gso;             /* packets for us fit the MTU */
    bool no_csum;            /* and have their checksums */
    bool multicast;          /* only groups that are asked for */
};

struct netfront;

/**
 * Begin to serve a device.
 *
 * @node  "device/vif/<number>"
 *
 * Returns 0; -ENOMEM; errors of xenbus_open().
 */
int netfront_create(const char *node, const struct netfront_options *options,
                    const struct netfront_ops *ops, void *arg,
                    struct netfront **front_out);

/** End it from this side; removed() follows. */
void netfront_shutdown(struct netfront *front);

/** After removed(): free it. Before, what the back-end has is lost. */
void netfront_destroy(struct netfront *front);

/**
 * Send a packet. The memory is free again on return.
 *
 * Returns 0; -ENOTCONN: there is no connection; -EAGAIN: no room, writable()
 *         follows; -EMSGSIZE, -EINVAL: no back-end, or this one, takes such a
 *         packet.
 */
int netfront_send(struct netfront *front, const struct net_buffer buffers[],
                  unsigned int nr_buffers, const struct net_offload *offload);

/**
 * After pending(): call received() for at most `budget` packets, and writable()
 * if there is room again.
 *
 * Returns how many packets; if fewer than the budget, pending() follows when
 *         there is more. Else: poll again.
 */
unsigned int netfront_poll(struct netfront *front, unsigned int budget);

/**
 * Have packets to a group, or no more; with the option, others do not come.
 *
 * Returns 0; -ENOSPC: too many groups.
 */
int netfront_multicast(struct netfront *front, const uint8_t mac[NET_MAC_SIZE],
                       bool wanted);

/**
 * Have packets to all groups, or to those alone that were asked for. This calls
 * the store.
 */
int netfront_multicast_all(struct netfront *front, bool all);

/** The domain was restored or has moved: all connections are gone. */
void netfront_resume(struct netfront *front);

#endif
