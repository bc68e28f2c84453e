/* SPDX-License-Identifier: MIT */
/* Samples and rates; see usage.h. */
#include "toolstack/usage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/sysctl.h"

#define SECTOR_SIZE 512

int usage_take(struct privcmd *p, struct store *s, const char *sysfs,
               struct usage *u, struct error **err_out)
{
    struct timespec now;
    int rc;

    *u = (struct usage){0};
    rc = sysctl_physinfo(p, &u->host, err_out);
    if (!rc)
        rc = domain_list(p, s, &u->domains, err_out);
    clock_gettime(CLOCK_MONOTONIC, &now);
    u->at_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    if (!rc && backend_stats_read(sysfs, &u->device, &u->nr_devices))
        rc = error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    if (rc)
        usage_free(u);
    return rc;
}

void usage_free(struct usage *u)
{
    domain_list_free(&u->domains);
    free(u->device);
    *u = (struct usage){0};
}

struct usage_devices usage_devices(const struct usage *u, unsigned int domid)
{
    struct usage_devices sum = {0};
    size_t i, v;

    for (i = 0; i < u->nr_devices; i++) {
        const struct backend_stats *d = &u->device[i];
        bool is_disk = d->kind == BACKEND_DISK;
        uint64_t *to = is_disk ? sum.disk : sum.net;

        if (d->domid != domid)
            continue;
        sum.nr_disks += is_disk;
        sum.nr_nets += !is_disk;
        for (v = 0; v < BACKEND_NR_VALUES; v++)
            to[v] += d->value[v];
    }
    return sum;
}

static const struct xen_domctl_getdomaininfo *info_find(const struct usage *u,
                                                        unsigned int domid)
{
    size_t i;

    for (i = 0; i < u->domains.nr; i++)
        if (u->domains.entry[i].info.domain == domid)
            return &u->domains.entry[i].info;
    return NULL;
}

/* Counters begin anew where a device was attached again. */
static double rate(uint64_t before, uint64_t now, double seconds)
{
    return now > before ? (double)(now - before) / seconds : 0;
}

struct usage_rates usage_rates(const struct usage *before,
                               const struct usage *now, unsigned int domid)
{
    const struct xen_domctl_getdomaininfo *was, *is;
    struct usage_devices from, to;
    struct usage_rates r = {0};
    double seconds;

    if (!before || now->at_ns <= before->at_ns)
        return r;
    seconds = (double)(now->at_ns - before->at_ns) / 1e9;
    was = info_find(before, domid);
    is = info_find(now, domid);
    /* Another domain may have the same id. */
    if (!was || !is || memcmp(was->handle, is->handle, sizeof(was->handle)))
        return r;
    from = usage_devices(before, domid);
    to = usage_devices(now, domid);
    r.cpu_percent = rate(was->cpu_time, is->cpu_time, seconds) / 1e7;
    r.disk_read = SECTOR_SIZE *
                  rate(from.disk[DISK_RD_SECT], to.disk[DISK_RD_SECT], seconds);
    r.disk_written = SECTOR_SIZE * rate(from.disk[DISK_WR_SECT],
                                        to.disk[DISK_WR_SECT], seconds);
    r.net_sent = rate(from.net[NET_RX_BYTES], to.net[NET_RX_BYTES], seconds);
    r.net_received =
        rate(from.net[NET_TX_BYTES], to.net[NET_TX_BYTES], seconds);
    return r;
}
