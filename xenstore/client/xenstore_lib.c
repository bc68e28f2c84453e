/* SPDX-License-Identifier: MIT */
/* Strings, permissions, paths: what needs no connection. */
#include "handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_RUNDIR "/var/run/xenstored"

const char *xs_daemon_rundir(void)
{
    const char *dir = getenv("XENSTORED_RUNDIR");

    return dir ? dir : DEFAULT_RUNDIR;
}

/* NULL with ENAMETOOLONG if it is longer than any path may be. */
const char *xs_daemon_socket(void)
{
    static __thread char buf[PATH_MAX];
    const char *path = getenv("XENSTORED_PATH");
    int len;

    if (path)
        return path;
    len = snprintf(buf, sizeof(buf), "%s/socket", xs_daemon_rundir());
    if (len >= 0 && (size_t)len < sizeof(buf))
        return buf;
    errno = ENAMETOOLONG;
    return NULL;
}

const char *xs_daemon_socket_ro(void)
{
    return xs_daemon_socket();
}

bool xs_write_all(int fd, const void *data, unsigned int len)
{
    const char *at = data;
    ssize_t written;

    while (len) {
        written = write(fd, at, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        len -= (unsigned int)written;
    }
    return true;
}

static bool string_to_perm(struct xs_permissions *perm, const char *string)
{
    char *end;

    switch (string[0]) {
    case 'n':
        perm->perms = XS_PERM_NONE;
        break;
    case 'r':
        perm->perms = XS_PERM_READ;
        break;
    case 'w':
        perm->perms = XS_PERM_WRITE;
        break;
    case 'b':
        perm->perms = XS_PERM_READ | XS_PERM_WRITE;
        break;
    default:
        return false;
    }
    perm->id = (unsigned int)strtoul(string + 1, &end, 0);
    return end != string + 1 && !*end;
}

bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
                         const char *strings)
{
    for (unsigned int i = 0; i < num; i++) {
        if (!string_to_perm(&perms[i], strings)) {
            errno = EINVAL;
            return false;
        }
        strings += strlen(strings) + 1;
    }
    return true;
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
    size_t len = strlen(parent);

    return strncmp(parent, child, len) == 0 &&
           (child[len] == '/' || child[len] == '\0');
}

char **xs_split(const char *strings, size_t len, unsigned int *nr_out)
{
    unsigned int nr = 0;
    char **list;
    char *copy;

    for (size_t i = 0; i < len; i++)
        nr += !strings[i];
    if (len && strings[len - 1])
        nr++;
    list = malloc((nr + 1) * sizeof(*list) + len + 1);
    if (!list)
        return NULL;
    copy = (char *)(list + nr + 1);
    if (len)
        memcpy(copy, strings, len);
    copy[len] = '\0';
    for (unsigned int i = 0; i < nr; i++) {
        list[i] = copy;
        copy += strlen(copy) + 1;
    }
    list[nr] = NULL;
    *nr_out = nr;
    return list;
}
