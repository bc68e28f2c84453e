/* SPDX-License-Identifier: MIT */
/* What the files of the network front-end share. */
#ifndef FRONT_NET_INTERNAL_H
#define FRONT_NET_INTERNAL_H

#include "pv/net_ring.h"
#include "pv/netfront.h"

#include "life.h"

struct net_front_queue {
    struct netfront *front;
    struct pv_ring tx, rx;
    struct front_ring *tx_memory, *rx_memory;
    evtchn_port_t port; /* 0: none */

    struct front_page *tx_pages[NET_RING_SLOTS]; /* by id; NULL: not in use */
    uint16_t free_ids[NET_RING_SLOTS];
    unsigned int nr_free_ids;

    struct front_page *rx_pages[NET_RING_SLOTS]; /* by slot */
    uint32_t rx_seen; /* rx.prod when the watchdog looked last */
};

/* A multicast address; it goes when neither is true. */
struct net_front_group {
    uint8_t mac[NET_MAC_SIZE];
    bool wanted;
    bool known; /* to the back-end */
};

struct netfront {
    struct front_life life; /* connected: we have written what the back-end
                               needs */
    struct netfront_options options;
    const struct netfront_ops *ops;
    void *arg;
    struct netfront_info info;
    bool link;    /* and it has answered */
    bool blocked; /* somebody waits for writable() */

    unsigned int nr_queues;
    struct net_front_queue *queues; /* options.max_queues */
    unsigned int first_polled;      /* queues take turns to be first */

    uint8_t *packet;   /* for received(): one that is */
    size_t max_packet; /* its room */

    unsigned int nr_groups;
    struct net_front_group groups[NET_MAX_MULTICAST];
    bool groups_late; /* there was no room to tell of all */
    bool all_groups;
};

/* ---- net_tx.c --------------------------------------------------------- */

void net_front_tx_init(struct net_front_queue *q);

/** Take back what the back-end has sent. False: the connection has ended. */
bool net_front_tx_done(struct net_front_queue *q);

/** The back-end is new: tell it of all groups. */
void net_front_groups_new(struct netfront *f);

/* ---- net_rx.c --------------------------------------------------------- */

/** Lend pages to be filled; sends the event, if one is wanted. */
void net_front_rx_fill(struct net_front_queue *q);

/** Hand on what has come, at most `budget` packets. Returns how many; fewer:
 * there will be an event for the next, or the connection has ended. */
unsigned int net_front_rx_take(struct net_front_queue *q, unsigned int budget);

#endif
