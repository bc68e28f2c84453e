/* SPDX-License-Identifier: MIT */
/*
 * The one process in the background that does what configurations say of the
 * ends of domains. It holds a lock for as long as it is there; any command that
 * finds records of domains, but nobody with the lock, starts it again.
 */
#ifndef XL_WATCH_H
#define XL_WATCH_H

#include <stdbool.h>

#include "public/types.h"

#include "toolstack/config.h"

/* Have a domain watched that has no record yet. Returns 0; -errno (INTERNAL).
 */
int watch_start(const struct vm_config *config, domid_t domid,
                struct error **err_out);

/* Start the watcher, unless it is there or nobody needs it; `ends`: the caller
 * is about to end. */
void watch_ensure(bool ends);

#endif
