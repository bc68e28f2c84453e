/* SPDX-License-Identifier: MIT */
/* Addresses and names for the machines at one bridge: the program dnsmasq. */
#ifndef LIB_DNSMASQ_H
#define LIB_DNSMASQ_H

#include <stdbool.h>

#include "lib/error.h"

struct dnsmasq {
    const char *bridge;
    const char *first, *last; /* addresses that it gives out */
    const char *mask;
};

/* Whether the program is there. Returns 0; -ENOENT (DEVICE). */
int dnsmasq_check(struct error **err_out);

/**
 * Start one in the background, which serves this bridge alone. Addresses that
 * were given out stay with those who have them.
 *
 * Returns 0; -errno (DEVICE).
 */
int dnsmasq_start(const struct dnsmasq *d, struct error **err_out);

/* Whether the one of a bridge runs. */
bool dnsmasq_runs(const char *bridge);

/* End it and wait until it has; nothing happens where it does not run. */
void dnsmasq_stop(const char *bridge);

#endif
