/* SPDX-License-Identifier: MIT */
/* xenstore-write: set values of nodes. */
#include "commands.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

static bool write_value(struct run *run, const char *path, const char *text)
{
    char *value = strdup(text);
    size_t len;
    bool ok;

    if (!value)
        err(1, "value");
    len = run->opt.raw ? strlen(value) : unescape(value);
    ok = xs_write(run->h, run->t, path, value, (unsigned int)len);
    free(value);
    return ok;
}

int run_write(struct run *run)
{
    for (unsigned int i = 0; i < run->nr_args; i += 2)
        if (!write_value(run, run->args[i], run->args[i + 1]))
            return run_failed(run, "could not write path %s", run->args[i]);
    return 0;
}
