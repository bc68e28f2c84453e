/* SPDX-License-Identifier: MIT */
/* Operations on one domain, which the table of domctl.c lists. A handler gets
 * the domain, referenced, and a private copy, which is written back when it
 * returns 0. It runs under the domctl lock. */
#ifndef XEN_DOMCTL_INTERNAL_H
#define XEN_DOMCTL_INTERNAL_H

#include "public/domctl.h"
#include "xen/domain.h"

/* domctl_life.c: from creation to destruction. createdomain has no domain
 * yet. */
int domctl_createdomain(struct xen_domctl *op);
int domctl_destroydomain(struct domain *d, struct xen_domctl *op);
int domctl_pausedomain(struct domain *d, struct xen_domctl *op);
int domctl_unpausedomain(struct domain *d, struct xen_domctl *op);
int domctl_resumedomain(struct domain *d, struct xen_domctl *op);

#endif
