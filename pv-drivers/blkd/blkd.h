/* SPDX-License-Identifier: MIT */
/* xen-blkd: the block back-end as a daemon of the control domain. */
#ifndef BLKD_H
#define BLKD_H

#include "daemon/daemon.h"

/* What the opener tells of a disk. */
struct disk_info {
    uint64_t sectors;
    uint32_t sector_size;
    uint32_t physical_size;
    uint32_t discard_granularity;
    uint8_t readonly;
    uint8_t is_device; /* else a file, or: */
    uint8_t is_socket; /* of an NBD server */
    uint8_t flush;
    uint8_t discard;
    uint8_t cdrom;
};

/** See struct daemon_class. */
int blkd_open(struct xs_handle *xs, const char *node, void *info);

#endif
