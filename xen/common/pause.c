/* SPDX-License-Identifier: MIT */
/* Pausing of vcpus and domains, which nests; and getting a vcpu's attention. */
#include "xen/sched.h"

#include "xen/atomic.h"
#include "xen/bug.h"
#include "asm/smp.h"

void vcpu_pause_nosync(struct vcpu *v)
{
    atomic_inc(&v->pause_count);
    vcpu_sleep_nosync(v);
}

void vcpu_pause(struct vcpu *v)
{
    atomic_inc(&v->pause_count);
    vcpu_sleep_sync(v);
}

void vcpu_unpause(struct vcpu *v)
{
    if (atomic_dec_and_test(&v->pause_count))
        vcpu_wake(v);
}

void domain_pause(struct domain *d)
{
    struct vcpu *v;

    ASSERT(d != current->domain);
    atomic_inc(&d->pause_count);
    for_each_vcpu(d, v)
        vcpu_sleep_sync(v);
}

void domain_unpause(struct domain *d)
{
    struct vcpu *v;

    if (!atomic_dec_and_test(&d->pause_count))
        return;
    for_each_vcpu(d, v)
        vcpu_wake(v);
}

void vcpu_kick(struct vcpu *v)
{
    smp_mb(); /* what it shall look at, before whether it runs */
    if (READ_ONCE(v->is_running) && v != current)
        smp_send_event_check_cpu(READ_ONCE(v->processor));
}
