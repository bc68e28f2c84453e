/* SPDX-License-Identifier: MIT */
/* Least privilege: what the daemon gives up once it has started. */
#ifndef XENSTORE_SANDBOX_H
#define XENSTORE_SANDBOX_H

/**
 * Drop all capabilities, all system calls that the loop does not need, and,
 * where the kernel can (Landlock), all files but those in one folder.
 *
 * Returns 0 or -errno.
 */
int sandbox_enter(const char *folder);

#endif
