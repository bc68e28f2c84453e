/* SPDX-License-Identifier: MIT */
/* Files in /run/xen; see run_file.h. */
#include "lib/run_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/run/xen"

static void path_make(const char *name, char *path, size_t size)
{
    snprintf(path, size, FOLDER "/%s", name);
}

int run_file_write(const char *name, const char *text, struct error **err_out)
{
    char path[64];
    bool good;
    int fd;

    mkdir(FOLDER, 0755);
    path_make(name, path, sizeof(path));
    fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (!good)
        error_set(err_out, ERROR_INTERNAL, -errno, "%s: %s", path,
                  strerror(errno));
    if (fd >= 0)
        close(fd);
    return good ? 0 : error_rc(err_out);
}

bool run_file_read(const char *name, char *text, size_t size)
{
    char path[64];
    ssize_t got;
    int fd;

    path_make(name, path, sizeof(path));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, text, size - 1);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    return got > 0;
}

void run_file_remove(const char *name)
{
    char path[64];

    path_make(name, path, sizeof(path));
    unlink(path);
}
