/* SPDX-License-Identifier: MIT */
/*
 * Disks that an NBD server has: qcow2 and other formats through qemu-nbd.
 *
 * Source: the NBD protocol, doc/proto.md; fixed newstyle, simple replies.
 */
#ifndef BLKD_NBD_H
#define BLKD_NBD_H

#include "blkd/blkd.h"
#include "blkd/disk.h"

/**
 * Connect to what `params` names, and agree on the export.
 *
 * @params  "nbd:unix:/path[:exportname=NAME]", "nbd:HOST:PORT[:exportname=..]"
 * @info    readonly is respected; the sizes and features are filled in
 *
 * Returns a socket; -errno.
 */
int nbd_connect(const char *params, struct disk_info *info);

/** Fill in what the back-end calls, for the socket in disk->fd. Returns 0;
 * -errno. */
int nbd_init(struct disk *disk);

/** The disk is not used any more. */
void nbd_release(struct disk *disk);

/** Waits for `disk`: a new socket in place of one that was lost. */
void nbd_reconnected(struct disk *disk, int fd);

#endif
