/* SPDX-License-Identifier: MIT */
/* Event channels on behalf of domains. */
#ifndef LIB_EVTCHN_H
#define LIB_EVTCHN_H

#include "public/event_channel.h"

#include "lib/privcmd.h"

/**
 * Make a port of a domain that another domain may bind to.
 *
 * Returns 0; -errno.
 * Source: public/event_channel.h, EVTCHNOP_alloc_unbound.
 */
int evtchn_alloc_unbound(struct privcmd *p, domid_t domid, domid_t remote,
                         evtchn_port_t *port_out, struct error **err_out);

/**
 * Send one event to a port that a domain has made for this one.
 *
 * Returns 0; -errno.
 * Source: public/event_channel.h, EVTCHNOP_bind_interdomain, EVTCHNOP_send.
 */
int evtchn_notify(struct privcmd *p, domid_t domid, evtchn_port_t port,
                  struct error **err_out);

#endif
