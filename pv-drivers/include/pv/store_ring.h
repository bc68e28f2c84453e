/* SPDX-License-Identifier: MIT */
/*
 * The store for ports of kernels that have no client of their own: os_store_*()
 * over the page and the port that a domain is started with.
 *
 * A call waits for its answer; events of watches that come meanwhile are kept
 * until store_ring_dispatch(). When memory for them runs out, all watches are
 * called: each looks again, and nothing is missed.
 */
#ifndef PV_STORE_RING_H
#define PV_STORE_RING_H

#include "public/io/xs_wire.h"

#include "pv/os.h"

/**
 * Use this page and port, at the start; or others, after the domain was
 * restored: all watches are set again.
 */
void store_ring_open(struct xenstore_domain_interface *ring,
                     evtchn_port_t port);

/** Call watches' functions: after each event of the port, from the loop. */
void store_ring_dispatch(void);

/**
 * The port supplies this: return when the port has had an event since the last
 * call, or earlier. Nothing of a driver is called meanwhile.
 */
void store_ring_wait(evtchn_port_t port);

#endif
