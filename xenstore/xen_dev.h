/* SPDX-License-Identifier: MIT */
/*
 * What the daemon asks of the hypervisor, through Linux's devices: event
 * channels, grants, and the state of domains. tests/xenstored/xen_fake.c does
 * the same with files.
 */
#ifndef XENSTORE_XEN_DEV_H
#define XENSTORE_XEN_DEV_H

#include <stdbool.h>
#include <stddef.h>

#include "public/io/xs_wire.h"
#include "public/types.h"

/**
 * Open the devices.
 *
 * Returns 0, or -errno if this is no control domain or a device cannot be
 * opened.
 */
int xen_open(void);

/** Close them; rings stay mapped until xen_unmap_ring(). */
void xen_close(void);

/** Descriptor that is readable while events wait; nonblocking. */
int xen_evtchn_fd(void);

/** Take events: fills port with up to max local ports, returns how many. */
unsigned int xen_evtchn_pending(uint32_t port[], unsigned int max);

/** Let a port's next event come. */
void xen_evtchn_unmask(uint32_t port);

/** Bind to a domain's unbound port; returns the local port, or -errno. */
int xen_evtchn_bind(domid_t domid, uint32_t remote_port);

/** Bind a global virtual interrupt; returns the local port, or -errno. */
int xen_evtchn_bind_virq(uint32_t virq);

void xen_evtchn_unbind(uint32_t port);
void xen_evtchn_notify(uint32_t port);

/** Map the ring page that a domain granted when it was built, or NULL. */
struct xenstore_domain_interface *xen_map_ring(domid_t domid);

/** Map the ring page of the domain that the daemon runs in, or NULL. */
struct xenstore_domain_interface *xen_map_own_ring(uint32_t *port_out);

void xen_unmap_ring(struct xenstore_domain_interface *ring);

struct xen_domain_state {
    bool dying;
    bool shutdown;
};

/** State of a domain; -ESRCH if there is none, -ENODEV without a hypervisor, or
 * another -errno. */
int xen_domain_state(domid_t domid, struct xen_domain_state *out);

#endif
