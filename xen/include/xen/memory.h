/* SPDX-License-Identifier: MIT */
/* memory_op between common code and the architecture. */
#ifndef XEN_MEMORY_H
#define XEN_MEMORY_H

#include "xen/domain.h"

/**
 * The domain that a caller names, if it may act on it: referenced in *d_out.
 *
 * Returns 0; -ESRCH if there is none; -EPERM.
 */
int __must_check memory_target(domid_t domid, struct domain **d_out);

/**
 * Operations on memory maps and the M2P.
 *
 * Returns as the operation says; -ENOSYS for one that it does not know.
 */
long arch_memory_op(unsigned int op, u64 arg);

#endif
