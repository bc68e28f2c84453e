/* SPDX-License-Identifier: MIT */
/* What the files on route netlink share. */
#ifndef LIB_NETLINK_H
#define LIB_NETLINK_H

#include <netlink/netlink.h>

#include "lib/error.h"

/* Connect to the kernel; nl_socket_free() ends it. Returns 0; -errno. */
int netlink_open(struct nl_sock **s_out, struct error **err_out);

/**
 * The error for a request that failed.
 *
 * @rc    libnl's, negative
 * @name  of the interface
 * @what  as `start it`
 *
 * Returns -errno (DEVICE).
 */
int netlink_fail(struct error **err_out, int rc, const char *name,
                 const char *what);

#endif
