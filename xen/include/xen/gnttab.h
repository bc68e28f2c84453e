/* SPDX-License-Identifier: MIT */
/* Grant tables, for the rest of the hypervisor. */
#ifndef XEN_GNTTAB_H
#define XEN_GNTTAB_H

#include "public/grant_table.h"
#include "xen/domain.h"

/** Returns 0 or -ENOMEM; one frame exists afterwards. */
int __must_check gnttab_create(struct domain *d, unsigned int max_frames,
                               unsigned int max_maptrack_frames,
                               unsigned int max_version);
/** Drop all mappings d holds of others' frames. Returns 0 or -ERESTART. */
int __must_check gnttab_release_mappings(struct domain *d);
void gnttab_destroy(struct domain *d);

/** XENMEM_acquire_resource: frames of the table, grown as needed.
 * Returns 0; -EINVAL for a bad id or range; -ENOMEM. */
int __must_check gnttab_acquire_resource(struct domain *d, unsigned int id,
                                         unsigned int frame, unsigned int nr,
                                         mfn_t mfn[]);
unsigned int gnttab_resource_max_frames(struct domain *d, unsigned int id);

/** Register debug key 'g'. Boot only. */
void gnttab_init(void);

/** What debug key 'g' prints for one domain, and the audit: number of
 * inconsistencies found. */
void gnttab_dump(struct domain *d);
unsigned int gnttab_audit(struct domain *d);

/*
 * Architecture: place and remove the PTE of a host mapping for current's
 * domain. Both return a GNTST_* code.
 */

/**
 * @addr   machine address of a PTE (GNTMAP_contains_pte) or a virtual address
 * @frame  granted frame; the caller holds its references
 * @flags  GNTMAP_* of the call
 */
int arch_grant_map(u64 addr, mfn_t frame, unsigned int flags);
/**
 * Remove (new_addr 0) or replace by the mapping at new_addr. The entry must
 * still be exactly what arch_grant_map() made of it.
 */
int arch_grant_unmap(u64 addr, mfn_t frame, u64 new_addr, unsigned int flags);

#endif
