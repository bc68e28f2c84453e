/* SPDX-License-Identifier: MIT */
/* All domains are in pool 0. */
#include "xen/cpupool.h"

unsigned int cpupool_of(const struct domain *d)
{
    (void)d;
    return 0;
}
