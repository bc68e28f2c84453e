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

#endif
