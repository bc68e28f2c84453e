/* SPDX-License-Identifier: MIT */
/* What the control domain is told of a domain as a whole. */
#ifndef XEN_DOMAIN_INFO_H
#define XEN_DOMAIN_INFO_H

#include "public/domctl.h"
#include "xen/domain.h"

/**
 * State of d, by which the caller holds a reference. The parts are looked at
 * one after the other while d runs; if it says that d is shut down, no vcpu of
 * d runs any more.
 */
void domain_info_get(const struct domain *d,
                     struct xen_domctl_getdomaininfo *info_out);

#endif
