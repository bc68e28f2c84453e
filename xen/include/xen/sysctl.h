/* SPDX-License-Identifier: MIT */
/* What sysctl asks of the architecture. */
#ifndef XEN_SYSCTL_H
#define XEN_SYSCTL_H

#include "public/sysctl.h"
#include "xen/types.h"

/** Which core of which package a CPU (below nr_cpus) is; node is left alone. */
void arch_cpu_topology(unsigned int cpu, struct xen_sysctl_cputopo *topo_out);
/** The feature words of the boot CPU. */
void arch_hw_capabilities(u32 caps_out[8]);

/** The features of a policy, as many words as there is room for, or their
 * number. Returns 0; -EINVAL for an unknown policy; -ENOBUFS; -EFAULT. */
int arch_sysctl_get_cpu_featureset(struct xen_sysctl *op);
/** A policy, or the sizes of its lists. Returns 0; -EINVAL for an unknown one;
 * -ENOBUFS; -EFAULT. */
int arch_sysctl_get_cpu_policy(struct xen_sysctl *op);

#endif
