/* SPDX-License-Identifier: MIT */
/* Control of scheduling, for tests of other operations: there is none. */
#include "xen/errno.h"

#include "../../xen/common/sysctl_internal.h"

#define NOT_HERE(name)                                                         \
    int name(struct xen_sysctl *op)                                            \
    {                                                                          \
        (void)op;                                                              \
        return -EOPNOTSUPP;                                                    \
    }

NOT_HERE(sysctl_sched_id)
NOT_HERE(sysctl_scheduler_op)
NOT_HERE(sysctl_cpupool_op)
NOT_HERE(sysctl_cpu_hotplug)
