/* SPDX-License-Identifier: MIT */
/* Disks; those that are files and block devices, raw, by io_uring. */
#ifndef BLKD_DISK_H
#define BLKD_DISK_H

#include "pv/blkback.h"

struct disk {
    struct blkback_disk disk; /* must stay first */
    struct blkback *back;     /* whose disk it is */
    int fd;                   /* -1: an NBD server's that is lost */
    bool is_device;
    struct nbd *nbd; /* NULL: a file or a block device */
    void (*lost)(struct disk *disk);
    bool done_something; /* blkback_go_on() is due */
    struct disk *next_done;
};

/** Make the one ring that serves all disks. Returns 0; -errno. */
int disk_ring_open(void);

/** Fill in what the back-end calls. */
void disk_init(struct disk *disk);

/** Look whether it has another size by now, and tell the front-end. */
void disk_look_at_size(struct disk *disk);

#endif
