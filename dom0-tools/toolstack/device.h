/* SPDX-License-Identifier: MIT */
/*
 * Devices of a domain: a disk or network interface is a pair of folders in the
 * store, the guest's and the backend's, which find each other by paths, and a
 * record in /libxl from which the device can be ended.
 */
#ifndef TOOLSTACK_DEVICE_H
#define TOOLSTACK_DEVICE_H

#include <stddef.h>

#include "public/types.h"

#include "toolstack/device_config.h"
#include "toolstack/store.h"

/**
 * Find out, without changing anything, whether a disk can be attached.
 *
 * Returns 0; -errno (DEVICE): it is not there, no disk, or in use.
 */
int disk_check(struct store *s, const struct disk_config *disk,
               struct error **err_out);

/**
 * Find out whether a disk is among others of the same domain that would write
 * to the same file or device.
 *
 * Returns 0; -EBUSY (DEVICE).
 */
int disk_twice_check(const struct disk_config *disk,
                     const struct disk_config *others, size_t nr,
                     struct error **err_out);

/**
 * Attach a disk. Where it fails nothing is left.
 *
 * Returns 0; -EEXIST (DEVICE) where the domain has one of that number; -errno
 *         (DEVICE, STORE); -ETIMEDOUT (NO_ANSWER) where no backend takes it.
 * Source: xenstore backend/vbd; io/blkif.h.
 */
int disk_attach(struct store *s, domid_t domid, const struct disk_config *disk,
                struct error **err_out);

/* The same for a network interface, the domain's `devid`-th from 0. */
int vif_check(struct store *s, const struct vif_config *vif,
              struct error **err_out);
/* Which network an interface will be part of, in words, as `bridge xenbr0`. */
void vif_describe(struct store *s, const struct vif_config *vif, char *text,
                  size_t size);

int vif_attach(struct store *s, domid_t domid, unsigned int devid,
               const struct vif_config *vif, struct error **err_out);

/* Whether a channel's socket can be made where it is wanted. Returns 0; -errno
 * (DEVICE). */
int channel_check(const struct channel_config *channel, struct error **err_out);

/**
 * Write the nodes of a channel, as part of a transaction.
 *
 * @number  of the console, from 1
 *
 * Returns 0; -errno (STORE).
 * Source: xen-pv-channel(7); xenstore device/console.
 */
int channel_write(struct store *s, domid_t domid, unsigned int number,
                  const struct channel_config *channel, struct error **err_out);

/**
 * Make the path of a channel's socket, and wait until it is served.
 *
 * Returns 0; -errno (DEVICE); -ETIMEDOUT (NO_ANSWER).
 */
int channel_await(struct store *s, domid_t domid, unsigned int number,
                  const struct channel_config *channel, struct error **err_out);

/* Remove the paths of a domain's channels. Returns 0, or the first error. */
int channels_end(struct store *s, domid_t domid, struct error **err_out);

/**
 * Take a device from a running guest.
 *
 * @class  "vbd" or "vif"
 * @force  do not wait for the guest to release it
 *
 * Returns 0; -ENODEV (DEVICE) where it has none such; -ETIMEDOUT (NO_ANSWER)
 *         where the guest keeps it; -errno.
 */
int device_detach(struct store *s, domid_t domid, const char *class,
                  unsigned int devid, bool force, struct error **err_out);

/**
 * Have all devices of a domain but its console end, without asking the domain.
 * Waits for none of them. Goes on after a failure.
 *
 * Returns 0, or the first error.
 */
int device_end_all(struct store *s, domid_t domid, struct error **err_out);

/**
 * Wait for the ends of all devices, and free what the host has for them. Goes
 * on after a failure.
 *
 * Returns 0, or the first error.
 */
int device_remove_all(struct store *s, domid_t domid, struct error **err_out);

#endif
