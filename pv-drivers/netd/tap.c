/* SPDX-License-Identifier: MIT */
/* The header that a TAP has before each packet. */
#include "netd/netd.h"

#include "public/io/netif.h"

void tap_header(struct virtio_net_hdr *out, const struct net_offload *offload,
                const struct net_headers *headers)
{
    memset(out, 0, sizeof(*out));
    if (offload->csum_blank) {
        out->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        out->csum_start = headers->transport;
        out->csum_offset = (uint16_t)(headers->csum - headers->transport);
    } else if (offload->csum_good) {
        out->flags = VIRTIO_NET_HDR_F_DATA_VALID;
    }
    if (!offload->gso)
        return;
    out->gso_type = offload->gso == XEN_NETIF_GSO_TYPE_TCPV4
                        ? VIRTIO_NET_HDR_GSO_TCPV4
                        : VIRTIO_NET_HDR_GSO_TCPV6;
    out->gso_size = offload->gso_size;
    out->hdr_len = headers->header_size;
}

bool tap_offload(const struct virtio_net_hdr *header, struct net_offload *out)
{
    *out = (struct net_offload){
        .csum_blank = header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .csum_good = header->flags,
        .gso_size = header->gso_size,
    };
    switch (header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
    case VIRTIO_NET_HDR_GSO_NONE:
        out->gso_size = 0;
        return true;
    case VIRTIO_NET_HDR_GSO_TCPV4:
        out->gso = XEN_NETIF_GSO_TYPE_TCPV4;
        return true;
    case VIRTIO_NET_HDR_GSO_TCPV6:
        out->gso = XEN_NETIF_GSO_TYPE_TCPV6;
        return true;
    default:
        return false;
    }
}
