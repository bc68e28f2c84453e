/* SPDX-License-Identifier: MIT */
/* An architecture without control operations of its own. */
#include "xen/domctl.h"

#include <stddef.h>

domctl_fn arch_domctl_find(unsigned int cmd)
{
    (void)cmd;
    return NULL;
}
