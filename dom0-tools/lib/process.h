/* SPDX-License-Identifier: MIT */
/* Other programs: run one, wait for its end, keep what it prints. */
#ifndef LIB_PROCESS_H
#define LIB_PROCESS_H

#include <stdbool.h>

#include "lib/cancel.h"
#include "lib/error.h"

struct process {
    const char *const *argv; /* [0] is looked up in PATH; NULL at the end */
    const char *const *env;  /* NAME=VALUE besides what is there; or NULL */
    const char *input;       /* text of its standard input, or NULL */
    int timeout_ms;
    const struct cancel *cancel; /* kills it, too; or NULL */
};

/**
 * Run a program until it ends. One that takes too long is killed with all that
 * it has started and not sent to the background.
 *
 * Returns 0 where it ended with status 0; -ENOENT where there is none such;
 *         -ETIMEDOUT (NO_ANSWER); -ECANCELED (CANCELLED); -EIO (DEVICE) where
 * its status is another: the error has the end of what it printed, as one line.
 */
int process_run(const struct process *process, struct error **err_out);

/* Whether there is a program of this name in PATH. */
bool process_find(const char *name);

#endif
