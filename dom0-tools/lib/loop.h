/* SPDX-License-Identifier: MIT */
/* Files as block devices: Linux's loop driver. */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <stdbool.h>

#include "lib/error.h"

/* Room for the name of a loop device, with its NUL. */
#define LOOP_NAME_SIZE 32

/**
 * Make a block device of a file.
 *
 * @direct      past the host's cache
 * @device_out  its name, LOOP_NAME_SIZE bytes
 *
 * Returns 0; -errno (DEVICE).
 * Source: Linux include/uapi/linux/loop.h, LOOP_CONFIGURE.
 */
int loop_attach(const char *path, bool read_only, bool direct, char *device_out,
                struct error **err_out);

/* End it; the device is free once nobody uses it. Returns 0; -errno (DEVICE).
 */
int loop_detach(const char *device, struct error **err_out);

#endif
