/* SPDX-License-Identifier: MIT */
/* The network's rings: one for packets of the front-end, one for those it gets.
 */
#ifndef PV_NET_RING_H
#define PV_NET_RING_H

#include "public/io/netif.h"

#include "pv/net.h"
#include "pv/ring.h"

#define NET_RING_SLOTS 256U

/* Slots of a packet: the most data in whole pages, and one of extra info. */
#define NET_MAX_SLOTS (NET_MAX_PACKET / OS_PAGE_SIZE + 1 + 1)

static inline struct netif_tx_request *net_tx_request(const struct pv_ring *r,
                                                      uint32_t index)
{
    return pv_ring_slot(r, index, sizeof(struct netif_tx_request));
}

static inline struct netif_tx_response *net_tx_response(const struct pv_ring *r,
                                                        uint32_t index)
{
    return pv_ring_slot(r, index, sizeof(struct netif_tx_request));
}

static inline struct netif_rx_request *net_rx_request(const struct pv_ring *r,
                                                      uint32_t index)
{
    return pv_ring_slot(r, index, sizeof(struct netif_rx_response));
}

static inline struct netif_rx_response *net_rx_response(const struct pv_ring *r,
                                                        uint32_t index)
{
    return pv_ring_slot(r, index, sizeof(struct netif_rx_response));
}

#endif
