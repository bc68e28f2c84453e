/* SPDX-License-Identifier: MIT */
/* Network interfaces of this host, and its bridges. */
#ifndef LIB_NETDEV_H
#define LIB_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

/* Room for the name of an interface, with its NUL: IFNAMSIZ. */
#define NETDEV_NAME_SIZE 16

/* Whether an interface is there and is a bridge. */
bool netdev_is_bridge(const char *name);

/**
 * The only bridge of this host.
 *
 * @name_out  NETDEV_NAME_SIZE bytes
 *
 * Returns 0; -ENODEV without an error where there is none or are several.
 */
int netdev_only_bridge(char *name_out);

/**
 * Make an interface a port of a bridge, with the bridge's MTU, and start it.
 * Waits a few seconds for one that is not there yet.
 *
 * @new_name  what to call it from now on, or NULL
 *
 * Returns 0; -ETIMEDOUT (NO_ANSWER) where it does not appear; -errno (DEVICE).
 * Source: netdevice(7); Linux include/uapi/linux/sockios.h, SIOCBRADDIF.
 */
int netdev_join(const char *name, const char *new_name, const char *bridge,
                struct error **err_out);

#endif
