/* SPDX-License-Identifier: MIT */
/*
 * The daemons that serve devices in place of the kernel. A device that wants
 * one has it started; who watches it starts it again whenever it dies, as long
 * as there are devices of its: the host's service manager, or where that has
 * none, a process `xl-keep` for each daemon, which the next command of `xl`
 * starts again if that was killed. The servers of images that xl starts for one
 * of these daemons are always kept by such a process.
 */
#ifndef TOOLSTACK_BACKEND_DAEMON_H
#define TOOLSTACK_BACKEND_DAEMON_H

#include <stdbool.h>

#include "lib/error.h"

/**
 * Have the daemon of a type run, and be kept running.
 *
 * @type  "qdisk" or "qnic"; nodes of such a device are in the store already
 *
 * Returns 0; -ENOENT (DEVICE) where there is no such program; -errno.
 */
int backend_daemon_ensure(const char *type, struct error **err_out);

/* Have servers of images, which are there already, kept running. Returns 0;
 * -errno. */
int backend_images_keep(struct error **err_out);

/* Where one was to be kept running, and nobody does that any more: do it. */
void backend_daemons_keep(bool ends);

#endif
