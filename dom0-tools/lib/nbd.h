/* SPDX-License-Identifier: MIT */
/*
 * Images of disks as block devices: QEMU's qemu-nbd reads them, Linux's nbd
 * driver makes a device of what it serves.
 */
#ifndef LIB_NBD_H
#define LIB_NBD_H

#include <stdbool.h>

#include "lib/error.h"

/* Room for the name of a device, with its NUL. */
#define NBD_NAME_SIZE 32

struct nbd_image {
    const char *path;   /* absolute */
    const char *format; /* in QEMU's words: qcow2, vpc; never guessed */
    bool read_only;
    bool direct;     /* past this host's cache */
    bool no_discard; /* keep the room of what the guest discards */
};

/* Whether there are nbd devices. Returns 0; -ENODEV (DEVICE). */
int nbd_check(struct error **err_out);

/**
 * Make a block device of an image. A process serves it until nbd_detach().
 *
 * @device_out  its name, NBD_NAME_SIZE bytes
 *
 * Returns 0; -ENODEV (DEVICE) where no device is free; -errno (DEVICE,
 *         NO_ANSWER), and nothing is left.
 */
int nbd_attach(const struct nbd_image *image, char *device_out,
               struct error **err_out);

/**
 * End it and the process; the image is written when this returns.
 *
 * Returns 0, also where it has ended before; -errno (DEVICE); -ETIMEDOUT
 *         (NO_ANSWER).
 * Source: Linux include/uapi/linux/nbd.h.
 */
int nbd_detach(const char *device, struct error **err_out);

#define NBD_PROGRAM      "qemu-nbd"
#define NBD_INSTALL_HINT "install qemu-utils"

/**
 * Have the program serve an image, in the background.
 *
 * @place  where: options of its, at most five, then NULL
 *
 * Returns 0; -ENOENT; -errno (DEVICE, NO_ANSWER).
 */
int nbd_program_run(const struct nbd_image *image, const char *const place[],
                    struct error **err_out);

#endif
