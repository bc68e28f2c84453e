/* SPDX-License-Identifier: MIT */
/* Questions and orders to the hypervisor about memory. */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#include "public/memory.h"

#include "lib/privcmd.h"

/**
 * Pages that sharing between domains has freed, and pages that are shared.
 *
 * Returns 0; a hypervisor without sharing says 0 and 0.
 * Source: public/memory.h, XENMEM_get_sharing_*.
 */
int memory_sharing(struct privcmd *p, uint64_t *freed_out, uint64_t *used_out,
                   struct error **err_out);

#endif
