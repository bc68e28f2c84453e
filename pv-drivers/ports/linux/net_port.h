/* SPDX-License-Identifier: MIT */
/* What the files of the network front-end's port share. */
#ifndef PV_LINUX_NET_PORT_H
#define PV_LINUX_NET_PORT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "pv/netfront.h"

#include "port.h"

/* Multicast addresses. */
struct nic_groups {
    unsigned int nr;
    bool all; /* there are more, or others are wanted, too */
    uint8_t mac[NET_MAX_MULTICAST][NET_MAC_SIZE];
};

/* An interface: what a net_device has behind it. */
struct nic {
    struct port_device port;
    struct net_device *dev;
    struct napi_struct napi;
    struct page_pool *pool;    /* for packets that arrive */
    struct work_struct link;   /* it is up, or down, or another one */
    struct work_struct groups; /* others are wanted */

    /* In the context: */
    struct netfront *front; /* NULL: not yet, or not any more */
    bool up;
    struct netfront_info info;
    struct nic_groups known;     /* to the front-end */
    struct sk_buff_head waiting; /* to be sent */
    struct sk_buff_head arrived; /* in a poll: to be handed on */
    struct port_call send;       /* what is waiting */
    struct port_call again;      /* to poll, where somebody was inside */

    /* Under Linux's lock of network devices: */
    struct netfront_info agreed; /* info, as the device's features tell it */
};

/* ---- net_groups.c ----------------------------------------------------- */

/** The work: tell the front-end of the groups that the stack wants. */
void nic_set_groups(struct work_struct *work);

/* ---- net_packet.c ----------------------------------------------------- */

/** Make what packets need; 0 or an error. */
int nic_packets_open(struct nic *n);

/** The last packet has come. */
void nic_packets_close(struct nic *n);

netdev_tx_t nic_start_xmit(struct sk_buff *skb, struct net_device *dev);

int nic_poll(struct napi_struct *napi, int budget);

/** The front-end's: there is something to poll for. */
void nic_pending(void *nic);

/** The front-end's: a packet. */
void nic_received(void *nic, const struct net_buffer parts[], size_t size,
                  const struct net_offload *offload);

/** The front-end's: there is room again. */
void nic_writable(void *nic);

#endif
