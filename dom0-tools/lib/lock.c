/* SPDX-License-Identifier: MIT */
/* Locks between processes; see lock.h. */
#include "lib/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/run/xen"

static int take(const char *name, int how, int *fd_out, struct error **err_out)
{
    char path[64];
    int fd, rc;

    mkdir(FOLDER, 0755);
    snprintf(path, sizeof(path), FOLDER "/%s.lock", name);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_set(err_out, ERROR_INTERNAL, -errno, "%s: %s", path,
                         strerror(errno));
    do
        rc = flock(fd, how) ? -errno : 0;
    while (rc == -EINTR);
    if (!rc) {
        *fd_out = fd;
        return 0;
    }
    close(fd);
    return rc == -EAGAIN ? rc
                         : error_set(err_out, ERROR_INTERNAL, rc, "%s: %s",
                                     path, strerror(-rc));
}

int lock_take(const char *name, int *fd_out, struct error **err_out)
{
    return take(name, LOCK_EX, fd_out, err_out);
}

int lock_try(const char *name, int *fd_out, struct error **err_out)
{
    return take(name, LOCK_EX | LOCK_NB, fd_out, err_out);
}

void lock_share(int fd)
{
    while (flock(fd, LOCK_SH) && errno == EINTR)
        ;
}

void lock_drop(int fd)
{
    if (fd >= 0)
        close(fd);
}
