/* SPDX-License-Identifier: MIT */
/* A domain's part of the store. */
#ifndef TOOLSTACK_STORE_TREE_H
#define TOOLSTACK_STORE_TREE_H

#include "public/types.h"

#include "toolstack/config.h"
#include "toolstack/store.h"

/* What its nodes tell. */
struct store_tree {
    const struct vm_config *config;
    domid_t domid;
    uint64_t store_mfn;
    uint32_t store_port;
    uint64_t console_mfn;
    uint32_t console_port;
};

/**
 * Write all nodes of a new domain and of its console, in one transaction.
 *
 * Returns 0; -errno (STORE).
 * Source: xenstore /local/domain/<id>, /vm/<uuid>, /libxl/<id>.
 */
int store_tree_write(struct store *s, const struct store_tree *tree,
                     struct error **err_out);

/**
 * Remove all nodes of a domain. Goes on after a failure.
 *
 * @uuid  its UUID as text
 *
 * Returns 0, or the first error.
 */
int store_tree_remove(struct store *s, domid_t domid, const char *uuid,
                      struct error **err_out);

#endif
