/* SPDX-License-Identifier: MIT */
/*
 * Locks between processes, one file each in /run/xen. The end of a process ends
 * its locks; programs that it starts do not have them.
 */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include <stdbool.h>

#include "lib/error.h"

/**
 * Wait for a lock and take it.
 *
 * @name    of the file, without folder
 * @fd_out  what lock_share() and lock_drop() want
 *
 * Returns 0; -errno (INTERNAL).
 */
int lock_take(const char *name, int *fd_out, struct error **err_out);

/* Take it if nobody else has it: not even to share. -EAGAIN has no error. */
int lock_try(const char *name, int *fd_out, struct error **err_out);

/*
 * Let others share the lock, who call this too. For a moment nobody has it:
 * look again at what it protects.
 */
void lock_share(int fd);

/* Give it back; -1 is let pass. */
void lock_drop(int fd);

#endif
