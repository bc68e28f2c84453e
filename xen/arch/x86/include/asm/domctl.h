/* SPDX-License-Identifier: MIT */
/* The architecture's operations on one domain: rows of arch/x86/domctl.c. */
#ifndef ASM_DOMCTL_H
#define ASM_DOMCTL_H

struct domain;
struct xen_domctl;

/** What each of up to 1024 frames is used as. Returns 0, -E2BIG, -EFAULT. */
int domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op);

#endif
