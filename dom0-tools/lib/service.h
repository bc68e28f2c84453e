/* SPDX-License-Identifier: MIT */
/*
 * The daemons that serve guests' devices, xen-blkd and xen-netd, as processes
 * of the host: started when one is wanted. Each has the lock /run/NAME/lock for
 * as long as any process of it lives.
 */
#ifndef LIB_SERVICE_H
#define LIB_SERVICE_H

#include <stdbool.h>

#include "lib/error.h"

bool service_runs(const char *name);

/*
 * Have the host's own service manager start it, which starts it again when it
 * dies. False: there is none, or it does not know the daemon.
 */
bool service_manager_starts(const char *name);

/**
 * Start it, and wait until it runs.
 *
 * Returns 0; -ENOENT (DEVICE) where there is no such program; -ETIMEDOUT
 *         (NO_ANSWER).
 */
int service_start(const char *name, struct error **err_out);

/* Wait until it does not run. */
void service_await_end(const char *name);

#endif
