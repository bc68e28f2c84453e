/* SPDX-License-Identifier: MIT */
/* What the files of the network back-end share. */
#ifndef BACK_NET_INTERNAL_H
#define BACK_NET_INTERNAL_H

#include "pv/net_ring.h"
#include "pv/netback.h"

#include "life.h"
#include "limit.h"

/* Packets and copies that are made at once. */
#define BATCH_PACKETS 64U
#define BATCH_COPIES  256U

/* ---- What outlives the process (net_keep.c) --------------------------- */

/*
 * Requests are copied to here and nowhere else, before cons moves over them:
 * answers overwrite them in the ring. Those between the ring's rsp_prod and
 * cons are to be done, again or still.
 */
struct net_keep_queue {
    uint32_t tx_cons, rx_cons;
    uint32_t tx_ref, rx_ref;
    uint32_t tx_port, rx_port; /* of the front-end; the same: for both */
    struct netif_tx_request tx[NET_RING_SLOTS];
    struct netif_rx_request rx[NET_RING_SLOTS];
};

struct net_keep {
    struct back_keep head;
    uint32_t nr_multicast;
    uint8_t multicast[NET_MAX_MULTICAST][NET_MAC_SIZE];
    struct net_keep_queue queues[NET_MAX_QUEUES];
};

/* ---- In this process -------------------------------------------------- */

/* Copies that are made together; local memory is not moved meanwhile. */
struct net_copies {
    struct os_copy list[BATCH_COPIES];
    unsigned int nr;
};

/* A packet of a batch, in either direction. */
struct net_batch_packet {
    uint32_t nr_slots; /* of the ring, from the last one's end */
    uint32_t size;
    uint8_t *data;
    int16_t status; /* NETIF_RSP_* */
    bool control;   /* tells something, and is no packet */
    struct net_offload offload;
    unsigned int first_copy, nr_copies;
};

struct net_back_queue {
    struct netback *back;
    struct net_keep_queue *keep;
    struct pv_ring tx, rx;
    int32_t credit; /* bytes that are left of its turn to send */
    void *tx_page, *rx_page;
    evtchn_port_t tx_port, rx_port; /* rx_port 0: tx_port is for both */

    /* For the guest, not yet brought to it; with requests from rx.prod on. */
    struct net_batch_packet received[BATCH_PACKETS];
    unsigned int nr_received;
    uint32_t nr_slots; /* of those */
    struct net_copies copies;
};

/* For the guest, until its rate allows it: see net_wait.c. */
struct net_waiting {
    struct net_waiting *next;
    uint32_t size;
    struct net_offload offload;
    uint8_t data[];
};

#define NET_WAIT_FLOWS 256U

/* One is first and last of all with the same hash. */
struct net_wait_flow {
    struct net_waiting *first, *last;
    size_t size;    /* of all, with what they cost besides */
    int32_t credit; /* bytes that are left of its turn */
};

struct net_wait {
    struct net_wait_flow flows[NET_WAIT_FLOWS];
    unsigned int turn; /* of flows[] */
    size_t size;
};

struct netback {
    struct back_life life;
    struct netback_options options;
    struct netback_nic *nic;
    bool ready; /* as the network was told */

    /* What the guest takes. */
    bool sg;
    struct netback_offloads offloads;
    bool multicast_control;
    struct os_watch multicast_watch; /* of the node that says so, if its path
                                        is set */
    char multicast_node[PV_PATH_MAX];

    unsigned int nr_queues;
    struct net_back_queue *queues; /* options.max_queues */
    unsigned int turn;             /* of queues[], to send */

    /* Packets of the guest, one batch at a time. */
    struct net_batch_packet *sent; /* BATCH_PACKETS */
    struct net_copies *copies;
    uint8_t *pool; /* NETBACK_POOL_PAGES */

    struct limit rate, rate_in;
    struct net_wait waiting;            /* for rate_in */
    struct net_waiting *leaving;        /* in the queues' copies */
    struct os_timer tx_timer, rx_timer; /* go on */
    struct netback_counters counters;

    struct net_keep *keep; /* life.keep */
};

/* ---- net_keep.c ------------------------------------------------------- */

/** Note a connection whose queues' refs and ports are in place. */
void net_keep_connect(struct netback *b);

/** Was it noted, by us or an earlier process, for these queues? */
bool net_keep_matches(const struct netback *b, unsigned int nr,
                      const struct net_keep_queue queues[]);

/**
 * Set the rings' indexes to where an earlier process was.
 *
 * Returns 0; -EINVAL if rings and notes don't fit together.
 */
int net_keep_recover(struct net_back_queue *q);

/**
 * Copy what the front-end has asked for since the last call.
 *
 * Returns the number of requests that are known and not answered; -EILSEQ if
 *         there are more than fit.
 */
int net_keep_take_tx(struct net_back_queue *q);
int net_keep_take_rx(struct net_back_queue *q);

/* ---- net_tx.c --------------------------------------------------------- */

/** Take packets of all queues, as many as may be sent now. */
void net_back_take(struct netback *b);

/** The same, when that was put off: what is there has waited. */
void net_back_take_late(struct netback *b);

/* ---- net_rx.c --------------------------------------------------------- */

/** Look whether there is place for packets, and tell the network. */
void net_back_look_for_room(struct netback *b);

/** Forget all packets for the guest that are not in its rings. */
void net_back_forget_received(struct netback *b);

/* ---- net_wait.c ------------------------------------------------------- */

/** Add a copy of a packet. Returns how many had to go for it, perhaps itself.
 */
unsigned int net_wait_add(struct net_wait *w, const uint8_t *frame, size_t size,
                          const struct net_offload *offload, size_t most);

/** It need not wait: small, and of a flow that has had less than its share. */
bool net_wait_may_pass(struct net_wait *w, const uint8_t *frame, size_t size);

/** Whose turn it is; NULL: nobody waits. The caller frees it. */
struct net_waiting *net_wait_take(struct net_wait *w);

void net_waiting_free(struct net_waiting *p);

/* ---- net_filter.c ----------------------------------------------------- */

/** Did the guest send it as itself? All may be sent if nobody asks. */
bool net_filter_sender(const struct netback *b, const uint8_t *frame,
                       size_t size);

/** Does the guest want a packet with such a receiver? */
bool net_filter_receiver(const struct netback *b, const uint8_t *frame);

/** Add or remove a group. Returns false if there are too many. */
bool net_filter_multicast(struct netback *b, const uint8_t *mac, bool add);

/* ---- net.c ------------------------------------------------------------ */

/** Copy between a granted page and memory that may cross pages' ends. False:
 * there are too many copies. */
bool net_copies_add(struct net_copies *c, grant_ref_t ref, uint16_t offset,
                    uint8_t *local, uint32_t size, bool to_grant);

/** Make the copies of a batch; one that fails spoils its packet only. */
void net_copies_make(struct netback *b, struct net_copies *c,
                     struct net_batch_packet packets[], unsigned int nr);

#endif
