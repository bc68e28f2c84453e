/* SPDX-License-Identifier: MIT */
/*
 * PIRQs: a domain's own numbers for interrupts of the machine. Lines have
 * their GSI's number; messages get the highest free ones.
 */
#ifndef ASM_PIRQ_H
#define ASM_PIRQ_H

#include "xen/irq.h"
#include "asm/msi.h"

/* Numbers above the GSIs, for messages. */
#define NR_MSI_PIRQS 184

/** The domain may have this line. Locks: LOCK_DOMAIN. */
bool irq_permitted(struct domain *d, unsigned int gsi);

/**
 * Give a line a PIRQ.
 *
 * @pirq  in: the number wanted, or -1 for the GSI's own; out: the number
 *
 * Returns 0, also if it is mapped that way already; -EINVAL no such GSI or
 *         PIRQ; -EPERM the domain may not have it; -EEXIST the PIRQ stands for
 *         something else.
 * Locks:  LOCK_PIRQ.
 */
int __must_check pirq_map_gsi(struct domain *d, unsigned int gsi, int *pirq);

/**
 * Set up a message and give it a PIRQ. As above, and what msi_setup() returns;
 * -ENOSPC if no PIRQ is free.
 */
int __must_check pirq_map_msi(struct domain *d, const struct msi_request *req,
                              int *pirq);

/** Unbind and unmap. Returns 0, -EINVAL. */
int __must_check pirq_unmap(struct domain *d, unsigned int pirq);

/** The guest has dealt with an interrupt. Returns 0, -EINVAL. */
int __must_check pirq_eoi(struct domain *d, unsigned int pirq);

/** XENIRQSTAT_* of a PIRQ. Returns 0, -EINVAL. */
int __must_check pirq_status(struct domain *d, unsigned int pirq,
                             u32 *flags_out);

/**
 * Let a page of the domain show by one bit for each PIRQ whether it wants
 * pirq_eoi().
 *
 * Returns 0; -EBUSY if there is one already; -EINVAL if the frame is not the
 *         domain's or can't be written to.
 */
int __must_check pirq_set_eoi_map(struct domain *d, gfn_t gfn);

#endif
