// SPDX-License-Identifier: MIT
/*
 * Interfaces of the network front-end as Linux's, and xenbus to find them.
 *
 * An interface's struct is the net_device's.
 */
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <xen/xenbus.h>

#include "net_port.h"

#define ALL_FEATURES                                                           \
    (NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM | NETIF_F_TSO |          \
     NETIF_F_TSO6)

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

static void on_removed(void *nic)
{
    struct nic *n = nic;

    port_device_removed(&n->port);
}

static const struct netfront_ops front_ops = {
    .link = on_link,
    .received_parts = nic_received,
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

static void free_device(struct nic *n)
{
    nic_packets_close(n);
    free_netdev(n->dev);
}

static struct nic *new_nic(struct xenbus_device *xdev)
{
    struct net_device *dev = alloc_etherdev(sizeof(struct nic));
    struct nic *n;

    if (!dev)
        return NULL;
    n = netdev_priv(dev);
    n->dev = dev;
    INIT_WORK(&n->link, set_link);
    INIT_WORK(&n->groups, nic_set_groups);
    if (nic_packets_open(n)) {
        free_netdev(dev);
        return NULL;
    }
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

static struct nic *nic_of(struct port_device *port)
{
    return container_of(port, struct nic, port);
}

static int create_front(struct port_device *port, const char *node)
{
    struct nic *n = nic_of(port);
    struct netfront_options options = {
        .max_queues = min(num_online_cpus(), NET_MAX_QUEUES),
        .multicast = true,
    };

    return netfront_create(node, &options, &front_ops, n, &n->front);
}

static void shutdown_front(struct port_device *port)
{
    netfront_shutdown(nic_of(port)->front);
}

static void resume_front(struct port_device *port)
{
    netfront_resume(nic_of(port)->front);
}

static void destroy_front(struct port_device *port)
{
    struct nic *n = nic_of(port);

    netfront_destroy(n->front);
    n->front = NULL;
}

static void free_nic(struct port_device *port)
{
    free_device(nic_of(port));
}

static const struct port_device_ops port_ops = {
    .create = create_front,
    .shutdown = shutdown_front,
    .resume = resume_front,
    .destroy = destroy_front,
    .free = free_nic,
};

static int start_nic(struct nic *n, struct xenbus_device *xdev)
{
    int rc = read_nodes(n->dev, xdev->nodename);

    if (!rc)
        rc = register_netdev(n->dev);
    if (rc)
        return rc;
    rc = port_device_start(&n->port, &port_ops, xdev);
    if (rc) {
        end_device(n);
        return rc;
    }
    /* It may have been up before. */
    schedule_work(&n->groups);
    return 0;
}

static int probe(struct xenbus_device *xdev, const struct xenbus_device_id *id)
{
    struct nic *n = new_nic(xdev);
    int rc;

    if (!n)
        return -ENOMEM;
    rc = start_nic(n, xdev);
    if (rc)
        free_device(n);
    return rc;
}

static void remove(struct xenbus_device *xdev)
{
    struct nic *n = nic_of(dev_get_drvdata(&xdev->dev));

    port_device_shutdown(&n->port);
    cancel_work_sync(&n->link);
    end_device(n);
    port_device_put(&n->port);
}

static const struct xenbus_device_id ids[] = {{"vif"}, {""}};

static struct xenbus_driver driver = {
    .name = "xenia-netfront",
    .ids = ids,
    .probe = probe,
    .remove = remove,
    .resume = port_device_resume,
};

static int __init module_begin(void)
{
    return port_module_begin(&driver);
}

static void __exit module_finish(void)
{
    port_module_finish(&driver);
}

module_init(module_begin);
module_exit(module_finish);
MODULE_DESCRIPTION("Xenia's network front-end");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("xen:vif");
