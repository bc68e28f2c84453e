/* SPDX-License-Identifier: MIT */
/* Pausing is counted, no more. */
#include "xen/domain.h"

#include "xen/sched.h"

void domain_pause(struct domain *d)
{
    atomic_inc(&d->pause_count);
}

void domain_unpause(struct domain *d)
{
    atomic_dec(&d->pause_count);
}

void vcpu_pause(struct vcpu *v)
{
    atomic_inc(&v->pause_count);
}

void vcpu_unpause(struct vcpu *v)
{
    atomic_dec(&v->pause_count);
}
