/* SPDX-License-Identifier: MIT */
/* Least privilege: what the daemon gives up once it has started. */
#ifndef CONSOLED_SANDBOX_H
#define CONSOLED_SANDBOX_H

#include "consoled/consoled.h"

/**
 * Drop all capabilities, all system calls that the loop does not make, and,
 * where the kernel can (Landlock), all files but terminals and those in the
 * folders of histories and logs.
 *
 * Returns 0; -errno.
 */
int sandbox_enter(const struct consoled *d);

#endif
