/* SPDX-License-Identifier: MIT */
/* Work that goes on after the program that begins it has ended. */
#ifndef LIB_BACKGROUND_H
#define LIB_BACKGROUND_H

#include <stdbool.h>

#include "lib/error.h"

/**
 * Run a function in a process of its own, which has a session of its own, no
 * terminal, and whose output goes to the end of a log file.
 *
 * @run  its result is the exit status; it opens all that it needs itself
 * @log  path, made with rights for its owner alone
 * @ends the program that begins it is about to end, and need not wait for the
 *       process in between
 *
 * Returns 0 in the process that called; -errno (INTERNAL).
 */
int background_start(int (*run)(void *ctx), void *ctx, const char *log,
                     bool ends, struct error **err_out);

#endif
