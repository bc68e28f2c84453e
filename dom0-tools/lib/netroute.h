/* SPDX-License-Identifier: MIT */
/* Addresses and routes of this host, by libnl. */
#ifndef LIB_NETROUTE_H
#define LIB_NETROUTE_H

#include "lib/error.h"

/**
 * Give an interface an address.
 *
 * @address  with the length of its network, as `10.0.0.1/24`
 *
 * Returns 0, also where it has it; -errno (DEVICE).
 */
int netroute_address_add(const char *interface, const char *address,
                         struct error **err_out);

/**
 * Lead to one machine by an interface at whose other end it is.
 *
 * @gateway  interface whose address the host shows to it; or NULL
 *
 * Returns 0; -errno (DEVICE).
 */
int netroute_host_add(const char *interface, const char *address,
                      const char *gateway, struct error **err_out);

/**
 * Find a network that none of the host's routes leads to, in part or as a
 * whole. The default route does not count.
 *
 * @networks  as `10.0.0.0/24`, nr of them
 * @which_out the first of them that is free
 *
 * Returns 0; -EADDRINUSE (DEVICE) where none is; -errno (DEVICE).
 */
int netroute_free_network(const char *const *networks, unsigned int nr,
                          unsigned int *which_out, struct error **err_out);

/**
 * Set a number below /proc/sys/net.
 *
 * @path  as `ipv4/ip_forward`
 *
 * Returns 0; -errno (DEVICE).
 */
int netroute_sysctl_set(const char *path, int value, struct error **err_out);

/* Such a number, 0 where it is not known. */
int netroute_sysctl_get(const char *path);

#endif
