/* SPDX-License-Identifier: MIT */
/*
 * Images of disks at sockets, /run/xen/NAME.sock: a qemu-nbd serves each, to
 * one client after the other. What it serves is noted beside, in NAME.image, so
 * that another one can when it dies.
 */
#ifndef LIB_NBD_SERVER_H
#define LIB_NBD_SERVER_H

#include <stdbool.h>

#include "lib/error.h"
#include "lib/nbd.h"

/* Whether there is the program. Returns 0; -ENOENT (DEVICE). */
int nbd_server_check(struct error **err_out);

/**
 * Serve an image, until nbd_server_stop().
 *
 * Returns 0; -ENOENT; -errno (DEVICE, NO_ANSWER), and nothing is left.
 */
int nbd_server_start(const struct nbd_image *image, const char *name,
                     struct error **err_out);

/* End it; the image is written when this returns. Returns 0, always. */
int nbd_server_stop(const char *name, struct error **err_out);

/* Are there any, or were there, and nobody has stopped them? */
bool nbd_servers_exist(void);

/**
 * Start those again that have died, then wait until one ends, or one more comes
 * or goes. One that has died within a second of its start is not started again
 * at once: as if it could not be.
 *
 * @tell   what was done, of which one: err is why it was not, or NULL
 * @pause  seconds, up to an hour: where one could not be started, the wait is
 *         for the end of one of the others, and no longer than that
 *
 * Returns whether all could be started.
 */
bool nbd_servers_look_after(void (*tell)(const char *name, struct error *err),
                            unsigned int pause);

#endif
