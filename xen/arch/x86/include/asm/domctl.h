/* SPDX-License-Identifier: MIT */
/* The architecture's operations on one domain: rows of arch/x86/domctl.c. */
#ifndef ASM_DOMCTL_H
#define ASM_DOMCTL_H

struct domain;
struct xen_domctl;

/* pv/domctl_mm.c. */

/** What each of up to 1024 frames is used as. Returns 0, -E2BIG, -EFAULT. */
int domctl_getpageframeinfo3(struct domain *d, struct xen_domctl *op);

/**
 * Log-dirty mode: ENABLE_LOGDIRTY, OFF, CLEAN, PEEK, without tracking: each
 * frame counts as written. `pages` bits are written out.
 *
 * Returns 0; -EINVAL for the caller's own domain, and where the mode is on or
 *         off already; -E2BIG: more than 2^26 bits; -EFAULT; -EOPNOTSUPP for
 *         all that is about shadow tables.
 */
int domctl_shadow_op(struct domain *d, struct xen_domctl *op);

/* pv/hypercall_page.c. */

/** Fill a frame of the domain's. Returns 0; -EINVAL if it is not one; -EPERM if
 * it may not be written. */
int domctl_hypercall_init(struct domain *d, struct xen_domctl *op);

/* cpu_policy_op.c. */

/**
 * List the domain's policy, or say how long a list can be where there is no
 * pointer to one. Returns 0; -ENOBUFS if there is less room; -EFAULT.
 */
int domctl_get_cpu_policy(struct domain *d, struct xen_domctl *op);

/**
 * Change some leaves. Features beyond what there is are dropped; so are those
 * that do not work without others.
 *
 * Returns 0; -EINVAL for the caller's own domain; -EEXIST once it has run;
 *         -E2BIG for a list longer than any policy; -EFAULT; and with err_leaf
 *         or err_msr set -ERANGE for what no policy has, -EINVAL for a value
 *         that cannot be.
 */
int domctl_set_cpu_policy(struct domain *d, struct xen_domctl *op);

/* domctl_vcpu_state.c: what a vcpu has besides its context; of other domains'
 * vcpus only, which are paused meanwhile. Returns: -ESRCH for a vcpu that there
 * is not; of the caller's own domain, -ESRCH from the first two and -EINVAL
 * from the others. */

/** Returns 0. */
int domctl_get_ext_vcpucontext(struct domain *d, struct xen_domctl *op);
/** Returns 0; -EINVAL for less than the callbacks, addresses that are not
 * canonical, or machine check features that this CPU's guests have not. */
int domctl_set_ext_vcpucontext(struct domain *d, struct xen_domctl *op);

/** XCR0, states used, XSAVE area; without a pointer, how long it can be.
 * Returns 0; -EINVAL for another mask or less room; -EFAULT; -ENOMEM. */
int domctl_getvcpuextstate(struct domain *d, struct xen_domctl *op);
/** Returns 0; -EINVAL for a size that does not fit the states; -EFAULT;
 * -ENOMEM; errors of xstate_import(). */
int domctl_setvcpuextstate(struct domain *d, struct xen_domctl *op);

/** Those MSRs that are not 0; without a pointer, how many there can be.
 * Returns 0; -ENOBUFS for less room; -EFAULT. */
int domctl_get_vcpu_msrs(struct domain *d, struct xen_domctl *op);
/** Returns 0; -EFAULT; -EINVAL for too many, or with msr_count set to the first
 * that is unknown or has a value that the guest could not write. */
int domctl_set_vcpu_msrs(struct domain *d, struct xen_domctl *op);

/* domctl_rights.c: a control domain passes on what it has itself, or takes it
 * back; mappings that exist stay. */

/** Returns 0; -EINVAL for a line that there is not; -EPERM if the caller has no
 * right to it; -ENOSPC, -ENOMEM. */
int domctl_irq_permission(struct domain *d, struct xen_domctl *op);
/** The same; -EINVAL for a range that wraps. */
int domctl_iomem_permission(struct domain *d, struct xen_domctl *op);
/** The same; -EINVAL for an empty range or one past the last port. */
int domctl_ioport_permission(struct domain *d, struct xen_domctl *op);
/** A PV guest maps frames itself: says whether it could. Returns 0; -EINVAL for
 * a bad range; -EPERM if the caller has no right to it. */
int domctl_memory_mapping(struct domain *d, struct xen_domctl *op);

/* tsc_info.c. */

/** Returns 0; -EINVAL for the caller's own domain. */
int domctl_gettscinfo(struct domain *d, struct xen_domctl *op);
/** Returns 0; -EINVAL for the caller's own domain or an unknown mode. */
int domctl_settscinfo(struct domain *d, struct xen_domctl *op);

#endif
