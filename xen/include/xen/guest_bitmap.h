/* SPDX-License-Identifier: MIT */
/* Sets of CPUs as toolstacks give and take them. */
#ifndef XEN_GUEST_BITMAP_H
#define XEN_GUEST_BITMAP_H

#include "public/xen.h"
#include "xen/cpumask.h"

/** Read a set; bits for CPUs past NR_CPUS are dropped. Returns 0 or -EFAULT. */
int __must_check cpumask_from_guest(struct cpumask *mask_out,
                                    const struct xenctl_bitmap *map);
/**
 * Write as much of a set as there is room for, and zeros behind it. Returns 0;
 * -EFAULT; -E2BIG for a room that no toolstack needs.
 */
int __must_check cpumask_to_guest(const struct xenctl_bitmap *map,
                                  const struct cpumask *mask);

#endif
