// SPDX-License-Identifier: MIT
/* Multicast: what Linux wants of an interface, told to the front-end. */
#include "net_port.h"

static bool has_group(const struct nic_groups *groups, const uint8_t *mac)
{
    unsigned int i;

    for (i = 0; i < groups->nr; i++)
        if (net_mac_is_equal(groups->mac[i], mac))
            return true;
    return false;
}

/* What does not fit in the list comes with all others. */
static void get_wanted(struct net_device *dev, struct nic_groups *out)
{
    const struct netdev_hw_addr *address;

    out->nr = 0;
    netif_addr_lock_bh(dev);
    out->all = dev->flags & (IFF_PROMISC | IFF_ALLMULTI) ||
               netdev_mc_count(dev) > NET_MAX_MULTICAST;
    netdev_for_each_mc_addr(address, dev)
    {
        if (out->nr < NET_MAX_MULTICAST)
            memcpy(out->mac[out->nr++], address->addr, NET_MAC_SIZE);
    }
    netif_addr_unlock_bh(dev);
}

static void tell(struct nic *n, struct nic_groups *wanted)
{
    unsigned int i;

    for (i = 0; i < n->known.nr; i++)
        if (!has_group(wanted, n->known.mac[i]))
            netfront_multicast(n->front, n->known.mac[i], false);
    /* One that is no longer wanted may still take room. */
    for (i = 0; i < wanted->nr; i++)
        if (netfront_multicast(n->front, wanted->mac[i], true))
            wanted->all = true;
    if (netfront_multicast_all(n->front, wanted->all))
        pr_warn_ratelimited("xenia-pv: %s: not all groups can be had\n",
                            n->dev->name);
    n->known = *wanted;
}

/* Not where the stack asks for it: the store may have to be told. */
void nic_set_groups(struct work_struct *work)
{
    struct nic *n = container_of(work, struct nic, groups);
    struct nic_groups wanted;

    get_wanted(n->dev, &wanted);
    port_enter();
    if (n->front)
        tell(n, &wanted);
    port_leave();
}
