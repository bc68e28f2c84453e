/* SPDX-License-Identifier: MIT */
/* State of the fake hypervisor's domains that is saved and restored. */
#ifndef FAKE_STATE_H
#define FAKE_STATE_H

#include "fake_dom0.h"

/* Sizes of what the fake has of each kind. */
#define FAKE_XSAVE  0x350
#define FAKE_LEAVES 3

/** A domctl of lib/domctl_state.h. Returns its result; -ENOSYS. */
int fake_state_domctl(struct fake_domain *d, struct xen_domctl *op);

/** Level of the page table that a frame is below the pinned L4, 0: none. */
unsigned int fake_table_level(const struct fake_domain *d, uint64_t mfn);

#endif
