/* SPDX-License-Identifier: MIT */
/*
 * Event channels of this process, through Linux's /dev/xen/evtchn: what a
 * back-end or a daemon in the control domain needs. (For ports of other domains
 * see evtchn.h.)
 *
 * A port belongs to the descriptor that bound it, and goes with it: what was
 * bound to the other end is then an unbound port again, for this domain, and
 * may be bound anew by a successor.
 *
 * In an event loop: when the descriptor is readable, take ports by
 * evtchn_dev_pending(); each is masked then. First unmask it, then look what
 * its other side wants: so nothing that comes meanwhile is missed. Whoever
 * leaves it masked for a while hears nothing of it, at no cost.
 */
#ifndef LIB_EVTCHN_DEV_H
#define LIB_EVTCHN_DEV_H

#include <stdint.h>

/* Open the device. Returns a descriptor that does not block; -errno. */
int evtchn_dev_open(void);

/**
 * Bind to a port that another domain offers to this one.
 *
 * Returns the local port, 1 or more; -errno. An event is pending at once.
 * Source: Linux include/uapi/xen/evtchn.h, IOCTL_EVTCHN_BIND_*.
 */
int evtchn_dev_bind_interdomain(int fd, uint16_t domid, uint32_t remote_port);

/* Make a port that another domain may bind to. Returns it; -errno. */
int evtchn_dev_bind_unbound(int fd, uint16_t remote_domid);

/* Bind a virtual interrupt, VIRQ_*. Returns the local port; -errno. */
int evtchn_dev_bind_virq(int fd, uint32_t virq);

/* Close a port. Returns 0; -errno. */
int evtchn_dev_unbind(int fd, uint32_t port);

/* Send an event. Returns 0; -errno. */
int evtchn_dev_notify(int fd, uint32_t port);

/**
 * Take the ports that have an event.
 *
 * @ports  room for max
 *
 * Returns how many, 0 if none; -errno.
 */
int evtchn_dev_pending(int fd, uint32_t *ports, unsigned int max);

/* Let the next event of a port come. Returns 0; -errno. */
int evtchn_dev_unmask(int fd, uint32_t port);

/* Let the descriptor deal with one domain only, from now on. Returns 0; -errno.
 */
int evtchn_dev_restrict(int fd, uint16_t domid);

#endif
