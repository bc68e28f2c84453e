/* SPDX-License-Identifier: MIT */
/* Messages as bytes: fields, numbers, paths and names of errors. No I/O. */
#include "wire.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int error;
    const char *name;
} errors[] = {
    {EINVAL, "EINVAL"}, {EACCES, "EACCES"},   {EEXIST, "EEXIST"},
    {EISDIR, "EISDIR"}, {ENOENT, "ENOENT"},   {ENOMEM, "ENOMEM"},
    {ENOSPC, "ENOSPC"}, {EIO, "EIO"},         {ENOTEMPTY, "ENOTEMPTY"},
    {ENOSYS, "ENOSYS"}, {EROFS, "EROFS"},     {EBUSY, "EBUSY"},
    {EAGAIN, "EAGAIN"}, {EISCONN, "EISCONN"}, {E2BIG, "E2BIG"},
    {EPERM, "EPERM"},
};

const char *wire_error_name(int error)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].error == -error)
            return errors[i].name;
    return errors[0].name;
}

int wire_fields(const char *data, size_t len, const char *field[],
                unsigned int max)
{
    const char *end = data + len;
    int nr = 0;

    if (!len || end[-1] != '\0')
        return -EINVAL;
    for (; data < end; data += strlen(data) + 1, nr++)
        if ((unsigned int)nr < max)
            field[nr] = data;
    return nr;
}

int wire_number(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;

    if (!*text)
        return -EINVAL;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -EINVAL;
        if (n > (UINT64_MAX - 9) / 10)
            return -EINVAL;
        n = 10 * n + (*text - '0');
    }
    if (n > max)
        return -EINVAL;
    *out = n;
    return 0;
}

/* Characters of paths. */
static const bool char_ok[1 << CHAR_BIT] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
    ['-'] = true,         ['/'] = true,         ['_'] = true,
    ['@'] = true,
};

/* Characters and slashes behind the first one. */
static bool rest_ok(const char *rest)
{
    for (const char *p = rest; *p; p++)
        if (!char_ok[(unsigned char)*p] ||
            (*p == '/' && (p[1] == '/' || !p[1])))
            return false;
    return true;
}

bool wire_is_special(const char *path)
{
    return path[0] == '@' && rest_ok(path);
}

bool wire_is_path(const char *path)
{
    return path[0] == '/' &&
           (!path[1] || (path[1] != '/' && rest_ok(path + 1)));
}

int wire_path(domid_t domid, const char *given, char path[PATH_ROOM])
{
    size_t len = strlen(given);
    int home = 0;

    if (!len || given[0] == '@')
        return -EINVAL;
    if (given[0] == '/') {
        if (len > XENSTORE_ABS_PATH_MAX || !wire_is_path(given))
            return -EINVAL;
    } else {
        if (len > XENSTORE_REL_PATH_MAX || !rest_ok(given))
            return -EINVAL;
        home = snprintf(path, PATH_ROOM, "/local/domain/%u/", domid);
    }
    memcpy(path + home, given, len + 1);
    return 0;
}

size_t wire_parent_len(const char *path, size_t len)
{
    while (path[len - 1] != '/')
        len--;
    return len > 1 ? len - 1 : 1;
}

unsigned int wire_depth(const char *path)
{
    unsigned int n = 0;

    if (path[0] == '/' && path[1] == '\0')
        return 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

bool wire_is_below(const char *path, const char *above)
{
    size_t len = strlen(above);

    if (len == 1 && above[0] == '/')
        return path[0] == '/';
    return !strncmp(path, above, len) &&
           (path[len] == '\0' || path[len] == '/');
}
