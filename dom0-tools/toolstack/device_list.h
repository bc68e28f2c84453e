/* SPDX-License-Identifier: MIT */
/* Which devices a running domain has. */
#ifndef TOOLSTACK_DEVICE_LIST_H
#define TOOLSTACK_DEVICE_LIST_H

#include "public/types.h"

#include "toolstack/config.h"
#include "toolstack/store.h"

/**
 * Put the disks and network interfaces that a domain has now in place of those
 * of its configuration: it may have got and lost some since. What the stock
 * tools have attached is left out.
 *
 * Returns 0; -errno, and the configuration is as before.
 */
int device_list_read(struct store *s, domid_t domid, struct vm_config *config,
                     struct error **err_out);

#endif
