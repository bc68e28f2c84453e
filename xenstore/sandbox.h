/* SPDX-License-Identifier: MIT */
/* Least privilege: what the daemon gives up once it has started. */
#ifndef XENSTORE_SANDBOX_H
#define XENSTORE_SANDBOX_H

/**
 * Drop all capabilities, and all system calls that the loop does not need.
 *
 * Returns 0 or -errno.
 */
int sandbox_enter(void);

#endif
