/* SPDX-License-Identifier: MIT */
/*
 * Clients in other domains, and the kernel of the own one, by a shared page.
 * The journal knows how far each ring is, so that a successor goes on at the
 * same byte: a request is taken from the page, and a reply put there, only
 * after the journal has both.
 */
#ifndef XENSTORE_CONN_RING_H
#define XENSTORE_CONN_RING_H

#include "conn.h"

/** How far a ring is, as its indexes count. */
struct ring_state {
    uint32_t in_pos;  /* bytes of requests taken */
    uint32_t out_pos; /* bytes of messages produced, sent or not */
    uint32_t error;   /* XENSTORE_ERROR_*: nothing is moved any more */
};

/** A connection without a page: only the journal can change it. */
struct conn *conn_ring_new(domid_t domid);

/** Where the journal says that a connection without a page was. */
void conn_ring_restore(struct conn *c, const struct ring_state *state);

/**
 * Give a connection its page.
 *
 * @ring     mapped; unmapped when the connection is detached
 * @port     bound local port; unbound when the connection is detached
 * @restored go on where conn_ring_restore() says, not where the page says
 */
void conn_ring_attach(struct conn *c, struct xenstore_domain_interface *ring,
                      uint32_t port, bool restored);

/** Take the page away. */
void conn_ring_detach(struct conn *c);

/** Detach and free. */
void conn_ring_free(struct conn *c);

/** Connection that an event on a local port is for, or NULL. */
struct conn *conn_ring_find(uint32_t port);

/** How far it is, all that c->out holds included. */
struct ring_state conn_ring_state(const struct conn *c);

#endif
