/* SPDX-License-Identifier: MIT */
/*
 * A network for guests on a host that has no bridge for them: a bridge of its
 * own with addresses of its own, from which the world is reached by the host's
 * address. It is made for the first guest and ended with the last one.
 */
#ifndef TOOLSTACK_NAT_H
#define TOOLSTACK_NAT_H

#include "lib/error.h"

#define NAT_BRIDGE "xenia0"

/* Whether it is there, or can be made. Returns 0; -errno (DEVICE). */
int nat_check(struct error **err_out);

/**
 * Make the network if it is not there, and keep it until a guest's interface is
 * a port of the bridge.
 *
 * @hold_out  for nat_release()
 *
 * Returns 0; -errno (DEVICE).
 */
int nat_enter(int *hold_out, struct error **err_out);
void nat_release(int hold);

/* End the network if no guest is left in it. Returns 0; -errno (DEVICE). */
int nat_leave(struct error **err_out);

#endif
