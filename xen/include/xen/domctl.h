/* SPDX-License-Identifier: MIT */
/* domctl: what the control domain does to one domain. */
#ifndef XEN_DOMCTL_H
#define XEN_DOMCTL_H

struct domain;
struct xen_domctl;

/**
 * One operation on a domain, referenced. op is a private copy, which is written
 * back unless -ERESTART is returned. Runs under the domctl lock.
 *
 * Returns 0, -errno, or -ERESTART to be called again.
 */
typedef int (*domctl_fn)(struct domain *d, struct xen_domctl *op);

/** The architecture's operation for a command; NULL if it has none. */
domctl_fn arch_domctl_find(unsigned int cmd);

#endif
