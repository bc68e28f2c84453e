/* SPDX-License-Identifier: MIT */
/* Event channels, for the rest of the hypervisor. */
#ifndef XEN_EVTCHN_H
#define XEN_EVTCHN_H

#include "public/event_channel.h"
#include "xen/domain.h"
#include "xen/vcpu.h"

/** Register the debug key. Boot only. */
void evtchn_init(void);

/** Returns 0, -ENOMEM. `max_port` is the highest port number d may use. */
int __must_check evtchn_domain_create(struct domain *d, unsigned int max_port);
/** Close every port. Returns 0 or -ERESTART. Nobody can send afterwards. */
int __must_check evtchn_domain_close_all(struct domain *d);
void evtchn_domain_destroy(struct domain *d);
int __must_check evtchn_vcpu_create(struct vcpu *v);

/**
 * Send an event on a local port of d (hypercall and hypervisor-internal).
 * Returns 0, also where the other end is gone; -EINVAL for a port that is not
 * interdomain or IPI. Interrupts are on.
 * Locks: this and the other senders take LOCK_EVTCHN_PORT.
 */
long evtchn_send(struct domain *d, evtchn_port_t lport);

/** Raise a virtual interrupt. Lost if the guest has not bound it. Callable
 * with interrupts off, from any CPU. */
void send_guest_vcpu_virq(struct vcpu *v, unsigned int virq);
void send_guest_global_virq(struct domain *d, unsigned int virq);
/** To whoever handles this global VIRQ: the hardware domain unless set. */
void send_global_virq(unsigned int virq);
/**
 * d handles it from now on. Returns 0; -EINVAL for a VIRQ that is not global or
 * a domain that is being destroyed. Locks: LOCK_VIRQ_HANDLER.
 */
int evtchn_set_virq_handler(struct domain *d, unsigned int virq);
/** d, which is being destroyed, handles none any more. */
void evtchn_drop_virq_handler(struct domain *d);
/** A hardware interrupt for d. Returns true if the port was pending already. */
bool send_guest_pirq(struct domain *d, unsigned int pirq);

/** The vcpu's vcpu_info moved: events already pending are seen there too. */
void evtchn_vcpu_info_moved(struct vcpu *v);
/** Bound to v: move its ports to vcpu 0 where allowed. v goes away. */
void evtchn_move_from_vcpu(struct vcpu *v);

/** Is `port` of d pending (SCHEDOP_poll)? -EINVAL for an unusable port. */
int evtchn_port_poll(struct domain *d, evtchn_port_t port);

/** Debug key 'e', and the audit: number of inconsistencies found. */
void evtchn_dump(struct domain *d);
unsigned int evtchn_audit(struct domain *d);

#endif
