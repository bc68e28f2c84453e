/* SPDX-License-Identifier: MIT */
/*
 * xen-netd: the network back-end as a daemon of the control domain. Each device
 * is a TAP interface, which the opener makes and puts into a bridge. It stays
 * when the daemon ends, and is removed with the device.
 */
#ifndef NETD_H
#define NETD_H

#include <linux/virtio_net.h>

#include "daemon/daemon.h"
#include "pv/netback.h"

/* What the opener tells of an interface. */
struct tap_info {
    uint8_t check_mac;
    uint8_t mac[NET_MAC_SIZE];
    uint32_t nr_addresses;
    struct netback_address addresses[NETBACK_MAX_ADDRESSES];
};

/** See struct daemon_class. */
int netd_open(struct xs_handle *xs, const char *node, void *info);
void netd_forget(const char *node);

/** A TAP's header of a packet that lacks this; and back. The latter returns
 * false for what no guest takes. */
void tap_header(struct virtio_net_hdr *out, const struct net_offload *offload,
                const struct net_headers *headers);
bool tap_offload(const struct virtio_net_hdr *header, struct net_offload *out);

#endif
