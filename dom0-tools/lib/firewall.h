/* SPDX-License-Identifier: MIT */
/* Packet filter and address translation of a network of guests: nft(8). */
#ifndef LIB_FIREWALL_H
#define LIB_FIREWALL_H

#include "lib/error.h"

/* Whether the program is there. Returns 0; -ENOENT (DEVICE). */
int firewall_check(struct error **err_out);

/**
 * Put the rules for a bridge in place, also where they are there: guests reach
 * the world by the host's own address; nobody else but the host begins to talk
 * to them; of the host they reach names, addresses and an echo.
 *
 * @network  theirs, as `10.0.0.0/24`
 *
 * Returns 0; -errno (DEVICE).
 */
int firewall_set(const char *bridge, const char *network,
                 struct error **err_out);

/* Remove them; nothing happens where there are none. */
void firewall_clear(const char *bridge);

#endif
