/* SPDX-License-Identifier: MIT */
/*
 * What a network back-end notes for the one after it: the requests that it has
 * taken. Each step is one store, and a process may end between any two of them:
 *
 *   copied, cons not moved     the ring still has the request
 *   cons moved, no response    it is done from the copy, perhaps once more
 *   response stored, not told  the same: the copy is not overwritten
 *   response told              the slot is the front-end's
 */
#include "net_internal.h"

_Static_assert(sizeof(struct net_keep) <= NETBACK_KEEP_SIZE, "it fits");

void net_keep_connect(struct netback *b)
{
    for (unsigned int i = 0; i < b->nr_queues; i++) {
        b->keep->queues[i].tx_cons = b->queues[i].tx.cons;
        b->keep->queues[i].rx_cons = b->queues[i].rx.cons;
    }
    b->keep->nr_multicast = 0;
    back_keep_connect(&b->life, b->nr_queues);
}

bool net_keep_matches(const struct netback *b, unsigned int nr,
                      const struct net_keep_queue queues[])
{
    const struct net_keep *k = b->keep;

    if (!back_keep_matches(&b->life, nr) || k->nr_multicast > NET_MAX_MULTICAST)
        return false;
    for (unsigned int i = 0; i < nr; i++)
        if (k->queues[i].tx_ref != queues[i].tx_ref ||
            k->queues[i].rx_ref != queues[i].rx_ref ||
            k->queues[i].tx_port != queues[i].tx_port ||
            k->queues[i].rx_port != queues[i].rx_port)
            return false;
    return true;
}

int net_keep_recover(struct net_back_queue *q)
{
    q->tx.cons = q->keep->tx_cons;
    q->rx.cons = q->keep->rx_cons;
    return q->tx.cons - q->tx.prod <= q->tx.nr &&
                   q->rx.cons - q->rx.prod <= q->rx.nr
               ? 0
               : -XEN_EINVAL;
}

int net_keep_take_tx(struct net_back_queue *q)
{
    int nr = pv_back_avail(&q->tx);

    if (nr < 0)
        return nr;
    for (; nr; nr--, q->tx.cons++)
        memcpy(&q->keep->tx[q->tx.cons % NET_RING_SLOTS],
               net_tx_request(&q->tx, q->tx.cons),
               sizeof(struct netif_tx_request));
    __atomic_store_n(&q->keep->tx_cons, q->tx.cons, __ATOMIC_RELEASE);
    return (int)(q->tx.cons - q->tx.prod);
}

int net_keep_take_rx(struct net_back_queue *q)
{
    int nr = pv_back_avail(&q->rx);

    if (nr < 0)
        return nr;
    for (; nr; nr--, q->rx.cons++)
        memcpy(&q->keep->rx[q->rx.cons % NET_RING_SLOTS],
               net_rx_request(&q->rx, q->rx.cons),
               sizeof(struct netif_rx_request));
    __atomic_store_n(&q->keep->rx_cons, q->rx.cons, __ATOMIC_RELEASE);
    return (int)(q->rx.cons - q->rx.prod);
}
