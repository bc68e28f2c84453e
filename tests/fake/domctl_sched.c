/* SPDX-License-Identifier: MIT */
/* Control of scheduling, for tests of other operations: there is none. */
#include "xen/errno.h"

#include "../../xen/common/domctl_internal.h"

#define NOT_HERE(name)                                                         \
    int name(struct domain *d, struct xen_domctl *op)                          \
    {                                                                          \
        (void)d, (void)op;                                                     \
        return -EOPNOTSUPP;                                                    \
    }

NOT_HERE(domctl_getvcpuinfo)
NOT_HERE(domctl_setvcpuaffinity)
NOT_HERE(domctl_getvcpuaffinity)
NOT_HERE(domctl_setnodeaffinity)
NOT_HERE(domctl_getnodeaffinity)
NOT_HERE(domctl_scheduler_op)
