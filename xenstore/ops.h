/* SPDX-License-Identifier: MIT */
/* The operations of the protocol. */
#ifndef XENSTORE_OPS_H
#define XENSTORE_OPS_H

#include "conn.h"

/**
 * Do what a request asks for, and reply.
 *
 * Returns 0, or the -errno that the caller is to reply.
 */
int ops_handle(struct request *r);

/** The store. */
extern struct node *store_root;

/** Charges the store's nodes to their owners. */
extern const struct charge store_charge;

/** Start with an empty store, and nodes that clients expect. */
void ops_init(void);

/** Make an allowed change in the store, for everybody to see. */
void ops_change(const struct change *c);

/**
 * Count the store's nodes anew.
 *
 * Returns an owner whose gauge says something else, or -1.
 */
int ops_check(void);

/** Remove all nodes that a domain owns, and what is below them. */
void ops_remove_owned(domid_t domid);

#endif
