/* SPDX-License-Identifier: MIT */
/* Files that are written whole or not at all; see target.h. */
#include "xl/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int target_fail(const char *path, const char *what, struct error **err_out)
{
    int rc = -errno;

    return error_set(err_out, ERROR_STREAM, rc, "%s %s: %s", what, path,
                     strerror(-rc));
}

int target_open(struct target *t, const char *path, struct error **err_out)
{
    struct stat st;

    *t = (struct target){.path = path, .fd = -1};
    if (!stat(path, &st) && !S_ISREG(st.st_mode)) {
        t->fd = open(path, O_WRONLY | O_CLOEXEC);
    } else {
        if (asprintf(&t->partial, "%s.partial", path) < 0) {
            t->partial = NULL;
            return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM,
                             "out of memory");
        }
        t->fd =
            open(t->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    if (t->fd >= 0)
        return 0;
    free(t->partial);
    return target_fail(path, "can't write", err_out);
}

int target_settle(void *target, struct error **err_out)
{
    struct target *t = target;

    if (!t->partial)
        return 0;
    if (fsync(t->fd) || rename(t->partial, t->path))
        return target_fail(t->path, "can't write", err_out);
    free(t->partial);
    t->partial = NULL;
    return 0;
}

void target_close(struct target *t)
{
    close(t->fd);
    if (t->partial)
        unlink(t->partial);
    free(t->partial);
}
