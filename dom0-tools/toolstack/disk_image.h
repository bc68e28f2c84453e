/* SPDX-License-Identifier: MIT */
/* Image files of disks: whether one is of the format that it is said to be. */
#ifndef TOOLSTACK_DISK_IMAGE_H
#define TOOLSTACK_DISK_IMAGE_H

#include "toolstack/device_config.h"

/**
 * Look at the first bytes of an image. Nothing of it is interpreted.
 *
 * Returns 0; -EINVAL (DEVICE) where they are of another format; -errno.
 */
int disk_image_check(const struct disk_config *disk, struct error **err_out);

#endif
