/* SPDX-License-Identifier: MIT */
/*
 * What each domain uses of the host: samples of counters, and rates between two
 * of them.
 */
#ifndef TOOLSTACK_USAGE_H
#define TOOLSTACK_USAGE_H

#include "public/sysctl.h"

#include "lib/backend_stats.h"
#include "toolstack/domain.h"

/* One moment. */
struct usage {
    uint64_t at_ns;
    struct domain_list domains; /* by id */
    struct backend_stats *device;
    size_t nr_devices;
    struct xen_sysctl_physinfo host;
};

/* One domain's, per second, since the sample before; 0 where there is none. */
struct usage_rates {
    double cpu_percent; /* of one CPU */
    double disk_read;   /* bytes */
    double disk_written;
    double net_sent; /* bytes, by the guest */
    double net_received;
};

/* Sums over the devices of one domain. */
struct usage_devices {
    unsigned int nr_disks;
    unsigned int nr_nets;
    uint64_t disk[BACKEND_NR_VALUES];
    uint64_t net[BACKEND_NR_VALUES];
};

/* Take a sample; usage_free() ends it. Returns 0; -errno. */
int usage_take(struct privcmd *p, struct store *s, const char *sysfs,
               struct usage *u, struct error **err_out);
void usage_free(struct usage *u);

/* Add up the devices of a domain. */
struct usage_devices usage_devices(const struct usage *u, unsigned int domid);

/**
 * Rates of a domain.
 *
 * @before  an earlier sample, or NULL
 */
struct usage_rates usage_rates(const struct usage *before,
                               const struct usage *now, unsigned int domid);

#endif
