/* SPDX-License-Identifier: MIT */
/* Waiting for the end of a domain, and what its configuration says then. */
#ifndef TOOLSTACK_MONITOR_H
#define TOOLSTACK_MONITOR_H

#include "public/types.h"

#include "lib/privcmd.h"
#include "toolstack/config.h"
#include "toolstack/store.h"

/**
 * Wait until a domain ends; destroy, restart or keep it. One that is restarted,
 * with the devices that it had in the end, is waited for again. Returns when
 * nothing is left to wait for: the domain is gone or stays as it is.
 *
 * Returns 0; -errno, and the domain that ended stays or is gone.
 */
int monitor_run(struct privcmd *p, struct store *s, struct vm_config *config,
                domid_t domid, struct error **err_out);

#endif
