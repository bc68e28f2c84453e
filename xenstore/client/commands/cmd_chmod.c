/* SPDX-License-Identifier: MIT */
/* xenstore-chmod: set permissions of a node, those above it, those below it. */
#include "commands.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

struct perms {
    struct xs_permissions *list;
    unsigned int nr;
};

static int failed(struct run *run, const char *path)
{
    return run_failed(run, "Error occurred setting permissions on '%s'", path);
}

/* A number that is missing is 0, and what follows it is passed over. */
static bool parse_perm(struct xs_permissions *perm, const char *mode)
{
    static const char letters[] = "nrwb";
    const char *at = mode[0] ? strchr(letters, mode[0]) : NULL;

    if (!at)
        return false;
    perm->perms = (unsigned int)(at - letters);
    perm->id = (unsigned int)strtoul(mode + 1, NULL, 10);
    return true;
}

static int set_below(struct run *run, const char *path,
                     const struct perms *perms)
{
    unsigned int nr;
    char **names;
    int status = 0;

    if (!xs_set_permissions(run->h, run->t, path, perms->list, perms->nr))
        return failed(run, path);
    names = xs_directory(run->h, run->t, path, &nr);
    if (!names)
        return failed(run, path);
    for (unsigned int i = 0; i < nr && !status; i++) {
        char *child = join_path(path, names[i]);

        status = set_below(run, child, perms);
        free(child);
    }
    free(names);
    return status;
}

static int set_above(struct run *run, const char *below,
                     const struct perms *perms)
{
    char *path = strdup(below);
    int status = 0;
    char *slash;

    if (!path)
        err(1, "path");
    while (!status && (slash = strrchr(path, '/')) != NULL && slash != path) {
        *slash = '\0';
        if (!xs_set_permissions(run->h, run->t, path, perms->list, perms->nr))
            status = failed(run, path);
    }
    free(path);
    return status;
}

static int set_all(struct run *run, const char *path, const struct perms *perms)
{
    int status = 0;

    if (run->opt.recurse)
        status = set_below(run, path, perms);
    else if (!xs_set_permissions(run->h, run->t, path, perms->list, perms->nr))
        status = failed(run, path);
    if (!status && run->opt.upto)
        status = set_above(run, path, perms);
    return status;
}

int run_chmod(struct run *run)
{
    struct perms perms = {.nr = run->nr_args - 1};
    int status = 0;

    perms.list = calloc(run->nr_args, sizeof(*perms.list));
    if (!perms.list)
        err(1, "permissions");
    for (unsigned int i = 0; i < perms.nr && !status; i++)
        if (!parse_perm(&perms.list[i], run->args[i + 1])) {
            warnx("Invalid permission specification: '%c'",
                  run->args[i + 1][0]);
            status = 1;
        }
    if (!status)
        status = set_all(run, run->args[0], &perms);
    free(perms.list);
    return status;
}
