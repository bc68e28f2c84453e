// SPDX-License-Identifier: MIT
/*
 * Interfaces of the network front-end as Linux's, and xenbus to find them.
 *
 * An interface ends in two steps: xenbus removes it, then the back-end lets go
 * of our pages. Its struct, which is the net_device's, lives until both have
 * happened.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/wait.h>
#include <xen/xen.h>
#include <xen/xenbus.h>

#include "net_port.h"

#define ALL_FEATURES                                                           \
    (NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM | NETIF_F_TSO |          \
     NETIF_F_TSO6)

static atomic_t nr_nics = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(nic_has_gone);

/* ---- The net_device --------------------------------------------------- */

/* Packets may have come before, of which there was a word already. */
static int open_device(struct net_device *dev)
{
    struct nic *n = netdev_priv(dev);

    napi_enable(&n->napi);
    netif_start_queue(dev);
    local_bh_disable();
    napi_schedule(&n->napi);
    local_bh_enable();
    return 0;
}

static int stop_device(struct net_device *dev)
{
    struct nic *n = netdev_priv(dev);

    netif_stop_queue(dev);
    napi_disable(&n->napi);
    skb_queue_purge(&n->waiting);
    return 0;
}

static netdev_features_t fix_features(struct net_device *dev,
                                      netdev_features_t features)
{
    const struct nic *n = netdev_priv(dev);

    if (!n->agreed.sg)
        features &= ~NETIF_F_SG;
    if (!n->agreed.gso_tcpv4)
        features &= ~NETIF_F_TSO;
    if (!n->agreed.gso_tcpv6)
        features &= ~NETIF_F_TSO6;
    if (!n->agreed.csum_v6)
        features &= ~NETIF_F_IPV6_CSUM;
    return features;
}

static void set_rx_mode(struct net_device *dev)
{
    struct nic *n = netdev_priv(dev);

    schedule_work(&n->groups);
}

static const struct net_device_ops device_ops = {
    .ndo_open = open_device,
    .ndo_stop = stop_device,
    .ndo_start_xmit = nic_start_xmit,
    .ndo_set_rx_mode = set_rx_mode,
    .ndo_fix_features = fix_features,
    .ndo_set_mac_address = eth_mac_addr,
    .ndo_validate_addr = eth_validate_addr,
};

static const struct ethtool_ops ethtool_ops = {
    .get_link = ethtool_op_get_link,
    .get_ts_info = ethtool_op_get_ts_info,
};

/* ---- The link --------------------------------------------------------- */

static void set_agreed(struct nic *n, const struct netfront_info *info)
{
    struct net_device *dev = n->dev;

    n->agreed = *info;
    dev->max_mtu = info->sg ? NET_MAX_PACKET - VLAN_ETH_HLEN : ETH_DATA_LEN;
    if (dev->mtu > dev->max_mtu)
        dev_set_mtu(dev, dev->max_mtu);
    netdev_update_features(dev);
}

/* Not in the context: who holds Linux's lock may want to enter that. */
static void set_link(struct work_struct *work)
{
    struct nic *n = container_of(work, struct nic, link);
    struct netfront_info info;
    bool up;

    port_enter();
    info = n->info;
    up = n->up;
    port_leave();
    rtnl_lock();
    if (up) {
        set_agreed(n, &info);
        netif_carrier_on(n->dev);
        __netdev_notify_peers(n->dev);
    } else {
        netif_carrier_off(n->dev);
    }
    rtnl_unlock();
}

static void on_link(void *nic, bool up, const struct netfront_info *info)
{
    struct nic *n = nic;

    n->info = *info;
    n->up = up;
    schedule_work(&n->link);
}

/* ---- Its end ---------------------------------------------------------- */

static void free_nic(struct kref *refs)
{
    free_netdev(container_of(refs, struct nic, refs)->dev);
    atomic_dec(&nr_nics);
    wake_up(&nic_has_gone);
}

static void end_nic(struct work_struct *work)
{
    struct nic *n = container_of(work, struct nic, end);

    port_enter();
    netfront_destroy(n->front);
    n->front = NULL;
    port_leave();
    kref_put(&n->refs, free_nic);
}

static void on_removed(void *nic)
{
    struct nic *n = nic;

    port_queue_work(&n->end);
}

static const struct netfront_ops front_ops = {
    .link = on_link,
    .received = nic_received,
    .writable = nic_writable,
    .pending = nic_pending,
    .removed = on_removed,
};

/* ---- Devices of xenbus ------------------------------------------------ */

static int read_nodes(struct net_device *dev, const char *node)
{
    char *text = xenbus_read(XBT_NIL, node, "mac", NULL);
    uint8_t mac[ETH_ALEN];
    bool good;

    if (IS_ERR(text))
        return PTR_ERR(text);
    good = mac_pton(text, mac) && is_valid_ether_addr(mac);
    kfree(text);
    if (!good)
        return -EINVAL;
    eth_hw_addr_set(dev, mac);
    dev->mtu = clamp(xenbus_read_unsigned(node, "mtu", ETH_DATA_LEN),
                     (unsigned int)ETH_MIN_MTU,
                     NET_MAX_PACKET - (unsigned int)VLAN_ETH_HLEN);
    return 0;
}

static struct nic *new_nic(struct xenbus_device *xdev)
{
    struct net_device *dev = alloc_etherdev(sizeof(struct nic));
    struct nic *n;

    if (!dev)
        return NULL;
    n = netdev_priv(dev);
    n->dev = dev;
    kref_init(&n->refs);
    INIT_WORK(&n->link, set_link);
    INIT_WORK(&n->groups, nic_set_groups);
    INIT_WORK(&n->end, end_nic);
    nic_packets_init(n);
    netif_napi_add(dev, &n->napi, nic_poll);
    dev->netdev_ops = &device_ops;
    dev->ethtool_ops = &ethtool_ops;
    dev->hw_features = ALL_FEATURES;
    dev->features = ALL_FEATURES | NETIF_F_RXCSUM;
    dev->min_mtu = ETH_MIN_MTU;
    dev->max_mtu = NET_MAX_PACKET - VLAN_ETH_HLEN;
    netif_set_tso_max_size(dev, NET_MAX_PACKET);
    netif_carrier_off(dev);
    SET_NETDEV_DEV(dev, &xdev->dev);
    return n;
}

/* From now on nothing of the stack enters the context, and what had to wait for
 * that is over. */
static void end_device(struct nic *n)
{
    unregister_netdev(n->dev);
    cancel_work_sync(&n->groups);
    port_enter();
    port_leave();
}

static int start_front(struct nic *n, const char *node)
{
    struct netfront_options options = {
        .max_queues = min(num_online_cpus(), NET_MAX_QUEUES),
        .multicast = true,
    };
    int rc;

    port_enter();
    rc = netfront_create(node, &options, &front_ops, n, &n->front);
    port_leave();
    /* It may have been up before. */
    if (!rc)
        schedule_work(&n->groups);
    return rc;
}

static int start_nic(struct nic *n, const char *node)
{
    int rc = read_nodes(n->dev, node);

    if (!rc)
        rc = register_netdev(n->dev);
    if (rc)
        return rc;
    rc = start_front(n, node);
    if (rc)
        end_device(n);
    return rc;
}

static int probe(struct xenbus_device *xdev, const struct xenbus_device_id *id)
{
    struct nic *n = new_nic(xdev);
    int rc;

    if (!n)
        return -ENOMEM;
    kref_get(&n->refs); /* the front-end's */
    atomic_inc(&nr_nics);
    rc = start_nic(n, xdev->nodename);
    if (rc) {
        atomic_dec(&nr_nics);
        free_netdev(n->dev);
        return rc;
    }
    dev_set_drvdata(&xdev->dev, n);
    /* The driver keeps the state, not xenbus: whose loading of a module would
     * wait for minutes for a device that it does not see connected. */
    xdev->state = XenbusStateConnected;
    return 0;
}

/* The front-end has gone already where the back-end's node went first. */
static void remove(struct xenbus_device *xdev)
{
    struct nic *n = dev_get_drvdata(&xdev->dev);

    port_enter();
    if (n->front)
        netfront_shutdown(n->front);
    port_leave();
    cancel_work_sync(&n->link);
    end_device(n);
    kref_put(&n->refs, free_nic);
}

static int resume(struct xenbus_device *xdev)
{
    struct nic *n = dev_get_drvdata(&xdev->dev);

    port_enter();
    if (n->front)
        netfront_resume(n->front);
    port_leave();
    return 0;
}

static const struct xenbus_device_id ids[] = {{"vif"}, {""}};

static struct xenbus_driver driver = {
    .name = "xenia-netfront",
    .ids = ids,
    .probe = probe,
    .remove = remove,
    .resume = resume,
};

static int __init module_begin(void)
{
    int rc;

    if (!xen_domain())
        return -ENODEV;
    rc = port_open();
    if (rc)
        return rc;
    rc = xenbus_register_frontend(&driver);
    if (rc)
        port_close();
    return rc;
}

static void __exit module_finish(void)
{
    xenbus_unregister_driver(&driver);
    wait_event(nic_has_gone, !atomic_read(&nr_nics));
    port_close();
}

module_init(module_begin);
module_exit(module_finish);
MODULE_DESCRIPTION("Xenia's network front-end");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("xen:vif");
