/* SPDX-License-Identifier: MIT */
/* What a domain may use of the machine: I/O ports, frames of devices, interrupt
 * lines. Each function takes LOCK_RIGHTS. */
#ifndef ASM_RIGHTS_H
#define ASM_RIGHTS_H

#include "xen/types.h"

struct domain;

enum right {
    RIGHT_IOPORT, /* ports 0..0xffff */
    RIGHT_IOMEM,  /* frame numbers */
    RIGHT_IRQ,    /* GSIs */
};

/** Has d the right to all of first..last? */
bool rights_have(struct domain *d, enum right kind, u64 first, u64 last);

/** Give or take first..last. Returns 0; -ENOSPC when d has too many ranges;
 * -ENOMEM. */
int __must_check rights_set(struct domain *d, enum right kind, u64 first,
                            u64 last, bool allow);

#endif
