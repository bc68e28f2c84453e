/* SPDX-License-Identifier: MIT */
/*
 * Channels: consoles of a guest beyond the first, which programs of the control
 * domain talk through. xenconsoled serves them at a terminal, or at a socket in
 * its own folder, which is all that it may write to: the path of xl.cfg is a
 * link to that.
 */
#include "toolstack/device_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "consoled/protocol.h"

#define CLASS      "console"
#define LINK_START CONSOLED_RUN_FOLDER "/channel-"

/* Bytes that a console daemon keeps, as for the first console. */
#define LIMIT "1048576"

static void link_make(domid_t domid, unsigned int number, char *to, size_t size)
{
    snprintf(to, size, CONSOLED_RUN_FOLDER "/" CONSOLED_CHANNEL_SOCKET, domid,
             number);
}

/* Whether the path is such a link; where it leads to. */
static bool link_read(const char *path, char *to, size_t size)
{
    ssize_t len = readlink(path, to, size - 1);

    if (len < 0)
        return false;
    to[len] = 0;
    return !strncmp(to, LINK_START, sizeof(LINK_START) - 1);
}

int channel_check(const struct channel_config *channel, struct error **err_out)
{
    char folder[128], to[64], *slash;
    struct stat st;

    if (!channel->is_socket)
        return 0;
    snprintf(folder, sizeof(folder), "%s", channel->path);
    slash = strrchr(folder, '/');
    slash[slash == folder] = 0;
    if (stat(folder, &st) || !S_ISDIR(st.st_mode))
        return error_set(err_out, ERROR_DEVICE, -ENOENT, "%s: no such folder",
                         folder);
    if (lstat(channel->path, &st))
        return 0;
    /* One that was left behind by a host that lost its power. */
    if (link_read(channel->path, to, sizeof(to)) && stat(to, &st))
        return 0;
    error_set(err_out, ERROR_DEVICE, -EEXIST, "%s: is there already",
              channel->path);
    return error_hint(err_out, "remove it, or name another path");
}

int channel_write(struct store *s, domid_t domid, unsigned int number,
                  const struct channel_config *channel, struct error **err_out)
{
    struct device d = {.at = device_place_make(domid, CLASS, number, 0)};
    const char *connection = channel->is_socket ? "socket" : "pty";
    int rc;

    device_back(&d, "protocol", "vt100");
    device_back(&d, "name", "%s", channel->name);
    device_back(&d, "connection", "%s", connection);
    device_back(&d, "type", "xenconsoled");
    if (channel->is_socket)
        device_back(&d, "path", "%s", channel->path);
    device_front_fixed(&d, "name", "%s", channel->name);
    device_front_fixed(&d, "limit", LIMIT);
    device_front_fixed(&d, "type", "xenconsoled");
    device_front_fixed(&d, "output", "%s", connection);
    device_front_fixed(&d, "tty", "%s", "");
    d.spec = channel_config_text(channel);
    rc = device_write_in(s, &d, err_out);
    free(d.spec);
    return rc;
}

int channel_await(struct store *s, domid_t domid, unsigned int number,
                  const struct channel_config *channel, struct error **err_out)
{
    const struct device_place at = device_place_make(domid, CLASS, number, 0);
    char to[64], old[64];

    if (channel->is_socket) {
        link_make(domid, number, to, sizeof(to));
        if (link_read(channel->path, old, sizeof(old)))
            unlink(channel->path);
        if (symlink(to, channel->path))
            return error_set(err_out, ERROR_DEVICE, -errno, "%s: %s",
                             channel->path, strerror(errno));
    }
    return device_await(s, &at, "start xenconsoled, Xenia's own", err_out);
}

static int link_remove(struct store *s, domid_t domid, unsigned int number,
                       struct error **err_out)
{
    const struct device_place at = device_place_make(domid, CLASS, number, 0);
    char *path, want[64], is[64];
    int rc = store_read(s, &path, err_out, "%s/path", at.back);

    if (rc || !path)
        return rc;
    link_make(domid, number, want, sizeof(want));
    if (link_read(path, is, sizeof(is)) && !strcmp(is, want))
        unlink(path);
    free(path);
    return 0;
}

int channels_end(struct store *s, domid_t domid, struct error **err_out)
{
    unsigned int nr, i;
    char **names;
    int first =
        store_list(s, &names, &nr, err_out, "/libxl/%u/device/" CLASS, domid);

    if (first || !names)
        return first;
    for (i = 0; i < nr; i++) {
        unsigned int number = (unsigned int)strtoul(names[i], NULL, 10);

        if (number)
            device_note(&first,
                        link_remove(s, domid, number, first ? NULL : err_out));
    }
    free(names);
    return first;
}
