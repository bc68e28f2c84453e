/* SPDX-License-Identifier: MIT */
/*
 * What Linux's back-ends have done for each guest: counters in sysfs of
 * xen-blkback and of the interfaces of xen-netback.
 */
#ifndef LIB_BACKEND_STATS_H
#define LIB_BACKEND_STATS_H

#include <stddef.h>
#include <stdint.h>

#define BACKEND_SYSFS "/sys/bus/xen-backend/devices"

/* Where a counter stands in backend_stats.value; a disk's and an interface's.
 */
enum { DISK_OO, DISK_RD, DISK_WR, DISK_RD_SECT, DISK_WR_SECT };
enum {
    NET_RX_BYTES, /* by the interface of this host: what the guest sent */
    NET_RX_PACKETS,
    NET_RX_ERRORS,
    NET_RX_DROPPED,
    NET_TX_BYTES, /* what the guest got */
    NET_TX_PACKETS,
    NET_TX_ERRORS,
    NET_TX_DROPPED,
    BACKEND_NR_VALUES
};

enum backend_kind { BACKEND_DISK, BACKEND_NET };

struct backend_stats {
    enum backend_kind kind;
    unsigned int domid;
    unsigned int device; /* virtual device, or number of the interface */
    uint64_t value[BACKEND_NR_VALUES];
};

/**
 * Read the counters of all devices of all guests, by domain, kind, device.
 *
 * @folder    BACKEND_SYSFS
 * @list_out  array that the caller frees
 *
 * Returns 0, also where there is no such folder; -ENOMEM. Counters that are not
 *         there, as a device's whose guest is not connected yet, are 0.
 * Source: Linux Documentation/ABI/testing/sysfs-driver-xen-blkback,
 *         sysfs-class-net-statistics.
 */
int backend_stats_read(const char *folder, struct backend_stats **list_out,
                       size_t *nr_out);

#endif
