/* SPDX-License-Identifier: MIT */
/* The worker's side of an interface, and what xen-netd adds to the daemons'
 * frame. */
#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "netd/netd.h"
#include "ports/linux_user/port.h"

#define HEADER      sizeof(struct virtio_net_hdr)
#define MAX_PACKETS 64U
#define MAX_SIZE    (HEADER + NET_MAX_PACKET + 1)
#define POOL_PAGES  160U

_Static_assert(HEADER <= NETBACK_HEADROOM, "it stands before the packet");

struct net_device {
    struct device device; /* must stay first */
    struct netback_nic nic;
    struct netback *back;
    struct port_poller tap;
    bool polled;
};

/* What is read from an interface at once, until the guest has it. Frames begin
 * where pages do, with the header before: each page is one copy then. What
 * guests send has its place behind. */
static uint8_t *pool;
#define POOL_SIZE (POOL_PAGES * OS_PAGE_SIZE)

static struct net_device *device_of(struct netback_nic *nic)
{
    return (struct net_device *)((char *)nic -
                                 offsetof(struct net_device, nic));
}

/* ---- For the guest ---------------------------------------------------- */

/* Returns false if the guest has no room for more. */
static bool give(struct net_device *d, uint8_t *at, size_t size)
{
    struct virtio_net_hdr header;
    struct net_offload offload;

    memcpy(&header, at, HEADER);
    if (size < HEADER || !tap_offload(&header, &offload))
        return true;
    return netback_receive(d->back, at + HEADER, size - HEADER, &offload);
}

/* As much as fits; what the network has beyond that waits for the next turn, so
 * that others have theirs. */
static void tap_ready(void *arg)
{
    struct net_device *d = arg;
    size_t at = OS_PAGE_SIZE - HEADER;

    for (unsigned int i = 0; d->polled && i < MAX_PACKETS; i++) {
        ssize_t size;

        if (at + MAX_SIZE > POOL_SIZE)
            break;
        size = read(d->tap.fd, pool + at, MAX_SIZE);
        if (size <= 0 || !give(d, pool + at, (size_t)size))
            break;
        at += ((size_t)size + OS_PAGE_SIZE - 1) / OS_PAGE_SIZE * OS_PAGE_SIZE;
    }
    netback_commit(d->back);
}

static void ready(struct netback_nic *nic, bool is_ready)
{
    struct net_device *d = device_of(nic);

    if (d->polled == is_ready)
        return;
    if (is_ready && port_poll(&d->tap))
        return;
    if (!is_ready)
        port_unpoll(&d->tap);
    d->polled = is_ready;
}

/* ---- From the guest --------------------------------------------------- */

/* What can't be sent is lost, as on any network. */
static void transmit(struct netback_nic *nic, uint8_t *frame, size_t size,
                     const struct net_offload *offload,
                     const struct net_headers *headers)
{
    struct virtio_net_hdr header;

    tap_header(&header, offload, headers);
    memcpy(frame - HEADER, &header, HEADER);
    if (write(device_of(nic)->tap.fd, frame - HEADER, HEADER + size) < 0)
        return;
}

static void offloads(struct netback_nic *nic, const struct netback_offloads *o)
{
    unsigned long flags = 0;

    if (o->csum_v4 && o->csum_v6)
        flags = TUN_F_CSUM | (o->gso_tcpv4 ? TUN_F_TSO4 : 0UL) |
                (o->gso_tcpv6 ? TUN_F_TSO6 : 0UL);
    if (ioctl(device_of(nic)->tap.fd, TUNSETOFFLOAD, flags))
        os_log("%s: offloads: %s", device_of(nic)->device.node,
               strerror(errno));
}

/* ---- The device ------------------------------------------------------- */

static void closed(struct netback_nic *nic)
{
    device_of(nic)->device.closed = true;
}

static int use(struct device *device, int fd, const void *info)
{
    struct net_device *d = (struct net_device *)device;
    const struct tap_info *a = info;

    d->tap = (struct port_poller){.fd = fd, .ready = tap_ready, .arg = d};
    d->nic = (struct netback_nic){
        .transmit = transmit,
        .ready = ready,
        .offloads = offloads,
        .closed = closed,
        .keep = device->keep,
        .pool = pool + POOL_SIZE,
        .check_mac = a->check_mac,
        .nr_addresses = a->nr_addresses,
    };
    memcpy(d->nic.mac, a->mac, sizeof(a->mac));
    memcpy(d->nic.addresses, a->addresses, sizeof(a->addresses));
    return netback_create(device->node, NULL, &d->nic, &d->back);
}

static void destroy(struct device *device)
{
    struct net_device *d = (struct net_device *)device;

    if (!device->served)
        return;
    if (d->back)
        netback_destroy(d->back);
    if (d->tap.ready)
        close(d->tap.fd);
}

static int start(void)
{
    pool = port_copy_pages(POOL_PAGES + NETBACK_POOL_PAGES);
    return pool ? 0 : -ENOMEM;
}

static int allow(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                            SCMP_A1(SCMP_CMP_EQ, TUNSETOFFLOAD, 0));
}

int main(int argc, char **argv)
{
    static const struct daemon_class class = {
        .name = "xen-netd",
        .type = "qnic",
        .device_size = sizeof(struct net_device),
        .keep_size = NETBACK_KEEP_SIZE,
        .open = netd_open,
        .forget = netd_forget,
        .start = start,
        .allow = allow,
        .use = use,
        .destroy = destroy,
    };

    return daemon_main(&class, argc, argv);
}
