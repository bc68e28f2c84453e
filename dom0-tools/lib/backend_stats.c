/* SPDX-License-Identifier: MIT */
/* Counters from sysfs; see backend_stats.h. */
#include "lib/backend_stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_DEVICES 65536

static const char *const disk_names[] = {
    [DISK_OO] = "oo_req",       [DISK_RD] = "rd_req",
    [DISK_WR] = "wr_req",       [DISK_RD_SECT] = "rd_sect",
    [DISK_WR_SECT] = "wr_sect",
};

static const char *const net_names[] = {
    [NET_RX_BYTES] = "rx_bytes",   [NET_RX_PACKETS] = "rx_packets",
    [NET_RX_ERRORS] = "rx_errors", [NET_RX_DROPPED] = "rx_dropped",
    [NET_TX_BYTES] = "tx_bytes",   [NET_TX_PACKETS] = "tx_packets",
    [NET_TX_ERRORS] = "tx_errors", [NET_TX_DROPPED] = "tx_dropped",
};

static uint64_t counter_read(int dir, const char *path, const char *name)
{
    char file[320], text[32];
    ssize_t len = -1;
    int fd;

    if (snprintf(file, sizeof(file), "%s/%s", path, name) >= (int)sizeof(file))
        return 0;
    fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        len = read(fd, text, sizeof(text) - 1);
        close(fd);
    }
    if (len <= 0)
        return 0;
    text[len] = 0;
    return strtoull(text, NULL, 10);
}

static void counters_read(int dir, const char *path, const char *const *names,
                          size_t nr, uint64_t *value)
{
    size_t i;

    for (i = 0; i < nr; i++)
        value[i] = counter_read(dir, path, names[i]);
}

/* The interface may have any name: it is the only one in its device's folder.
 */
static void net_read(int dir, const char *device, struct backend_stats *stats)
{
    char path[310];
    struct dirent *entry;
    DIR *folder;
    int fd;

    snprintf(path, sizeof(path), "%.20s/net", device);
    fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return;
    while ((entry = readdir(folder)) && entry->d_name[0] == '.')
        ;
    if (entry) {
        snprintf(path, sizeof(path), "%.20s/net/%s/statistics", device,
                 entry->d_name);
        counters_read(dir, path, net_names, BACKEND_NR_VALUES, stats->value);
    }
    closedir(folder);
}

static void disk_read(int dir, const char *device, struct backend_stats *stats)
{
    char path[64];

    snprintf(path, sizeof(path), "%.20s/statistics", device);
    counters_read(dir, path, disk_names,
                  sizeof(disk_names) / sizeof(disk_names[0]), stats->value);
}

/* A device's folder is called vbd-<domid>-<device> or vif-<domid>-<device>. */
static int device_parse(const char *name, struct backend_stats *stats)
{
    char extra;

    *stats = (struct backend_stats){.kind = BACKEND_DISK};
    if (sscanf(name, "vbd-%u-%u%c", &stats->domid, &stats->device, &extra) == 2)
        return 1;
    stats->kind = BACKEND_NET;
    return sscanf(name, "vif-%u-%u%c", &stats->domid, &stats->device, &extra) ==
           2;
}

static int by_device(const void *a, const void *b)
{
    const struct backend_stats *x = a, *y = b;

    if (x->domid != y->domid)
        return x->domid < y->domid ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->device < y->device ? -1 : x->device > y->device;
}

static int list_add(struct backend_stats **list, size_t *nr,
                    const struct backend_stats *stats)
{
    if (!(*nr & (*nr - 1))) {
        struct backend_stats *longer =
            realloc(*list, (*nr ? 2 * *nr : 1) * sizeof(**list));

        if (!longer)
            return -ENOMEM;
        *list = longer;
    }
    (*list)[(*nr)++] = *stats;
    return 0;
}

int backend_stats_read(const char *folder, struct backend_stats **list_out,
                       size_t *nr_out)
{
    DIR *devices = opendir(folder);
    struct backend_stats stats;
    struct dirent *entry;
    int rc = 0;

    *list_out = NULL;
    *nr_out = 0;
    while (devices && !rc && *nr_out < MAX_DEVICES &&
           (entry = readdir(devices))) {
        if (!device_parse(entry->d_name, &stats))
            continue;
        if (stats.kind == BACKEND_DISK)
            disk_read(dirfd(devices), entry->d_name, &stats);
        else
            net_read(dirfd(devices), entry->d_name, &stats);
        rc = list_add(list_out, nr_out, &stats);
    }
    if (devices)
        closedir(devices);
    if (*nr_out)
        qsort(*list_out, *nr_out, sizeof(**list_out), by_device);
    return rc;
}
