/* SPDX-License-Identifier: MIT */
/* domctl: the operations that are about this architecture. */
#include "asm/domctl.h"

#include "public/domctl.h"
#include "xen/bitops.h"
#include "xen/domctl.h"
#include "xen/errno.h"

static const domctl_fn arch_domctl_ops[] = {
    [XEN_DOMCTL_getpageframeinfo3] = domctl_getpageframeinfo3,
};

domctl_fn arch_domctl_find(unsigned int cmd)
{
    if (cmd >= ARRAY_SIZE(arch_domctl_ops))
        return NULL;
    return arch_domctl_ops[array_index_nospec(cmd,
                                              ARRAY_SIZE(arch_domctl_ops))];
}
