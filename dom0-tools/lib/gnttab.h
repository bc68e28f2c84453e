/* SPDX-License-Identifier: MIT */
/* Grants of domains that are being built. */
#ifndef LIB_GNTTAB_H
#define LIB_GNTTAB_H

#include "lib/privcmd.h"

/**
 * Fill in the two reserved entries of a new domain's table: its console's page
 * and its store's page, for domain `to`.
 *
 * @console_mfn, @store_mfn  frames of the domain
 *
 * Returns 0; -errno.
 * Source: public/grant_table.h, GNTTAB_RESERVED_*; XENMEM_acquire_resource.
 */
int gnttab_seed(struct privcmd *p, domid_t domid, domid_t to,
                uint64_t console_mfn, uint64_t store_mfn,
                struct error **err_out);

#endif
