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

/**
 * Set aside free memory for a domain, before it is given; 0 ends that.
 *
 * Returns 0; -ENOMEM (HOST_MEMORY) where that much is not free; -errno.
 * Source: public/memory.h, XENMEM_claim_pages.
 */
int memory_claim(struct privcmd *p, domid_t domid, uint64_t nr_pages,
                 struct error **err_out);

/**
 * Give a PV domain memory for its pfns 0 to nr - 1, and enter them in the
 * machine-to-physical table.
 *
 * @mfns  nr entries, filled in: the frame of each pfn
 *
 * Returns 0; -ENOMEM (HOST_MEMORY) where the host or the domain's limit has no
 *         more; what was given stays the domain's.
 * Source: public/memory.h, XENMEM_populate_physmap.
 */
int memory_populate(struct privcmd *p, domid_t domid, uint64_t *mfns,
                    uint64_t nr, struct error **err_out);

/* Blocks that one call gives. */
#define MEMORY_BLOCKS 1024

/**
 * Give a PV domain memory for pfns that lie anywhere.
 *
 * @blocks  nr first pfns of blocks of 1 << order pages, up to MEMORY_BLOCKS;
 *          each becomes the first frame of its block
 *
 * Returns how many of them came, from the first on; -errno without an error.
 * Source: public/memory.h, XENMEM_populate_physmap.
 */
int64_t memory_populate_blocks(struct privcmd *p, domid_t domid,
                               uint64_t *blocks, size_t nr, unsigned int order);

/**
 * Say what a domain's memory map shows: RAM from 0 up.
 *
 * Source: public/memory.h, XENMEM_set_memory_map.
 */
int memory_set_map(struct privcmd *p, domid_t domid, uint64_t bytes,
                   struct error **err_out);

#endif
