/* SPDX-License-Identifier: MIT */
/* The audit (debug key 'A'): everything that is counted is counted again. */
#ifndef XEN_AUDIT_H
#define XEN_AUDIT_H

#include "xen/types.h"

struct audit;

/** A reference to a frame was found; `type`: a type reference with it. Frames
 * that are not RAM are passed over. */
void audit_see(struct audit *a, mfn_t mfn, bool type);

/** Tell of all frame references that d's grant mappings (of others' frames),
 * its event channels (FIFO pages) and its PIRQs (page of bits) hold. */
void gnttab_audit_frames(struct domain *d, struct audit *a);
void evtchn_audit_frames(struct domain *d, struct audit *a);
void pirq_audit_frames(struct domain *d, struct audit *a);

/** Register the debug key. */
void audit_init(void);

#endif
