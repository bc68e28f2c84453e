/* SPDX-License-Identifier: MIT */
/* xenstore-exists: 0 if all nodes are there, and may be read; else 1. */
#include "commands.h"

#include <stdlib.h>

int run_exists(struct run *run)
{
    for (unsigned int i = 0; i < run->nr_args; i++) {
        char *value = xs_read(run->h, run->t, run->args[i], NULL);

        if (!value && errno == EBADF)
            return run_failed(run, "couldn't read path %s", run->args[i]);
        if (!value)
            return 1;
        free(value);
    }
    return 0;
}
