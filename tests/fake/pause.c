/* SPDX-License-Identifier: MIT */
/* Pausing a domain is counted, no more. */
#include "xen/domain.h"

void domain_pause(struct domain *d)
{
    atomic_inc(&d->pause_count);
}

void domain_unpause(struct domain *d)
{
    atomic_dec(&d->pause_count);
}
