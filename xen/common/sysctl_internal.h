/* SPDX-License-Identifier: MIT */
/* Operations on the host, which the table of sysctl.c lists. A handler gets a
 * private copy, which is written back when it returns 0. */
#ifndef XEN_SYSCTL_INTERNAL_H
#define XEN_SYSCTL_INTERNAL_H

#include "public/sysctl.h"

/* sysctl_host.c: processors and memory. */
int sysctl_physinfo(struct xen_sysctl *op);
int sysctl_getcpuinfo(struct xen_sysctl *op);
int sysctl_availheap(struct xen_sysctl *op);
int sysctl_cputopoinfo(struct xen_sysctl *op);
int sysctl_numainfo(struct xen_sysctl *op);
/** By which means CPUID is made to lie to programs: none. */
int sysctl_get_cpu_levelling_caps(struct xen_sysctl *op);

/* sysctl_sched.c: scheduling. */
int sysctl_sched_id(struct xen_sysctl *op);
int sysctl_scheduler_op(struct xen_sysctl *op);
int sysctl_cpupool_op(struct xen_sysctl *op);
int sysctl_cpu_hotplug(struct xen_sysctl *op);

/* sysctl_pci.c: */

/** The NUMA nodes of PCI devices: not known; XEN_INVALID_DEV for one that is
 * not there. A call does some only. Returns 0; -EINVAL without arrays; -EFAULT.
 */
int sysctl_pcitopoinfo(struct xen_sysctl *op);

#endif
