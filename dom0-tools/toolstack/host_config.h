/* SPDX-License-Identifier: MIT */
/*
 * xl.conf: what holds for all guests of this host unless their own
 * configurations say otherwise.
 */
#ifndef TOOLSTACK_HOST_CONFIG_H
#define TOOLSTACK_HOST_CONFIG_H

#include "toolstack/config.h"

/* Where it is, unless XENIA_XL_CONF in the environment says another file. */
#define HOST_CONFIG_FILE "/etc/xen/xl.conf"

struct host_config {
    /* vif.default.*; NULL: not given */
    char *vif_script;
    char *vif_bridge;
    char *vif_gateway;
    char *vif_backend;
    char *cpus;            /* vm.cpumask */
    char *pv_cpus;         /* vm.pv.cpumask */
    long max_grant_frames; /* -1: not given */
    long max_maptrack_frames;
};

/**
 * Read it. A host without one is as one that says nothing.
 *
 * @host      host_config_free() ends it
 * @warnings  gets what is not as it asks; config_warnings_free() ends it
 *
 * Returns 0; -EINVAL (CONFIG) with file, line, key and reason; -errno.
 * Source: xl.conf(5).
 */
int host_config_read(struct host_config *host, struct config_warnings *warnings,
                     struct error **err_out);
void host_config_free(struct host_config *host);

/* Fill in what a guest's configuration leaves open. Returns 0; -EINVAL
 * (CONFIG). */
int host_config_apply(const struct host_config *host, struct vm_config *config,
                      struct error **err_out);

/* The same of one interface. */
int host_config_apply_vif(const struct host_config *host,
                          struct vif_config *vif, struct error **err_out);

#endif
