/* SPDX-License-Identifier: MIT */
/* Between memory.c, which dispatches memory_op, and its longer operations. */
#ifndef COMMON_MEMORY_INTERNAL_H
#define COMMON_MEMORY_INTERNAL_H

#include "public/memory.h"
#include "xen/memory.h"

/* memory_op's command: operation, and from which extent on. */
#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_CMD_MASK     ((1UL << MEMOP_EXTENT_SHIFT) - 1)

/** Largest block that a caller gets or gives in one piece. */
unsigned int memory_max_order(const struct domain *caller);

/** MEMF_* for XENMEMF_*. */
unsigned int memory_memflags(u32 mem_flags);

/**
 * XENMEM_increase_reservation, _decrease_reservation, _populate_physmap.
 *
 * @start  first extent to work on, the number of those done before
 *
 * Returns the number of extents done, also where something was wrong with the
 *         next one or all of them; -ERESTART.
 */
long memory_reservation_op(unsigned int op, u64 arg, unsigned long start);

/**
 * XENMEM_exchange: give frames, get as many others in blocks of another size.
 *
 * Returns 0 when all is done; -EFAULT; -EINVAL for sizes that do not match and
 *         for a frame that is not d's; -EINVAL for one that is in use; -ENOMEM;
 *         -EPERM past the order limit; -ESRCH; -ERESTART. nr_exchanged says
 *         how many extents went through in each case but the first.
 */
long memory_exchange(u64 arg);

/** XENMEM_acquire_resource. Returns 0; -EFAULT, -EINVAL, -ESRCH, -EPERM,
 * -ENOMEM; -EOPNOTSUPP for other types; -ERESTART. */
long memory_acquire_resource(u64 arg, unsigned long start);

#endif
