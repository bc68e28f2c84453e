/* SPDX-License-Identifier: MIT */
/*
 * What is kept on disk of each domain whose end is waited for: its
 * configuration, to do as that says and to make it anew. There is a record for
 * each domain that is watched, and for no other, so a watcher that is started
 * later goes on where another one was killed.
 */
#ifndef TOOLSTACK_WATCH_RECORD_H
#define TOOLSTACK_WATCH_RECORD_H

#include <stdbool.h>

#include "public/domctl.h"

#include "toolstack/config.h"

/**
 * From now on the domain is watched, by that configuration.
 *
 * Returns 0; -errno (INTERNAL).
 */
int watch_record_write(domid_t domid, const struct vm_config *config,
                       struct error **err_out);

/**
 * Read a domain's record.
 *
 * @handle      its UUID
 * @config_out  vm_config_free() ends it
 *
 * Returns 0; -ENOENT without an error if it is not watched; -errno.
 */
int watch_record_read(domid_t domid, const xen_domain_handle_t handle,
                      struct vm_config *config_out, struct error **err_out);

/* It is not watched any more. */
void watch_record_remove(domid_t domid, const xen_domain_handle_t handle);

/* Somebody is to be watched. */
bool watch_records_exist(void);

/* Remove the records of domains that are not in this list, or dying. Returns
 * how many are left. */
size_t watch_records_sweep(const struct xen_domctl_getdomaininfo *list,
                           size_t nr);

#endif
