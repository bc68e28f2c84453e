/* SPDX-License-Identifier: MIT */
/* xenstore-rm: remove nodes with all below them. */
#include "commands.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

/* Whether a node has neither a value nor a child. */
static bool is_empty(struct run *run, const char *path)
{
    unsigned int len = 0, nr = 0;
    char *value = xs_read(run->h, run->t, path, &len);
    char **names =
        value && !len ? xs_directory(run->h, run->t, path, &nr) : NULL;
    bool empty = names && !nr;

    free(value);
    free(names);
    return empty;
}

/* Remove parents as long as nothing is left in them. */
static bool tidy(struct run *run, const char *below)
{
    char *path = strdup(below);
    bool ok = true;
    char *slash;

    if (!path)
        err(1, "path");
    while (ok && (slash = strrchr(path, '/')) != NULL && slash != path) {
        *slash = '\0';
        if (!is_empty(run, path))
            break;
        ok = xs_rm(run->h, run->t, path);
    }
    free(path);
    return ok;
}

int run_rm(struct run *run)
{
    for (unsigned int i = 0; i < run->nr_args; i++)
        if (!xs_rm(run->h, run->t, run->args[i]) ||
            (run->opt.tidy && !tidy(run, run->args[i])))
            return run_failed(run, "could not remove path %s", run->args[i]);
    return 0;
}
