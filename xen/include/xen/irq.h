/* SPDX-License-Identifier: MIT */
/* Interrupt lines of the machine, and those that belong to guests (PIRQs). */
#ifndef XEN_IRQ_H
#define XEN_IRQ_H

#include "xen/domain.h"

/* PIRQs: xen/arch/x86/pirq.c. All take LOCK_PIRQ. */

/** Returns 0 or -ENOMEM. */
int __must_check pirq_domain_create(struct domain *d);
/** Unbind and unmap all. */
void pirq_domain_destroy(struct domain *d);

/** Number of PIRQs of d: valid numbers are below it. 0: has none. */
unsigned int pirq_count(const struct domain *d);

/**
 * Let events come: called by EVTCHNOP_bind_pirq after the port is set up.
 * Returns 0; -EINVAL if the PIRQ is not mapped; -EBUSY if the line cannot be
 * shared.
 */
int __must_check pirq_guest_bind(struct vcpu *v, unsigned int pirq,
                                 bool will_share);
void pirq_guest_unbind(struct domain *d, unsigned int pirq);
/** The guest unmasked the port: a held level interrupt may come again. */
void pirq_guest_unmask(struct domain *d, unsigned int pirq);
/** The port moved to another vcpu: interrupt that vcpu's CPU from now on. */
void pirq_set_affinity(struct domain *d, unsigned int pirq, struct vcpu *v);

/** The port that EVTCHNOP_bind_pirq stored for a PIRQ; 0: none. */
unsigned int pirq_to_evtchn(const struct domain *d, unsigned int pirq);
void pirq_set_evtchn(struct domain *d, unsigned int pirq, unsigned int port);

#endif
