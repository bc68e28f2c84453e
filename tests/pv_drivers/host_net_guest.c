/* SPDX-License-Identifier: MIT */
/*
 * A guest that is a process, with a network: our network front-end, joined to
 * a TAP interface `guest0` of the network namespace it runs in. So the kernel's
 * own protocols, checksums and segmentation are what passes through.
 *
 * usage: host_net_guest NODE QUEUES
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "netd/netd.h"
#include "ports/linux_user/port.h"
#include "pv/netfront.h"

#define HEADER sizeof(struct virtio_net_hdr)

static struct netfront *front;
static struct port_poller tap;
static uint8_t packet[HEADER + NET_MAX_PACKET];
static size_t packet_size; /* of one that had no room; 0: none */

/* ---- To the back-end -------------------------------------------------- */

static bool send_packet(void)
{
    struct net_buffer buffer = {packet + HEADER, packet_size - HEADER};
    struct virtio_net_hdr header;
    struct net_offload offload;

    memcpy(&header, packet, HEADER);
    if (tap_offload(&header, &offload) &&
        netfront_send(front, &buffer, 1, &offload) == -XEN_EAGAIN)
        return false;
    packet_size = 0;
    return true;
}

static void tap_ready(void *arg)
{
    (void)arg;
    for (unsigned int i = 0; !packet_size && i < 64; i++) {
        ssize_t size = read(tap.fd, packet, sizeof(packet));

        if (size <= (ssize_t)HEADER)
            return;
        packet_size = (size_t)size;
        if (!send_packet())
            port_unpoll(&tap);
    }
}

static void writable(void *arg)
{
    if (!packet_size || !send_packet())
        return;
    port_poll(&tap);
    tap_ready(arg);
}

/* ---- From it ---------------------------------------------------------- */

static void received(void *arg, const uint8_t *frame, size_t size,
                     const struct net_offload *offload)
{
    static uint8_t out[HEADER + NET_MAX_PACKET];
    struct net_headers headers = {0};
    struct virtio_net_hdr header;

    (void)arg;
    if (!net_headers_find(frame, size, &headers) && offload->csum_blank)
        exit(2);
    tap_header(&header, offload, &headers);
    memcpy(out, &header, HEADER);
    memcpy(out + HEADER, frame, size);
    if (write(tap.fd, out, HEADER + size) < 0)
        return;
}

static void link_changed(void *arg, bool up, const struct netfront_info *info)
{
    (void)arg;
    printf("link %s, %u queues\n", up ? "up" : "down", info->nr_queues);
    fflush(stdout);
}

static int tap_open(void)
{
    struct ifreq ifr = {.ifr_name = "guest0",
                        .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) ||
        ioctl(fd, TUNSETOFFLOAD,
              (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)))
        return -1;
    tap = (struct port_poller){.fd = fd, .ready = tap_ready};
    return port_poll(&tap);
}

int main(int argc, char **argv)
{
    static const struct netfront_ops ops = {
        .link = link_changed, .received = received, .writable = writable};
    struct netfront_options options = {0};

    if (argc != 3)
        return 1;
    options.max_queues = (unsigned int)strtoul(argv[2], NULL, 10);
    if (port_open() || tap_open() ||
        netfront_create(argv[1], &options, &ops, NULL, &front))
        return 1;
    while (!port_run())
        ;
    return 1;
}
