/* SPDX-License-Identifier: MIT */
/*
 * A network in memory, a back-end and a front-end, joined by the fake port; and
 * a load: packets both ways whose content follows from their number, so that
 * each end can tell what it should have got.
 */
#ifndef NET_SETUP_H
#define NET_SETUP_H

#include "fake_port.h"
#include "pv/net_ring.h"
#include "pv/netback.h"
#include "pv/netfront.h"

#define FRONT_NODE  "/local/domain/5/device/vif/0"
#define BACK_NODE   "/local/domain/0/backend/vif/5/0"

#define MAX_NUMBERS 8192U

/* One direction. */
struct stream {
    unsigned int nr_wanted, nr_sent;
    unsigned int nr_got[MAX_NUMBERS]; /* how often each has come */
    unsigned int nr_wrong;            /* not as it was sent */
    unsigned int nr_late;             /* after a later one of its flow */
    unsigned int last[4];             /* number that came last, by flow */
};

struct net_pair {
    struct netback_nic nic;
    struct netback *back;
    struct netfront *front;
    struct netfront_options front_options;
    struct netback_options back_options;
    struct netfront_info info;
    struct netback_offloads offloads; /* as the network was told */
    bool link, ready;
    unsigned int nr_links, nr_removed, nr_closed;
    unsigned int nr_fed; /* packets for the guest while there was room */
    struct stream out, in;
    bool plain;  /* packets without offloads, of a page at most */
    bool polled; /* the guest takes packets when it likes */
    uint8_t keep[NETBACK_KEEP_SIZE] __attribute__((aligned(4096)));
    /* Packets that were made by hand: */
    uint8_t got[NET_MAX_PACKET];
    size_t got_size;
    unsigned int nr_got;
    struct net_offload got_offload;
    bool by_hand; /* packets are kept in `got`, whatever they are */
};

extern struct net_pair net;

/** All is as new; each test's setup. */
int net_setup(void **state);

/** Nodes as a toolstack makes them. */
void net_make_nodes(void);

/** All of it; returns when they are connected. */
void net_start(void);

/** Either end alone. */
void net_start_back(void);
void net_start_front(void);
bool net_linked(void *arg);

/** Stop both, and look that nothing is left. */
void net_stop_front(void);
void net_stop_back(void);
void net_stop(void);

/** Begin to send so many each way; they go on as steps are made. */
void net_load(unsigned int nr_out, unsigned int nr_in);

/** After the back-end has come back: feed it again. */
void net_feed(void);

/** All were sent, and nothing is on its way. */
bool net_load_sent(void *arg);

/** Run a load; all of it has to arrive, once and in order. */
void net_run_load(unsigned int nr_out, unsigned int nr_in);

/** Make packet number n of a direction. Returns its size. */
size_t net_make_packet(uint8_t *frame, unsigned int number, bool out,
                       struct net_offload *offload);

#endif
