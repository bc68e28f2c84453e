// SPDX-License-Identifier: MIT
/*
 * Packets of the network front-end as Linux's: skbs, and NAPI to get them.
 *
 * What the stack sends waits in a list while there is no room, or somebody is
 * in the drivers' context; the stack stops when that gets long.
 */
#include <linux/etherdevice.h>
#include <linux/interrupt.h>
#include <net/page_pool.h>
#include <xen/interface/io/netif.h>

#include "net_port.h"

#define MAX_WAITING 64

/* A packet up to this size is in one piece; of others, the headers are. */
#define WHOLE_SIZE  2048
#define HEADER_SIZE 256

/* Kept for packets to come: what a fast connection has on its way. */
#define NR_POOL_PAGES 1024

/* ---- To the back-end -------------------------------------------------- */

static void set_offload(struct net_offload *offload, const struct sk_buff *skb)
{
    const struct skb_shared_info *shared = skb_shinfo(skb);

    offload->csum_blank = skb->ip_summed == CHECKSUM_PARTIAL;
    offload->csum_good = skb->ip_summed == CHECKSUM_UNNECESSARY;
    if (!skb_is_gso(skb))
        return;
    offload->gso_size = shared->gso_size;
    offload->gso = shared->gso_type & SKB_GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4
                                                    : XEN_NETIF_GSO_TYPE_TCPV6;
}

static int send_one(struct nic *n, const struct sk_buff *skb)
{
    const struct skb_shared_info *shared = skb_shinfo(skb);
    struct net_buffer buffers[1 + MAX_SKB_FRAGS] = {
        {skb->data, skb_headlen(skb)}};
    struct net_offload offload = {0};
    unsigned int i;

    for (i = 0; i < shared->nr_frags; i++)
        buffers[1 + i] =
            (struct net_buffer){skb_frag_address(&shared->frags[i]),
                                skb_frag_size(&shared->frags[i])};
    set_offload(&offload, skb);
    return netfront_send(n->front, buffers, 1 + shared->nr_frags, &offload);
}

static void send_waiting(struct nic *n)
{
    struct sk_buff *skb;

    while ((skb = skb_peek(&n->waiting))) {
        unsigned int size = skb->len;
        int rc = n->front ? send_one(n, skb) : -ENOTCONN;

        if (rc == -EAGAIN) {
            netif_stop_queue(n->dev);
            return;
        }
        skb_unlink(skb, &n->waiting);
        if (rc) {
            n->dev->stats.tx_dropped++;
        } else {
            n->dev->stats.tx_packets++;
            n->dev->stats.tx_bytes += size;
        }
        dev_kfree_skb_any(skb);
    }
    if (netif_queue_stopped(n->dev) && netif_running(n->dev))
        netif_wake_queue(n->dev);
}

static void call_send(struct port_call *call)
{
    send_waiting(container_of(call, struct nic, send));
}

netdev_tx_t nic_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
    struct nic *n = netdev_priv(dev);

    skb_tx_timestamp(skb);
    skb_queue_tail(&n->waiting, skb);
    if (skb_queue_len(&n->waiting) >= MAX_WAITING)
        netif_stop_queue(dev);
    port_call(&n->send);
    return NETDEV_TX_OK;
}

void nic_writable(void *nic)
{
    send_waiting(nic);
}

/* ---- From the back-end ------------------------------------------------ */

/* Pages of the pool come back as they are: the kernel zeroes what it allocates
 * itself. */
static bool add_page(struct nic *n, struct sk_buff *skb, struct net_reader *r,
                     size_t size)
{
    struct page *page = page_pool_dev_alloc_pages(n->pool);

    if (!page)
        return false;
    net_read(r, page_address(page), size);
    skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, size, PAGE_SIZE);
    return true;
}

static struct sk_buff *new_skb(struct nic *n, struct net_reader r, size_t size)
{
    size_t head = size <= WHOLE_SIZE ? size : HEADER_SIZE;
    struct sk_buff *skb =
        alloc_skb(NET_IP_ALIGN + head, GFP_ATOMIC | __GFP_NOWARN);

    if (!skb)
        return NULL;
    skb_mark_for_recycle(skb);
    skb_reserve(skb, NET_IP_ALIGN);
    net_read(&r, skb_put(skb, head), head);
    for (size_t at = head; at < size; at += PAGE_SIZE)
        if (!add_page(n, skb, &r, min(size - at, PAGE_SIZE))) {
            dev_kfree_skb_any(skb);
            return NULL;
        }
    return skb;
}

/* False: it can't be what it says. */
static bool take_offload(struct sk_buff *skb, const struct net_offload *offload)
{
    struct skb_shared_info *shared = skb_shinfo(skb);

    if (offload->gso) {
        shared->gso_size = offload->gso_size;
        shared->gso_type = offload->gso == XEN_NETIF_GSO_TYPE_TCPV4
                               ? SKB_GSO_TCPV4
                               : SKB_GSO_TCPV6;
        /* Nobody has looked at the headers yet. */
        shared->gso_type |= SKB_GSO_DODGY;
    }
    if (!offload->csum_blank && !offload->gso) {
        if (offload->csum_good)
            skb->ip_summed = CHECKSUM_UNNECESSARY;
        return true;
    }
    skb->ip_summed = CHECKSUM_PARTIAL;
    /* What is to be segmented has its checksum left blank, whatever it says. */
    return !skb_checksum_setup(skb, !offload->csum_blank);
}

void nic_received(void *nic, const struct net_buffer parts[], size_t size,
                  const struct net_offload *offload)
{
    struct nic *n = nic;
    struct sk_buff *skb = new_skb(n, (struct net_reader){parts, 0}, size);

    if (!skb) {
        n->dev->stats.rx_dropped++;
        return;
    }
    skb->protocol = eth_type_trans(skb, n->dev);
    skb_reset_network_header(skb);
    if (!take_offload(skb, offload)) {
        n->dev->stats.rx_errors++;
        dev_kfree_skb_any(skb);
        return;
    }
    n->dev->stats.rx_packets++;
    n->dev->stats.rx_bytes += size;
    n->dev->stats.multicast += skb->pkt_type == PACKET_MULTICAST;
    __skb_queue_tail(&n->arrived, skb);
}

void nic_pending(void *nic)
{
    struct nic *n = nic;

    napi_schedule(&n->napi);
}

static void call_again(struct port_call *call)
{
    nic_pending(container_of(call, struct nic, again));
}

int nic_poll(struct napi_struct *napi, int budget)
{
    struct nic *n = container_of(napi, struct nic, napi);
    struct sk_buff_head arrived;
    struct sk_buff *skb;
    unsigned long flags;
    int done = 0;

    __skb_queue_head_init(&arrived);
    if (port_try_enter(&n->again, &flags)) {
        if (n->front)
            done = netfront_poll(n->front, budget);
        skb_queue_splice_init(&n->arrived, &arrived);
        port_leave_atomic(flags);
    }
    while ((skb = __skb_dequeue(&arrived)))
        napi_gro_receive(napi, skb);
    if (done < budget)
        napi_complete_done(napi, done);
    return done;
}

int nic_packets_open(struct nic *n)
{
    struct page_pool_params params = {.pool_size = NR_POOL_PAGES,
                                      .nid = NUMA_NO_NODE};

    skb_queue_head_init(&n->waiting);
    __skb_queue_head_init(&n->arrived);
    port_call_init(&n->send, call_send);
    port_call_init(&n->again, call_again);
    n->pool = page_pool_create(&params);
    return PTR_ERR_OR_ZERO(n->pool);
}

void nic_packets_close(struct nic *n)
{
    page_pool_destroy(n->pool);
}
